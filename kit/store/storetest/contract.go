package storetest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/maps/tile"
)

// Open opens the store in a folder.
type Open func(dir string, o store.Options) (Store, error)

// Key is the kit's, in all tests.
var Key = ed25519.NewKeyFromSeed([]byte("the key of the kit under test.. "))

// Run holds an implementation to the contract.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"outcomes", testOutcomes}, {"equivocation", testEquivocation}, {"queries", testQueries}, {"ids", testIDs},
		{"times", testTimes}, {"checkpoints", testCheckpoints}, {"digests", testDigests}, {"trailing index", testTrailingIndex}, {"seal", testSeal},
		{"seal by size", testSealBySize}, {"no key", testNoKey}, {"concurrent", testConcurrent}, {"stream", testStream},
		{"ends", testEnds}, {"many spaces", testManySpaces}, {"adopt", testAdopt}, {"loose", testLoose},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// fixture is a store with the model of what it must hold.
type fixture struct {
	*testing.T
	Store
	Model
	open    Open
	dir     string
	options store.Options
	told    []store.Committed
	// What of another kit is adopted while steps fail.
	adoptable []store.Entry
	adoptions []store.Adoption
}

func newFixture(t *testing.T, open Open) *fixture {
	f := &fixture{T: t, open: open, dir: t.TempDir()}
	f.options = store.Options{Key: Key, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(sample.Start, 0) }}
	f.options.Committed = func(events []store.Committed) { f.told = append(f.told, events...) }
	f.start()
	t.Cleanup(func() { f.Store.Close() })
	return f
}

func (f *fixture) start() {
	f.Helper()
	s, err := f.open(f.dir, f.options)
	if err != nil {
		f.Fatal(err)
	}
	f.Store, f.told = s, nil
}

// reopen closes the store and opens it again.
func (f *fixture) reopen() {
	f.Helper()
	if err := f.Store.Close(); err != nil {
		f.Fatal(err)
	}
	f.start()
}

// append appends to store and model, and compares the outcomes.
func (f *fixture) append(entries ...store.Entry) {
	f.Helper()
	want := f.Model.Append(entries)
	before := len(f.told)
	got, err := f.Store.Append(context.Background(), entries)
	if err != nil {
		f.Fatal(err)
	}
	if !slices.Equal(got, want) {
		f.Fatalf("outcomes are %v, want %v", got, want)
	}
	var fresh []int64
	for _, o := range want {
		if o.Status == store.Taken {
			fresh = append(fresh, o.Seq)
		}
	}
	told := f.told[before:]
	if len(told) != len(fresh) {
		f.Fatalf("told of %d events, %d were taken", len(told), len(fresh))
	}
	for i, c := range told {
		row := f.Model.rows[c.Seq-1]
		if c.Seq != fresh[i] || c.Event.Text != row.Event.Text || c.Received != row.Received {
			f.Fatalf("told of event %d as %d", fresh[i], c.Seq)
		}
	}
}

func (f *fixture) same() {
	f.Helper()
	for _, d := range f.Model.Compare(context.Background(), f.Store) {
		f.Error(d)
	}
}

func testOutcomes(t *testing.T, open Open) {
	f := newFixture(t, open)
	events := Events(60)
	entries := Entries(events)
	f.append(entries[:20]...)
	f.append(entries[10:30]...)                                  // half known
	f.append(entries[30], entries[31], entries[30], entries[5])  // one twice in a batch
	f.append(Entries([]*event.Event{resigned(t, events[3])})...) // another signature
	f.append(append(entries[40:50:50], Entries([]*event.Event{resigned(t, events[45]), resigned(t, events[50]), events[50]})...)...)
	for i := 51; i < 60; i++ {
		f.append(entries[i])
	}
	f.same()
	f.reopen()
	f.same()
	f.append(entries...)
	f.same()
	if out, err := f.Store.Append(context.Background(), nil); err != nil || len(out) != 0 {
		t.Errorf("appending nothing: %v, %v", out, err)
	}
}

func testEquivocation(t *testing.T, open Open) {
	f := newFixture(t, open)
	entry := func(space, id string, timestamp int64, value int, door bool) store.Entry {
		e := sample.V0(space, id, timestamp, value)
		return store.Entry{Event: e, Hash: e.Hash(), Received: timestamp, Door: door}
	}
	at := int64(sample.Start)
	f.append(entry("a", "evt-001", at, 1, true), entry("a", "evt-001", at, 2, true), entry("b", "evt-001", at, 3, true))
	f.append(entry("a", "evt-001", at, 4, true), entry("a", "evt-001", at, 1, true), entry("a", "evt-002", at, 4, true))
	f.append(entry("a", "evt-001", at, 5, false), entry("a", "evt-001", at+9, 6, false), entry("a", "evt-001", at, 5, false))
	f.append(entry("a", "evt-003", at, 1, false), entry("a", "evt-003", at, 2, true), entry("a", "evt-003", at, 3, false))
	f.append(entry("c", "evt-003", at, 1, true))
	f.same()
	for space, want := range map[string]int{"a": 3, "b": 1, "c": 0, "": 4} {
		rows, err := f.Store.ByID(context.Background(), space, "evt-001")
		if err != nil || len(rows) != want {
			t.Errorf("in %q evt-001 has %d contents, %v", space, len(rows), err)
		}
	}
	f.reopen()
	f.append(entry("a", "evt-001", at, 7, true), entry("a", "evt-001", at, 6, true))
	f.same()
}

func pointer[T any](v T) *T { return &v }

// spread is a few hundred events of three spaces, one of them much smaller, some not by the door.
func spread(f *fixture) {
	entries := Entries(Events(300))
	entries = append(entries, Entries(sample.Events(120, sample.Options{Space: "camp.b", Seed: 1}))...)
	entries = append(entries, Entries(sample.Events(5, sample.Options{Space: "small", Seed: 2}))...)
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	for i := range entries {
		entries[i].Door = i%7 != 0
		entries[i].Received += r.Int64N(100)
	}
	for len(entries) > 0 {
		n := min(1+r.IntN(60), len(entries))
		f.append(entries[:n]...)
		entries = entries[n:]
	}
}

func testQueries(t *testing.T, open Open) {
	f := newFixture(t, open)
	spread(f)
	r := rand.New(rand.NewPCG(3, 4))
	some := func(list ...string) string { return list[r.IntN(len(list))] }
	met := 0
	for i := range 600 {
		var q store.Query
		if r.IntN(3) > 0 {
			q.Space = some("rhine-flood", "camp.b", "small", "elsewhere")
		}
		if r.IntN(3) == 0 {
			q.Layer = some("gauges", "reports", "hazards", "none")
		}
		if r.IntN(2) == 0 {
			tiles := f.Model.Tiles(some("rhine-flood", "camp.b", "small"))
			q.Tile, q.Below = &tiles[r.IntN(len(tiles))], r.IntN(2) == 0
		}
		if r.IntN(3) == 0 {
			q.Since = pointer(sample.Start + r.Int64N(900))
		}
		if r.IntN(3) == 0 {
			q.Until = pointer(sample.Start + r.Int64N(900))
		}
		if r.IntN(2) == 0 {
			q.After = r.Int64N(430)
		}
		if r.IntN(2) == 0 {
			q.Limit = 1 + r.IntN(40)
		}
		var got []store.Row
		err := f.Store.Events(context.Background(), q, func(row store.Row) error { got = append(got, row); return nil })
		if want := f.Model.Query(q); err != nil || !slices.Equal(got, want) {
			t.Fatalf("query %d %+v gives %d rows, %v, want %d", i, q, len(got), err, len(want))
		}
		met += len(got)
	}
	if met < 1000 {
		t.Errorf("only %d rows in all", met)
	}
	stop := errors.New("stop")
	calls := 0
	if err := f.Store.Events(context.Background(), store.Query{}, func(store.Row) error { calls++; return stop }); err != stop || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	if err := f.Store.Events(context.Background(), store.Query{Tile: &tile.Tile{Z: 40}, Below: true}, func(store.Row) error { return stop }); err != nil {
		t.Error(err)
	}
}

func testIDs(t *testing.T, open Open) {
	f := newFixture(t, open)
	spread(f)
	ctx := context.Background()
	var ids, want []string
	for i, r := range f.Model.rows {
		ids = append(ids, r.Event.ID)
		if r.Event.Space != "camp.b" {
			want = append(want, r.Event.ID)
		}
		if i%10 == 0 {
			ids = append(ids, fmt.Sprintf("evt-%d", i), "evt-"+strings.Repeat("a", 32))
			want = append(want, fmt.Sprintf("evt-%d", i), "evt-"+strings.Repeat("a", 32))
		}
	}
	got, err := f.Store.Missing(ctx, "camp.b", ids)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d missing, %v, want %d", len(got), err, len(want))
	}
	if got, err := f.Store.Missing(ctx, "camp.b", nil); err != nil || len(got) != 0 {
		t.Errorf("none of none: %v, %v", got, err)
	}
	for _, r := range f.Model.rows {
		for space, want := range map[string]int{r.Event.Space: 1, "": 1, "elsewhere": 0} {
			rows, err := f.Store.ByID(ctx, space, r.Event.ID)
			if err != nil || len(rows) != want || want == 1 && rows[0].Text != r.Event.Text {
				t.Fatalf("%s in %q: %v, %v", r.Event.ID, space, rows, err)
			}
		}
	}
}

// testTimes looks for the time of the n-th event after another one.
func testTimes(t *testing.T, open Open) {
	f := newFixture(t, open)
	spread(f)
	for _, space := range []string{"rhine-flood", "camp.b", "small", "elsewhere"} {
		var times []int64
		for _, r := range f.Model.rows {
			if r.Event.Space == space {
				times = append(times, r.Event.Clock.T)
			}
		}
		slices.Sort(times)
		for _, after := range []int64{-1, 0, sample.Start - 1, sample.Start, sample.Start + 100, sample.Start + 1e9} {
			later := times[sort.Search(len(times), func(i int) bool { return times[i] > after }):]
			for _, n := range []int{1, 2, 10, len(later), len(later) + 1} {
				got, ok, err := f.Store.TimeOf(context.Background(), space, after, max(n, 1))
				if err != nil || ok != (n >= 1 && n <= len(later)) && len(later) > 0 || ok && got != later[max(n, 1)-1] {
					t.Errorf("%s, %d after %d: %d, %v, %v", space, n, after, got, ok, err)
				}
			}
		}
	}
}
