package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/maps/tile"
)

// RunFaults makes each step that an implementation takes fail twice, once lost and once done but reported lost; then it
// holds what there is to the contract, and what there is after opening again. open opens through the fault.
func RunFaults(t *testing.T, open func(fault *Fault, dir string, o store.Options) (Store, error)) {
	entries := Entries(Events(12))
	e := sample.V0("rhine-flood", "evt-001", sample.Start, 1)
	entries = append(entries, store.Entry{Event: e, Hash: e.Hash(), Received: sample.Start, Door: true})
	entries = append(entries, Entries([]*event.Event{resigned(t, entries[4].Event)})...)
	var foreign []*event.Event
	for n := range 3 {
		foreign = append(foreign, reading(t, "rhine-flood", "z14/x8625/y5753", "public", "of another kit", n))
	}
	adoptable := Entries(foreign)
	adoptions := []store.Adoption{adoptionOf(t, foreign[:2], false), adoptionOf(t, foreign[1:], false)}
	for i := range adoptable {
		adoptable[i].Door = false
	}

	work := func(t *testing.T, at int, done bool) (steps []string, failed string) {
		entries := slices.Clone(entries) // others work beside this one
		fault := new(Fault)
		f := newFixture(t, func(dir string, o store.Options) (Store, error) {
			return retried(func() (Store, error) { return open(fault, dir, o) })
		})
		f.adoptable = adoptable
		f.adoptions = adoptions
		fault.Set(at, done)
		f.reopen()
		f.do(entries)
		steps, failed = fault.Met()
		if at > 0 && failed == "" {
			t.Fatalf("there was no step %d", at)
		}
		fault.Set(0, false)
		f.judge(entries)
		f.reopen()
		f.told = nil
		f.judge(entries)
		return steps, failed
	}
	steps, _ := work(t, 0, false)
	chosen := choose(steps)
	t.Logf("%d steps, of which %d fail", len(steps), len(chosen))
	var mu sync.Mutex
	failed := make(map[string]int) // guarded by mu
	t.Run("each", func(t *testing.T) {
		for _, at := range chosen {
			for _, done := range []bool{false, true} {
				t.Run(fmt.Sprintf("step %d done %v", at, done), func(t *testing.T) {
					t.Parallel()
					_, name := work(t, at, done)
					mu.Lock()
					failed[name]++
					mu.Unlock()
				})
			}
		}
	})
	for _, must := range steps {
		if failed[must] < 2 {
			t.Errorf("%s did not fail twice", must)
		}
	}
}

// choose picks the steps that are to fail, counted from 1: of those that do the same the first two and the last.
func choose(steps []string) (chosen []int) {
	met := make(map[string]int)
	left := make(map[string]int)
	for _, name := range steps {
		left[name]++
	}
	for i, name := range steps {
		met[name]++
		left[name]--
		if met[name] <= 2 || left[name] == 0 {
			chosen = append(chosen, i+1)
		}
	}
	return chosen
}

// retried does it once more after a failure, as a client would.
func retried[T any](do func() (T, error)) (T, error) {
	v, err := do()
	if errors.Is(err, ErrFault) {
		v, err = do()
	}
	return v, err
}

// do is the work that steps fail of: appends with known events among them, reads, digests, seals.
func (f *fixture) do(entries []store.Entry) {
	f.Helper()
	ctx := context.Background()
	must := func(what string, do func() error) {
		f.Helper()
		if _, err := retried(func() (any, error) { return nil, do() }); err != nil {
			f.Fatalf("%s, tried twice: %v", what, err)
		}
	}
	digests := func() error {
		_, err := f.Store.Roots(ctx)
		return err
	}
	n := len(entries)
	for _, batch := range [][]store.Entry{entries[:6], entries[3:9], entries[9:10], entries[n-2:], entries[8:n]} {
		must("appending", func() error {
			out, err := f.Store.Append(ctx, batch)
			for i, o := range out {
				if o.Status == store.Equivocation || o.Seq == 0 {
					return fmt.Errorf("outcome %d is %+v", i, o)
				}
			}
			return err
		})
		must("digests", digests)
	}
	// Of the adopted one is here already, loose, one comes with its segment.
	single := slices.Clone(f.adoptable[:1])
	single[0].Door = false
	must("appending by sync", func() error { _, err := f.Store.Append(ctx, single); return err })
	must("adopting", func() error {
		out, err := f.Store.Adopt(ctx, f.adoptions)
		for i, a := range out {
			if !a.Kept {
				return fmt.Errorf("segment %d is not kept", i)
			}
		}
		return err
	})
	must("tiles", func() error { _, err := f.Store.Tiles(ctx, "rhine-flood"); return err })
	must("loose events", func() error {
		_, err := f.Store.Loose(ctx, "rhine-flood", f.adoptable[0].Event.Tile, f.adoptable[0].Event.Scope.Policy)
		return err
	})
	must("sealing", func() error { _, err := f.Store.Seal(ctx, sample.Start+100_000); return err })
	must("looking up", func() error { _, err := f.Store.ByID(ctx, "", entries[3].Event.ID); return err })
	must("looking up", func() error {
		_, err := f.Store.Missing(ctx, "rhine-flood", []string{"evt-001", "evt-002"})
		return err
	})
	must("a time", func() error { _, _, err := f.Store.TimeOf(ctx, "rhine-flood", 0, 5); return err })
	must("checkpoints", func() error { return saveAndLoad(f.Store, entries[3].Event) })
	must("spaces", func() error { _, err := f.Store.Spaces(ctx); return err })
	at := entries[0].Event.Tile
	must("a manifest", func() error { _, err := f.Store.Manifest(ctx, "rhine-flood", at); return err })
	must("reading", func() error {
		return f.Store.Events(ctx, store.Query{Tile: &at, Below: true}, func(store.Row) error { return nil })
	})
	must("digest", func() error {
		_, err := f.Store.Digest(ctx, "rhine-flood", "lora", tile.Tile{Z: 5, X: 16, Y: 11})
		return err
	})
}

// judge holds the store to what it must hold when everything was appended, in whatever order that came to be.
func (f *fixture) judge(entries []store.Entry) {
	f.Helper()
	byText := make(map[string]store.Entry)
	for _, e := range entries[:len(entries)-1] { // the last is an earlier one with another signature
		byText[e.Event.Text] = e
	}
	for _, e := range f.adoptable {
		byText[e.Event.Text] = e
	}
	f.Model = Model{}
	err := f.Store.Events(context.Background(), store.Query{}, func(row store.Row) error {
		e, ok := byText[row.Text]
		if !ok {
			f.Errorf("event %d was not appended, or twice: %s", row.Seq, row.Text)
		}
		delete(byText, row.Text)
		f.Model.Append([]store.Entry{e})
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	if len(byText) != 0 {
		f.Errorf("%d events are missing", len(byText))
	}
	f.same()
	want := f.doorEvents("rhine-flood")
	for i, e := range f.adoptable {
		want[e.Event.Text] = 1 + i%2 // the middle one stands in both segments
	}
	if events, _ := f.sealed("rhine-flood"); !maps.Equal(events, want) {
		f.Errorf("%d events are sealed, want %d", len(events), len(want))
	}
	if n := len(f.loose("rhine-flood")); n != 0 {
		f.Errorf("%d events are loose", n)
	}
	for i, c := range f.told {
		if c.Seq != int64(i+1) || c.Event.Text != f.Model.rows[i].Event.Text {
			f.Fatalf("told of event %d in place %d", c.Seq, i+1)
		}
	}
	if n := len(f.told); n != 0 && n != len(f.Model.rows) {
		f.Errorf("told of %d events, %d are here", n, len(f.Model.rows))
	}
}
