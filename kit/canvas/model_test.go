package canvas

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldkit/kit/canvas/canvastest"
	"fieldkit/kit/event"
)

// replica is a kit that has some of a trace's events, as they came in.
type replica struct {
	canvas *Canvas
	has    []*event.Event
}

func newReplica(space string) *replica { return &replica{canvas: New(space)} }

func (r *replica) take(t interface{ Fatalf(string, ...any) }, batch []*event.Event) {
	for _, e := range batch {
		r.canvas.Add(e, false)
	}
	r.has = append(r.has, batch...)
	for rounds := 0; r.canvas.Stale(); rounds++ {
		if rounds > 1000 {
			t.Fatalf("the fold does not come to rest")
		}
		r.canvas = r.canvas.Restart()
		for _, e := range r.has {
			r.canvas.Add(e, false)
		}
	}
	r.canvas.Settle()
}

// fold folds as a kit does while events come in.
func fold(t interface{ Fatalf(string, ...any) }, space string, batches ...[]*event.Event) *Canvas {
	r := newReplica(space)
	for _, batch := range batches {
		r.take(t, batch)
	}
	return r.canvas
}

// differs says in what a canvas differs from what its events mean, "" where in nothing.
func differs(c *Canvas, m *canvastest.Model) string {
	tiles := map[string]string{}
	for _, at := range c.Tiles() {
		tiles[at.String()] = string(c.TileState(at))
	}
	for name, want := range m.Tiles {
		if tiles[name] != want {
			return fmt.Sprintf("tile %s is\n%s\nit should be\n%s", name, tiles[name], want)
		}
	}
	if len(tiles) != len(m.Tiles) {
		return fmt.Sprintf("%d tiles, it should be %d", len(tiles), len(m.Tiles))
	}
	if c.Digest() != m.Digest {
		return "another digest"
	}
	var witnesses []string
	for _, w := range c.Witnesses() {
		witnesses = append(witnesses, w.EventID+" "+w.Rule)
	}
	slices.Sort(witnesses)
	if !slices.Equal(witnesses, m.Witnesses) {
		return fmt.Sprintf("witnesses\n%s\nthey should be\n%s", strings.Join(witnesses, "\n"), strings.Join(m.Witnesses, "\n"))
	}
	for id, want := range m.Nodes {
		n := c.Node(id)
		if n == nil || n.Deleted() != want.Deleted || n.MergedInto() != want.Into {
			return fmt.Sprintf("node %s: %+v, it should be %+v", id, n, want)
		}
		if last, ok := n.Changed(); ok != (want.Changed != "") || ok && last.Event != want.Changed {
			return fmt.Sprintf("node %s changed last by %+v, it should be %s", id, last, want.Changed)
		}
	}
	return ""
}

func (r *replica) check(t interface{ Fatalf(string, ...any) }) {
	if fault := differs(r.canvas, canvastest.Read(r.canvas.Space(), r.has)); fault != "" {
		t.Fatalf("%s", canvastest.Legible(fault, r.has))
	}
}

// batches cuts a sequence of events at random.
func batches(t *rapid.T, events []*event.Event) (cut [][]*event.Event) {
	for len(events) > 0 {
		n := rapid.IntRange(1, len(events)).Draw(t, "batch")
		cut = append(cut, events[:n])
		events = events[n:]
	}
	return cut
}

// TestEveryStateIsWhatItsEventsMean folds random traces in random orders and batches, some events again, and holds each
// state on the way to the model of what is there.
func TestEveryStateIsWhatItsEventsMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := canvastest.Draw(t)
		order := rapid.Permutation(tr.Events).Draw(t, "order")
		for range rapid.IntRange(0, 6).Draw(t, "again") {
			order = append(order, rapid.SampledFrom(tr.Events).Draw(t, "known"))
		}
		r := newReplica(tr.Space)
		for _, batch := range batches(t, order) {
			r.take(t, batch)
			r.check(t)
		}
	})
}

// TestPartedKitsEndEqual gives each of several kits some of a trace; they meet in random pairs until each has all.
func TestPartedKitsEndEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := canvastest.Draw(t)
		kits := make([]*replica, rapid.IntRange(2, 4).Draw(t, "kits"))
		for i := range kits {
			kits[i] = newReplica(tr.Space)
		}
		for _, e := range tr.Events {
			kits[rapid.IntRange(0, len(kits)-1).Draw(t, "door")].take(t, []*event.Event{e})
		}
		meet := func(a, b *replica) {
			give := rapid.Permutation(b.has).Draw(t, "gives")
			back := rapid.Permutation(a.has).Draw(t, "gives back")
			a.take(t, give)
			b.take(t, back)
			a.check(t)
			b.check(t)
		}
		for range rapid.IntRange(0, 4).Draw(t, "meetings") {
			pair := rapid.Permutation(kits).Draw(t, "pair")
			meet(pair[0], pair[1])
		}
		for i := range kits[1:] {
			meet(kits[i], kits[i+1])
		}
		for i := len(kits) - 1; i > 0; i-- {
			meet(kits[i], kits[i-1])
		}
		for _, k := range kits[1:] {
			if k.canvas.Digest() != kits[0].canvas.Digest() {
				t.Fatalf("two digests of the same events")
			}
		}
	})
}
