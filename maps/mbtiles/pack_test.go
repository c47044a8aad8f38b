package mbtiles

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"fieldkit/maps/tile"
)

// vector is the smallest vector tile with a layer: name "a", version 2.
var vector = []byte{0x1a, 5, 0x0a, 1, 'a', 0x78, 2}

var png = []byte("\x89PNG\r\n\x1a\n and so on")

func gzipped(tb testing.TB, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// sound is metadata without a finding.
func sound(format string) []Row {
	rows := []Row{
		{"name", "test"}, {"format", format}, {"attribution", "me"}, {"minzoom", "0"}, {"maxzoom", "14"},
		{"bounds", "9.47,47.04,9.64,47.28"}, {"center", "9.55,47.15,7"},
	}
	if format == "pbf" {
		rows = append(rows, Row{"json", `{"vector_layers":[{"id":"a","fields":{"b":"Number"}}]}`})
	}
	return rows
}

func seq(tiles map[tile.Tile][]byte) iter.Seq2[tile.Tile, []byte] {
	return func(yield func(tile.Tile, []byte) bool) {
		for t, data := range tiles {
			if !yield(t, data) {
				return
			}
		}
	}
}

func create(tb testing.TB, rows []Row, tiles map[tile.Tile][]byte) string {
	path := filepath.Join(tb.TempDir(), "pack with ? and # and %41.mbtiles")
	if err := Create(path, rows, seq(tiles)); err != nil {
		tb.Fatal(err)
	}
	return path
}

// alter runs SQL on a file from outside the package under test.
func alter(tb testing.TB, path string, statements ...string) {
	copied := filepath.Join(tb.TempDir(), "plain.db") // a name without the characters the test above is about
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		tb.Fatal(err)
	}
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	db, err := sql.Open("sqlite3", copied)
	if err != nil {
		tb.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	if err := os.Rename(copied, path); err != nil {
		tb.Fatal(err)
	}
}

func mustOpen(tb testing.TB, path string) *Pack {
	pack, err := Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { pack.Close() })
	return pack
}

func TestTileCountsRowsFromTheNorth(t *testing.T) {
	for name, c := range map[string]struct {
		format   string
		data     []byte
		encoding Encoding
	}{
		"gzip":  {"pbf", gzipped(t, vector), Gzip},
		"plain": {"pbf", vector, Identity},
		"image": {"png", png, Identity},
	} {
		t.Run(name, func(t *testing.T) {
			north := tile.Tile{Z: 3, X: 2, Y: 1}
			path := create(t, sound(c.format), map[tile.Tile][]byte{north: c.data, {Z: 0}: c.data})
			if findings := Check(path); len(findings) != 0 {
				t.Errorf("Check finds %v", findings)
			}
			var row int
			db, err := sql.Open("sqlite3", (newConnector(path)).dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.QueryRow(`SELECT tile_row FROM tiles WHERE zoom_level = 3`).Scan(&row); err != nil || row != 6 {
				t.Errorf("row %d (%v), want 6: rows are counted from the south in the file", row, err)
			}
			pack := mustOpen(t, path)
			data, encoding, found, err := pack.Tile(context.Background(), north)
			if err != nil || !found || encoding != c.encoding || !bytes.Equal(data, c.data) {
				t.Errorf("% x, %q, %v, %v", data, encoding, found, err)
			}
			if _, _, found, err := pack.Tile(context.Background(), tile.Tile{Z: 3, X: 2, Y: 6}); found || err != nil {
				t.Errorf("the tile is at the mirrored place, too (%v)", err)
			}
			if _, _, _, err := pack.Tile(context.Background(), tile.Tile{Z: 3, X: 8}); err == nil {
				t.Error("a tile that does not exist is no error")
			}
			ended, cancel := context.WithCancel(context.Background())
			cancel()
			if _, _, _, err := pack.Tile(ended, north); err == nil {
				t.Error("a context that has ended is no error")
			}
		})
	}
}

// Packs made by renderd, tippecanoe and mbutil keep each picture once: tiles is a view.
func TestTilesAsAView(t *testing.T) {
	path := filepath.Join(t.TempDir(), "view.mbtiles")
	alter(t, path,
		`CREATE TABLE map (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_id TEXT)`,
		`CREATE UNIQUE INDEX map_index ON map (zoom_level, tile_column, tile_row)`,
		`CREATE TABLE images (tile_data BLOB, tile_id TEXT PRIMARY KEY)`,
		`CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data FROM map JOIN images USING (tile_id)`,
		`CREATE TABLE metadata (name TEXT, value TEXT)`,
		`INSERT INTO metadata VALUES ('name', 'sea'), ('format', 'png'), ('attribution', 'me'), ('minzoom', 1), ('maxzoom', 1.0)`,
		fmt.Sprintf(`INSERT INTO images VALUES (x'%x', 'blue')`, png),
		`INSERT INTO map VALUES (1, 0, 0, 'blue'), (1, 1, 0, 'blue'), (1, 0, 1, 'gone')`)
	if findings := Check(path); len(findings) != 0 {
		t.Errorf("Check finds %v", findings)
	}
	pack := mustOpen(t, path)
	if meta := pack.Metadata(); meta.MinZoom != 1 || meta.MaxZoom != 1 || meta.MediaType != PNG {
		t.Errorf("%+v", meta)
	}
	for at, want := range map[tile.Tile]bool{{Z: 1, X: 0, Y: 1}: true, {Z: 1, X: 1, Y: 1}: true, {Z: 1, X: 0, Y: 0}: false} {
		if data, _, found, err := pack.Tile(context.Background(), at); err != nil || found != want || found && !bytes.Equal(data, png) {
			t.Errorf("%v: % x, %v, %v", at, data, found, err)
		}
	}
}

func TestConcurrentLookups(t *testing.T) {
	tiles := map[tile.Tile][]byte{}
	for x := range uint32(64) {
		tiles[tile.Tile{Z: 6, X: x, Y: x}] = append(bytes.Clone(png), byte(x))
	}
	pack := mustOpen(t, create(t, sound("png"), tiles))
	var group sync.WaitGroup
	for worker := range 16 {
		group.Go(func() {
			for i := range uint32(200) {
				at := tile.Tile{Z: 6, X: (i + uint32(worker)) % 64, Y: (i + uint32(worker)) % 64}
				data, _, found, err := pack.Tile(context.Background(), at)
				if err != nil || !found || !bytes.Equal(data, tiles[at]) {
					t.Errorf("%v: % x, %v, %v", at, data, found, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestIdentityChangesWithTheFile(t *testing.T) {
	path := create(t, sound("png"), map[tile.Tile][]byte{{}: png})
	first := mustOpen(t, path).Identity()
	if again := mustOpen(t, path).Identity(); again != first || len(first) != 16 {
		t.Errorf("one file, identities %q and %q", first, again)
	}
	alter(t, path, `UPDATE metadata SET value = '2' WHERE name = 'center'`)
	if changed := mustOpen(t, path).Identity(); changed == first {
		t.Error("the file has changed, its identity has not")
	}
}

func TestCreateIsDeterministicAndWhole(t *testing.T) {
	tiles := func(yield func(tile.Tile, []byte) bool) {
		_ = yield(tile.Tile{}, vector) && yield(tile.Tile{Z: 1, X: 1}, vector)
	}
	dir := t.TempDir()
	var before []byte
	for _, name := range []string{"a.mbtiles", "b.mbtiles"} {
		if err := Create(filepath.Join(dir, name), sound("pbf"), tiles); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && !bytes.Equal(before, text) {
			t.Error("the same input gave different bytes")
		}
		before = text
	}
	twice := func(yield func(tile.Tile, []byte) bool) {
		_ = yield(tile.Tile{}, vector) && yield(tile.Tile{}, png)
	}
	if err := Create(filepath.Join(dir, "a.mbtiles"), sound("pbf"), twice); err == nil {
		t.Error("a tile given twice was taken")
	}
	if err := Create(filepath.Join(dir, "a.mbtiles"), nil, seq(map[tile.Tile][]byte{{Z: 1, X: 2}: png})); err == nil {
		t.Error("a tile out of range was taken")
	}
	after, err := os.ReadFile(filepath.Join(dir, "a.mbtiles"))
	if err != nil || !bytes.Equal(after, before) {
		t.Errorf("a failed Create touched the file that was there (%v)", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Some writers leave a pack in WAL mode, or are still at it.
func TestPackInWALMode(t *testing.T) {
	path := create(t, sound("png"), map[tile.Tile][]byte{{}: png})
	alter(t, path, `PRAGMA journal_mode = WAL`)
	if findings := Check(path); len(findings) != 0 {
		t.Errorf("Check finds %v", findings)
	}
	dir := t.TempDir()
	live := filepath.Join(dir, "live.mbtiles")
	if err := os.Rename(path, live); err != nil {
		t.Fatal(err)
	}
	writer, err := sql.Open("sqlite3", live)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := writer.Exec(`INSERT INTO tiles VALUES (1, 0, 0, ?)`, png); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(live + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("the writer left no journal (%v)", err)
	}
	pack := mustOpen(t, live)
	if _, _, found, err := pack.Tile(context.Background(), tile.Tile{Z: 1, X: 0, Y: 1}); !found || err != nil {
		t.Errorf("what is in the journal is not seen (%v)", err)
	}
}

func TestClosedPack(t *testing.T) {
	pack, err := Open(create(t, sound("png"), map[tile.Tile][]byte{{}: png}))
	if err != nil {
		t.Fatal(err)
	}
	if err := pack.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, found, err := pack.Tile(context.Background(), tile.Tile{}); found || err == nil {
		t.Error("a closed pack serves")
	}
}
