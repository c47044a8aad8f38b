package mvt

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"

	"fieldkit/kit/projector/geojson"
	"fieldkit/maps/tile"
)

func TestThingsStandWhereTheyAre(t *testing.T) {
	const square = `{"type":"Polygon","coordinates":[[[9.5,47.1],[9.6,47.1],[9.6,47.2],[9.5,47.2],[9.5,47.1]],[[9.54,47.14],[9.54,47.16],[9.56,47.16],[9.56,47.14],[9.54,47.14]]]}`
	x := indexOf(
		feature("evt-point", "hazards", "9.5209,47.141", "severity", "3", "state", `"Open"`),
		feature("evt-line", "roads", `{"type":"LineString","coordinates":[[9.4,47.1],[9.5209,47.141],[9.7,47.3]]}`, "state", `"closed"`),
		feature("evt-area", "areas", square),
		feature("evt-nowhere", "hazards", ""),
	)
	at := tile.At(9.5209, 47.141, 14)
	got := parts(t, x, at)
	if len(got) != 4 {
		t.Fatalf("%v", got)
	}
	point := got["hazards/evt-point"]
	if !near(point.Geometry.(orb.Point), orb.Point{9.5209, 47.141}, 14, 1) {
		t.Errorf("%v", point.Geometry)
	}
	for key, want := range map[string]any{"title": "Title of evt-point", "kind": "hazard", "node_type": "hazard", "severity": float64(3), "state": "open", "done": nil, "policy": nil} {
		if fmt.Sprint(point.Properties[key]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", key, point.Properties[key], want)
		}
	}
	if sign := got["roads/evt-line/sign"]; sign == nil || sign.Properties["kind"] != "hazard" {
		t.Errorf("the line's sign: %v", sign)
	}
	line := got["roads/evt-line/shape"].Geometry.(orb.LineString)
	if len(line) != 3 || !near(line[1], orb.Point{9.5209, 47.141}, 14, 1) {
		t.Errorf("%v", line)
	}
	if area := got["areas/evt-area/shape"].Geometry.(orb.Polygon); len(area) != 1 {
		t.Errorf("the part of the area without the hole: %v", area)
	}
	whole := parts(t, x, tile.At(9.55, 47.15, 8))["areas/evt-area/shape"].Geometry.(orb.Polygon)
	if len(whole) != 2 || whole[0].Orientation() != orb.CW && whole[0].Orientation() != orb.CCW || whole[0].Orientation() == whole[1].Orientation() {
		t.Errorf("the whole area: %v", whole)
	}
	if ratio := planar.Area(whole) / 0.0096; ratio < 0.97 || ratio > 1.03 {
		t.Errorf("its area is %v of what it should be", ratio)
	}
	if data := x.Tile(tile.At(-120, 10, 14), Options{}); len(data) != 0 {
		t.Errorf("an empty tile has %d bytes", len(data))
	}
}

// TestWindings looks at the bytes' own geometry: outer rings have a positive area in tile units, holes a negative one.
func TestWindings(t *testing.T) {
	for _, ring := range []string{"[[1,1],[3,1],[3,3],[1,3],[1,1]]", "[[1,1],[1,3],[3,3],[3,1],[1,1]]"} {
		for _, hole := range []string{"[[1.5,1.5],[2.5,1.5],[2.5,2.5],[1.5,2.5],[1.5,1.5]]", "[[1.5,1.5],[1.5,2.5],[2.5,2.5],[2.5,1.5],[1.5,1.5]]"} {
			thing := NewThing(feature("a", "areas", `{"type":"Polygon","coordinates":[`+ring+`,`+hole+`]}`))
			e := &encoder{at: tile.At(2, 2, 6), known: map[string]uint32{}}
			e.shape(&shaped{thing, &thing.shapes[0]})
			areas := ringAreas(e.geometry)
			if len(areas) != 2 || areas[0] <= 0 || areas[1] >= 0 {
				t.Errorf("%s %s: %v", ring, hole, areas)
			}
		}
	}
}

func ringAreas(geometry []byte) (areas []int64) {
	var words []uint32
	for i := 0; i < len(geometry); {
		v, shift := uint32(0), 0
		for ; geometry[i] >= 0x80; i++ {
			v |= uint32(geometry[i]&0x7f) << shift
			shift += 7
		}
		words = append(words, v|uint32(geometry[i])<<shift)
		i++
	}
	var c coordinates
	at := coordinate{}
	for i := 0; i < len(words); {
		command, n := words[i]&7, words[i]>>3
		i++
		if command == closePath {
			areas = append(areas, c.twiceArea())
			c = nil
			continue
		}
		for range n {
			at.x += int32(words[i]>>1) ^ -int32(words[i]&1)
			at.y += int32(words[i+1]>>1) ^ -int32(words[i+1]&1)
			i += 2
			c = append(c, at)
		}
	}
	return areas
}

func TestDegenerateShapesAreDropped(t *testing.T) {
	for _, g := range []string{
		`{"type":"LineString","coordinates":[[9.5,47.1]]}`,
		`{"type":"LineString","coordinates":[[9.5,47.1],[9.5,47.1]]}`,
		`{"type":"LineString","coordinates":[]}`,
		`{"type":"Polygon","coordinates":[]}`,
		`{"type":"Polygon","coordinates":[[]]}`,
		`{"type":"Polygon","coordinates":[[[9.5,47.1],[9.6,47.1],[9.5,47.1]]]}`,
		`{"type":"Polygon","coordinates":[[[9.5,47.1],[9.6,47.1],[9.7,47.1],[9.5,47.1]]]}`,
		`{"type":"Polygon","coordinates":[[[9.5,47.1],[9.6,47.1],[9.6,47.2],[9.5,47.2]]]}`,
		`{"type":"MultiPolygon","coordinates":[[],[[]]]}`,
		`{"type":"GeometryCollection","geometries":[]}`,
		`{"type":"GeometryCollection"}`, `{"type":"Point"}`, `{"type":"Point","coordinates":[1]}`, `{"type":"Point","coordinates":[1e999,0]}`,
		`{"type":"Circle","coordinates":[1,2]}`, `{"coordinates":[1,2]}`, `null`,
	} {
		x := indexOf(feature("evt-a", "areas", "{}"))
		f := feature("evt-b", "areas", "")
		f.Geometry = []byte(g)
		x.Put(NewThing(f))
		for z := range uint8(MaxZoom + 1) {
			for name := range parts(t, x, tile.At(9.5, 47.1, z)) {
				if strings.HasSuffix(name, "/shape") {
					t.Errorf("%s at zoom %d: %s", g, z, name)
				}
			}
		}
	}
}

// TestEdgesOfTheWorld: the antimeridian from both sides, the poles, a geometry that reaches over 180°.
func TestEdgesOfTheWorld(t *testing.T) {
	x := indexOf(
		feature("east", "points", "180,0.5"), feature("west", "points", "-180,0.4"), feature("beyond", "points", "190,0.3"),
		feature("north", "points", "10,90"), feature("south", "points", "10,-90"),
		feature("over", "areas", `{"type":"Polygon","coordinates":[[[170,-5],[190,-5],[190,5],[170,5],[170,-5]]]}`),
	)
	last := uint32(1<<14 - 1)
	for name, at := range map[string]tile.Tile{
		"east": {Z: 14, X: last, Y: tile.At(0, 0.5, 14).Y}, "west": {Z: 14, X: 0, Y: tile.At(0, 0.4, 14).Y},
		"beyond": {Z: 14, X: tile.At(-170, 0, 14).X, Y: tile.At(0, 0.3, 14).Y},
		"north":  {Z: 14, X: tile.At(10, 0, 14).X, Y: 0}, "south": {Z: 14, X: tile.At(10, 0, 14).X, Y: last},
	} {
		if got := parts(t, x, at); got["points/"+name] == nil {
			t.Errorf("%s is not in %v: %v", name, at, got)
		}
	}
	for _, lon := range []float64{175, -175} {
		got := parts(t, x, tile.At(lon, 1, 6))["areas/over/shape"]
		if got == nil {
			t.Errorf("the area is not at %v", lon)
		}
	}
}

// scatter makes features near each other, on edges of tiles and on one spot, of all kinds of geometry.
func scatter(r *rand.Rand, n int) []*geojson.Feature {
	var list []*geojson.Feature
	layers := []string{"hazards", "needs", "quakes", "roads"}
	for i := range n {
		lon, lat := 9.5+r.NormFloat64()*0.2, 47.1+r.NormFloat64()*0.2
		switch r.IntN(10) {
		case 0:
			lon, lat = r.Float64()*360-180, r.Float64()*180-90
		case 1:
			lon, lat = 9.5, 47.1
		case 2: // on edges of tiles
			lon, lat = float64(r.IntN(64))*5.625-180, 0
		}
		g := fmt.Sprintf("%.7f,%.7f", lon, lat)
		layer := layers[r.IntN(len(layers))]
		var props []string
		if layer == "quakes" {
			props = []string{"mag", fmt.Sprintf("%.1f", r.Float64()*7)}
		}
		if layer == "roads" {
			g = fmt.Sprintf(`{"type":"LineString","coordinates":[[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f]]}`, lon, lat, lon+r.Float64()*0.1, lat, lon+r.Float64()*0.1, lat+r.Float64()*0.1)
		}
		f := feature(fmt.Sprintf("evt-%05d", i), layer, g, props...)
		list = append(list, f)
	}
	return list
}

// counted adds up what the tiles of a set say: points that stand alone, and the counts of clusters, by layer.
func counted(t testing.TB, x *Index, tiles []tile.Tile) (sum map[string]int, ids map[string]int) {
	sum, ids = make(map[string]int), make(map[string]int)
	for _, at := range tiles {
		for layer, features := range decoded(t, x.Tile(at, Options{}), at) {
			for _, f := range features {
				switch {
				case f.Properties["part"] == "shape":
				case f.Properties["cluster"] == true:
					sum[layer] += int(f.Properties["count"].(float64))
				default:
					sum[layer]++
					ids[f.Properties["id"].(string)]++
				}
			}
		}
	}
	return sum, ids
}

// TestNothingIsLostOrDoubled covers the world by a random set of tiles of many zooms: together they count each thing once.
func TestNothingIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		list := scatter(r, rapid.IntRange(1, 400).Draw(rt, "n"))
		x := indexOf(list...)
		want := make(map[string]int)
		for _, f := range list {
			want[f.Properties.Layer]++
		}
		cover := []tile.Tile{{}}
		for range rapid.IntRange(0, 200).Draw(rt, "splits") {
			i := r.IntN(len(cover))
			if r.IntN(3) > 0 { // where there is something
				f := list[r.IntN(len(list))]
				thing := NewThing(f)
				i = slices.IndexFunc(cover, func(at tile.Tile) bool { return tileAt(thing.x, thing.y, at.Z) == at })
			}
			at := cover[i]
			if at.Z == 20 {
				continue
			}
			children := at.Children()
			cover = append(slices.Delete(cover, i, i+1), children[:]...)
		}
		sum, ids := counted(t, x, cover)
		if fmt.Sprint(sum) != fmt.Sprint(want) {
			rt.Fatalf("%v, want %v, of %d tiles", sum, want, len(cover))
		}
		for id, n := range ids {
			if n != 1 {
				rt.Fatalf("%s stands %d times", id, n)
			}
		}
	})
}

// TestIndexIsWhatIsInIt: whatever was put in, moved and taken out before, tiles are those of a new index.
func TestIndexIsWhatIsInIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
		var x Index
		last := make(map[string]*geojson.Feature)
		for range 3 {
			for _, f := range scatter(r, 150) {
				if r.IntN(4) == 0 {
					x.Remove(f.ID)
					delete(last, f.ID)
					continue
				}
				old, changed := x.Put(NewThing(f))
				if (old != nil) != (last[f.ID] != nil) || !changed && old == nil {
					rt.Fatalf("%s: old %v, changed %v", f.ID, old, changed)
				}
				last[f.ID] = f
			}
		}
		var fresh Index
		for _, f := range last { // in any order
			fresh.Put(NewThing(f))
		}
		if x.Len() != len(last) || fmt.Sprint(x.Layers()) != fmt.Sprint(fresh.Layers()) {
			rt.Fatalf("%d things in %v, want %d in %v", x.Len(), x.Layers(), len(last), fresh.Layers())
		}
		for _, f := range last {
			at, ok := NewThing(f).Tile(uint8(r.IntN(MaxZoom + 1)))
			if ok && !bytes.Equal(x.Tile(at, Options{}), fresh.Tile(at, Options{})) {
				rt.Fatalf("%v differs", at)
			}
		}
	})
}

// TestInSaysWhichTilesDiffer: a tile of which In says no is the same with the thing and without it.
func TestInSaysWhichTilesDiffer(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	list := scatter(r, 120)
	for _, f := range list[:40] {
		x := indexOf(list...)
		thing := NewThing(f)
		var tiles []tile.Tile
		for z := range uint8(17) {
			at, _ := thing.Tile(z)
			tiles = append(append(tiles, at), at.Neighbours()...)
		}
		with := make(map[tile.Tile][]byte)
		for _, at := range tiles {
			with[at] = x.Tile(at, Options{})
		}
		x.Remove(f.ID)
		for at, data := range with {
			if differs := !bytes.Equal(data, x.Tile(at, Options{})); differs && !thing.In(at) {
				t.Fatalf("%v differs by %s", at, f.ID)
			}
		}
	}
}

func TestClusters(t *testing.T) {
	x := indexOf(
		feature("a", "hazards", "9.50,47.10", "severity", "2"), feature("b", "hazards", "9.51,47.10", "severity", "4", "state", `"gone"`),
		feature("c", "hazards", "9.52,47.10", "severity", "3"), feature("far", "hazards", "100,10"),
	)
	got := parts(t, x, tile.Tile{})
	c := got["hazards×3"]
	if c == nil || got["hazards/far"] == nil || len(got) != 2 {
		t.Fatalf("%v", got)
	}
	for key, want := range map[string]float64{"hazards": 2, "severity": 3, "west": 9.5, "east": 9.52, "south": 47.1, "north": 47.1} {
		if v, _ := c.Properties[key].(float64); v < want-1e-6 || v > want+1e-6 {
			t.Errorf("%s is %v, want %v", key, c.Properties[key], want)
		}
	}
	zoom := uint8(c.Properties["zoom"].(float64))
	for z := range zoom + 1 {
		whole := parts(t, x, tile.At(9.51, 47.1, z))["hazards×3"] != nil
		if whole != (z < zoom) {
			t.Errorf("at zoom %d the cluster is whole: %v; it is to fall apart at %d", z, whole, zoom)
		}
	}
}

// TestTilesAreBounded: however much lies in a tile, it stays within some thousand points a layer.
func TestTilesAreBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	x := new(Index)
	const n = 20_000
	for i := range n {
		x.Put(NewThing(feature(fmt.Sprint("evt-", i), "hazards", fmt.Sprintf("%.7f,%.7f", 9.5+r.Float64()*0.004, 47.1+r.Float64()*0.003))))
	}
	for z := range uint8(MaxZoom + 2) {
		at := tile.At(9.502, 47.1015, z)
		features := decoded(t, x.Tile(at, Options{}), at)["hazards"]
		if len(features) > maxAlone {
			t.Errorf("zoom %d: %d features", z, len(features))
		}
	}
}

// TestTogether: clusters of all layers that are wanted, in a layer of their own; the others are as if they were not there.
func TestTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	list := scatter(r, 300)
	x := indexOf(list...)
	var some []*geojson.Feature
	for _, f := range list {
		if f.Properties.Layer != "needs" {
			some = append(some, f)
		}
	}
	for z := range uint8(MaxZoom + 2) {
		at := tile.At(9.5, 47.1, z)
		data := x.Tile(at, Options{Together: true, Without: []string{"needs"}})
		if !bytes.Equal(data, indexOf(some...).Tile(at, Options{Together: true})) {
			t.Fatalf("zoom %d: the tile is not that without the layer", z)
		}
		apart, _ := counted(t, indexOf(some...), []tile.Tile{at})
		want, got := 0, 0
		for _, n := range apart {
			want += n
		}
		for layer, features := range decoded(t, data, at) {
			for _, f := range features {
				cluster := f.Properties["cluster"] == true
				if (layer == Groups) != (cluster && f.Properties["kind"] != "quake") {
					t.Fatalf("zoom %d: %v is in %s", z, f.Properties, layer)
				}
				if cluster {
					got += int(f.Properties["count"].(float64))
				} else if f.Properties["part"] != "shape" {
					got++
				}
			}
		}
		if got != want {
			t.Errorf("zoom %d: %d things, want %d", z, got, want)
		}
	}
}

// TestShapesMeetAtEdges: a line over several tiles is in all of them, and reaches into the buffer.
func TestShapesMeetAtEdges(t *testing.T) {
	x := indexOf(feature("long", "roads", `{"type":"LineString","coordinates":[[-60,10],[60,20]]}`))
	for _, z := range []uint8{3, 8, 13, 15, 18} {
		for _, lon := range []float64{-59, -10, 0.0001, 33, 59} {
			y := 10 + (lon+60)/12 // near enough for tiles above zoom 8; deeper the line is elsewhere
			at := tile.At(lon, y, z)
			found := false
			for _, n := range append(at.Neighbours(), at) {
				if f := parts(t, x, n)["roads/long/shape"]; f != nil {
					found = true
				}
			}
			if !found && z <= 8 {
				t.Errorf("the line is not near %v", at)
			}
		}
	}
}
