// Package mbtiles reads, checks and writes map packs in the MBTiles format: one SQLite file with a table (or view) of
// tiles and a table of metadata.
//
// Source: MBTiles specification 1.3 (github.com/mapbox/mbtiles-spec). Packs come from strangers' hands, on sticks and
// phones: a file that is broken, cut off or made to harm gives errors, and costs bounded memory and time.
package mbtiles

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"fieldkit/maps/tile"
)

const (
	// MaxTileBytes is the largest tile, and the largest metadata value, that is read from a pack.
	MaxTileBytes = 16 << 20
	// lookupTime bounds a query on a pack. Only a view, or a table without index, can need more than a moment.
	lookupTime = 5 * time.Second
)

// A Pack is an open MBTiles file, read-only. It may be used from many goroutines at once.
type Pack struct {
	db       *sql.DB // for everything but tiles
	tiles    *readers
	meta     Metadata
	identity string
	// isTable says that a lookup is one step down an index, which cannot take long enough to be worth a deadline.
	isTable bool
}

// Open opens the pack at path. The error is the first finding of Check that makes the file useless; other findings are
// no hindrance. The file must not be written to while it is open: replace it by renaming another over it.
func Open(path string) (*Pack, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	var report report
	pack := open(ctx, path, &report)
	if pack == nil {
		return nil, errors.New(report.firstBroken())
	}
	return pack, nil
}

// open reports what it finds, and returns nil if the file cannot serve.
func open(ctx context.Context, path string, report *report) *Pack {
	info, err := os.Stat(path)
	if err != nil {
		report.broken("file", "cannot be read: %v", withoutPath(err))
		return nil
	}
	header, ok := readHeader(path, info, report)
	if !ok {
		return nil
	}
	connector := newConnector(path)
	p := &Pack{db: sql.OpenDB(connector), tiles: newReaders(connector)}
	p.db.SetMaxIdleConns(0) // no memory for questions that are not asked again
	if !p.inspect(ctx, report) {
		p.Close()
		return nil
	}
	if p.identity, err = identify(path, info, header, p.meta); err != nil {
		report.broken("file", "cannot be read: %v", withoutPath(err))
		p.Close()
		return nil
	}
	return p
}

// inspect reads the schema, the metadata and one tile, and prepares the lookup.
func (p *Pack) inspect(ctx context.Context, report *report) bool {
	var kind, definition string
	err := p.db.QueryRowContext(ctx,
		`SELECT type, coalesce(sql, '') FROM sqlite_schema WHERE name = 'tiles' COLLATE NOCASE AND type IN ('table', 'view')`,
	).Scan(&kind, &definition)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		report.broken("tiles", "the file has no table or view named tiles: a database, but not an MBTiles file")
		return false
	case err != nil:
		report.broken("file", "the database cannot be read: %v", err)
		return false
	case isVirtual(definition):
		report.broken("tiles", "tiles is a virtual table; only plain tables and views are served")
		return false
	}
	p.isTable = kind == "table" && p.hasIndex(ctx)
	if !p.isTable && kind == "table" {
		report.wrong("tiles", "the table has no index on zoom_level, tile_column, tile_row: each tile is searched through all")
	}

	var sample []byte
	err = p.db.QueryRowContext(ctx, `SELECT tile_data FROM tiles WHERE tile_data IS NOT NULL LIMIT 1`).Scan(&sample)
	if errors.Is(err, sql.ErrNoRows) {
		report.wrong("tiles", "the file has no tiles")
	} else if err != nil {
		report.broken("tiles", "tiles cannot be read: %v", err)
		return false
	}
	rows, err := readMetadata(ctx, p.db)
	if err != nil {
		report.wrong("metadata", "the metadata cannot be read: %v", err)
	}
	p.meta = parseMetadata(rows, report)
	p.settleFormat(sample, report)
	p.settleZooms(ctx)

	if _, err := p.tiles.get(ctx, 0, 0, 0); err != nil {
		report.broken("tiles", "tiles cannot be looked up: %v", err)
		return false
	}
	return true
}

// hasIndex reports whether a lookup uses an index that tells more than the zoom.
func (p *Pack) hasIndex(ctx context.Context) bool {
	rows, err := p.db.QueryContext(ctx,
		`EXPLAIN QUERY PLAN SELECT tile_data FROM tiles WHERE zoom_level = 1 AND tile_column = 1 AND tile_row = 1`)
	if err != nil {
		return false
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if rows.Scan(&id, &parent, &unused, &detail) != nil || !searchesByTile(detail) {
			return false
		}
	}
	return rows.Err() == nil
}

// settleZooms fills in a zoom range that the metadata does not tell. Where even the tiles take too long to ask, the
// range stays 0 to tile.MaxZoom: a client then asks for tiles that are not there, and is told so.
func (p *Pack) settleZooms(ctx context.Context) {
	if p.meta.zoomsKnown {
		return
	}
	var low, high sql.NullInt64
	err := p.db.QueryRowContext(ctx, `SELECT min(zoom_level), max(zoom_level) FROM tiles`).Scan(&low, &high)
	if err != nil || !low.Valid || low.Int64 < 0 || high.Int64 < low.Int64 || high.Int64 > tile.MaxZoom {
		p.meta.MinZoom, p.meta.MaxZoom = 0, tile.MaxZoom
		return
	}
	p.meta.MinZoom, p.meta.MaxZoom = uint8(low.Int64), uint8(high.Int64)
}

// Metadata returns what the pack says of itself, as far as it holds water.
func (p *Pack) Metadata() Metadata { return p.meta }

// Identity names this version of the pack in 16 hexadecimal digits: a hash of the file if it is small, else of what
// changes when the file does.
func (p *Pack) Identity() string { return p.identity }

// Tile returns the bytes of a tile as they are stored and how they are encoded; found is false where the pack has none.
// Rows count from the north, as in tile.Tile. The bytes belong to the caller.
func (p *Pack) Tile(ctx context.Context, t tile.Tile) (data []byte, encoding Encoding, found bool, err error) {
	if !t.Valid() {
		return nil, Identity, false, fmt.Errorf("mbtiles: %v is not a tile", t)
	}
	if err := ctx.Err(); err != nil {
		return nil, Identity, false, err
	}
	if p.isTable {
		ctx = context.Background() // too short to be worth watching
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lookupTime)
		defer cancel()
	}
	tmsRow := int64(1)<<t.Z - 1 - int64(t.Y)
	data, err = p.tiles.get(ctx, int64(t.Z), int64(t.X), tmsRow)
	if err != nil {
		return nil, Identity, false, fmt.Errorf("mbtiles: tile %v: %w", t, err)
	}
	return data, encodingOf(data), data != nil, nil
}

// Close waits for the lookups under way, and frees the pack. It may be called once; lookups that come later end with an
// error.
func (p *Pack) Close() error {
	return errors.Join(p.tiles.Close(), p.db.Close())
}
