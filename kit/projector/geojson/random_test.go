package geojson

import (
	"fmt"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"fieldkit/kit/canvas"
	"fieldkit/kit/canvas/canvastest"
	"fieldkit/kit/event"
)

func fold(t *rapid.T, space string, events []*event.Event) *canvas.Canvas {
	c, err := canvas.Fold(space, func(add func(*event.Event, bool)) error {
		for _, e := range events {
			add(e, false)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

func pictureOf(t *rapid.T, c *canvas.Canvas) map[string]Feature {
	drawn := map[string]Feature{}
	Each(c, Filter{}, func(f Feature) bool {
		drawn[f.ID] = f
		return true
	})
	return drawn
}

// TestEachThingIsSomewhere: what was not deleted is drawn, once, by itself or by what stands for it; unless that was deleted by
// somebody who might have deleted both.
func TestEachThingIsSomewhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := canvastest.Draw(t)
		c := fold(t, tr.Space, tr.Events)
		drawn := pictureOf(t, c)
		names := map[string]string{}
		for id, f := range drawn {
			for _, name := range append([]string{id}, f.Properties.Aliases...) {
				if names[name] != "" {
					t.Fatalf("%s", canvastest.Legible(name+" is drawn as "+names[name]+" and as "+id, tr.Events))
				}
				names[name] = id
			}
		}
		for _, at := range c.Tiles() {
			c.Nodes(at, func(n *canvas.Node) {
				target := Target(c, n)
				lost := names[n.ID] == "" && !n.Deleted()
				if gone := target.Deleted() && c.GoneWith(target, n); lost && !gone || names[n.ID] != "" && names[n.ID] != target.ID {
					t.Fatalf("%s", canvastest.Legible(n.ID+" is drawn as "+names[n.ID]+", what stands for it is "+target.ID, tr.Events))
				}
				if !slices.Contains(Names(c, target.ID), n.ID) || !slices.Contains(Names(c, n.ID), target.ID) {
					t.Fatalf("%s", canvastest.Legible("a change of "+n.ID+" is none of "+target.ID, tr.Events))
				}
			})
		}
		var long, short []string
		Each(c, Filter{}, func(f Feature) bool {
			bound, placed := Bound(f.Geometry)
			long = append(long, fmt.Sprint(f.Properties.Layer, bound, placed))
			return true
		})
		EachPlace(c, func(layer string, bound orb.Bound, placed bool) {
			short = append(short, fmt.Sprint(layer, bound, placed))
		})
		if !slices.Equal(long, short) {
			t.Fatalf("%s", canvastest.Legible(fmt.Sprint("places\n", long, "\n", short), tr.Events))
		}
	})
}

// TestPictureIsAFunctionOfTheSetOfEvents: not of the order in which they came.
func TestPictureIsAFunctionOfTheSetOfEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := canvastest.Draw(t)
		one := pictureOf(t, fold(t, tr.Space, tr.Events))
		other := pictureOf(t, fold(t, tr.Space, rapid.Permutation(tr.Events).Draw(t, "order")))
		if len(one) != len(other) {
			t.Fatalf("%d and %d things", len(one), len(other))
		}
		for id, f := range one {
			g := other[id]
			if a, b := text(t, f), text(t, g); a != b {
				t.Fatalf("%s", canvastest.Legible(a+"\n"+b, tr.Events))
			}
		}
	})
}

func text(t *rapid.T, f Feature) string {
	b, err := Marshal(&f)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(b)
}

// TestLiarsPaintNothing: what is drawn of what honest people made is what it would be without liars, but for their claims, and
// for the names of their own things that they merged into it. Who merges a liar's thing into another vouches for it.
func TestLiarsPaintNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := canvastest.Attack(t)
		without := slices.DeleteFunc(slices.Clone(tr.Events), func(e *event.Event) bool { return !canvastest.Honest(e) })
		honest := map[string]bool{}
		for _, e := range without {
			honest[e.ID] = true
		}
		c := fold(t, tr.Space, tr.Events)
		for id, want := range pictureOf(t, fold(t, tr.Space, without)) {
			n := c.Node(id)
			if n == nil || Target(c, n) != n {
				continue // a sensor, or what honest people merged into a liar's
			}
			got, drawn := Find(c, id)
			if !drawn {
				t.Fatalf("%s", canvastest.Legible(id+" is not drawn", tr.Events))
			}
			if slices.ContainsFunc(got.Properties.Aliases, func(id string) bool {
				return !honest[id] && honest[c.Node(id).Register(canvas.Merged).Drawn.Event]
			}) {
				continue
			}
			strip := func(f Feature) string {
				f.Properties.Claims, f.Properties.Changed, f.Properties.TimeUncertain = nil, 0, false
				f.Properties.Aliases = slices.DeleteFunc(slices.Clone(f.Properties.Aliases), func(id string) bool { return !honest[id] })
				return text(t, f)
			}
			if a, b := strip(got), strip(want); a != b {
				t.Fatalf("%s", canvastest.Legible("drawn\n"+a+"\nwithout the liars\n"+b, tr.Events))
			}
		}
	})
}
