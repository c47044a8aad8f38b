package canvas

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fieldkit/kit/canvas/canvastest"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// honestPart is what the honest see of the things that honest people made, without what liars add beside it: their claims.
func honestPart(t interface{ Fatalf(string, ...any) }, c *Canvas, honest map[string]bool) map[string]string {
	part := map[string]string{}
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%v", err)
		}
		return string(b)
	}
	for _, at := range c.Tiles() {
		var state struct {
			Nodes   map[string]map[string]json.RawMessage
			Sensors []struct{ Event string }
		}
		if err := json.Unmarshal(c.TileState(at), &state); err != nil {
			t.Fatalf("%v", err)
		}
		for id, n := range state.Nodes {
			if !honest[id] {
				continue
			}
			var claims, standing []struct{ Register, Event string }
			if n["claims"] != nil {
				if err := json.Unmarshal(n["claims"], &claims); err != nil {
					t.Fatalf("%v", err)
				}
				delete(n, "claims")
			}
			for _, claim := range claims {
				if honest[claim.Event] {
					standing = append(standing, claim)
				}
			}
			part[id] = text(n) + text(standing)
		}
		for _, s := range state.Sensors {
			if honest[s.Event] {
				part[at.String()+" "+s.Event] = "read"
			}
		}
	}
	return part
}

// TestLiarsTakeNothing holds what honest people said to what it would be had no liar ever written: whatever clocks these
// give themselves, whomever's events they name as seen, link, merge, delete, grant or revoke.
func TestLiarsTakeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := canvastest.Attack(t)
		var without []*event.Event
		honest := map[string]bool{}
		for _, e := range tr.Events {
			if canvastest.Honest(e) {
				without, honest[e.ID] = append(without, e), true
			}
		}
		want := honestPart(t, fold(t, tr.Space, without), honest)
		r := newReplica(tr.Space)
		for _, batch := range batches(t, rapid.Permutation(tr.Events).Draw(t, "order")) {
			r.take(t, batch)
		}
		got := honestPart(t, r.canvas, honest)
		for what := range want {
			if got[what] != want[what] {
				t.Fatalf("%s", canvastest.Legible("of "+what+" is seen\n"+got[what]+"\nwithout the liars\n"+want[what], r.has))
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d things, without the liars %d", len(got), len(want))
		}
	})
}

// TestOneLieEach tells the lies one by one, in a space that certifies itself: mallory was granted nothing.
func TestOneLieEach(t *testing.T) {
	root, mallory := author{key: seed(1)}, author{key: seed(9)}
	endOfTime := int64(event.MaxTimestamp)
	logged := map[string]any{"layer_id": ".ulp", "tile": "z0/x0/y0"}
	over := func(base, more map[string]any) map[string]any {
		all := map[string]any{}
		for _, fields := range []map[string]any{base, more} {
			for name, value := range fields {
				all[name] = value
			}
		}
		return all
	}
	derived := map[string]string{"realm": "public", "authority": "derived", "boundary": "interior", "policy": "public"}
	// The victim's next write is made before the lie: to name it is to know it, and it may come in later.
	lies := map[string]func(tr *trace, n, link, claim, next *event.Event){
		"outranks": func(tr *trace, n, _, _, _ *event.Event) {
			tr.add(t, mallory, endOfTime, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "safe")})
		},
		"a clock that no parent has": func(tr *trace, n, _, _, _ *event.Event) {
			tr.add(t, mallory, 100, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "safe"), "previous_events": list(n.ID), "clock": []int64{endOfTime, 7}})
		},
		"replaces": func(tr *trace, n, _, _, next *event.Event) {
			tr.add(t, mallory, endOfTime, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", nil), "previous_events": list(n.ID, next.ID), "clock": []int64{endOfTime, 1}})
		},
		"replaces by what is derived": func(tr *trace, n, _, _, next *event.Event) {
			tr.add(t, mallory, endOfTime, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "safe"), "previous_events": list(next.ID), "scope": derived, "clock": []int64{endOfTime, 1}})
		},
		"answers a claim": func(tr *trace, n, _, claim, _ *event.Event) {
			tr.add(t, mallory, endOfTime, "set_properties", map[string]any{"node_id": n.ID, "properties": props("x", 1), "previous_events": list(claim.ID), "clock": []int64{endOfTime, 1}})
		},
		"unlinks": func(tr *trace, n, link, _, _ *event.Event) {
			tr.add(t, mallory, 200, "unlink_nodes", map[string]any{"node_id": n.ID, "links": list(link.ID)})
			own := tr.add(t, mallory, 200, "create_node", nil)
			tr.add(t, mallory, 201, "unlink_nodes", map[string]any{"node_id": own.ID, "links": list(link.ID)})
		},
		"deletes": func(tr *trace, n, _, _, _ *event.Event) {
			tr.add(t, mallory, 200, "delete_node", map[string]any{"node_id": n.ID})
		},
		"merges": func(tr *trace, n, _, _, _ *event.Event) {
			own := tr.add(t, mallory, 200, "create_node", nil)
			tr.add(t, mallory, 201, "merge", map[string]any{"node_id": n.ID, "into_node": own.ID})
			tr.add(t, mallory, 201, "delete_node", map[string]any{"node_id": own.ID})
		},
		"reads": func(tr *trace, n, _, _, _ *event.Event) {
			tr.add(t, mallory, endOfTime, "sensor_reading", map[string]any{"node_id": n.ID, "sensor": "level", "value": 0})
			tr.add(t, mallory, endOfTime, "sensor_reading", map[string]any{"sensor": "level", "value": 0, "actor_id": "user:alice"})
		},
		"grants himself": func(tr *trace, n, _, _, _ *event.Event) {
			tr.add(t, mallory, 1, "set_properties", over(logged, map[string]any{"properties": props("grant/"+keyText(mallory.key), map[string]any{"roles": list("write", "admin")})}))
			tr.add(t, mallory, endOfTime, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "safe")})
		},
		"revokes": func(tr *trace, n, _, _, _ *event.Event) {
			tr.add(t, mallory, 1, "set_properties", over(logged, map[string]any{"properties": map[string]any{
				"revoke/" + keyText(root.key): map[string]any{"since": 0}, "revoke/" + keyText(bob.key): map[string]any{"since": 0}, "grant/" + keyText(bob.key): nil}}))
		},
		"shuts the space": func(tr *trace, n, _, _, _ *event.Event) {
			tr.add(t, mallory, 1, "set_properties", over(logged, map[string]any{"properties": map[string]any{"file/.ulp-root": "operations = []\n[window]\nfrom = 1000\nto = 1000\n"}}))
		},
		"an unsigned log": func(tr *trace, n, _, _, _ *event.Event) {
			tr.add(t, author{actor: "user:root"}, 1, "set_properties", over(logged, map[string]any{"properties": map[string]any{"file/.ulp-root": "operations = []\n"}}))
		},
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			tr := newTrace(certified("rhine", root.key))
			tr.add(t, root, 10, "set_properties", over(logged, map[string]any{"properties": props("grant/"+keyText(bob.key), map[string]any{"roles": list("write")})}))
			n := tr.add(t, alice, 100, "create_node", map[string]any{"properties": props("state", "flooded")})
			link := tr.add(t, alice, 101, "link_nodes", map[string]any{"node_id": n.ID, "to_node": n.ID})
			claim := tr.add(t, carol, 102, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "gone")})
			tr.add(t, bob, 103, "sensor_reading", map[string]any{"node_id": n.ID, "sensor": "level", "value": 3})
			tr.add(t, alice, 103, "sensor_reading", map[string]any{"sensor": "level", "value": 3, "actor_id": "user:alice"})
			next := tr.add(t, bob, 104, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "deep"), "previous_events": list(n.ID)})
			honest := map[string]bool{}
			for _, e := range tr.events {
				honest[e.ID] = true
			}
			before := slices.Clone(tr.events)
			want := honestPart(t, fold(t, tr.space, before), honest)
			lie(tr, n, link, claim, next)
			lied := tr.events[len(before):]
			if len(lied) == 0 || len(want) != 2 {
				t.Fatalf("%d lies, %d things", len(lied), len(want))
			}
			var digests [][32]byte
			for _, order := range [][][]*event.Event{{before, lied}, {lied, before}, {lied, before[4:], before[:4]}, {before[:3], lied, before[3:], lied}} {
				c := fold(t, tr.space, order...)
				digests = append(digests, c.Digest())
				for what, seen := range honestPart(t, c, honest) {
					if seen != want[what] {
						t.Errorf("%s is\n%s\nwithout the lie\n%s", what, seen, want[what])
					}
				}
				if !c.Rules().Granted(keyText(bob.key), scope.RoleWrite, "hazards", 104) {
					t.Error("bob's grant is gone")
				}
			}
			for _, d := range digests {
				if d != digests[0] {
					t.Error("the order of arrival makes another state")
				}
			}
		})
	}
}
