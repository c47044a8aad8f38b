package mbtiles

import (
	"context"
	"database/sql"
	"time"

	"fieldkit/maps/tile"
)

const (
	// checkTime bounds a whole check: a pack of several gigabytes on a slow card, or a view that never ends.
	checkTime = 10 * time.Minute
	// samplesPerZoom is how many tiles of each zoom are unpacked and looked into.
	samplesPerZoom = 16
)

// Check says in words what is wrong with a file: all that Open looks at, then SQLite's own integrity check, every
// tile's place, and a sample of the tiles' bytes. An empty result is a sound pack.
func Check(path string) []Finding {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	var report report
	pack := open(ctx, path, &report)
	if pack == nil {
		return report.findings
	}
	defer pack.Close()
	pack.checkIntegrity(ctx, &report)
	if _, broken := FirstBroken(report.findings); !broken {
		pack.checkPlaces(ctx, &report)
		pack.checkSamples(ctx, &report)
	}
	return report.findings
}

func (p *Pack) checkIntegrity(ctx context.Context, report *report) {
	rows, err := p.db.QueryContext(ctx, `PRAGMA integrity_check(10)`)
	if err != nil {
		report.broken("file", "the database is damaged: %v", err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			report.broken("file", "the database is damaged: %v", err)
			return
		}
		if line != "ok" {
			report.broken("file", "the database is damaged: %s", line)
		}
	}
	if err := rows.Err(); err != nil {
		report.broken("file", "the database is damaged: %v", err)
	}
}

// checkPlaces looks at the numbers of all tiles, zoom by zoom.
func (p *Pack) checkPlaces(ctx context.Context, report *report) {
	rows, err := p.db.QueryContext(ctx, `SELECT zoom_level, count(*),
			sum(tile_column NOT BETWEEN 0 AND (1 << zoom_level) - 1 OR tile_row NOT BETWEEN 0 AND (1 << zoom_level) - 1),
			sum(tile_data IS NULL)
		FROM tiles WHERE typeof(zoom_level) = 'integer' AND zoom_level BETWEEN 0 AND 30 GROUP BY zoom_level ORDER BY zoom_level`)
	if err != nil {
		report.broken("tiles", "cannot be counted: %v", err)
		return
	}
	defer rows.Close()
	var total int64
	for rows.Next() {
		var z, count, outside, null int64
		if err := rows.Scan(&z, &count, &outside, &null); err != nil {
			report.broken("tiles", "cannot be counted: %v", err)
			return
		}
		total += count
		if outside > 0 {
			report.wrong("tiles", "%d of %d tiles of zoom %d have a column or row past 2^%d-1", outside, count, z, z)
		}
		if null > 0 {
			report.wrong("tiles", "%d of %d tiles of zoom %d have no bytes (NULL)", null, count, z)
		}
		if z > tile.MaxZoom {
			report.wrong("tiles", "%d tiles of zoom %d are never served: the deepest zoom here is %d", count, z, tile.MaxZoom)
		} else if p.meta.zoomsKnown && (z < int64(p.meta.MinZoom) || z > int64(p.meta.MaxZoom)) {
			report.wrong("tiles", "%d tiles of zoom %d lie outside minzoom %d to maxzoom %d", count, z, p.meta.MinZoom, p.meta.MaxZoom)
		}
	}
	if err := rows.Err(); err != nil {
		report.broken("tiles", "cannot be counted: %v", err)
		return
	}
	var all int64
	if err := p.db.QueryRowContext(ctx, `SELECT count(*) FROM tiles`).Scan(&all); err != nil {
		report.broken("tiles", "cannot be counted: %v", err)
	} else if all > total {
		report.wrong("tiles", "%d tiles have a zoom that is not a whole number from 0 to 30", all-total)
	}
}

// checkSamples unpacks the first few tiles of each zoom.
func (p *Pack) checkSamples(ctx context.Context, report *report) {
	for z := range int64(tile.MaxZoom + 1) {
		rows, err := p.db.QueryContext(ctx,
			`SELECT tile_column, tile_row, tile_data FROM tiles WHERE zoom_level = ? AND tile_data IS NOT NULL LIMIT ?`, z, samplesPerZoom)
		if err != nil {
			report.broken("tiles", "of zoom %d cannot be read: %v", z, err)
			return
		}
		p.checkZoom(z, rows, report)
	}
}

func (p *Pack) checkZoom(z int64, rows *sql.Rows, report *report) {
	defer rows.Close()
	for rows.Next() {
		var column, row int64
		var data []byte
		if err := rows.Scan(&column, &row, &data); err != nil {
			report.broken("tiles", "of zoom %d cannot be read: %v", z, err)
			return
		}
		if got := Sniff(data); got != p.meta.MediaType && canSniff(p.meta.MediaType) {
			why := orUnknown(got)
			if _, err := Inflate(data); err != nil {
				why = err.Error()
			}
			report.wrong("tiles", "zoom %d, column %d, row %d (counted from the south) is no %s: %s", z, column, row, p.meta.MediaType, why)
		}
	}
	if err := rows.Err(); err != nil {
		report.broken("tiles", "of zoom %d cannot be read: %v", z, err)
	}
}
