package canvas

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// fold folds as a kit does while events come in: batch by batch, restarted when stale.
func fold(t interface{ Fatalf(string, ...any) }, space string, batches ...[]*event.Event) *Canvas {
	c := New(space)
	var before []*event.Event
	for _, batch := range batches {
		for _, e := range batch {
			c.Add(e, false)
		}
		before = append(before, batch...)
		for rounds := 0; c.Stale(); rounds++ {
			if rounds > 1000 {
				t.Fatalf("the fold does not come to rest")
			}
			c = c.Restart()
			for _, e := range before {
				c.Add(e, false)
			}
		}
		c.Settle()
	}
	return c
}

func TestStateIsAFunctionOfTheSetOfEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := randomTrace(t)
		once, err := Fold(tr.space, func(add func(*event.Event, bool)) error {
			for _, e := range tr.events {
				add(e, false)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%v", err)
		}
		shuffled := rapid.Permutation(tr.events).Draw(t, "order")
		twice := append(append([]*event.Event{}, shuffled...), rapid.Permutation(tr.events).Draw(t, "again")...)
		var batches [][]*event.Event
		for rest := twice; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			batches = append(batches, rest[:n])
			rest = rest[n:]
		}
		other := fold(t, tr.space, batches...)
		if once.Digest() != other.Digest() {
			for _, at := range []string{"z14/x8625/y5753", "z14/x8625/y5754", "z3/x4/y2"} {
				where, _ := tile.Parse(at)
				if a, b := once.TileState(where), other.TileState(where); !bytes.Equal(a, b) {
					t.Fatalf("two states of %s:\n%s\n%s", at, a, b)
				}
			}
			t.Fatalf("two digests")
		}
		if a, b := len(once.Witnesses()), len(other.Witnesses()); a != b {
			t.Fatalf("%d and %d witnesses: %v %v", a, b, once.Witnesses(), other.Witnesses())
		}
	})
}
