package geojson

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/paulmach/orb"

	"fieldkit/kit/canvas"
	"fieldkit/maps/tile"
)

func box(west, south, east, north float64) *orb.Bound {
	return &orb.Bound{Min: orb.Point{west, south}, Max: orb.Point{east, north}}
}

func TestFilter(t *testing.T) {
	tr := newTrace(t)
	tr.add("vaduz", alice, fields{"transform": fields{"position": []any{9.5209, 47.141}}})
	tr.add("road", alice, fields{"layer_id": "roads", "geometry": fields{"type": "LineString", "coordinates": [][]any{{9.52, 47.141}, {9.6, 47.3}}}})
	tr.add("fiji", alice, fields{"tile": "z14/x16292/y9040", "transform": fields{"position": []any{178, -18}}})
	tr.add("samoa", alice, fields{"tile": "z14/x372/y8811", "transform": fields{"position": []any{-171.8, -13.5}}})
	tr.add("nowhere", alice, fields{"tile": "z0/x0/y0"})
	tr.add("rain", bob, fields{"operation": "sensor_reading", "layer_id": "weather", "sensor": "rain", "value": 1})
	c := tr.fold()
	for _, tc := range []struct {
		name string
		want Filter
		get  string
	}{
		{"all", Filter{}, "fiji nowhere rain road samoa vaduz"},
		{"layer", Filter{Layer: "roads"}, "road"},
		{"layer of a sensor", Filter{Layer: "weather"}, "rain"},
		{"no such layer", Filter{Layer: "needs"}, ""},
		{"the world", Filter{Bound: box(-180, -90, 180, 90)}, "fiji rain road samoa vaduz"},
		{"a valley", Filter{Bound: box(9.5, 47.14, 9.53, 47.15)}, "road vaduz"},
		{"part of a line", Filter{Bound: box(9.57, 47.25, 9.58, 47.26)}, "road"},
		{"a point on the edge", Filter{Bound: box(9.5209, 47.141, 9.5209, 47.141)}, "road vaduz"},
		{"beside it", Filter{Bound: box(9.4, 47.141, 9.5, 47.2)}, ""},
		{"over the antimeridian", Filter{Bound: box(170, -20, -170, 0)}, "fiji samoa"},
		{"up to the antimeridian", Filter{Bound: box(170, -20, 180, 0)}, "fiji"},
		{"all but Europe", Filter{Bound: box(30, -90, -30, 90)}, "fiji samoa"},
		{"tile", Filter{Tile: &tile.Tile{Z: 14, X: 8625, Y: 5753}}, "rain road vaduz"},
		{"tiles below", Filter{Tile: &tile.Tile{Z: 1, X: 1, Y: 0}}, "rain road vaduz"},
		{"the tile above all", Filter{Tile: &tile.Tile{}}, "fiji nowhere rain road samoa vaduz"},
		{"tile, layer and box", Filter{Tile: &tile.Tile{Z: 1, X: 1, Y: 0}, Layer: "hazards", Bound: box(9, 47, 10, 48)}, "vaduz"},
	} {
		var got []string
		Each(c, tc.want, func(f Feature) bool {
			if strings.HasPrefix(f.ID, canvas.SensorIDPrefix) {
				f.ID = f.Properties.Title
			}
			got = append(got, tr.named(f.ID))
			return true
		})
		slices.Sort(got)
		if strings.Join(got, " ") != tc.get {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.get)
		}
	}
	n := 0
	Each(c, Filter{}, func(Feature) bool { n++; return n < 3 })
	if n != 3 {
		t.Errorf("it went on to %d", n)
	}
}

func TestEachPlaceIsEach(t *testing.T) {
	for name, tell := range stories {
		tr := newTrace(t)
		tell(tr)
		c := tr.fold()
		var long, short []string
		line := func(layer string, bound orb.Bound, placed bool) string { return fmt.Sprint(layer, bound, placed) }
		Each(c, Filter{}, func(f Feature) bool {
			bound, placed := Bound(f.Geometry)
			long = append(long, line(f.Properties.Layer, bound, placed))
			return true
		})
		EachPlace(c, func(layer string, bound orb.Bound, placed bool) { short = append(short, line(layer, bound, placed)) })
		if strings.Join(long, "\n") != strings.Join(short, "\n") {
			t.Errorf("%s:\n%s\n%s", name, long, short)
		}
	}
}

func TestBound(t *testing.T) {
	for geometry, want := range map[string]*orb.Bound{
		`{"coordinates":[9.5,47.1],"type":"Point"}`:                                                                              box(9.5, 47.1, 9.5, 47.1),
		`{"coordinates":[-9.5,-47.1,455.5],"type":"Point"}`:                                                                      box(-9.5, -47.1, -9.5, -47.1),
		`{"coordinates":[[1,2],[-3,4,99],[5,-6]],"type":"MultiPoint"}`:                                                           box(-3, -6, 5, 4),
		`{"coordinates":[[1,2],[3,4]],"type":"LineString"}`:                                                                      box(1, 2, 3, 4),
		`{"coordinates":[[[1,2],[3,4]],[[5,6],[7,8]]],"type":"MultiLineString"}`:                                                 box(1, 2, 7, 8),
		`{"coordinates":[[[0,0],[1,0],[1,1],[0,0]]],"type":"Polygon"}`:                                                           box(0, 0, 1, 1),
		`{"coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[5,5],[6,5],[6,6],[5,5]]]],"type":"MultiPolygon"}`:                        box(0, 0, 6, 6),
		`{"geometries":[{"coordinates":[3,3],"type":"Point"},{"coordinates":[1,9],"type":"Point"}],"type":"GeometryCollection"}`: box(1, 3, 3, 9),
		// Other members mean nothing.
		`{"bbox":[0,0,99,99],"coordinates":[1,2],"geometries":7,"type":"Point"}`:                               box(1, 2, 1, 2),
		`{"coordinates":"no","geometries":[{"coordinates":[3,3],"type":"Point"}],"type":"GeometryCollection"}`: box(3, 3, 3, 3),
		`null`: nil, `[1,2]`: nil, `{}`: nil, `{"type":"Point"}`: nil, `{"coordinates":7,"type":"Point"}`: nil, `{"coordinates":[],"type":"Point"}`: nil,
		`{"type":"GeometryCollection"}`: nil, `{"geometries":[],"type":"GeometryCollection"}`: nil, `{"type":7}`: nil, `{`: nil, ``: nil,
	} {
		got, ok := Bound(jsontext.Value(geometry))
		switch {
		case want == nil && ok:
			t.Errorf("%s: %v", geometry, got)
		case want != nil && (!ok || got != *want):
			t.Errorf("%s: %v %v, want %v", geometry, got, ok, *want)
		}
	}
}

func TestTileCentresLieInTheirTiles(t *testing.T) {
	for _, at := range []tile.Tile{{Z: 8}, {Z: 8, X: 255, Y: 255}, {Z: 14, X: 8625, Y: 5753}, {Z: 22, X: 1 << 21, Y: 1 << 21}, {Z: 22, X: 1<<22 - 1}} {
		raw, from := place(nil, nil, at)
		bound, ok := Bound(raw)
		if !ok || from != "tile" || !at.ContainsPosition(bound.Min.Lon(), bound.Min.Lat(), 1e-6) || strings.Contains(string(raw), "e") && math.Abs(bound.Min.Lon()) < 1e-5 {
			t.Errorf("%s: %s", at, raw)
		}
	}
}

// TestNames follows merges from each of a handful of nodes.
func TestNames(t *testing.T) {
	tr := newTrace(t)
	ids := map[string]string{}
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		ids[name] = tr.add(name, alice, nil)
	}
	merge := func(from, into string) {
		tr.add(from+into, alice, fields{"operation": "merge", "node_id": ids[from], "into_node": ids[into]})
	}
	merge("A", "B")
	merge("B", "C")
	merge("D", "C")
	c := tr.fold()
	for name, want := range map[string]string{"A": "A B C", "B": "B C A", "C": "C A B D", "D": "D C", "E": "E"} {
		names := Names(c, ids[name])
		if names[0] != ids[name] {
			t.Errorf("%s does not come first", name)
		}
		got := strings.Fields(tr.named(strings.Join(names, " ")))
		expected := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(expected)
		if strings.Join(got, " ") != strings.Join(expected, " ") {
			t.Errorf("%s: %v, want %s", name, got, want)
		}
	}
	if got := Names(c, "evt-x"); len(got) != 1 || got[0] != "evt-x" {
		t.Errorf("of a stranger: %v", got)
	}
}

// TestMergesThatLeadTooFar: what cannot be followed to its end is not lost.
func TestMergesThatLeadTooFar(t *testing.T) {
	tr := newTrace(t)
	const nodes = maxMerges + 3
	ids := make([]string, nodes)
	for i := range ids {
		ids[i] = tr.add(fmt.Sprint("n", i, "."), alice, nil)
	}
	for i := range nodes - 1 {
		tr.add(fmt.Sprint("m", i), alice, fields{"operation": "merge", "node_id": ids[i], "into_node": ids[i+1]})
	}
	c := tr.fold()
	drawn := map[string]int{}
	Each(c, Filter{}, func(f Feature) bool { drawn[f.ID] = len(f.Properties.Aliases); return true })
	if last := ids[nodes-1]; len(drawn) != 3 || drawn[last] != maxMerges || drawn[ids[0]] != 0 || drawn[ids[1]] != 0 {
		t.Errorf("%v", drawn)
	}
}
