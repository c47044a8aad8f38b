package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"fieldkit/kit/digest"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/maps/tile"
)

// Many append the same events at once, while others read: each content is taken once, all agree on its place, and
// nobody sees an event before the one in front of it.
func testConcurrent(t *testing.T, open Open) {
	f := newFixture(t, open)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	const many, writers = 400, 8
	entries := Entries(Events(many))

	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				last := int64(0)
				err := f.Store.Events(ctx, store.Query{}, func(row store.Row) error {
					if row.Seq != last+1 {
						t.Errorf("event %d comes after %d", row.Seq, last)
					}
					last = row.Seq
					return nil
				})
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	readers.Go(func() {
		count := uint64(0)
		for ctx.Err() == nil {
			d, err := f.Store.Digest(ctx, "rhine-flood", "public", tile.Tile{})
			if err != nil && !errors.Is(err, context.Canceled) || err == nil && d.Count < count {
				t.Errorf("a digest of %d events after one of %d, %v", d.Count, count, err)
			}
			if err == nil {
				count = d.Count
			}
		}
	})

	var mu sync.Mutex
	places := make(map[digest.Sum]int64)
	taken := 0
	var appenders sync.WaitGroup
	for i := range writers {
		appenders.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 0))
			mine := slices.Clone(entries)
			r.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			for len(mine) > 0 {
				n := min(1+r.IntN(30), len(mine))
				out, err := f.Store.Append(ctx, mine[:n])
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for j, o := range out {
					if known, ok := places[mine[j].Hash]; ok && known != o.Seq {
						t.Errorf("one content is event %d and %d", known, o.Seq)
					}
					places[mine[j].Hash] = o.Seq
					if o.Status == store.Taken {
						taken++
					}
				}
				mu.Unlock()
				if i == 0 {
					if _, err := f.Store.Seal(ctx, sample.Start+100_000); err != nil {
						t.Error(err)
					}
				}
				mine = mine[n:]
			}
		})
	}
	appenders.Wait()
	cancel()
	readers.Wait()
	if taken != many || len(places) != many {
		t.Errorf("%d taken, %d places, of %d", taken, len(places), many)
	}
	order := slices.Clone(entries)
	slices.SortFunc(order, func(a, b store.Entry) int { return int(places[a.Hash] - places[b.Hash]) })
	f.Model.Append(order)
	f.same()
	for i, c := range f.told {
		if c.Seq != int64(i+1) {
			t.Fatalf("told of %d in place %d", c.Seq, i+1)
		}
	}
	if len(f.told) != many {
		t.Errorf("told of %d", len(f.told))
	}
}

// A reader that goes on from its cursor sees each event once and in order, however commits fall in between.
func testStream(t *testing.T, open Open) {
	f := newFixture(t, open)
	const many = 600
	entries := Entries(Events(many))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var appender sync.WaitGroup
	appender.Go(func() {
		for at := 0; at < many; at += 3 {
			if _, err := f.Store.Append(ctx, entries[at:at+3]); err != nil {
				t.Error(err)
				return
			}
		}
	})
	tile := entries[0].Event.Tile
	cursors := []store.Query{{Limit: 7}, {Space: "rhine-flood", Limit: 50}, {Tile: &tile}, {Layer: "gauges", Limit: 1}}
	var readers sync.WaitGroup
	for _, q := range cursors {
		readers.Go(func() {
			var seen []store.Row
			for ctx.Err() == nil && q.After < many {
				before := q.After
				err := f.Store.Events(ctx, q, func(row store.Row) error {
					seen = append(seen, row)
					q.After = row.Seq
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				if before == q.After { // nothing now; is that the end?
					if spaces, err := f.Store.Spaces(ctx); err != nil || len(spaces) == 1 && spaces[0].Events == many && before == q.After {
						if err := f.Store.Events(ctx, q, func(row store.Row) error { seen = append(seen, row); q.After = row.Seq; return nil }); err != nil || before == q.After {
							break
						}
					}
				}
			}
			want := store.Query{Space: q.Space, Layer: q.Layer, Tile: q.Tile}
			model := Model{rows: entries}
			if !slices.Equal(seen, model.Query(want)) {
				t.Errorf("%+v saw %d rows, there are %d", q, len(seen), len(model.Query(want)))
			}
		})
	}
	appender.Wait()
	readers.Wait()
}

func testEnds(t *testing.T, open Open) {
	f := newFixture(t, open)
	entries := Entries(Events(10))
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Store.Append(gone, entries); !errors.Is(err, context.Canceled) {
		t.Errorf("appending without time: %v", err)
	}
	if err := f.Store.Events(gone, store.Query{}, func(store.Row) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("reading without time: %v", err)
	}
	f.same()
	f.append(entries...)
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := f.Store.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	_, appending := f.Store.Append(ctx, entries)
	_, sealing := f.Store.Seal(ctx, 0)
	reading := f.Store.Events(ctx, store.Query{}, func(store.Row) error { return nil })
	_, digesting := f.Store.Roots(ctx)
	for what, err := range map[string]error{"appending": appending, "sealing": sealing, "reading": reading, "digests": digesting} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
	f.start()
	f.same()
}
