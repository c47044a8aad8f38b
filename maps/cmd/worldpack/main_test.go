package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"fieldkit/maps/mbtiles"
)

const island = `{"type":"Topology","objects":{
	"countries":{"type":"GeometryCollection","geometries":[{"type":"Polygon","arcs":[[0]],"properties":{"name":"Island"}}]},
	"land":{"type":"Polygon","arcs":[[0]]}},
	"arcs":[[[0,0],[20,0],[20,20],[0,20],[0,0]]]}`

func TestRunMakesASoundPack(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "countries-50m.json"), []byte(island), 0o600); err != nil {
		t.Fatal(err)
	}
	var before []byte
	for _, name := range []string{"a.mbtiles", "b.mbtiles"} {
		path := filepath.Join(dir, name)
		if err := run(dir, path, 3); err != nil {
			t.Fatal(err)
		}
		if findings := mbtiles.Check(path); len(findings) != 0 {
			t.Errorf("Check finds %v", findings)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && !bytes.Equal(before, text) {
			t.Error("the same input gave different packs")
		}
		before = text
	}
	if err := run(filepath.Join(dir, "nowhere"), filepath.Join(dir, "c.mbtiles"), 3); err == nil {
		t.Error("a package that is not there was read")
	}
}
