package canvas

import (
	"strings"
	"testing"

	"fieldkit/kit/event"
)

var (
	alice = author{key: seed(2)}
	bob   = author{key: seed(3)}
	carol = author{key: seed(4)}
)

func list(ids ...string) []string { return ids }

func props(name string, value any) map[string]any { return map[string]any{name: value} }

func TestRegistersKeepWhatNobodyHasReplaced(t *testing.T) {
	root := author{key: seed(1)}
	tr := newTrace(certified("rhine", root.key))
	tr.add(t, root, 10, "set_properties", map[string]any{"layer_id": ".ulp", "tile": "z0/x0/y0",
		"properties": props("grant/"+keyText(bob.key), map[string]any{"roles": list("write")})})
	bridge := tr.add(t, alice, 100, "create_node", map[string]any{"properties": props("state", "open")})
	closed := tr.add(t, alice, 110, "set_properties", map[string]any{"node_id": bridge.ID, "properties": props("state", "closed"), "previous_events": list(bridge.ID)})
	blocked := tr.add(t, bob, 120, "set_properties", map[string]any{"node_id": bridge.ID, "properties": props("state", "blocked"), "previous_events": list(bridge.ID)})
	gone := tr.add(t, carol, 130, "delete_node", map[string]any{"node_id": bridge.ID})

	n := fold(t, tr.space, tr.events).Node(bridge.ID)
	state := n.Register("property:state")
	if state.Drawn.Event != blocked.ID || len(state.Others) != 1 || state.Others[0].Event != closed.ID {
		t.Fatalf("two reports differ, one is drawn: %+v", state)
	}
	claims := n.Claims()
	if n.Deleted() || len(claims) != 1 || claims[0].Register != Deleted || claims[0].Event != gone.ID {
		t.Fatalf("a stranger's delete is a claim: %+v", claims)
	}
	settled := tr.add(t, alice, 140, "set_properties", map[string]any{"node_id": bridge.ID, "properties": props("state", "open"), "previous_events": list(closed.ID, blocked.ID)})
	n = fold(t, tr.space, tr.events).Node(bridge.ID)
	if state = n.Register("property:state"); state.Drawn.Event != settled.ID || len(state.Others) != 0 {
		t.Fatalf("one that has seen both settles it: %+v", state)
	}
}

func TestAClaimStandsUntilItIsAnswered(t *testing.T) {
	tr := newTrace("demo")
	n := tr.add(t, alice, 100, "create_node", map[string]any{"properties": props("state", "open")})
	gone := tr.add(t, carol, 253402300799, "delete_node", map[string]any{"node_id": n.ID})
	link := tr.add(t, carol, 120, "link_nodes", map[string]any{"node_id": n.ID, "to_node": n.ID})
	tr.add(t, bob, 130, "set_properties", map[string]any{"node_id": n.ID, "properties": props("x", 1), "previous_events": list(gone.ID)})
	if claims := fold(t, "demo", tr.events).Node(n.ID).Claims(); len(claims) != 3 {
		t.Fatalf("a stranger answers nothing: %+v", claims)
	}
	// The one who may answer leaves the far future's clock alone.
	tr.clocks[gone.ID] = event.Clock{}
	tr.add(t, alice, 140, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "open"), "previous_events": list(gone.ID, link.ID)})
	for _, events := range [][]*event.Event{tr.events, tr.events[1:]} {
		claims := fold(t, "demo", events, tr.events).Node(n.ID).Claims()
		if len(claims) != 1 || claims[0].Register != "property:x" {
			t.Errorf("what was answered is gone, the rest stands: %+v", claims)
		}
	}
}

func TestDerivedNeverOutranksSource(t *testing.T) {
	tr := newTrace("demo")
	n := tr.add(t, alice, 100, "create_node", map[string]any{"properties": props("depth", 1)})
	tr.add(t, alice, 200, "set_properties", map[string]any{"node_id": n.ID, "properties": props("depth", 2), "previous_events": list(n.ID),
		"scope": map[string]string{"realm": "public", "authority": "derived", "boundary": "interior", "policy": "public"}})
	if drawn := fold(t, "demo", tr.events).Node(n.ID).Register("property:depth").Drawn; drawn.Value != "1" {
		t.Errorf("an estimate hides what was seen: %s", drawn.Value)
	}
}

func TestLinksAreAnObservedRemoveSet(t *testing.T) {
	tr := newTrace("demo")
	a := tr.add(t, alice, 100, "create_node", nil)
	b := tr.add(t, alice, 100, "create_node", map[string]any{"node_type": "b"})
	one := tr.add(t, alice, 110, "link_nodes", map[string]any{"node_id": a.ID, "to_node": b.ID})
	two := tr.add(t, alice, 111, "link_nodes", map[string]any{"node_id": a.ID, "to_node": b.ID})
	tr.add(t, alice, 120, "unlink_nodes", map[string]any{"node_id": a.ID, "links": list(one.ID)})
	tr.add(t, bob, 120, "unlink_nodes", map[string]any{"node_id": a.ID, "links": list(two.ID)})
	links := fold(t, "demo", tr.events).Node(a.ID).Links()
	if len(links) != 1 || links[0].ID != two.ID || links[0].ToNode != b.ID {
		t.Errorf("links %+v", links)
	}
}

func TestAWriteWaitsForItsNode(t *testing.T) {
	tr := newTrace("demo")
	n := tr.add(t, alice, 100, "create_node", nil)
	tr.add(t, alice, 110, "set_properties", map[string]any{"node_id": n.ID, "properties": props("a", 1)})
	c := fold(t, "demo", tr.events[1:])
	if c.Node(n.ID) != nil || len(c.Tiles()) != 0 || len(c.Witnesses()) != 0 {
		t.Error("it is seen before its node's create")
	}
	c = fold(t, "demo", tr.events[1:], tr.events[:1])
	if got := c.Node(n.ID).Register("property:a").Drawn; got == nil || got.Value != "1" {
		t.Errorf("it did not come through: %+v", got)
	}
}

func TestWitnesses(t *testing.T) {
	tr := newTrace("demo")
	n := tr.add(t, alice, 100, "create_node", nil)
	elsewhere := tr.add(t, alice, 110, "set_properties", map[string]any{"node_id": n.ID, "properties": props("a", 1), "tile": "z14/x8625/y5754"})
	layer := tr.add(t, alice, 110, "set_properties", map[string]any{"node_id": n.ID, "properties": props("a", 2), "layer_id": "needs"})
	broken := tr.add(t, alice, 120, "link_nodes", map[string]any{"node_id": n.ID, "to_node": n.ID, "to_tile": "z14/x8725/y5754"})
	noNode := tr.add(t, alice, 130, "set_properties", map[string]any{"node_id": layer.ID, "properties": props("a", 1)})
	c := fold(t, "demo", tr.events)
	for _, want := range []struct {
		e    *event.Event
		rule string
	}{{elsewhere, "exclusion"}, {layer, "exclusion"}, {broken, "adjacency"}, {noNode, "consistency"}} {
		w, ok := c.Witness(want.e.ID)
		if !ok || w.Rule != want.rule || w.Message == "" {
			t.Errorf("%s: %+v", want.rule, w)
		}
	}
	if len(c.Witnesses()) != 4 {
		t.Errorf("%d lines", len(c.Witnesses()))
	}
	if c.Node(n.ID).Register("property:a").Drawn != nil {
		t.Error("a broken write had effect")
	}
}

func TestSensors(t *testing.T) {
	tr := newTrace("demo")
	gauge := tr.add(t, alice, 100, "create_node", map[string]any{"node_type": "gauge"})
	tr.add(t, alice, 120, "sensor_reading", map[string]any{"node_id": gauge.ID, "sensor": "water_level", "value": 1.42, "unit": "m"})
	tr.add(t, alice, 110, "sensor_reading", map[string]any{"node_id": gauge.ID, "sensor": "water_level", "value": 1.3, "unit": "m"})
	tr.add(t, bob, 130, "sensor_reading", map[string]any{"sensor": "rain", "value": 3})
	tr.add(t, bob, 140, "sensor_reading", map[string]any{"sensor": "rain", "value": 4})
	tr.add(t, carol, 150, "sensor_reading", map[string]any{"sensor": "rain", "value": 5})
	c := fold(t, "demo", tr.events)
	if r := c.Node(gauge.ID).Register("sensor:water_level"); r.Drawn.Value != "1.42" || r.Drawn.Unit != "m" || r.Others != nil {
		t.Errorf("level %+v", r)
	}
	var rain []string
	c.Sensors(gauge.Tile, func(s *Sensor) { rain = append(rain, s.Latest.Value) })
	if len(rain) != 2 || strings.Join(rain, " ") != "4 5" && strings.Join(rain, " ") != "5 4" {
		t.Errorf("rain %v", rain)
	}
}

func TestMergeIsAnAlias(t *testing.T) {
	tr := newTrace("demo")
	a := tr.add(t, alice, 100, "create_node", nil)
	b := tr.add(t, alice, 101, "create_node", nil)
	tr.add(t, alice, 110, "merge", map[string]any{"node_id": b.ID, "into_node": a.ID})
	tr.add(t, bob, 110, "merge", map[string]any{"node_id": a.ID, "into_node": b.ID})
	c := fold(t, "demo", tr.events)
	if into := c.Node(b.ID).MergedInto(); into != a.ID || c.Node(a.ID).MergedInto() != "" {
		t.Errorf("merged into %q", into)
	}
	if got := c.Aliases(a.ID); len(got) != 1 || got[0] != b.ID {
		t.Errorf("aliases %v", got)
	}
}

func TestV0ClocksFollowParentsAndIgnoreCycles(t *testing.T) {
	v0 := func(id string, at int64, previous ...string) *event.Event {
		return newTrace("demo").add(t, author{actor: "user:dave"}, at, "create_node", map[string]any{"event_id": id, "previous_events": append([]string{}, previous...)})
	}
	events := map[string]*event.Event{}
	for _, e := range []*event.Event{v0("a", 100), v0("b", 50, "a"), v0("c", 100, "b", "elsewhere"), v0("x", 10, "y", "a"), v0("y", 20, "x"), v0("s", 1, "signed")} {
		events[e.ID] = e
	}
	got := legacyClocks(events, map[string]event.Clock{"signed": {T: 7, D: 7}})
	for id, want := range map[string]event.Clock{"a": {T: 100}, "b": {T: 100, D: 1}, "c": {T: 100, D: 2}, "x": {T: 100, D: 1}, "y": {T: 20}, "s": {T: 7, D: 8}} {
		if got[id] != want {
			t.Errorf("%s: %v, want %v", id, got[id], want)
		}
	}
}
