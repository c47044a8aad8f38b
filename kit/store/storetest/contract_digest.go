package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/maps/tile"
)

// sameDigests compares every tile around the events, in every tree.
func (f *fixture) sameDigests(space string) {
	f.Helper()
	for _, policy := range []string{"public", "private", "redacted", digest.LoRa} {
		for _, at := range f.Model.Tiles(space) {
			got, err := f.Store.Digest(context.Background(), space, policy, at)
			if want := f.Model.Digest(space, policy, at); err != nil || got != want {
				f.Fatalf("%s %s %s is %+v, %v, want %+v", space, policy, at, got, err, want)
			}
		}
	}
}

func testDigests(t *testing.T, open Open) {
	f := newFixture(t, open)
	ctx := context.Background()
	f.sameDigests("rhine-flood")
	if roots, err := f.Store.Roots(ctx); err != nil || roots.Root != digest.Kit(nil) || len(roots.Worlds) != 0 {
		t.Errorf("an empty kit's root is %+v, %v", roots, err)
	}
	// A tile with many events, tiles above tiles, a neighbour, the deepest zoom, large events that do not fit LoRa.
	var events []*event.Event
	for i, at := range []string{"z0/x0/y0", "z14/x8625/y5753", "z13/x4312/y2876", "z22/x4194303/y4194303", "z14/x8625/y5752", "z22/x0/y0"} {
		for n := range 3 + 700/(1+i*i*i) {
			policy := []string{"public", "private", "public", "redacted"}[(n+i)%4]
			note := ""
			if n%5 == 0 {
				note = fmt.Sprintf("%0*d", 500+n%200, n)
			}
			events = append(events, reading(t, "demo", at, policy, note, n))
		}
	}
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	entries := Entries(events)
	for i := 0; len(entries) > 0; i++ {
		n := min(1+i*i, len(entries))
		f.append(entries[:n]...)
		entries = entries[n:]
		if i%2 == 0 {
			f.sameDigests("demo")
		}
		roots, err := f.Store.Roots(ctx)
		if want := f.Model.Roots(); err != nil || roots.Root != want.Root {
			t.Fatalf("the root is %+v, %v, want %+v", roots, err, want)
		}
	}
	f.sameDigests("demo")
	f.reopen()
	f.sameDigests("demo")
	f.append(Entries(sample.Events(3, sample.Options{Space: "demo", Seed: 9}))...)
	f.sameDigests("demo")
	f.same()
	for _, policy := range []string{"", "secret", "LORA"} {
		if _, err := f.Store.Digest(ctx, "demo", policy, tile.Tile{}); err == nil {
			t.Errorf("%q passes for a policy", policy)
		}
	}
	if _, err := f.Store.Digest(ctx, "demo", "public", tile.Tile{Z: 1, X: 2}); err == nil {
		t.Error("a tile that is none has a digest")
	}
}

func reading(t *testing.T, space, at, policy, note string, n int) *event.Event {
	text := fmt.Sprintf(`{"timestamp":%d,"space_id":%q,"layer_id":"gauges","operation":"sensor_reading","sensor":"s","value":%d,"note":%q,
		"scope":{"realm":"public","authority":"source","boundary":"interior","policy":%q},"preserves_invariants":[],"previous_events":[],"tile":%q}`,
		sample.Start+n, space, n, note, policy, at)
	e, err := event.NewSigner(Key).Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// More events than an index may trail by, in batches of all sizes, then single ones: all are found at any time.
func testTrailingIndex(t *testing.T, open Open) {
	f := newFixture(t, open)
	ctx := context.Background()
	const many = 10_000
	entries := Entries(Events(many))
	missing := func(from int) {
		t.Helper()
		var ids []string
		for i := from; i < many; i += 97 {
			ids = append(ids, entries[i].Event.ID)
		}
		for i := range 20 {
			ids = append(ids, entries[max(from-1-i, 0)].Event.ID)
		}
		got, err := f.Store.Missing(ctx, "rhine-flood", ids)
		if want := len(ids) - 20; err != nil || len(got) != want {
			t.Fatalf("%d missing, %v, want %d", len(got), err, want)
		}
	}
	at, seq := 0, int64(0)
	for _, n := range []int{3000, 3000, 2000, 150, 41, 1, 1, 1, 500, 250, 7, 10} {
		out, err := f.Store.Append(ctx, entries[at:at+n])
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			if seq++; o != (store.Outcome{Seq: seq, Status: store.Taken}) {
				t.Fatalf("event %d: %v", seq, o)
			}
		}
		at += n
		missing(at)
		again, err := f.Store.Append(ctx, []store.Entry{entries[0], entries[at/2], entries[at-1]})
		if err != nil || again[0] != (store.Outcome{Seq: 1, Status: store.Known}) ||
			again[1] != (store.Outcome{Seq: int64(at/2) + 1, Status: store.Known}) || again[2] != (store.Outcome{Seq: int64(at), Status: store.Known}) {
			t.Fatalf("again after %d: %v, %v", at, again, err)
		}
		if at > 8000 {
			f.reopen()
			missing(at)
		}
	}
	if err := f.Store.Check(ctx, func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

// Many spaces, so that figures and digests of one never touch another's.
func testManySpaces(t *testing.T, open Open) {
	f := newFixture(t, open)
	var entries []store.Entry
	for i := range 60 {
		for n := range 3 {
			e := sample.V0(fmt.Sprintf("space-%02d", i), fmt.Sprintf("evt-%d", n), sample.Start+int64(i), n)
			entries = append(entries, store.Entry{Event: e, Hash: e.Hash(), Received: sample.Start, Door: true})
		}
	}
	rand.New(rand.NewPCG(7, 8)).Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	f.append(entries[:100]...)
	f.append(entries[50:]...)
	f.same()
	f.reopen()
	f.same()
}
