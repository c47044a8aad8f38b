package topojson

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
)

// quantized is the specification's own example in small: a line, a polygon and a point that share a transform.
const quantized = `{"type":"Topology","transform":{"scale":[0.5,0.25],"translate":[100,0]},
	"objects":{"example":{"type":"GeometryCollection","geometries":[
		{"type":"Point","properties":{"prop0":"value0"},"coordinates":[4,2]},
		{"type":"LineString","id":7,"arcs":[0]},
		{"type":"Polygon","id":"a","arcs":[[-2,0]]},
		{"type":"MultiPolygon","arcs":[[[1],[0]],[[-1]]]},
		{"type":null}]}},
	"arcs":[[[0,0],[1,2],[2,-2]],[[0,0],[3,0]]]}`

func TestDecodeQuantized(t *testing.T) {
	got, err := Decode([]byte(quantized))
	if err != nil {
		t.Fatal(err)
	}
	want := &Topology{
		Arcs: []orb.LineString{{{100, 0}, {100.5, 0.5}, {101.5, 0}}, {{100, 0}, {101.5, 0}}},
		Objects: map[string]*Geometry{"example": {Type: "GeometryCollection", Members: []*Geometry{
			{Type: "Point", Properties: map[string]any{"prop0": "value0"}, Points: []orb.Point{{102, 0.5}}},
			{Type: "LineString", ID: "7", Lines: []Path{{0}}},
			{Type: "Polygon", ID: "a", Polygons: [][]Path{{{-2, 0}}}},
			{Type: "MultiPolygon", Polygons: [][]Path{{{1}, {0}}, {{-1}}}},
			{},
		}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodePlain(t *testing.T) {
	got, err := Decode([]byte(`{"type":"Topology","objects":{"a":{"type":"MultiPoint","coordinates":[[1,2],[3,4,5]]},
		"b":{"type":"MultiLineString","arcs":[[0],[-1]]}},"arcs":[[[1,2],[3,4]]]}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (orb.LineString{{1, 2}, {3, 4}}); !slices.Equal(got.Arcs[0], want) {
		t.Errorf("arc %v", got.Arcs[0])
	}
	if diff := cmp.Diff([]orb.Point{{1, 2}, {3, 4}}, got.Objects["a"].Points); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Path{{0}, {-1}}, got.Objects["b"].Lines); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	nested := strings.Repeat(`{"type":"GeometryCollection","geometries":[`, 20) + strings.Repeat(`]}`, 20)
	for text, says := range map[string]string{
		``:                                     "unexpected end",
		`[]`:                                   "cannot unmarshal",
		`{"type":"FeatureCollection"}`:         `type is "FeatureCollection"`,
		`{"type":"Topology","arcs":[[[0,0]]]}`: "arc 0: has fewer than two positions",
		`{"type":"Topology","arcs":[[[0,0],[1]]]}`:                                                                       "arc 0: has a position of fewer than two numbers",
		`{"type":"Topology","arcs":[[[0,0],[1e308,0],[1e308,0]]],"transform":{"scale":[1,1],"translate":[0,0]}}`:         "not finite",
		`{"type":"Topology","objects":{"a":{"type":"LineString","arcs":[0]}},"arcs":[]}`:                                 "there is no arc 0",
		`{"type":"Topology","objects":{"a":{"type":"LineString","arcs":[-1]}},"arcs":[]}`:                                "there is no arc -1",
		`{"type":"Topology","objects":{"a":{"type":"LineString","arcs":[-9223372036854775808]}},"arcs":[[[0,0],[1,1]]]}`: "there is no arc",
		`{"type":"Topology","objects":{"a":{"type":"Polygon","arcs":[[]]}},"arcs":[]}`:                                   "a line without arcs",
		`{"type":"Topology","objects":{"a":{"type":"Polygon"}},"arcs":[]}`:                                               "Polygon: unexpected end",
		`{"type":"Topology","objects":{"a":{"type":"Circle"}},"arcs":[]}`:                                                `type is "Circle"`,
		`{"type":"Topology","objects":{"a":{"type":"Point","coordinates":[1]}},"arcs":[]}`:                               "fewer than two numbers",
		`{"type":"Topology","objects":{"a":` + nested + `},"arcs":[]}`:                                                   "more than 16 deep",
	} {
		if got, err := Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, %v; want %q", text, got, err, says)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(quantized))
	f.Add([]byte(`{"type":"Topology","objects":{"a":{"type":"LineString","arcs":[-1]}},"arcs":[[[0,0],[1,1]]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		topology, err := Decode(data)
		if err != nil {
			return
		}
		for _, arc := range topology.Arcs {
			if len(arc) < 2 {
				t.Errorf("an arc of %d positions", len(arc))
			}
		}
		for _, g := range topology.Objects {
			for _, rings := range g.Polygons {
				for _, path := range append(slices.Clone(rings), g.Lines...) {
					for _, ref := range path {
						_ = topology.Arcs[max(ref, ^ref)]
					}
				}
			}
		}
	})
}
