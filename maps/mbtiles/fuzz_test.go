package mbtiles

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"fieldkit/maps/tile"
)

func FuzzMetadata(f *testing.F) {
	f.Add("Basel", "7.4,47.4,7.8,47.7", "7.5,47.5,12", "0", "14", `{"vector_layers":[{"id":"water","minzoom":0,"fields":{"class":"String"}}]}`)
	f.Add("", "NaN,-Inf,1e400,0x1p3", "1,2,-3", "-0", "22.0", `{"vector_layers":[{"id":"a","fields":{"b":[1]},"minzoom":-1e99}]}`)
	f.Add("\xff", "180,90,-180,-90", ",,", "1e1", "٣", `{"vector_layers":null}`)
	f.Fuzz(func(t *testing.T, name, bounds, center, low, high, layers string) {
		var report report
		m := parseMetadata(map[string]string{
			"name": name, "bounds": bounds, "center": center, "minzoom": low, "maxzoom": high, "json": layers,
		}, &report)
		if !utf8.ValidString(m.Name) || len(m.Name) > maxTextBytes {
			t.Errorf("name %q", m.Name)
		}
		if b := m.Bounds; b != nil && !(b.Min[0] >= -180 && b.Min[0] <= b.Max[0] && b.Max[0] <= 180 && b.Min[1] >= -90 && b.Min[1] <= b.Max[1] && b.Max[1] <= 90) {
			t.Errorf("bounds %v", *b)
		}
		if c := m.Center; c != nil && (c.Zoom > tile.MaxZoom || !(math.Abs(c.Lon) <= 180 && math.Abs(c.Lat) <= 90)) {
			t.Errorf("center %v", *c)
		}
		if m.MinZoom > m.MaxZoom || m.MaxZoom > tile.MaxZoom {
			t.Errorf("zooms %d to %d", m.MinZoom, m.MaxZoom)
		}
		if _, err := json.Marshal(m.VectorLayers); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(report.findings); err != nil {
			t.Error(err)
		}
	})
}

func FuzzSniff(f *testing.F) {
	for _, seed := range [][]byte{nil, vector, png, gzipped(f, vector), gzipped(f, nil), {0x1f, 0x8b, 8}, []byte("RIFF....WEBP"), {0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kind := Sniff(data)
		if kind != "" && !canSniff(kind) {
			t.Errorf("% x is %q", data, kind)
		}
		if image := ImageType(data); image != "" && image != kind {
			t.Errorf("% x is %q and %q", data, image, kind)
		}
	})
}

// FuzzOpen spoils the database itself. Whatever the bytes: an answer in time.
func FuzzOpen(f *testing.F) {
	path := create(f, sound("pbf"), map[tile.Tile][]byte{{}: vector, {Z: 2, X: 1, Y: 1}: gzipped(f, vector)})
	alter(f, path, `PRAGMA page_size = 512`, `VACUUM`)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, uint16(0), byte(0))
	f.Add(whole[:len(whole)/2], uint16(20), byte(1))
	f.Add(whole, uint16(101), byte(0xff))
	f.Add([]byte(sqliteMagic), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, data []byte, where uint16, flip byte) {
		if len(data) > 1<<16 {
			return
		}
		data = append([]byte(nil), data...)
		if int(where) < len(data) {
			data[where] ^= flip
		}
		path := filepath.Join(t.TempDir(), "fuzz.mbtiles")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		findings := Check(path)
		_, broken := FirstBroken(findings)
		pack, err := Open(path)
		if err != nil {
			if !broken {
				t.Errorf("Open says %v, Check %v", err, findings)
			}
			return
		}
		defer pack.Close()
		for _, at := range []tile.Tile{{}, {Z: 2, X: 1, Y: 1}, {Z: 22}} {
			if data, _, found, err := pack.Tile(context.Background(), at); found && (err != nil || data == nil) {
				t.Errorf("%v: % x, %v", at, data, err)
			}
		}
		if took := time.Since(start); took > 2*lookupTime {
			t.Errorf("it took %v", took)
		}
	})
}
