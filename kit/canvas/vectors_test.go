package canvas

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fieldkit/kit/canvas/canvastest"
	"fieldkit/kit/event"
)

var update = flag.Bool("update", false, "make the vectors of scenarios anew")

const vectorFolder = "../testdata/vectors/canvas"

// vector is a trace and what it folds to.
type vector struct {
	Comment   string            `json:"comment"`
	Space     string            `json:"space"`
	Events    []json.RawMessage `json:"events"`
	Tiles     []json.RawMessage `json:"tiles"`
	Digest    string            `json:"digest"`
	Witnesses []witnessed       `json:"witnesses"`
}

type witnessed struct {
	EventID string `json:"event_id"`
	Rule    string `json:"rule"`
}

// scenarios make the traces of the vectors.
func scenarios(t *testing.T) map[string]func() (string, *trace) {
	root := author{key: seed(1)}
	return map[string]func() (string, *trace){
		"registers": func() (string, *trace) {
			tr := newTrace("demo")
			n := tr.add(t, alice, 100, "create_node", map[string]any{"node_type": "hazard", "transform": map[string]any{"position": []any{9.5209, 47.141, 455.5}, "rotation": []any{90}, "scale": []any{1, 2}},
				"properties": map[string]any{"title": "Brücke \"Süd\"", "z": nil, "\U0001F6A7": 1, "\uE000": []any{1.5, "x", true}}, "geometry": map[string]any{"type": "Point", "coordinates": []any{9.5209, 47.141}}})
			w := tr.add(t, alice, 90, "set_properties", map[string]any{"node_id": n.ID, "properties": map[string]any{"title": "Bridge"}, "previous_events": list(n.ID)})
			tr.add(t, alice, 253402300799, "update_transform", map[string]any{"node_id": n.ID, "transform": map[string]any{"position": []any{9.5, 47}}, "previous_events": list(w.ID)})
			tr.add(t, alice, 120, "set_media", map[string]any{"node_id": n.ID, "media": map[string]any{"hash": "sha256:" + fmt.Sprintf("%064x", 7), "type": "image/jpeg", "size": 12345}})
			return "registers of all kinds; a writer whose clock is behind, and one of the year 9999", tr
		},
		"concurrent": func() (string, *trace) {
			tr := newTrace(certified("rhine", root.key))
			tr.add(t, root, 10, "set_properties", map[string]any{"layer_id": ".ulp", "tile": "z0/x0/y0", "properties": map[string]any{
				"file/.ulp-root": "title = \"Rhine\"\n[window]\nfrom = 50\n", "grant/" + keyText(bob.key): map[string]any{"roles": list("write"), "actors": list("user:bob")}}})
			n := tr.add(t, alice, 100, "create_node", map[string]any{"properties": props("state", "open")})
			tr.add(t, alice, 110, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "closed"), "previous_events": list(n.ID)})
			tr.add(t, bob, 120, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "blocked"), "previous_events": list(n.ID)})
			tr.add(t, carol, 130, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "gone")})
			tr.add(t, carol, 131, "delete_node", map[string]any{"node_id": n.ID})
			tr.add(t, bob, 20, "set_properties", map[string]any{"node_id": n.ID, "properties": props("early", 1)})
			return "two that may disagree, one that may not claims; a time outside the space's window", tr
		},
		"links": func() (string, *trace) {
			tr := newTrace("demo")
			a := tr.add(t, alice, 100, "create_node", nil)
			b := tr.add(t, bob, 101, "create_node", map[string]any{"tile": "z14/x8625/y5754"})
			one := tr.add(t, alice, 110, "link_nodes", map[string]any{"node_id": a.ID, "to_node": b.ID, "to_tile": "z14/x8625/y5754", "link_type": "serves",
				"scope": map[string]string{"realm": "team", "authority": "source", "boundary": "boundary", "policy": "public"}})
			tr.add(t, alice, 111, "link_nodes", map[string]any{"node_id": a.ID, "to_node": a.ID})
			tr.add(t, alice, 105, "unlink_nodes", map[string]any{"node_id": a.ID, "links": list(one.ID)})
			tr.add(t, alice, 112, "link_nodes", map[string]any{"node_id": a.ID, "to_node": b.ID, "to_tile": "z14/x8627/y5754",
				"scope": map[string]string{"realm": "team", "authority": "source", "boundary": "boundary", "policy": "public"}})
			tr.add(t, bob, 113, "link_nodes", map[string]any{"node_id": a.ID, "to_node": b.ID})
			return "an OR-Set: removed by name, whatever the clocks say; one that breaks adjacency, one that is a claim", tr
		},
		"merge-delete": func() (string, *trace) {
			tr := newTrace("demo")
			a := tr.add(t, alice, 100, "create_node", nil)
			b := tr.add(t, alice, 101, "create_node", nil)
			c := tr.add(t, alice, 102, "create_node", nil)
			tr.add(t, alice, 110, "merge", map[string]any{"node_id": b.ID, "into_node": a.ID})
			tr.add(t, alice, 111, "delete_node", map[string]any{"node_id": c.ID})
			tr.add(t, alice, 112, "set_properties", map[string]any{"node_id": c.ID, "properties": props("after", true)})
			tr.add(t, alice, 113, "set_properties", map[string]any{"node_id": c.ID, "layer_id": "needs", "properties": props("x", 1)})
			tr.add(t, alice, 114, "set_properties", map[string]any{"node_id": c.ID, "tile": "z14/x8626/y5753", "properties": props("x", 1)})
			return "an alias, a tombstone that keeps its registers, writes in another layer and tile", tr
		},
		"sensors": func() (string, *trace) {
			tr := newTrace("demo")
			n := tr.add(t, alice, 100, "create_node", map[string]any{"node_type": "gauge"})
			tr.add(t, alice, 120, "sensor_reading", map[string]any{"node_id": n.ID, "sensor": "water_level", "value": 1.42, "unit": "m"})
			tr.add(t, alice, 110, "sensor_reading", map[string]any{"node_id": n.ID, "sensor": "water_level", "value": 1.3, "unit": "m"})
			tr.add(t, bob, 130, "sensor_reading", map[string]any{"node_id": n.ID, "sensor": "water_level", "value": 9, "unit": "m"})
			tr.add(t, author{bob.key, "node:esp32_A12"}, 130, "sensor_reading", map[string]any{"sensor": "water_level", "value": 2})
			tr.add(t, author{actor: "node:esp32_A12"}, 131, "sensor_reading", map[string]any{"sensor": "water_level", "value": "dry"})
			return "readings of a node and of actors; the latest counts, a stranger's is a claim", tr
		},
		"v0": func() (string, *trace) {
			tr := newTrace("demo")
			dave := author{actor: "user:dave"}
			tr.add(t, dave, 100, "create_node", map[string]any{"event_id": "evt-001"})
			tr.add(t, dave, 50, "set_properties", map[string]any{"event_id": "evt-002", "node_id": "evt-001", "previous_events": list("evt-001"), "properties": props("a", 1)})
			tr.add(t, dave, 99, "set_properties", map[string]any{"event_id": "evt-003", "node_id": "evt-001", "previous_events": list("evt-004"), "properties": props("a", 2)})
			tr.add(t, dave, 40, "set_properties", map[string]any{"event_id": "evt-004", "node_id": "evt-001", "previous_events": list("evt-003"), "properties": props("b", 3)})
			tr.add(t, dave, 60, "set_properties", map[string]any{"event_id": "evt-005", "node_id": "evt-001", "properties": props("c", 1)})
			tr.add(t, dave, 61, "set_properties", map[string]any{"event_id": "evt-005", "node_id": "evt-001", "properties": props("c", 2)})
			return "v0 events: clocks by parents, a cycle ignored, two contents under one id", tr
		},
		"v0-witnesses": func() (string, *trace) {
			tr := newTrace("demo")
			dave := author{actor: "user:dave"}
			tr.add(t, dave, 500, "set_properties", map[string]any{"event_id": "log-1", "layer_id": ".ulp", "tile": "z14/x8625/y5753", "properties": props("a", 1)})
			n := tr.add(t, dave, 100, "create_node", map[string]any{"event_id": "evt-001", "previous_events": list("log-1")})
			// Whichever hash is the smaller one: both contents break a rule, and one of them is another's double.
			tr.add(t, dave, 110, "link_nodes", map[string]any{"event_id": "evt-002", "node_id": n.ID, "to_node": n.ID, "to_tile": "z14/x8725/y5753"})
			tr.add(t, dave, 111, "link_nodes", map[string]any{"event_id": "evt-002", "node_id": n.ID, "to_node": n.ID, "to_tile": "z14/x8726/y5753"})
			no := tr.add(t, dave, 120, "wave_flag", map[string]any{"event_id": "evt-003", "tile": "z14/x8626/y5753"})
			tr.add(t, dave, 121, "set_properties", map[string]any{"event_id": "evt-004", "node_id": no.ID, "properties": props("a", 1)})
			tr.add(t, dave, 122, "set_properties", map[string]any{"event_id": "evt-005", "node_id": n.ID, "tile": "z14/x8626/y5753", "properties": props("a", 1)})
			return "an equivocation of what breaks a rule has two lines; a write that names what is no node, elsewhere, is no matter of tiles; a clock does not come from layer .ulp", tr
		},
		"root-key": func() (string, *trace) {
			tr := newTrace(certified("rhine", root.key))
			tr.add(t, root, 10, "set_properties", map[string]any{"layer_id": ".ulp", "tile": "z0/x0/y0", "properties": map[string]any{
				"file/.ulp-root": "[window]\nfrom = 100\n", "grant/" + keyText(bob.key): map[string]any{"roles": list("write", "admin"), "layers": list("needs")}}})
			log := tr.add(t, bob, 20, "set_properties", map[string]any{"layer_id": ".ulp", "tile": "z0/x0/y0", "properties": map[string]any{
				"revoke/" + keyText(root.key): map[string]any{"since": 0}, "revoke/" + keyText(bob.key): map[string]any{"since": 130}}})
			n := tr.add(t, alice, 110, "create_node", map[string]any{"properties": props("state", "open")})
			tr.add(t, root, 120, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "closed"), "previous_events": list(n.ID)})
			tr.add(t, bob, 120, "set_properties", map[string]any{"node_id": n.ID, "properties": props("state", "blocked")})
			need := tr.add(t, alice, 111, "create_node", map[string]any{"layer_id": "needs", "properties": props("state", "open")})
			tr.add(t, bob, 120, "set_properties", map[string]any{"layer_id": "needs", "node_id": need.ID, "properties": props("state", "met")})
			tr.add(t, bob, 130, "set_properties", map[string]any{"layer_id": "needs", "node_id": need.ID, "properties": props("state", "open again")})
			tr.add(t, bob, 131, "set_properties", map[string]any{"layer_id": "needs", "node_id": log.ID, "properties": props("state", "of the log")})
			return "the root key writes without a grant and cannot be revoked; a grant bound to a layer, and revoked; the log's clocks stand outside the window", tr
		},
	}
}

func vectorOf(t *testing.T, comment, space string, events []*event.Event) vector {
	c := fold(t, space, events)
	digest := c.Digest()
	v := vector{Comment: comment, Space: space, Digest: hashText(digest), Witnesses: []witnessed{}}
	for _, e := range events {
		v.Events = append(v.Events, json.RawMessage(e.Text))
	}
	for _, at := range c.Tiles() {
		v.Tiles = append(v.Tiles, json.RawMessage(c.TileState(at)))
	}
	for _, w := range c.Witnesses() {
		v.Witnesses = append(v.Witnesses, witnessed{w.EventID, w.Rule})
	}
	return v
}

func TestVectors(t *testing.T) {
	if *update {
		if err := os.MkdirAll(vectorFolder, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, make := range scenarios(t) {
			comment, tr := make()
			text, err := json.MarshalIndent(vectorOf(t, comment, tr.space, tr.events), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(vectorFolder, name+".json"), append(text, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	paths, err := filepath.Glob(vectorFolder + "/*.json")
	if err != nil || len(paths) < len(scenarios(t)) {
		t.Fatalf("%d vectors, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var want vector
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			var events []*event.Event
			for _, raw := range want.Events {
				e, err := event.Parse(raw)
				if err != nil {
					t.Fatal(err)
				}
				events = append(events, e)
			}
			slices.Reverse(events)
			if fault := differs(fold(t, want.Space, events), canvastest.Read(want.Space, events)); fault != "" {
				t.Error(canvastest.Legible(fault, events))
			}
			got := vectorOf(t, want.Comment, want.Space, events)
			if got.Digest != want.Digest {
				t.Errorf("digest %s, want %s", got.Digest, want.Digest)
			}
			for i := range want.Tiles {
				canonical, err := event.Canonicalize(want.Tiles[i])
				if err != nil {
					t.Fatal(err)
				}
				if i >= len(got.Tiles) || string(got.Tiles[i]) != string(canonical) {
					t.Fatalf("tile %d:\n%s\nwant\n%s", i, got.Tiles[i], canonical)
				}
			}
			if len(got.Tiles) != len(want.Tiles) || !slices.Equal(got.Witnesses, want.Witnesses) {
				t.Errorf("%d tiles, witnesses %v; want %d, %v", len(got.Tiles), got.Witnesses, len(want.Tiles), want.Witnesses)
			}
		})
	}
}
