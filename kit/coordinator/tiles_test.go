package coordinator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	orbmvt "github.com/paulmach/orb/encoding/mvt"
	orbjson "github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/projector/mvt"
	"fieldkit/maps/tile"
)

// standing is a place, with the tile that a node made there bears.
func standing(lon, lat float64) fields {
	return fields{"tile": tile.At(lon, lat, 14).String(), "transform": fields{"position": []any{lon, lat}}}
}

// journey is a trace of things that are made, moved, shaped, said of, merged and deleted, with sensors and v0 events.
func journey(t testing.TB, n int, seed int64) []*event.Event {
	random := rand.New(rand.NewSource(seed))
	var events, nodes []*event.Event
	place := func() []any {
		if random.Intn(20) == 0 {
			return []any{float64(random.Intn(360) - 180), float64(random.Intn(160) - 80)}
		}
		return []any{float64(95000+random.Intn(600)) / 10000, float64(471000+random.Intn(600)) / 10000}
	}
	for i := range n {
		over := fields{"timestamp": start + i, "layer_id": []string{"hazards", "needs", "roads"}[random.Intn(3)]}
		kind := random.Intn(12)
		if len(nodes) == 0 {
			kind = 0
		}
		if kind < 5 {
			over["properties"] = fields{"title": fmt.Sprint("thing ", i), "severity": random.Intn(5)}
			at := place()
			for name, value := range standing(at[0].(float64), at[1].(float64)) {
				over[name] = value
			}
			if kind == 4 {
				over["geometry"] = fields{"type": "LineString", "coordinates": []any{place(), place(), place()}}
			}
			e := sign(t, key(1), over)
			nodes, events = append(nodes, e), append(events, e)
			continue
		}
		on := nodes[random.Intn(len(nodes))]
		over["node_id"], over["tile"], over["layer_id"], over["previous_events"] = on.ID, on.Tile.String(), on.Layer, []string{on.ID}
		switch kind {
		case 5, 6:
			over["operation"], over["transform"] = "set_transform", fields{"position": place()}
		case 7:
			over["operation"], over["properties"] = "set_properties", fields{"state": []string{"open", "gone"}[random.Intn(2)]}
		case 8:
			into := nodes[random.Intn(len(nodes))]
			if into == on || into.Tile != on.Tile {
				continue
			}
			over["operation"], over["into_node"] = "merge", into.ID
		case 9:
			over["operation"] = "delete_node"
		case 10:
			over["operation"], over["sensor"], over["value"] = "sensor_reading", "rain", i
			delete(over, "node_id")
		case 11:
			over["operation"], over["sensor"], over["value"], over["unit"] = "sensor_reading", "water_level", i, "cm"
		}
		events = append(events, sign(t, key(1), over))
	}
	return events
}

func tileOf(t testing.TB, c *Coordinator, at *int64, where tile.Tile, o ...mvt.Options) Tile {
	t.Helper()
	one, ok, err := c.Tile(context.Background(), "camp", at, where, append(o, mvt.Options{})[0])
	if err != nil || !ok {
		t.Fatalf("%v: %v %v", where, ok, err)
	}
	return one
}

// anew makes a tile without anything that was kept.
func anew(t testing.TB, c *Coordinator, where tile.Tile, o mvt.Options) (one Tile) {
	t.Helper()
	_, err := c.View(t.Context(), "camp", nil, func(folded *canvas.Canvas) (err error) {
		one, err = zip(new(viewTiles).made(folded).Tile(where, o))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return one
}

// TestTilesKeepUp asks for tiles while events come in: what is kept is what would be made anew, at every moment.
func TestTilesKeepUp(t *testing.T) {
	for seed := range int64(2) {
		random := rand.New(rand.NewSource(seed))
		c := open(t, Config{})
		events := journey(t, 160, seed)
		asked := map[tile.Tile]bool{{}: true}
		for i := 0; i < len(events); {
			n := min(1+random.Intn(6), len(events)-i)
			take(t, c, events[i:i+n]...)
			i += n
			z := uint8(random.Intn(17))
			asked[tile.At(9.5+random.Float64()*0.06, 47.1+random.Float64()*0.06, z)] = true
			for at := range asked {
				o := mvt.Options{Together: random.Intn(2) == 0}
				if random.Intn(3) == 0 {
					o.Without = []string{"needs"}
				}
				if got, want := tileOf(t, c, nil, at, o), anew(t, c, at, o); got.Tag != want.Tag {
					t.Fatalf("seed %d, after %d events %v %+v is not up to date", seed, i, at, o)
				}
			}
		}
		w := c.world("camp")
		if w.shown.tiles.index == nil || w.shown.tiles.index.Len() < 30 {
			t.Fatal("nothing was kept")
		}
	}
}

// TestOneEventTouchesItsTilesAlone: with thousands of things kept in hundreds of tiles, an event costs those above it.
func TestOneEventTouchesItsTilesAlone(t *testing.T) {
	c := open(t, Config{})
	var events []*event.Event
	for i := range 3000 {
		events = append(events, sign(t, key(1), standing(float64(i%60)/10, float64(i/60)/10)))
	}
	take(t, c, events...)
	for z := range uint8(8) {
		for x := range uint32(1) << z {
			for y := range uint32(1) << z {
				tileOf(t, c, nil, tile.Tile{Z: z, X: x, Y: y})
			}
		}
	}
	view := c.world("camp").shown
	before := len(view.tiles.kept)
	take(t, c, sign(t, key(1), standing(3.05, 2.05)))
	tileOf(t, c, nil, tile.At(-100, -50, 7)) // somebody looks: it is folded
	if after := len(view.tiles.kept); before-after != 8 || c.world("camp").shown != view {
		t.Errorf("%d tiles were forgotten of %d, want 8", before-after, before)
	}
}

func TestTilesOfAnEarlierMoment(t *testing.T) {
	c := open(t, Config{})
	at := int64(start + 10)
	where := tile.At(9.5, 47.1, 12)
	add := func(at int64, lon float64) {
		over := standing(lon, 47.1)
		over["timestamp"] = at
		take(t, c, sign(t, key(1), over))
	}
	add(at, 9.5)
	first := tileOf(t, c, &at, where)
	if first.Tag == "" || !c.Remembers("camp", at) || c.Remembers("camp", at-1) {
		t.Fatalf("%+v", first)
	}
	before := at - 5
	if one := tileOf(t, c, &before, where); one.Zipped != nil {
		t.Error("before the first event something is seen")
	}
	add(at+5, 9.501)
	if tileOf(t, c, &at, where).Tag != first.Tag || tileOf(t, c, nil, where).Tag == first.Tag {
		t.Error("a later event changed an earlier moment, or not the present")
	}
	add(at-1, 9.502)
	if tileOf(t, c, &at, where).Tag == first.Tag {
		t.Error("an earlier event that came later did not change the moment")
	}
	if _, ok, err := c.Tile(t.Context(), "nowhere", nil, where, mvt.Options{}); ok || err != nil {
		t.Errorf("a space that is not here: %v %v", ok, err)
	}
}

func TestKeptTilesAreBounded(t *testing.T) {
	var cache tileCache
	views := [3]viewTiles{}
	data := make([]byte, 64<<10)
	for i := range uint32(1000) {
		cache.keep(&views[i%3], tile.Tile{Z: 15, X: i}, "", Tile{Zipped: data})
		cache.get(&views[0], tile.Tile{Z: 15}, "") // the first is asked for again and again
	}
	kept := 0
	for i := range views {
		kept += len(views[i].kept)
	}
	if cache.bytes > maxTileBytes || kept != cache.recent.Len() || kept < 250 || kept > 256 {
		t.Errorf("%d bytes of %d tiles, %d in the list", cache.bytes, kept, cache.recent.Len())
	}
	if _, ok := cache.get(&views[0], tile.Tile{Z: 15}, ""); !ok {
		t.Error("what was asked for last has gone")
	}
	for i := range views {
		cache.forgetAll(&views[i])
	}
	if cache.bytes != 0 || cache.recent.Len() != 0 {
		t.Errorf("%d bytes are left", cache.bytes)
	}
}

// TestTilesGiveBackTheThings reads all tiles of a deep zoom with another decoder: the things of the GeoJSON state, each once
// and where it is.
func TestTilesGiveBackTheThings(t *testing.T) {
	c := open(t, Config{})
	take(t, c, journey(t, 400, 9)...)
	want := make(map[string]geojson.Feature)
	var tiles []tile.Tile
	_, err := c.View(t.Context(), "camp", nil, func(folded *canvas.Canvas) error {
		geojson.Each(folded, geojson.Filter{}, func(f geojson.Feature) bool {
			want[f.ID] = f
			if b, ok := geojson.Bound(f.Geometry); ok {
				p := b.Center()
				if f.Properties.Position != nil {
					fmt.Sscanf(string(f.Properties.Position), "[%f,%f", &p[0], &p[1])
				}
				tiles = append(tiles, tile.At(p.Lon(), p.Lat(), 15))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	asked, seen := make(map[tile.Tile]bool), make(map[string]bool)
	for _, at := range tiles {
		for _, f := range readTile(t, tileOf(t, c, nil, at), at) {
			id, _ := f.Properties["id"].(string)
			if f.Properties["part"] == "shape" || asked[at] {
				continue
			}
			original, ok := want[id]
			if !ok || seen[id] {
				t.Fatalf("%s is in %v, known %v, seen %v", id, at, ok, seen[id])
			}
			seen[id] = true
			if f.Properties["title"] != original.Properties.Title || f.Properties["layer"] != original.Properties.Layer {
				t.Errorf("%s is %v", id, f.Properties)
			}
		}
		asked[at] = true
	}
	if len(seen) != len(want) || len(want) < 50 {
		t.Errorf("%d things in tiles, %d in the state", len(seen), len(want))
	}
}

// readTile has the layer's name among the properties.
func readTile(t testing.TB, one Tile, at tile.Tile) (list []*orbjson.Feature) {
	t.Helper()
	if one.Zipped == nil {
		return nil
	}
	r, err := gzip.NewReader(bytes.NewReader(one.Zipped))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := orbmvt.Unmarshal(data)
	if err != nil {
		t.Fatal(err)
	}
	layers.ProjectToWGS84(maptile.New(at.X, at.Y, maptile.Zoom(at.Z)))
	for _, l := range layers {
		for _, f := range l.Features {
			f.Properties["layer"] = l.Name
			list = append(list, f)
		}
	}
	return list
}

// TestTilesWhileEventsComeIn has many ask while events come in; in the end all tiles are up to date.
func TestTilesWhileEventsComeIn(t *testing.T) {
	c := open(t, Config{})
	events := journey(t, 120, 7)
	take(t, c, events[0])
	var tiles []tile.Tile
	for z := range uint8(16) {
		tiles = append(tiles, tile.At(9.53, 47.13, z), tile.At(9.51, 47.11, z))
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			for n := i; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				if _, _, err := c.Tile(context.Background(), "camp", nil, tiles[n%len(tiles)], mvt.Options{Together: n%2 == 0}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := 1; i < len(events); i += 3 {
		take(t, c, events[i:min(i+3, len(events))]...)
	}
	close(done)
	readers.Wait()
	for _, at := range tiles {
		for _, o := range []mvt.Options{{}, {Together: true}} {
			if tileOf(t, c, nil, at, o).Tag != anew(t, c, at, o).Tag {
				t.Errorf("%v %+v is not up to date", at, o)
			}
		}
	}
}
