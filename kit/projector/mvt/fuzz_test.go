package mvt

import (
	"testing"
	"unicode/utf8"

	orbmvt "github.com/paulmach/orb/encoding/mvt"

	"fieldkit/maps/tile"
)

// FuzzThing: whatever stands in a feature, its tiles can be read, and it is in them once.
func FuzzThing(f *testing.F) {
	for _, g := range []string{
		`{"type":"Point","coordinates":[9.5,47.1]}`, `{"type":"Point","coordinates":[1e300,-1e300,7]}`, `{"type":"MultiPoint","coordinates":[[1,2],[3,4],[179.99,89]]}`,
		`{"type":"LineString","coordinates":[[9.5,47.1],[9.6,47.2],[-170,-80]]}`, `{"type":"MultiLineString","coordinates":[[[1,2],[3,4]],[[5,6]],[]]}`,
		`{"type":"Polygon","coordinates":[[[0,0],[200,0],[200,1],[0,0]],[[0.1,0.1],[0.2,0.1],[0.2,0.2],[0.1,0.1]]]}`,
		`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[5,5],[6,5],[6,6],[5,5]]]]}`,
		`{"geometries":[{"coordinates":[3,3],"type":"Point"},{"coordinates":[[1,9],[2,9]],"type":"LineString"}],"type":"GeometryCollection"}`,
		`{`, `null`, `{"type":"Polygon","coordinates":[[[0,0],[0,0],[0,0],[0,0]]]}`,
	} {
		f.Add(g, "A title", "3", uint8(9))
	}
	f.Fuzz(func(t *testing.T, geometry, title, severity string, z uint8) {
		feature := feature("evt-a", "layer", "{}", "severity", severity, "state", `"x"`, "mag", severity)
		feature.Geometry, feature.Properties.Title = []byte(geometry), title
		if !utf8.ValidString(title) {
			return // the canvas holds canonical JSON
		}
		thing := NewThing(feature)
		var x Index
		x.Put(thing)
		at, placed := thing.Tile(z % 23)
		data := x.Tile(at, Options{})
		layers, err := orbmvt.Unmarshal(data)
		if err != nil {
			t.Fatalf("%v", err)
		}
		points := 0
		for _, l := range layers {
			for _, f := range l.Features {
				if f.Properties["part"] != "shape" {
					points++
				}
			}
		}
		if placed != (points == 1) {
			t.Fatalf("%d points, placed %v", points, placed)
		}
		for _, n := range append(at.Neighbours(), tile.Tile{}) {
			if len(x.Tile(n, Options{})) > 0 && !thing.In(n) {
				t.Fatalf("it is in %v", n)
			}
		}
	})
}
