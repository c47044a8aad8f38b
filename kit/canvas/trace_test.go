package canvas

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"

	"pgregory.net/rapid"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

func seed(n byte) ed25519.PrivateKey {
	s := make([]byte, 32)
	s[0] = n
	return ed25519.NewKeyFromSeed(s)
}

func keyText(k ed25519.PrivateKey) string { return event.KeyText(k.Public().(ed25519.PublicKey)) }

func certified(name string, k ed25519.PrivateKey) string {
	return name + "." + event.Fingerprint([32]byte(k.Public().(ed25519.PublicKey)))
}

// author writes events into a trace: a key, or nobody's (v0).
type author struct {
	key   ed25519.PrivateKey
	actor string
}

// trace is a set of events in the making, whose writers know each other's clocks.
type trace struct {
	space  string
	events []*event.Event
	clocks map[string]event.Clock
	serial int
}

func newTrace(space string) *trace { return &trace{space: space, clocks: make(map[string]event.Clock)} }

// add makes an event; fields overwrite the envelope.
func (tr *trace) add(t interface{ Fatalf(string, ...any) }, by author, at int64, operation string, fields map[string]any) *event.Event {
	draft := map[string]any{
		"timestamp": at, "space_id": tr.space, "layer_id": "hazards", "operation": operation,
		"tile": "z14/x8625/y5753", "previous_events": []string{}, "preserves_invariants": scope.InvariantNames(),
		"scope": map[string]string{"realm": "public", "authority": "source", "boundary": "interior", "policy": "public"},
	}
	if by.actor != "" {
		draft["actor_id"] = by.actor
	}
	for name, value := range fields {
		draft[name] = value
	}
	var e *event.Event
	var err error
	if by.key == nil {
		if draft["event_id"] == nil {
			tr.serial++
			draft["event_id"] = fmt.Sprintf("v0-%d", tr.serial)
		}
		text, _ := json.Marshal(draft)
		e, err = event.Parse(text)
	} else {
		text, _ := json.Marshal(draft)
		signer := event.NewSigner(by.key)
		signer.Clock = func(id string) (event.Clock, bool) { c, ok := tr.clocks[id]; return c, ok }
		e, err = signer.Sign(text)
	}
	if err != nil {
		t.Fatalf("%s %v: %v", operation, fields, err)
	}
	tr.events = append(tr.events, e)
	tr.clocks[e.ID] = e.Clock
	return e
}

// randomTrace draws a trace of honest and dishonest writers, clocks wrong by years, parents that are missing or in
// other tiles, v0 events with cycles and with two contents under one id.
func randomTrace(t *rapid.T) *trace {
	root := seed(1)
	space := rapid.SampledFrom([]string{"demo", certified("demo", root)}).Draw(t, "space")
	tr := newTrace(space)
	authors := []author{{seed(1), ""}, {seed(2), ""}, {seed(3), "user:carol"}, {nil, "user:dave"}, {nil, "user:erin"}}
	if space != "demo" {
		authors = authors[:3]
	}
	tiles := []string{"z14/x8625/y5753", "z14/x8625/y5754", "z3/x4/y2"}
	var ids, nodes []string
	home := make(map[string]string)
	pick := func(list []string, label string) string {
		if len(list) == 0 || rapid.IntRange(0, 19).Draw(t, "stray "+label) == 0 {
			return "evt-" + rapid.StringMatching(`[a-z2-7]{32}`).Draw(t, label)
		}
		return rapid.SampledFrom(list).Draw(t, label)
	}
	n := rapid.IntRange(1, 40).Draw(t, "events")
	for range n {
		by := rapid.SampledFrom(authors).Draw(t, "author")
		at := rapid.SampledFrom([]int64{0, 1000, 1001, 1001, 1002, 1003, 253402300799}).Draw(t, "time")
		fields := map[string]any{"tile": rapid.SampledFrom(tiles).Draw(t, "tile")}
		previous := []string{}
		for range rapid.IntRange(0, 3).Draw(t, "parents") {
			if id := pick(ids, "parent"); !contains(previous, id) {
				previous = append(previous, id)
			}
		}
		if by.key == nil {
			id := fmt.Sprintf("v0-%d", rapid.IntRange(0, 12).Draw(t, "v0 id"))
			for i := range 3 {
				if other := fmt.Sprintf("v0-%d", rapid.IntRange(0, 12).Draw(t, "v0 parent")); i == 0 && other != id && !contains(previous, other) {
					previous = append(previous, other)
				}
			}
			fields["event_id"] = id
			for i, p := range previous {
				if p == id {
					previous = append(previous[:i:i], previous[i+1:]...)
					break
				}
			}
		}
		fields["previous_events"] = previous
		if rapid.IntRange(0, 4).Draw(t, "derived") == 0 {
			fields["scope"] = map[string]string{"realm": "public", "authority": "derived", "boundary": "interior", "policy": "public"}
		}
		if rapid.IntRange(0, 9).Draw(t, "other layer") == 0 {
			fields["layer_id"] = "needs"
		}
		operation := rapid.SampledFrom([]string{"create_node", "create_node", "set_properties", "set_properties", "set_properties",
			"update_transform", "set_geometry", "set_media", "link_nodes", "unlink_nodes", "delete_node", "merge",
			"sensor_reading", "sensor_reading", "macro.grid", "whatever", "log"}).Draw(t, "operation")
		if operation != "create_node" {
			node := pick(nodes, "node")
			fields["node_id"] = node
			if where, ok := home[node]; ok && rapid.IntRange(0, 9).Draw(t, "wrong tile") > 0 {
				fields["tile"] = where
			}
		}
		value := rapid.IntRange(0, 3).Draw(t, "value")
		switch operation {
		case "create_node":
			fields["properties"] = map[string]any{"a": value}
		case "set_properties":
			fields["properties"] = map[string]any{rapid.SampledFrom([]string{"a", "b", "ü"}).Draw(t, "name"): value}
		case "update_transform":
			fields["transform"] = map[string]any{"position": []float64{9.5 + float64(value), 47.1}}
		case "set_geometry":
			fields["geometry"] = nil
		case "set_media":
			fields["media"] = nil
		case "link_nodes":
			fields["to_node"] = pick(nodes, "to")
		case "unlink_nodes":
			fields["links"] = []string{pick(ids, "link")}
		case "merge":
			fields["into_node"] = pick(nodes, "into")
		case "sensor_reading":
			fields["sensor"], fields["value"] = "level", value
			if value == 0 {
				delete(fields, "node_id")
			}
		case "log":
			operation = "set_properties"
			delete(fields, "node_id")
			fields["layer_id"], fields["tile"] = ".ulp", "z0/x0/y0"
			fields["properties"] = map[string]any{
				"file/.ulp-root":            fmt.Sprintf("home_zoom = 14\n[window]\nfrom = %d\n", 500+value),
				"grant/" + keyText(seed(2)): map[string]any{"roles": []string{"write", "admin"}[:value%3]},
			}
		}
		e := tr.add(t, by, at, operation, fields)
		ids = append(ids, e.ID)
		if operation == "create_node" {
			nodes = append(nodes, e.ID)
			home[e.ID] = e.Tile.String()
		}
	}
	return tr
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
