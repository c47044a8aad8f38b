package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fieldkit/kit/event"
)

// nodeOf is a thing with its history.
type nodeOf struct {
	Feature struct {
		ID         string
		Properties struct {
			Title   string
			Props   map[string]any
			Aliases []string
			Claims  []map[string]any
		}
	}
	Deleted bool
	Events  []struct {
		Event         json.RawMessage
		Node          string
		Received      int64
		Missing       []string
		TimeUncertain bool `json:"time_uncertain"`
		Claim         bool
		Witness       *struct {
			EventID string `json:"event_id"`
			Rule    string
			Message string
		}
	}
}

// history tells a thing's events by their names, with what is said of each.
func (n nodeOf) history(t testing.TB, names map[string]string) string {
	t.Helper()
	var list []string
	for _, one := range n.Events {
		e, err := event.Parse(one.Event)
		if err != nil {
			t.Fatal(err)
		}
		word := names[e.ID]
		if one.Claim {
			word += " claim"
		}
		if one.Witness != nil {
			word += " " + one.Witness.Rule
			if one.Witness.EventID != e.ID || one.Witness.Message == "" {
				t.Errorf("%+v of %s", one.Witness, e.ID)
			}
		}
		for _, id := range one.Missing {
			word += " without " + names[id]
		}
		if one.TimeUncertain {
			word += " ?"
		}
		list = append(list, word)
	}
	return strings.Join(list, ", ")
}

func TestANodesHistory(t *testing.T) {
	k := newKit(t, Config{})
	names := map[string]string{}
	add := func(name string, by byte, at int, over fields) *event.Event {
		all := fields{"timestamp": start + at}
		for field, value := range over {
			all[field] = value
		}
		e := sign(t, key(by), all)
		names[e.ID] = name
		return e
	}
	node := add("create", 2, 0, fields{"properties": fields{"title": "Bridge", "state": "open"}})
	on := func(operation string, over fields) fields {
		all := fields{"operation": operation, "node_id": node.ID}
		for field, value := range over {
			all[field] = value
		}
		return all
	}
	absent := add("absent", 2, 5, on("set_properties", fields{"properties": fields{"state": "?"}}))
	closed := add("closed", 2, 10, on("set_properties", fields{"properties": fields{"state": "closed"}, "previous_events": []string{node.ID, absent.ID}}))
	gone := add("gone", 3, 20, on("set_properties", fields{"properties": fields{"state": "gone"}, "previous_events": []string{closed.ID}}))
	old := add("old", 2, -100*24*3600, on("set_properties", fields{"properties": fields{"state": "built"}}))
	elsewhere := add("elsewhere", 2, 30, on("set_properties", fields{"properties": fields{"state": "x"}, "layer_id": "needs"}))
	stray := add("stray", 3, 35, on("set_properties", fields{"properties": fields{"state": "x"}, "layer_id": "needs"}))
	other := add("other", 2, 40, nil)
	link := add("link", 2, 50, on("link_nodes", fields{"to_node": other.ID}))
	unknown := add("unknown", 2, 55, on("paint_node", nil))
	merge := add("merge", 2, 60, fields{"operation": "merge", "node_id": other.ID, "into_node": node.ID})
	remove := add("delete", 2, 70, on("delete_node", nil))
	// In any order: history is told in that of the trace.
	k.take(remove, merge, unknown, link, other, stray, elsewhere, old, gone, closed, node)
	var got nodeOf
	k.read("/api/v1/spaces/camp/nodes/"+node.ID, &got)
	want := "old ?, create, closed without absent, gone claim, elsewhere exclusion, stray exclusion, other, link, merge, delete" // what nobody knows is about nothing
	if h := got.history(t, names); h != want {
		t.Errorf("history %s\nwant %s", h, want)
	}
	if !got.Deleted || got.Feature.ID != node.ID || got.Feature.Properties.Title != "Bridge" || got.Feature.Properties.Props["state"] != "closed" ||
		len(got.Feature.Properties.Claims) != 1 || fmt.Sprint(got.Feature.Properties.Aliases) != fmt.Sprint([]string{other.ID}) {
		t.Errorf("%+v", got)
	}
	if got.Events[0].Received != start {
		t.Errorf("received %d", got.Events[0].Received)
	}
	// An earlier moment knows what was before it.
	got = nodeOf{}
	k.read(fmt.Sprintf("/api/v1/spaces/camp/nodes/%s?at=%d", node.ID, start+20), &got)
	if h := got.history(t, names); h != "old ?, create, closed without absent, gone claim" || got.Deleted {
		t.Errorf("at: %s, %v", h, got.Deleted)
	}
	k.get(fmt.Sprintf("/api/v1/spaces/camp/nodes/%s?at=%d", node.ID, start-1)).isProblem(t, 404, "id")
	// What was missing comes; what it stands for comes after it.
	k.take(absent)
	got = nodeOf{}
	if k.read("/api/v1/spaces/camp/nodes/"+node.ID, &got); !strings.HasPrefix(got.history(t, names), "old ?, create, absent, closed, gone claim") {
		t.Errorf("%s", got.history(t, names))
	}
	// The one that was merged leads to the same.
	same := nodeOf{}
	k.read("/api/v1/spaces/camp/nodes/"+other.ID, &same)
	if h := same.history(t, names); h != got.history(t, names) || same.Feature.ID != node.ID || !same.Deleted {
		t.Errorf("%s, %+v", h, same)
	}
	k.get("/api/v1/spaces/camp/nodes/"+closed.ID).isProblem(t, 404, "id") // an event that is no thing
}

// TestTwoReportsOfOneHazard folds two reports from two tiles into one: both histories are told, each event with the report
// that it is about, the merge in between; taken back, each tells its own.
func TestTwoReportsOfOneHazard(t *testing.T) {
	k := newKit(t, Config{})
	names := map[string]string{}
	add := func(name string, by byte, at int, over fields) *event.Event {
		all := fields{"timestamp": start + at}
		for field, value := range over {
			all[field] = value
		}
		e := sign(t, key(by), all)
		names[e.ID] = name
		k.take(e)
		return e
	}
	beside := "z14/x8625/y5754"
	crosses := fields{"realm": "public", "authority": "source", "boundary": "boundary", "policy": "public"}
	one := add("one", 2, 0, fields{"properties": fields{"title": "Bridge"}})
	two := add("two", 3, 1, fields{"tile": beside, "properties": fields{"title": "Footbridge", "depth": 2}})
	add("says", 4, 2, fields{"operation": "set_properties", "node_id": two.ID, "tile": beside, "properties": fields{"depth": 3}})
	add("same", 3, 3, fields{"operation": "merge", "node_id": two.ID, "tile": beside, "into_node": one.ID, "into_tile": home, "scope": crosses})
	add("closed", 2, 4, fields{"operation": "set_properties", "node_id": one.ID, "properties": fields{"state": "closed"}})
	add("deeper", 3, 5, fields{"operation": "set_properties", "node_id": two.ID, "tile": beside, "properties": fields{"depth": 4}})
	about := func(n nodeOf) string {
		var list []string
		for _, e := range n.Events {
			list = append(list, names[e.Node])
		}
		return strings.Join(list, " ")
	}
	for _, id := range []string{one.ID, two.ID} {
		var got nodeOf
		k.read("/api/v1/spaces/camp/nodes/"+id, &got)
		if h := got.history(t, names); h != "one, two, says claim, same, closed, deeper" || about(got) != "one two two two one two" {
			t.Errorf("%s about %s", h, about(got))
		}
		p := got.Feature.Properties
		if got.Feature.ID != one.ID || p.Title != "Bridge" || len(p.Aliases) != 1 || p.Aliases[0] != two.ID || len(p.Claims) != 3 {
			t.Errorf("%+v", got.Feature)
		}
		for _, claim := range p.Claims {
			if claim["node"] != two.ID {
				t.Errorf("%v", claim)
			}
		}
	}
	// Into what nobody has: it stands for itself again.
	add("not the same", 3, 6, fields{"operation": "merge", "node_id": two.ID, "tile": beside, "into_node": "evt-" + strings.Repeat("a", 32)})
	var got nodeOf
	k.read("/api/v1/spaces/camp/nodes/"+two.ID, &got)
	if h := got.history(t, names); h != "two, says claim, same, deeper, not the same" || got.Feature.ID != two.ID {
		t.Errorf("%s", h)
	}
	got = nodeOf{}
	k.read("/api/v1/spaces/camp/nodes/"+one.ID, &got)
	if h := got.history(t, names); h != "one, closed" || len(got.Feature.Properties.Aliases) != 0 {
		t.Errorf("%s", h)
	}
}

func TestASensorsHistory(t *testing.T) {
	k := newKit(t, Config{})
	names := map[string]string{}
	var events []*event.Event
	for i, one := range []struct {
		by     byte
		sensor string
		tile   string
	}{{2, "rain", home}, {2, "rain", home}, {2, "wind", home}, {3, "rain", home}, {2, "rain", "z14/x8626/y5753"}} {
		e := sign(t, key(one.by), fields{"operation": "sensor_reading", "sensor": one.sensor, "value": i, "tile": one.tile, "timestamp": start + i})
		names[e.ID] = fmt.Sprint(i)
		events = append(events, e)
	}
	k.take(events...)
	var state stateOf
	if k.read("/api/v1/spaces/camp/state", &state); len(state.Features) != 4 {
		t.Fatalf("%+v", state)
	}
	var told []string
	for _, f := range state.Features {
		var got nodeOf
		k.read("/api/v1/spaces/camp/nodes/"+f.ID, &got)
		told = append(told, got.history(t, names))
		if got.Feature.ID != f.ID || got.Deleted {
			t.Errorf("%+v", got)
		}
	}
	for _, want := range []string{"0, 1", "2", "3", "4"} {
		if n := strings.Count("|"+strings.Join(told, "|")+"|", "|"+want+"|"); n != 1 {
			t.Errorf("%q has no %q", told, want)
		}
	}
}

// TestALongHistoryGivesTheLatest takes more readings than are given, out of order.
func TestALongHistoryGivesTheLatest(t *testing.T) {
	k := newKit(t, Config{})
	const n = 2*maxHistory + 500
	k.scopeFile("camp/.ulp-root", "invariants = []")
	var events []string
	for i := range n {
		at := i * 7919 % n
		events = append(events, unsigned(fmt.Sprint("r", at), fields{"operation": "sensor_reading", "sensor": "rain", "value": at, "timestamp": start + at, "preserves_invariants": []string{}}))
	}
	if a := k.post(linesType, []byte(strings.Join(events, "\n"))); a.Taken != n {
		t.Fatalf("%d taken, %+v", a.Taken, a.Verdicts[0])
	}
	var state stateOf
	k.read("/api/v1/spaces/camp/state", &state)
	var got nodeOf
	k.read("/api/v1/spaces/camp/nodes/"+state.Features[0].ID, &got)
	if len(got.Events) != maxHistory {
		t.Fatalf("%d events", len(got.Events))
	}
	for i, one := range got.Events {
		var e struct{ Value int }
		if err := json.Unmarshal(one.Event, &e); err != nil || e.Value != n-maxHistory+i {
			t.Fatalf("event %d is reading %d, %v", i, e.Value, err)
		}
	}
}
