package storetest

import (
	"context"
	"maps"
	"strings"
	"testing"

	"fieldkit/kit/digest"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/maps/tile"
)

// sealed reads all segments of a space by way of the manifests, holds them to their seals, and returns how often each
// event stands in one.
func (f *fixture) sealed(space string) (events map[string]int, segments []*segment.Segment) {
	f.Helper()
	ctx := context.Background()
	events = make(map[string]int)
	for _, at := range f.Model.Tiles(space) {
		seals, err := f.Store.Manifest(ctx, space, at)
		if err != nil {
			f.Fatal(err)
		}
		last := ""
		for _, text := range seals {
			seal, err := segment.ParseSeal([]byte(text))
			if err != nil {
				f.Fatal(err)
			}
			if seal.Text != text || seal.Tile != at || seal.Space != space || seal.Hash.String() <= last {
				f.Errorf("in the manifest of %s stands %s", at, text)
			}
			last = seal.Hash.String()
			data, err := f.Store.Segment(ctx, seal.Hash)
			if err != nil {
				f.Fatal(err)
			}
			s, lines, err := segment.Parse(data)
			if err != nil {
				f.Fatal(err)
			}
			if err := seal.Check(s); err != nil {
				f.Error(err)
			}
			for _, e := range lines {
				events[e.Text]++
			}
			segments = append(segments, s)
		}
	}
	return events, segments
}

// doorEvents are the model's that came in at the door.
func (f *fixture) doorEvents(space string) map[string]int {
	events := make(map[string]int)
	for _, r := range f.Model.rows {
		if r.Door && r.Event.Space == space {
			events[r.Event.Text] = 1
		}
	}
	return events
}

func testSeal(t *testing.T, open Open) {
	f := newFixture(t, open)
	ctx := context.Background()
	spread(f)
	oldest := int64(sample.Start)
	for _, r := range f.Model.rows {
		oldest = min(oldest, r.Received)
	}
	seal := func(now int64) int {
		t.Helper()
		n, err := f.Store.Seal(ctx, now)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// The kit's clock says Start; nothing is an hour old, but an hour from now is as good.
	seal(oldest + segment.MaxAge - 1)
	before, _ := f.sealed("rhine-flood")
	if len(before) == len(f.doorEvents("rhine-flood")) {
		t.Error("all was sealed before its time")
	}
	f.reopen()
	seal(sample.Start + 100_000)
	for _, space := range []string{"rhine-flood", "camp.b", "small"} {
		events, segments := f.sealed(space)
		if want := f.doorEvents(space); !maps.Equal(events, want) {
			t.Errorf("%d events of %s are sealed, want %d, each once", len(events), space, len(want))
		}
		if len(segments) == 0 {
			t.Errorf("%s has no segments", space)
		}
	}
	if n := seal(sample.Start + 200_000); n != 0 {
		t.Errorf("sealed again: %d", n)
	}
	f.same()
	// A tail is due by its own oldest event, and a second segment of a tile holds only what came since.
	more := Entries(sample.Events(40, sample.Options{Seed: 3}))
	for i := range more {
		more[i].Received = sample.Start + 200_000 + int64(i%2)*segment.MaxAge
	}
	f.append(more...)
	f.reopen()
	if n := seal(sample.Start + 200_000 + segment.MaxAge); n == 0 {
		t.Error("the older tails are not due")
	}
	seal(sample.Start + 400_000)
	if events, _ := f.sealed("rhine-flood"); !maps.Equal(events, f.doorEvents("rhine-flood")) {
		t.Error("after the second time not every event is sealed once")
	}
	f.same()
	if data, err := f.Store.Segment(ctx, digest.Sum{1}); data != nil || err != nil {
		t.Errorf("a segment that is not here: %q, %v", data, err)
	}
	if seals, err := f.Store.Manifest(ctx, "elsewhere", tile.Tile{}); len(seals) != 0 || err != nil {
		t.Errorf("a manifest of nothing: %v, %v", seals, err)
	}
	if _, err := f.Store.Manifest(ctx, "demo", tile.Tile{Z: 50}); err == nil {
		t.Error("a tile that is none has a manifest")
	}
}

// Full tails are sealed by themselves, at once or with the next append.
func testSealBySize(t *testing.T, open Open) {
	f := newFixture(t, open)
	var entries []store.Entry
	for n := range 1100 {
		note := ""
		if n >= 600 {
			note = strings.Repeat("x", 600)
		}
		e := reading(t, "demo", "z14/x8625/y5753", "public", note, n)
		entries = append(entries, store.Entry{Event: e, Hash: e.Hash(), Received: sample.Start, Door: true})
	}
	f.append(entries[:500]...)
	f.append(entries[500:1000]...)
	for _, e := range entries[1000:] {
		f.append(e)
	}
	// A task runs between the writer's transactions; those before it have ended when it has.
	if _, err := f.Store.Seal(context.Background(), sample.Start); err != nil {
		t.Fatal(err)
	}
	events, segments := f.sealed("demo")
	if len(events) < 1000 || len(events) == 1100 {
		t.Errorf("%d of 1100 events are sealed", len(events))
	}
	for _, s := range segments {
		if !segment.Full(s.Count, int64(len(s.Bytes))) {
			t.Errorf("a segment of %d events and %d bytes was sealed before its time", s.Count, len(s.Bytes))
		}
	}
	f.reopen()
	if n, err := f.Store.Seal(context.Background(), sample.Start+segment.MaxAge); n != 1 || err != nil {
		t.Errorf("the rest makes %d segments, %v", n, err)
	}
	if events, _ := f.sealed("demo"); !maps.Equal(events, f.doorEvents("demo")) {
		t.Error("not every event is sealed once")
	}
	f.same()
}

func testNoKey(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.options.Key = nil
	f.reopen()
	spread(f)
	if n, err := f.Store.Seal(context.Background(), sample.Start+100_000); n != 0 || err != nil {
		t.Errorf("sealed %d without a key, %v", n, err)
	}
	f.same()
	// A key that comes later seals what came before it.
	f.options.Key = Key
	f.reopen()
	if n, err := f.Store.Seal(context.Background(), sample.Start+100_000); n == 0 || err != nil {
		t.Errorf("sealed %d, %v", n, err)
	}
	if events, _ := f.sealed("camp.b"); !maps.Equal(events, f.doorEvents("camp.b")) {
		t.Error("not every event is sealed once")
	}
	f.same()
}
