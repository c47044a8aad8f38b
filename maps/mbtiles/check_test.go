package mbtiles

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldkit/maps/tile"
)

// A broken file of each kind that people bring, and what Check must say of it.
func TestCheck(t *testing.T) {
	one := map[tile.Tile][]byte{{}: png}
	set := func(name, value string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			alter(t, path, fmt.Sprintf(`UPDATE metadata SET value = '%s' WHERE name = '%s'`, value, name))
		}
	}
	run := func(statements ...string) func(*testing.T, string) {
		return func(t *testing.T, path string) { alter(t, path, statements...) }
	}
	rewrite := func(change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		spoil    func(t *testing.T, path string)
		severity Severity
		says     string
	}{
		"absent":     {func(t *testing.T, path string) { os.Remove(path) }, Broken, "cannot be read"},
		"a folder":   {func(t *testing.T, path string) { os.Remove(path); os.Mkdir(path, 0o700) }, Broken, "not a regular file"},
		"empty":      {rewrite(func([]byte) []byte { return nil }), Broken, "is empty"},
		"a web page": {rewrite(func([]byte) []byte { return []byte("<html>404 not found</html>") }), Broken, `not an SQLite database, so not an MBTiles file; it begins with "<html>40"`},
		"a PMTiles":  {rewrite(func([]byte) []byte { return append([]byte("PMTiles\x03"), make([]byte, 200)...) }), Broken, "not an SQLite database"},
		"only magic": {rewrite(func(text []byte) []byte { return text[:40] }), Broken, "cut off within the first"},
		"cut off":    {rewrite(func(text []byte) []byte { return text[:len(text)-4096] }), Broken, "is cut off: "},
		"page lost": {rewrite(func(text []byte) []byte {
			return append(text[:4096:4096], bytes.Repeat([]byte{0xff}, len(text)-4096)...)
		}), Broken, "tiles cannot be read"},
		"tile index lost": {rewrite(func(text []byte) []byte {
			copy(text[4*4096:], bytes.Repeat([]byte{0xff}, 4096)) // of the index of tiles
			return text
		}), Broken, "tiles cannot be looked up: database disk image is malformed"},
		"index lost": {rewrite(func(text []byte) []byte {
			copy(text[3*4096:], bytes.Repeat([]byte{0xff}, 4096)) // of the index of metadata, which nothing here needs
			return text
		}), Broken, "the database is damaged"},
		"no tiles table":   {run(`DROP TABLE tiles`), Broken, "no table or view named tiles"},
		"wrong columns":    {run(`ALTER TABLE tiles RENAME COLUMN tile_row TO y`), Broken, "cannot be looked up"},
		"no tile_data":     {run(`ALTER TABLE tiles RENAME COLUMN tile_data TO d`), Broken, "tiles cannot be read"},
		"virtual table":    {run(`DROP TABLE tiles`, `CREATE VIRTUAL TABLE tiles USING fts3(zoom_level, tile_column, tile_row, tile_data)`), Broken, "virtual table"},
		"no tiles":         {run(`DELETE FROM tiles`), Wrong, "has no tiles"},
		"no index":         {run(`DROP INDEX tile_index`), Wrong, "no index"},
		"no metadata":      {run(`DROP TABLE metadata`), Wrong, "metadata cannot be read"},
		"name absent":      {run(`DELETE FROM metadata WHERE name = 'name'`), Wrong, "metadata.name: is absent"},
		"no attribution":   {run(`DELETE FROM metadata WHERE name = 'attribution'`), Wrong, "metadata.attribution: is absent"},
		"format absent":    {run(`DELETE FROM metadata WHERE name = 'format'`), Wrong, "metadata.format: is absent; the tiles look like image/png"},
		"format lies":      {set("format", "pbf"), Wrong, "metadata.format: says pbf, but the first tile is image/png"},
		"format unknown":   {set("format", "text/html"), Wrong, `is "text/html", which no map draws`},
		"format not so":    {run(`UPDATE tiles SET tile_data = x'0badf00d'`), Wrong, "the first tile is not: it begins with 0b ad f0 0d"},
		"bounds wild":      {set("bounds", "9,47,10,470"), Wrong, "metadata.bounds: is out of range"},
		"bounds swapped":   {set("bounds", "10,47,9,48"), Wrong, "wrong way round"},
		"bounds NaN":       {set("bounds", "NaN,47,10,48"), Wrong, "not four numbers"},
		"bounds too few":   {set("bounds", "9,47,10"), Wrong, "not four numbers"},
		"bounds huge":      {set("bounds", "1e400,47,10,48"), Wrong, "not four numbers"},
		"center wild":      {set("center", "9,47,99"), Wrong, "metadata.center: is"},
		"zoom no number":   {set("maxzoom", "deep"), Wrong, `metadata.maxzoom: is "deep"`},
		"zoom fraction":    {set("maxzoom", "1.5"), Wrong, "not a whole number"},
		"zooms swapped":    {run(`UPDATE metadata SET value = 20 WHERE name = 'minzoom'`), Wrong, "more than maxzoom"},
		"tile too deep":    {run(`UPDATE tiles SET zoom_level = 25`), Wrong, "never served"},
		"tile outside":     {run(`UPDATE tiles SET tile_column = -1`), Wrong, "column or row past"},
		"tile off range":   {run(`INSERT INTO tiles VALUES (15, 0, 0, (SELECT tile_data FROM tiles))`), Wrong, "outside minzoom 0 to maxzoom 14"},
		"tile NULL":        {run(`INSERT INTO tiles VALUES (1, 0, 0, NULL)`), Wrong, "no bytes"},
		"zoom is text":     {run(`INSERT INTO tiles VALUES ('deep', 0, 0, x'00')`), Wrong, "not a whole number from 0 to 30"},
		"tile not alike":   {run(`INSERT INTO tiles VALUES (1, 0, 0, x'ffd8ffe0')`), Wrong, "zoom 1, column 0, row 0 (counted from the south) is no image/png: image/jpeg"},
		"tile of bad gzip": {run(`INSERT INTO tiles VALUES (1, 0, 0, x'1f8b08000000')`), Wrong, "gzip: unexpected EOF"},
		"name not UTF-8":   {run(`UPDATE metadata SET value = CAST(x'41ff42' AS TEXT) WHERE name = 'name'`), Wrong, "is not UTF-8"},
		"name is a book":   {run(`UPDATE metadata SET value = printf('%.*c', 5000, 'x') WHERE name = 'name'`), Wrong, "5000 bytes long"},
		"tile is a number": {run(`UPDATE tiles SET tile_data = 7`), Wrong, "the first tile is not: it begins with 37"},
		"value too large":  {run(`INSERT INTO tiles VALUES (1, 0, 0, zeroblob(20000000))`), Broken, "too big"},
	} {
		t.Run(name, func(t *testing.T) {
			path := create(t, sound("png"), one)
			c.spoil(t, path)
			findings := Check(path)
			said := false
			for _, f := range findings {
				said = said || f.Severity == c.severity && strings.Contains(f.String(), c.says)
			}
			if !said {
				t.Errorf("Check says %q, want %s: %q", findings, c.severity, c.says)
			}
			// Open refuses what is broken, if it looks that far, and nothing else.
			pack, err := Open(path)
			if err == nil {
				_, _, _, tileErr := pack.Tile(context.Background(), tile.Tile{})
				_ = tileErr // an error or a tile: what counts is that it returns
				pack.Close()
			} else if c.severity != Broken {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

func TestCheckOfVectorLayers(t *testing.T) {
	for name, c := range map[string]struct{ json, says string }{
		"absent":    {"", "names no vector_layers"},
		"not JSON":  {`{"vector_layers":[`, "is not the JSON it should be"},
		"no object": {`[1,2]`, "is not the JSON it should be"},
		"depth":     {strings.Repeat(`{"a":`, 20000), "is not the JSON it should be"},
		"no id":     {`{"vector_layers":[{"fields":{}}]}`, "vector layer 0 has no id"},
		"many":      {`{"vector_layers":[` + strings.Repeat(`{"id":"a"},`, 300) + `{"id":"b"}]}`, "has 301 vector_layers"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := sound("pbf")
			rows[len(rows)-1].Value = c.json
			findings := Check(create(t, rows, map[tile.Tile][]byte{{}: vector}))
			if len(findings) == 0 || !strings.Contains(findings[0].String(), c.says) {
				t.Errorf("Check says %q, want %q", findings, c.says)
			}
		})
	}
}

// A view can be a program that does not end. It may cost its deadline, not the server.
func TestEndlessView(t *testing.T) {
	path := filepath.Join(t.TempDir(), "endless.mbtiles")
	alter(t, path, `CREATE TABLE metadata (name TEXT, value TEXT)`,
		`CREATE VIEW tiles AS WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r)
			SELECT n AS zoom_level, n AS tile_column, n AS tile_row, x'00' AS tile_data FROM r WHERE n < 0`)
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	var report report
	if pack := open(ctx, path, &report); pack != nil {
		t.Error("the pack opens")
	}
	if took := time.Since(start); took > lookupTime {
		t.Errorf("it took %v", took)
	}
}

func TestGzipBomb(t *testing.T) {
	bomb := gzipped(t, make([]byte, MaxTileBytes+1))
	if _, err := Inflate(bomb); err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Errorf("%v", err)
	}
	if plain, err := Inflate(gzipped(t, make([]byte, MaxTileBytes))); err != nil || len(plain) != MaxTileBytes {
		t.Errorf("%d bytes, %v", len(plain), err)
	}
}
