package canvas

import (
	"bytes"
	"slices"
	"strings"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// addLegacy sees to the ids of v0 events, which are not made from their content: where one id has two contents, the
// smaller hash has effect, the other is witnessed. known means that there is nothing to fold.
func (c *Canvas) addLegacy(e *event.Event) (known bool) {
	hash := e.Hash()
	has, ok := c.plan.chosen[e.ID]
	if !ok {
		has, ok = c.legacy[e.ID]
	}
	switch {
	case !ok:
	case hash == has:
		_, folded := c.legacy[e.ID]
		c.legacy[strings.Clone(e.ID)] = hash
		return folded
	case bytes.Compare(hash[:], has[:]) < 0:
		_, folded := c.legacy[e.ID]
		c.plan.chosen[strings.Clone(e.ID)] = hash
		c.stale = c.stale || folded
		if folded {
			return true
		}
	default:
		id := strings.Clone(e.ID)
		c.plan.chosen[id] = has
		c.tile(e.Tile).odd = true
		// Beside the line of the other content, should that break a rule.
		c.doubled[id] = scope.Witness{EventID: id, Refusal: event.Refusal{Rule: "equivocation", Field: "event_id", File: scope.BuiltIn,
			Message: "another content under this id has the smaller hash and is the one that counts"}}
		return true
	}
	c.legacy[strings.Clone(e.ID)] = hash
	return false
}

// Doubled reports whether several contents came in under a v0 id.
func (c *Canvas) Doubled(id string) bool {
	_, yes := c.doubled[id]
	return yes
}

// WitnessOf is the line of an event: of several contents under its id, of this one.
func (c *Canvas) WitnessOf(e *event.Event) (scope.Witness, bool) {
	double, ok := c.doubled[e.ID]
	if !ok {
		return c.Witness(e.ID)
	}
	if e.Hash() != c.plan.chosen[e.ID] {
		return double, true
	}
	w, ok := c.Witness(e.ID)
	return w, ok && w.Rule != double.Rule
}

// refold folds an entangled tile from all its events.
func (c *Canvas) refold(t *tileState) {
	t.reset()
	t.digest.Store(nil)
	v0 := make(map[string]*event.Event)
	other := make(map[string]event.Clock)
	for _, k := range t.kept {
		if k.event.Signed() {
			other[k.event.ID] = k.event.Clock
		} else {
			v0[k.event.ID] = k.event
		}
	}
	clocks := legacyClocks(v0, other)
	clockOf := func(e *event.Event) event.Clock {
		if e.Signed() {
			return e.Clock
		}
		return clocks[e.ID]
	}
	slices.SortFunc(t.kept, func(a, b keptEvent) int {
		x := Stamp{Event: a.event.ID, effective: c.rules.Effective(clockOf(a.event)), Derived: a.event.Scope.Authority == "derived"}
		y := Stamp{Event: b.event.ID, effective: c.rules.Effective(clockOf(b.event)), Derived: b.event.Scope.Authority == "derived"}
		return x.compare(&y)
	})
	for _, k := range t.kept {
		c.apply(t, k.event, clockOf(k.event), k.uncertain)
	}
	// A claim may rank above the write that answers it, and so come after it.
	for _, k := range t.kept {
		if n := t.nodes[k.event.Node]; n != nil && n.created && writes(k.event) && c.rules.Check(k.event) == nil {
			c.answer(n, k.event)
		}
	}
}

// legacyClocks computes the clocks of the v0 events of a tile (kit/SPEC.md, section 4): from timestamp and parents in
// the tile, edges between v0 events on a cycle ignored. others are the clocks of the tile's signed events.
func legacyClocks(v0 map[string]*event.Event, others map[string]event.Clock) map[string]event.Clock {
	group := cycles(v0)
	clocks := make(map[string]event.Clock, len(v0))
	var clockOf func(e *event.Event) event.Clock
	clockOf = func(e *event.Event) event.Clock {
		if c, ok := clocks[e.ID]; ok {
			return c
		}
		var parents []event.Clock
		for _, id := range e.Previous {
			if parent, ok := v0[id]; ok {
				if group[id] != group[e.ID] {
					parents = append(parents, clockOf(parent))
				}
			} else if c, ok := others[id]; ok {
				parents = append(parents, c)
			}
		}
		c := event.Next(e.Timestamp, parents...)
		clocks[e.ID] = c
		return c
	}
	for _, e := range v0 {
		clockOf(e)
	}
	return clocks
}

// cycles numbers the strongly connected components of the v0 events' parent edges (Tarjan 1972).
func cycles(v0 map[string]*event.Event) map[string]int {
	group := make(map[string]int, len(v0))
	index := make(map[string]int, len(v0))
	low := make(map[string]int, len(v0))
	var stack []string
	onStack := make(map[string]bool)
	groups := 0
	var visit func(id string)
	visit = func(id string) {
		index[id] = len(index) + 1
		low[id] = index[id]
		stack = append(stack, id)
		onStack[id] = true
		for _, parent := range v0[id].Previous {
			if v0[parent] == nil {
				continue
			}
			if index[parent] == 0 {
				visit(parent)
				low[id] = min(low[id], low[parent])
			} else if onStack[parent] {
				low[id] = min(low[id], index[parent])
			}
		}
		if low[id] != index[id] {
			return
		}
		for {
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			onStack[last] = false
			group[last] = groups
			if last == id {
				break
			}
		}
		groups++
	}
	for id := range v0 {
		if index[id] == 0 {
			visit(id)
		}
	}
	return group
}
