package canvas

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"fieldkit/kit/canvas/canvastest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// shelf is what a kit keeps: the events of a space, and snapshots of some tiles made of the first of them.
type shelf struct {
	space     string
	events    []*event.Event
	covered   map[*event.Event]bool
	snapshots map[tile.Tile]Snapshot
}

// open folds what is on the shelf as a kit does that starts: the space's log, the snapshots, then the rest; a tile without a
// fitting snapshot from its events.
func (s *shelf) open(t *rapid.T) *Canvas {
	c := New(s.space)
	for rounds := 0; ; rounds++ {
		if rounds > 100 {
			t.Fatalf("the fold does not come to rest")
		}
		c.past = s.past
		for _, e := range s.events {
			if _, certified := event.SelfCertified(s.space); certified && e.Signed() && e.Layer == event.SpaceLog {
				c.Add(e, false)
			}
		}
		loaded := make(map[tile.Tile]bool)
		for at, one := range s.snapshots {
			err := c.Load(one)
			if err != nil && !errors.Is(err, ErrUnfit) {
				t.Fatalf("%s: %v", at, err)
			}
			loaded[at] = err == nil
		}
		for _, e := range s.events {
			if !loaded[e.Tile] || !s.covered[e] {
				c.Add(e, uncertainOf(e))
			}
		}
		if !c.Stale() {
			c.Settle()
			return c
		}
		c = c.Restart()
	}
}

// past finds an event as a store does: of several contents under one id the one that has effect.
func (s *shelf) past(id string) (at tile.Tile, ok bool) {
	var least [32]byte
	for _, e := range s.events {
		if e.ID != id {
			continue
		}
		if hash := e.Hash(); !ok || bytes.Compare(hash[:], least[:]) < 0 {
			at, ok, least = e.Tile, true, hash
		}
	}
	return at, ok
}

// save makes snapshots of all tiles of c, which has all the events.
func (s *shelf) save(t *rapid.T, c *Canvas) {
	s.covered, s.snapshots = make(map[*event.Event]bool), make(map[tile.Tile]Snapshot)
	for _, e := range s.events {
		s.covered[e] = true
	}
	for at := range c.tiles {
		one, ok, err := c.Snapshot(at, func(id string) bool { _, ok := s.past(id); return ok })
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		if ok {
			s.snapshots[at] = one
		}
	}
}

func uncertainOf(e *event.Event) bool { return e.ID[len(e.ID)-1]%3 == 0 }

// seen is all that is to be seen of a canvas.
func seen(c *Canvas) string {
	var b bytes.Buffer
	for _, at := range c.Tiles() {
		b.Write(c.TileState(at))
		c.Nodes(at, func(n *Node) {
			for _, name := range c.Aliases(n.ID) {
				b.WriteString(" " + name)
			}
			mark := func(s *Stamp) {
				if s.Uncertain {
					b.WriteString(" uncertain " + s.Event)
				}
			}
			mark(n.Stamp)
			n.Registers("", func(r Register) { mark(r.Drawn.Stamp) })
		})
		b.WriteByte('\n')
	}
	for _, w := range c.Witnesses() {
		b.WriteString(w.EventID + " " + w.Error() + "\n")
	}
	return b.String()
}

// TestFromSnapshotsAsFromTheBeginning folds a trace in pieces, with a kit that saves and starts anew between them: what comes
// later may be older, may be what others waited for or named, may change the rules of the space. It must look as if all had been
// added to one canvas, and snapshots must be the same bytes.
func TestFromSnapshotsAsFromTheBeginning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := canvastest.Draw(t)
		var distinct []*event.Event
		here := make(map[string]bool)
		for _, e := range rapid.Permutation(tr.Events).Draw(t, "order") {
			if !here[e.Text] {
				here[e.Text] = true
				distinct = append(distinct, e)
			}
		}
		s := &shelf{space: tr.Space}
		for len(distinct) > 0 {
			n := rapid.IntRange(1, len(distinct)).Draw(t, "piece")
			s.events, distinct = append(s.events, distinct[:n]...), distinct[n:]
			c := s.open(t)
			whole := (&shelf{space: tr.Space, events: s.events}).open(t)
			if a, b := seen(c), seen(whole); a != b {
				t.Fatalf("from snapshots:\n%s\nfrom the beginning:\n%s", a, b)
			}
			if c.Digest() != whole.Digest() {
				t.Fatalf("two digests")
			}
			s.save(t, c)
			other := &shelf{space: tr.Space, events: s.events}
			other.save(t, whole)
			for at, one := range s.snapshots {
				if !bytes.Equal(one.File, other.snapshots[at].File) || !bytes.Equal(one.Uncertain, other.snapshots[at].Uncertain) {
					t.Fatalf("two snapshots of %s", at)
				}
				if one.Events == 0 || one.Event == "" {
					t.Fatalf("%+v", one)
				}
			}
			if len(s.snapshots) != len(other.snapshots) {
				t.Fatalf("%d snapshots and %d", len(s.snapshots), len(other.snapshots))
			}
		}
	})
}
