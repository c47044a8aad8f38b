package api

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
)

// stateOf is GeoJSON state.
type stateOf struct {
	Type, Space, Cursor, Digest string
	At                          *int64
	Features                    []struct {
		ID         string
		Geometry   json.RawMessage
		Properties struct {
			Title, Layer, Tile string
			Props              map[string]any
		}
	}
}

func (s stateOf) titles() string {
	var list []string
	for _, f := range s.Features {
		list = append(list, f.Properties.Title)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// canonicalOf is canonical state, with each tile's bytes as they came.
type canonicalOf struct {
	Space, Digest string
	Tiles         []json.RawMessage
}

// said is the digest of what canonical state says, by kit/SPEC.md, section 7.
func (c canonicalOf) said(t testing.TB) string {
	t.Helper()
	digests := map[string]string{}
	for _, text := range c.Tiles {
		var tile struct{ Tile string }
		if err := json.Unmarshal(text, &tile); err != nil {
			t.Fatal(err)
		}
		digests[tile.Tile] = fmt.Sprintf("sha256:%x", sha256.Sum256(text))
	}
	text, err := json.Marshal(map[string]any{"fold": 1, "space": c.Space, "tiles": digests})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(text))
}

// digestOf is the state digest of events folded without a kit.
func digestOf(t testing.TB, space string, events []*event.Event) string {
	t.Helper()
	c, err := canvas.Fold(space, func(add func(*event.Event, bool)) error {
		for _, e := range events {
			add(e, false)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("sha256:%x", c.Digest())
}

func titled(title string, over fields) fields {
	all := fields{"properties": fields{"title": title}}
	for name, value := range over {
		all[name] = value
	}
	return all
}

func TestStateIsFiltered(t *testing.T) {
	k := newKit(t, Config{})
	gone := sign(t, key(2), titled("gone", fields{"timestamp": start + 1}))
	k.take(
		sign(t, key(2), titled("a", fields{"transform": fields{"position": []any{9.5209, 47.141}}})),
		sign(t, key(2), titled("b", fields{"layer_id": "needs", "timestamp": start + 10})),
		sign(t, key(2), titled("c", fields{"tile": "z14/x8626/y5753", "timestamp": start + 20})),
		sign(t, key(2), titled("d", fields{"tile": "z0/x0/y0"})),
		sign(t, key(2), titled("fiji", fields{"tile": "z14/x16292/y9025", "transform": fields{"position": []any{178, -18}}})),
		gone, sign(t, key(2), fields{"operation": "delete_node", "node_id": gone.ID, "timestamp": start + 30}),
		sign(t, key(2), titled("other", fields{"space_id": "other"})),
	)
	for query, want := range map[string]string{
		"":                           "a b c d fiji",
		"format=geojson":             "a b c d fiji",
		"layer=needs":                "b",
		"layer=nothing":              "",
		"tile=" + home:               "a b",
		"tile=z13/x4312/y2876":       "a b",
		"tile=z0/x0/y0":              "a b c d fiji",
		"bbox=9.52,47.14,9.53,47.15": "a",
		"bbox=-180,-90,180,90":       "a b c fiji",
		"bbox=170,-20,-170,0":        "fiji",
		"bbox=9,47,10,48&layer=needs&tile=z1/x1/y0":   "b",
		"at=" + fmt.Sprint(start):                     "a d fiji",
		"at=" + fmt.Sprint(start+10):                  "a b d fiji gone",
		"at=" + fmt.Sprint(start+29):                  "a b c d fiji gone",
		"at=" + fmt.Sprint(start+30):                  "a b c d fiji",
		"at=0":                                        "",
		"at=" + fmt.Sprint(start+10) + "&layer=needs": "b",
	} {
		var s stateOf
		k.read("/api/v1/spaces/camp/state?"+query, &s)
		if s.titles() != want || s.Type != "FeatureCollection" || s.Space != "camp" || s.Cursor != "8" || (s.At != nil) != strings.HasPrefix(query, "at=") || s.Features == nil {
			t.Errorf("%s: %s, want %s: %+v", query, s.titles(), want, s)
		}
	}
	if kind := k.get("/api/v1/spaces/camp/state").Header.Get("Content-Type"); kind != "application/geo+json" {
		t.Errorf("it is %s", kind)
	}
}

func TestCanonicalStateHashesToItsDigest(t *testing.T) {
	k := newKit(t, Config{})
	var events []*event.Event
	for i := range 150 { // more tiles than are written at once
		events = append(events, sign(t, key(byte(2+i%3)), titled("x", fields{"timestamp": start + i, "tile": fmt.Sprintf("z14/x%d/y5753", 8600+i)})))
	}
	k.take(events...)
	for at, of := range map[string][]*event.Event{"": events, "&at=" + fmt.Sprint(start+99): events[:100], "&at=1": nil} {
		var c canonicalOf
		var s stateOf
		k.read("/api/v1/spaces/camp/state?format=canonical"+at, &c)
		k.read("/api/v1/spaces/camp/state"+strings.Replace(at, "&", "?", 1), &s)
		want := digestOf(t, "camp", of)
		if c.Digest != want || c.said(t) != want || s.Digest != want || len(c.Tiles) != len(of) || c.Space != "camp" {
			t.Errorf("%q: %d tiles, digest %s of what hashes to %s; GeoJSON says %s; want %s", at, len(c.Tiles), c.Digest, c.said(t), s.Digest, want)
		}
	}
	var one canonicalOf
	k.read("/api/v1/spaces/camp/state?format=canonical&tile=z14/x8601/y5753", &one)
	if len(one.Tiles) != 1 || one.Digest != one.said(t) {
		t.Errorf("%d tiles, %s, %s", len(one.Tiles), one.Digest, one.said(t))
	}
}

// TestCanonicalStateIsWholeWhileEventsComeIn reads while others write: what an answer says hashes to its digest, always.
func TestCanonicalStateIsWholeWhileEventsComeIn(t *testing.T) {
	k := newKit(t, Config{PostBurst: 1e6})
	var first []*event.Event
	for i := range 150 {
		first = append(first, sign(t, key(2), fields{"timestamp": start + i, "tile": fmt.Sprintf("z14/x%d/y5753", 8600+i), "properties": fields{"n": -1}}))
	}
	k.take(first...)
	var group sync.WaitGroup
	defer group.Wait()
	done := make(chan struct{})
	defer close(done)
	wrote := make(chan struct{}, 1)
	group.Go(func() {
		for i := 0; ; i++ {
			on := first[i*37%len(first)]
			k.take(sign(t, key(2), fields{"timestamp": start + 200 + i, "operation": "set_properties", "node_id": on.ID, "tile": on.Tile.String(), "properties": fields{"n": i}}))
			select {
			case <-done:
				return
			case wrote <- struct{}{}:
			default:
			}
		}
	})
	for range 20 {
		<-wrote
		var c canonicalOf
		k.read("/api/v1/spaces/camp/state?format=canonical", &c)
		if len(c.Tiles) != 150 || c.Digest != c.said(t) {
			t.Fatalf("%d tiles, digest %s of what hashes to %s", len(c.Tiles), c.Digest, c.said(t))
		}
	}
}

func TestDigests(t *testing.T) {
	k := newKit(t, Config{})
	scope := func(policy string) fields {
		return fields{"realm": "public", "authority": "source", "boundary": "interior", "policy": policy}
	}
	k.take(sign(t, key(2), nil), sign(t, key(2), fields{"tile": "z14/x1/y1"}), sign(t, key(2), fields{"tile": "z0/x0/y0", "timestamp": start + 1}),
		sign(t, key(2), fields{"scope": scope("private")}), sign(t, key(2), fields{"space_id": "other", "scope": scope("redacted")}))
	type digests struct {
		Root   string
		Spaces []struct {
			Space, Policy, Digest string
			Count                 int
		}
	}
	var roots digests
	k.read("/api/v1/digests", &roots)
	want := map[string]int{"camp public": 3, "camp private": 1, "other redacted": 1}
	if len(roots.Spaces) != len(want) {
		t.Fatalf("%+v", roots)
	}
	type tile struct {
		Space, Policy, Tile, Digest string
		Count                       int
		Own                         struct {
			Digest string
			Count  int
		}
		Children []struct {
			Tile, Digest string
			Count        int
		}
	}
	for _, one := range roots.Spaces {
		if one.Count != want[one.Space+" "+one.Policy] {
			t.Errorf("%+v", one)
		}
		var top tile
		k.read("/api/v1/digests?space="+one.Space+"&policy="+one.Policy, &top)
		if top.Digest != one.Digest || top.Count != one.Count || top.Tile != "z0/x0/y0" {
			t.Errorf("%+v, the root says %+v", top, one)
		}
	}
	// Down to the leaves: each child says of itself what its parent says of it.
	var walk func(path string, digest string, count int) int
	walk = func(path string, digest string, count int) (leaves int) {
		var here tile
		k.read("/api/v1/digests?space=camp&tile="+path, &here)
		sum := here.Own.Count
		for _, child := range here.Children {
			sum += child.Count
			leaves += walk(child.Tile, child.Digest, child.Count)
		}
		if here.Tile != path || here.Digest != digest || here.Count != count || sum != count || here.Policy != "public" {
			t.Errorf("%s: %+v, its parent says %s, %d", path, here, digest, count)
		}
		if here.Own.Count > 0 {
			leaves++
		}
		return leaves
	}
	var top tile
	k.read("/api/v1/digests?space=camp", &top)
	if n := walk("z0/x0/y0", top.Digest, 3); n != 3 {
		t.Errorf("%d tiles with events", n)
	}
	nothing := "sha256:" + strings.Repeat("0", 64)
	for _, query := range []string{"space=nowhere", "space=camp&policy=redacted", "space=camp&tile=z14/x5/y5", "space=camp&tile=z22/x0/y0"} {
		var empty tile
		k.read("/api/v1/digests?"+query, &empty)
		if empty.Digest != nothing || empty.Count != 0 || empty.Children == nil || len(empty.Children) != 0 {
			t.Errorf("%s: %+v", query, empty)
		}
	}
	var lora tile
	k.read("/api/v1/digests?space=camp&policy=lora", &lora)
	if lora.Count != 3 || lora.Digest != top.Digest {
		t.Errorf("%+v", lora)
	}
	before := roots.Root
	k.take(sign(t, key(3), nil))
	if k.read("/api/v1/digests", &roots); roots.Root == before {
		t.Error("an event more, and the root stays")
	}
}

func TestSpaces(t *testing.T) {
	k := newKit(t, Config{})
	type space struct {
		ID, Title, Cursor   string
		Exercise, Certified bool
		HomeZoom            int `json:"home_zoom"`
		Events, Nodes       int
		First, Last         int64
		BBox                []float64
		Layers              []struct {
			ID    string
			Nodes int
		}
		Moments []int64
		Window  *struct{ From, To *int64 }
	}
	type list struct {
		Now    int64
		Kit    struct{ Name, Key, Version string }
		Spaces []space
	}
	var got list
	k.read("/api/v1/spaces", &got)
	if got.Now != start || got.Kit.Name != "Camp A" || got.Kit.Key != k.c.Key() || got.Spaces == nil || len(got.Spaces) != 0 {
		t.Errorf("%+v", got)
	}
	certified := certifiedBy("rhine", key(1))
	var events []*event.Event
	for i := range 500 {
		events = append(events, sign(t, key(2), fields{"timestamp": start + 1000 - i, "layer_id": []string{"needs", "hazards"}[i%2],
			"transform": fields{"position": []any{json.Number(fmt.Sprintf("9.52%03d", i)), 47.141}}}))
	}
	events = append(events, sign(t, key(2), fields{"space_id": certified, "tile": "z0/x0/y0"}))
	k.take(events...)
	deleted := sign(t, key(2), fields{"operation": "delete_node", "node_id": events[0].ID, "layer_id": "needs", "timestamp": start + 2000})
	k.take(deleted)
	k.scopeFile("camp/.ulp-root", "title = \"Camp\"\nexercise = true\nhome_zoom = 15\n[window]\nto = 2000000000\n")
	k.read("/api/v1/spaces", &got)
	if len(got.Spaces) != 2 || got.Spaces[0].ID != "camp" || got.Spaces[1].ID != certified {
		t.Fatalf("%+v", got)
	}
	camp, rhine := got.Spaces[0], got.Spaces[1]
	if camp.Title != "Camp" || !camp.Exercise || camp.Certified || camp.HomeZoom != 15 || camp.Window == nil || *camp.Window.To != 2000000000 || camp.Window.From != nil ||
		camp.Events != 501 || camp.Nodes != 499 || camp.First != start+501 || camp.Last != start+2000 || camp.Cursor != "502" {
		t.Errorf("%+v", camp)
	}
	if fmt.Sprint(camp.Layers) != "[{hazards 250} {needs 249}]" {
		t.Errorf("%v", camp.Layers)
	}
	if fmt.Sprint(camp.BBox) != "[9.52001 47.141 9.52499 47.141]" {
		t.Errorf("%v", camp.BBox)
	}
	m := camp.Moments
	if len(m) > 200 || len(m) < 150 || m[0] != camp.First || m[len(m)-1] != camp.Last || !slices.IsSorted(m) || len(slices.Compact(slices.Clone(m))) != len(m) {
		t.Errorf("%d moments %v", len(m), m)
	}
	if !rhine.Certified || rhine.BBox != nil || rhine.Nodes != 1 || fmt.Sprint(rhine.Moments) != fmt.Sprint([]int64{start}) || rhine.Window != nil || rhine.Title != certified {
		t.Errorf("%+v", rhine)
	}
	var alone space
	k.read("/api/v1/spaces/camp", &alone)
	if fmt.Sprintf("%+v", alone.Moments) != fmt.Sprintf("%+v", camp.Moments) || alone.Nodes != camp.Nodes || alone.Title != camp.Title {
		t.Errorf("%+v", alone)
	}
}

// TestSpacesCountWhatWasTaken asks after each event: what was acknowledged is counted, however fast the question comes.
func TestSpacesCountWhatWasTaken(t *testing.T) {
	k := newKit(t, Config{})
	var group sync.WaitGroup
	done := make(chan struct{})
	group.Go(func() { // others ask too, at any moment
		for {
			select {
			case <-done:
				return
			default:
				k.get("/api/v1/spaces")
			}
		}
	})
	for i, e := range series(t, key(2), 60, nil) {
		k.take(e)
		var got struct{ Events, Nodes int }
		if k.read("/api/v1/spaces/camp", &got); got.Events != i+1 || got.Nodes != i+1 {
			t.Errorf("after %d events: %+v", i+1, got)
		}
	}
	close(done)
	group.Wait()
}
