package storetest

import (
	"context"
	"crypto/ed25519"
	"maps"
	"slices"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/maps/tile"
)

// OtherKey is another kit's.
var OtherKey = ed25519.NewKeyFromSeed([]byte("the key of a kit in another camp"))

// Adoptions are segments of another kit that hold these events, at most so many each, by tile and policy.
func Adoptions(t testing.TB, events []*event.Event, most int) (list []store.Adoption) {
	type home struct {
		space, policy string
		at            tile.Tile
	}
	var homes []home
	byHome := make(map[home][]*event.Event)
	for _, e := range events {
		h := home{e.Space, e.Scope.Policy, e.Tile}
		if byHome[h] == nil {
			homes = append(homes, h)
		}
		byHome[h] = append(byHome[h], e)
	}
	for _, h := range homes {
		slices.SortFunc(byHome[h], event.Compare)
		for some := range slices.Chunk(byHome[h], most) {
			list = append(list, adoptionOf(t, some, false))
		}
	}
	return list
}

func adoptionOf(t testing.TB, events []*event.Event, loose bool) store.Adoption {
	var lines []segment.Line
	for _, e := range events {
		lines = append(lines, segment.Line{Clock: e.Clock, ID: e.ID, Text: e.Text})
	}
	g, err := segment.Build(events[0].Space, events[0].Tile, events[0].Scope.Policy, lines)
	if err != nil {
		t.Fatal(err)
	}
	seal := g.Seal(OtherKey)
	if loose {
		seal = g.SealLoose(OtherKey)
	}
	return store.Adoption{Seal: seal, Entries: Entries(events)}
}

// adopt adopts in store and model, compares the outcomes, and tells which were kept.
func (f *fixture) adopt(list ...store.Adoption) (kept []bool) {
	f.Helper()
	got, err := f.Store.Adopt(context.Background(), list)
	if err != nil {
		f.Fatal(err)
	}
	for i, a := range list {
		entries := slices.Clone(a.Entries)
		for j := range entries {
			entries[j].Door = false
		}
		if want := f.Model.Append(entries); !slices.Equal(got[i].Outcomes, want) {
			f.Fatalf("outcomes of segment %d are %v, want %v", i, got[i].Outcomes, want)
		}
		kept = append(kept, got[i].Kept)
	}
	return kept
}

// loose are the loose events of a space by their text.
func (f *fixture) loose(space string) map[string]int {
	f.Helper()
	found := make(map[string]int)
	tiles, err := f.Store.Tiles(context.Background(), space)
	if err != nil {
		f.Fatal(err)
	}
	for _, at := range tiles {
		for _, policy := range []string{"public", "private", "redacted"} {
			lines, err := f.Store.Loose(context.Background(), space, at, policy)
			if err != nil {
				f.Fatal(err)
			}
			for i, l := range lines {
				found[l.Text]++
				if i > 0 && lines[i-1].Compare(l) > 0 {
					f.Errorf("loose events of %s are out of order", at)
				}
			}
		}
	}
	return found
}

func texts(events ...*event.Event) map[string]int {
	m := make(map[string]int)
	for _, e := range events {
		m[e.Text] = 1
	}
	return m
}

func testAdopt(t *testing.T, open Open) {
	f := newFixture(t, open)
	events := Events(300)
	list := Adoptions(t, events, 8)
	for i, kept := range f.adopt(list...) {
		if !kept {
			t.Errorf("segment %d is not kept", i)
		}
	}
	if sealed, _ := f.sealed("rhine-flood"); !maps.Equal(sealed, texts(events...)) {
		t.Errorf("%d events stand in segments", len(sealed))
	}
	for i, kept := range f.adopt(list[:5]...) {
		if !kept {
			t.Errorf("segment %d, which is here, is not kept", i)
		}
	}
	// Other segments of the same events bring nothing new, nor do those of what came in at the door.
	more := sample.Events(20, sample.Options{Seed: 9})
	f.append(Entries(more)...)
	again := Adoptions(t, append(slices.Clone(events), more...), 5)
	for i, kept := range f.adopt(again...) {
		here := slices.ContainsFunc(list, func(a store.Adoption) bool { return a.Seal.Hash == again[i].Seal.Hash })
		if kept != here {
			t.Errorf("segment %d, here before: %v, is kept: %v", i, here, kept)
		}
	}
	if n := len(f.loose("rhine-flood")); n != 0 {
		t.Errorf("%d events are loose", n)
	}
	f.same()
	f.reopen()
	f.same()
	if _, err := f.Store.Adopt(context.Background(), []store.Adoption{{Seal: list[0].Seal, Entries: list[1].Entries}}); err == nil {
		t.Error("events are adopted under the seal of others")
	}
	if out, err := f.Store.Adopt(context.Background(), nil); err != nil || len(out) != 0 {
		t.Errorf("adopting nothing: %v, %v", out, err)
	}
	if tiles, err := f.Store.Tiles(context.Background(), "elsewhere"); err != nil || len(tiles) != 0 {
		t.Errorf("tiles of nothing: %v, %v", tiles, err)
	}
}

// What comes singly is loose until a segment holds it; a loose list is none.
func testLoose(t *testing.T, open Open) {
	f := newFixture(t, open)
	var events []*event.Event
	for n := range 12 {
		events = append(events, reading(t, "demo", "z14/x8625/y5753", "public", "", n))
	}
	slices.SortFunc(events, event.Compare)
	single := Entries(events[:6])
	for i := range single {
		single[i].Door = false
	}
	f.append(single...)
	if kept := f.adopt(adoptionOf(t, events[4:8], true)); kept[0] {
		t.Error("a loose list is kept as a segment")
	}
	if got := f.loose("demo"); !maps.Equal(got, texts(events[:8]...)) {
		t.Errorf("%d events are loose", len(got))
	}
	f.reopen()
	// It brings no event, but a segment for some that had none.
	if kept := f.adopt(adoptionOf(t, events[:3], false)); !kept[0] {
		t.Error("a segment of loose events is not kept")
	}
	if kept := f.adopt(adoptionOf(t, events[:2], false), adoptionOf(t, events[7:10], false), adoptionOf(t, events[8:10], false)); kept[0] || !kept[1] || kept[2] {
		t.Errorf("kept are %v", kept)
	}
	if got := f.loose("demo"); !maps.Equal(got, texts(events[3:7]...)) {
		t.Errorf("%d events are loose", len(got))
	}
	// An event that is here under another signature: the segment's bytes cannot be had, its events can.
	other := resigned(t, events[3])
	if kept := f.adopt(adoptionOf(t, []*event.Event{other, events[10]}, false)); kept[0] {
		t.Error("a segment is kept that cannot be put together")
	}
	if got := f.loose("demo"); got[events[10].Text] != 1 || len(got) != 5 {
		t.Errorf("%d events are loose", len(got))
	}
	f.same()
	// This kit seals its own alone.
	if n, err := f.Store.SealAll(context.Background()); n != 0 || err != nil {
		t.Errorf("sealed %d, %v", n, err)
	}
	f.append(Entries(events[10:])...)
	if n, err := f.Store.SealAll(context.Background()); n != 1 || err != nil {
		t.Errorf("sealed %d, %v", n, err)
	}
	if got, _ := f.sealed("demo"); got[events[11].Text] != 1 || got[events[10].Text] != 0 {
		t.Error("not the event of the door is sealed")
	}
	f.reopen()
	f.same()
}
