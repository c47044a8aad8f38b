package mbtiles

import (
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"os"
	"path/filepath"

	"fieldkit/maps/tile"
)

// A Row is one row of the metadata table.
type Row struct{ Name, Value string }

// schema is the specification's, with its application id ("MPBX").
const schema = `
	PRAGMA application_id = 0x4d504258;
	CREATE TABLE metadata (name text, value text);
	CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
	CREATE UNIQUE INDEX metadata_name ON metadata (name);
	CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);`

// Create writes a pack, metadata and tiles in the order given. The same input gives the same bytes. The file is there
// whole and on disk, or not at all; one that was there before is replaced.
func Create(path string, metadata []Row, tiles iter.Seq2[tile.Tile, []byte]) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*.mbtiles")
	if err != nil {
		return fmt.Errorf("mbtiles: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	if err := errors.Join(temp.Chmod(0o644), temp.Close()); err != nil {
		return fmt.Errorf("mbtiles: %w", err)
	}
	if err := write(temp.Name(), metadata, tiles); err != nil {
		return fmt.Errorf("mbtiles: %s: %w", filepath.Base(path), err)
	}
	if err := commit(temp.Name(), path); err != nil {
		return fmt.Errorf("mbtiles: %w", err)
	}
	return nil
}

func write(path string, metadata []Row, tiles iter.Seq2[tile.Tile, []byte]) error {
	// No journal: nobody looks at the file before it is renamed.
	query := url.Values{"mode": {"rw"}, "_journal_mode": {"OFF"}, "_synchronous": {"OFF"}}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	if !filepath.IsAbs(path) {
		dsn = url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}
	}
	db, err := sql.Open("sqlite3", dsn.String())
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, row := range metadata {
		if _, err := tx.Exec(`INSERT INTO metadata VALUES (?, ?)`, row.Name, row.Value); err != nil {
			return err
		}
	}
	insert, err := tx.Prepare(`INSERT INTO tiles VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for t, data := range tiles {
		if !t.Valid() {
			return fmt.Errorf("%v is not a tile", t)
		}
		if _, err := insert.Exec(t.Z, t.X, uint32(1)<<t.Z-1-t.Y, data); err != nil {
			return fmt.Errorf("tile %v: %w", t, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return db.Close()
}

// commit brings a finished file to disk, then to its name.
func commit(temp, path string) error {
	file, err := os.Open(temp)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
