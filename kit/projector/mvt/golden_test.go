package mvt

import (
	"bytes"
	"os"
	"testing"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/projector/geojson"
	"fieldkit/maps/tile"
)

// TestGolden holds a tile to its bytes: the page's test reads it with another decoder and draws it beside the features.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/things.json")
	if err != nil {
		t.Fatal(err)
	}
	var features []geojson.Feature
	if err := json.Unmarshal(text, &features); err != nil || len(features) < 15 {
		t.Fatal(len(features), err)
	}
	var x Index
	for i := range features {
		x.Put(NewThing(&features[i]))
	}
	for name, what := range map[string]struct {
		at tile.Tile
		o  Options
	}{
		"deep": {tile.At(9.52, 47.14, 15), Options{Together: true}}, "far": {tile.Tile{}, Options{}}, "together": {tile.Tile{}, Options{Together: true}},
	} {
		path := "testdata/" + name + ".mvt"
		data := x.Tile(what.at, what.o)
		if *update {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || !bytes.Equal(data, want) {
			t.Errorf("%s is not the tile %v; %v", path, what.at, err)
		}
	}
}
