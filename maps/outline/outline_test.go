package outline

import (
	"bytes"
	"math"
	"testing"

	"fieldkit/maps/tile"
	"fieldkit/maps/topojson"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/planar"
)

// small is a world of three countries. East and West share the border at 10° E; East has a lake of its own and owns an
// island that lies across the antimeridian; South goes round the pole, and has a ring at the pole itself, first.
const small = `{"type":"Topology",
	"objects":{
		"countries":{"type":"GeometryCollection","geometries":[
			{"type":"Polygon","arcs":[[0,1]],"properties":{"name":"West"}},
			{"type":"MultiPolygon","arcs":[[[2,-1],[3]],[[4]]],"properties":{"name":"East"}},
			{"type":"Polygon","arcs":[[6],[5]],"properties":{"name":"South"}}]},
		"land":{"type":"GeometryCollection","geometries":[
			{"type":"MultiPolygon","arcs":[[[2,1],[3]],[[4]],[[5],[6]]]}]}},
	"arcs":[
		[[10,50],[10,10]],
		[[10,10],[-30,10],[-30,50],[10,50]],
		[[10,50],[50,50],[50,10],[10,10]],
		[[25,25],[35,25],[35,35],[25,35],[25,25]],
		[[170,5],[-170,5],[-170,-5],[170,-5],[170,5]],
		[[-180,-70],[-90,-70],[0,-70],[90,-70],[179,-70],[-180,-70]],
		[[-180,-89.999],[90,-89.999],[0,-89.999],[-90,-89.999],[-180,-89.999]]]}`

func world(tb testing.TB) *World {
	topology, err := topojson.Decode([]byte(small))
	if err != nil {
		tb.Fatal(err)
	}
	w, err := New(topology)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// cutWorld is the tiles by their place, decoded.
func cutWorld(tb testing.TB, maxZoom uint8) map[tile.Tile]mvt.Layers {
	tiles, err := world(tb).Tiles(maxZoom)
	if err != nil {
		tb.Fatal(err)
	}
	out := map[tile.Tile]mvt.Layers{}
	for i, t := range tiles {
		if i > 0 && tiles[i-1].At.Key() >= t.At.Key() {
			tb.Errorf("%v comes after %v", t.At, tiles[i-1].At)
		}
		layers, err := mvt.UnmarshalGzipped(t.Data)
		if err != nil {
			tb.Fatalf("%v: %v", t.At, err)
		}
		out[t.At] = layers
	}
	return out
}

func layer(layers mvt.Layers, name string) *mvt.Layer {
	for _, l := range layers {
		if l.Name == name {
			return l
		}
	}
	return &mvt.Layer{}
}

func polygons(l *mvt.Layer) []orb.Polygon {
	var out []orb.Polygon
	for _, f := range l.Features {
		switch g := f.Geometry.(type) {
		case orb.Polygon:
			out = append(out, g)
		case orb.MultiPolygon:
			out = append(out, g...)
		}
	}
	return out
}

// inUnits is a position in a tile's units.
func inUnits(t tile.Tile, lon, lat float64) orb.Point {
	p := project(orb.LineString{{lon, lat}})[0]
	side := math.Exp2(float64(t.Z))
	return orb.Point{(p[0]*side - float64(t.X)) * extent, (p[1]*side - float64(t.Y)) * extent}
}

func TestLandIsWhereItIs(t *testing.T) {
	tiles := cutWorld(t, 4)
	for _, c := range []struct {
		lon, lat float64
		land     bool
	}{
		{0, 30, true}, {20, 30, true}, {10, 30, true}, {-40, 30, false}, {60, 30, false}, {0, 60, false},
		{30, 30, false}, {24, 30, true}, {36, 30, true}, // the lake and its shores
		{172, 0, true}, {-172, 0, true}, {179.9, 0, true}, {-179.9, 0, true}, {168, 0, false}, {-168, 0, false}, {0, 0, false},
		{0, -80, true}, {179.5, -80, true}, {-179.5, -80, true}, {179.5, -84.9, true}, {-90, -71, true}, {90, -69, false},
	} {
		for z := uint8(0); z <= 4; z++ {
			at := tile.At(c.lon, c.lat, z)
			on := 0
			for _, p := range polygons(layer(tiles[at], "land")) {
				if planar.PolygonContains(p, inUnits(at, c.lon, c.lat)) {
					on++
				}
			}
			if (on == 1) != c.land || on > 1 {
				t.Errorf("%v, %v in %v lies on %d polygons; land is %v", c.lon, c.lat, at, on, c.land)
			}
		}
	}
}

func TestSeaHasNoTiles(t *testing.T) {
	tiles := cutWorld(t, 4)
	if _, there := tiles[tile.At(-100, 0, 4)]; there {
		t.Error("a tile of nothing but sea was made")
	}
}

func TestBorderIsDrawnOnce(t *testing.T) {
	tiles := cutWorld(t, 3)
	for z := uint8(0); z <= 3; z++ {
		at := tile.At(10, 30, z)
		border := layer(tiles[at], "boundary")
		if len(border.Features) != 1 || border.Features[0].Properties["admin_level"] != 2.0 {
			t.Fatalf("%v: borders %+v", at, border.Features)
		}
		line, ok := border.Features[0].Geometry.(orb.LineString)
		if !ok {
			t.Fatalf("%v: the border is %+v", at, border.Features[0].Geometry)
		}
		x := math.Round(inUnits(at, 10, 30)[0])
		for _, p := range line {
			if p[0] != x {
				t.Errorf("%v: the border goes through %v, not x = %v", at, p, x)
			}
		}
	}
	if coast := layer(tiles[tile.At(-30, 30, 3)], "boundary"); len(coast.Features) != 0 {
		t.Errorf("a coast is drawn as a border: %v", coast.Features)
	}
}

func TestNamesStandInTheirCountries(t *testing.T) {
	tiles := cutWorld(t, 4)
	for z := uint8(0); z <= 4; z++ {
		seen := map[any]int{}
		for at, layers := range tiles {
			for _, f := range layer(layers, "country_label").Features {
				if at.Z != z {
					continue
				}
				seen[f.Properties["name"]]++
				p, ok := f.Geometry.(orb.Point)
				inside := false
				for _, land := range polygons(layer(layers, "land")) {
					inside = inside || planar.PolygonContains(land, p)
				}
				if !ok || !inside {
					t.Errorf("%v: %v stands at %v, in the sea", at, f.Properties, f.Geometry)
				}
			}
		}
		if seen["West"] != 1 || seen["East"] != 1 || seen["South"] != 1 || len(seen) != 3 {
			t.Errorf("zoom %d: names %v", z, seen)
		}
	}
}

func TestRingsAreWoundAndClosed(t *testing.T) {
	holes := 0
	for at, layers := range cutWorld(t, 4) {
		for _, p := range polygons(layer(layers, "land")) {
			for i, r := range p {
				if area := surveyed(r); !r.Closed() || (area > 0) != (i == 0) || area == 0 {
					t.Errorf("%v: ring %d has area %v: %v", at, i, area, r)
				}
				for _, v := range r {
					if v[0] < -margin-1 || v[0] > extent+margin+1 || v[1] < -margin-1 || v[1] > extent+margin+1 {
						t.Errorf("%v: %v is far outside of the tile", at, v)
					}
				}
				if i > 0 {
					holes++
				}
			}
		}
		for _, l := range layers {
			if l.Version != 2 || l.Extent != extent {
				t.Errorf("%v: layer %s has version %d, extent %d", at, l.Name, l.Version, l.Extent)
			}
		}
	}
	if holes == 0 {
		t.Error("the lake is nowhere a hole")
	}
}

func TestTilesAreDeterministic(t *testing.T) {
	first, err := world(t).Tiles(3)
	if err != nil {
		t.Fatal(err)
	}
	again, err := world(t).Tiles(3)
	if err != nil || len(first) != len(again) {
		t.Fatalf("%d tiles, then %d (%v)", len(first), len(again), err)
	}
	for i := range first {
		if first[i].At != again[i].At || !bytes.Equal(first[i].Data, again[i].Data) {
			t.Errorf("%v differs", first[i].At)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, text := range []string{
		`{"type":"Topology","objects":{"land":{"type":null}}}`,
		`{"type":"Topology","objects":{"land":{"type":null},"countries":{"type":"Polygon","arcs":[[0]]}},"arcs":[[[0,0],[1,1]]]}`,
		`{"type":"Topology","objects":{"land":{"type":null},"countries":{"type":"LineString","arcs":[0],"properties":{"name":"a"}}},"arcs":[[[0,0],[1,1]]]}`,
	} {
		topology, err := topojson.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(topology); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
