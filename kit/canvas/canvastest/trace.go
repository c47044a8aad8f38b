package canvastest

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// A Trace is a set of events of one space, in the order they were written.
type Trace struct {
	Space  string
	Events []*event.Event
}

// seeds are made once: a trace asks for them with every event.
var seeds = func() (keys [5]ed25519.PrivateKey) {
	for n := range keys {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = byte(n)
		keys[n] = ed25519.NewKeyFromSeed(seed)
	}
	return keys
}()

// Seed is the key of a number, 0 to 4.
func Seed(n byte) ed25519.PrivateKey { return seeds[n] }

// KeyText is a key's name.
func KeyText(k ed25519.PrivateKey) string { return event.KeyText(k.Public().(ed25519.PublicKey)) }

// Tiles are those that a trace is about: two that touch, one above them, one far off and that of the space log.
var Tiles = []string{"z14/x8625/y5753", "z14/x8625/y5754", "z13/x4312/y2876", "z3/x4/y2", "z0/x0/y0"}

// lastSecond is the end of time.
const lastSecond = event.MaxTimestamp

// writer is one who writes: a key, or nobody's.
type writer struct {
	key   ed25519.PrivateKey
	actor string
}

// pen draws a trace.
type pen struct {
	t         *rapid.T
	space     string
	certified bool
	events    []*event.Event
	clocks    map[string]event.Clock
	nodes     []*event.Event
	links     []string
	// attack has the fourth key and nobody's be liars, whom nobody grants anything.
	attack bool
}

// Draw draws a trace: owners, granted writers, strangers and nobody's, self-certified spaces and others; grants, revocations
// and windows that change; graphs of parents that are missing, elsewhere, or in circles among v0 events; clocks right, wrong
// by years and at the end of time, and some that lie; derived and source; values that clear; links, tombstones and merges in
// chains, circles, across tiles and into nothing; claims and their answers; two contents under one id.
func Draw(t *rapid.T) Trace { return draw(t, false) }

// Attack draws a trace in which some lie who were granted nothing; Honest tells the others' events.
func Attack(t *rapid.T) Trace { return draw(t, true) }

// Honest reports whether an event of an attack is by one who does not lie.
func Honest(e *event.Event) bool { return e.Signed() && e.Key != KeyText(Seed(4)) }

func draw(t *rapid.T, attack bool) Trace {
	p := &pen{t: t, space: "demo", clocks: map[string]event.Clock{}, attack: attack}
	if p.certified = rapid.Bool().Draw(t, "certified"); p.certified {
		p.space = "demo." + event.Fingerprint([32]byte(Seed(1).Public().(ed25519.PublicKey)))
	}
	n := rapid.IntRange(1, 36).Draw(t, "events")
	for len(p.events) < n {
		p.next()
	}
	return Trace{p.space, p.events}
}

func (p *pen) int(low, high int, label string) int { return rapid.IntRange(low, high).Draw(p.t, label) }

// one in n.
func (p *pen) rarely(n int, label string) bool { return p.int(0, n-1, label) == n-1 }

func (p *pen) pick(list []string, label string) string {
	if len(list) == 0 || p.rarely(16, "stray "+label) {
		return "evt-" + rapid.SampledFrom([]string{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}).Draw(p.t, label)
	}
	// The latest are the ones that meet.
	return list[max(0, len(list)-1-min(p.int(0, len(list)-1, label), p.int(0, len(list)-1, label+" again")))]
}

func (p *pen) ids(of func(*event.Event) bool) (ids []string) {
	for _, e := range p.events {
		if of == nil || of(e) {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// v0 are the ids of v0 events, few, so that several contents meet under one.
func (p *pen) v0(label string) string { return fmt.Sprint("v0-", p.int(0, 9, label)) }

func (p *pen) next() {
	writers := []writer{{Seed(1), ""}, {Seed(2), ""}, {Seed(2), "user:bob"}, {Seed(3), ""}, {Seed(4), "user:carol"}, {nil, "user:dave"}, {nil, "user:erin"}}
	if p.certified && !p.rarely(12, "unsigned") {
		writers = writers[:5]
	}
	if p.attack {
		writers = append(writers, writer{Seed(4), ""}, writer{Seed(4), "user:bob"})
	}
	by := rapid.SampledFrom(writers).Draw(p.t, "writer")
	d := map[string]any{
		"timestamp":       rapid.SampledFrom([]int64{0, 900, 1000, 1000, 1001, 1001, 1002, 1003, 1100, 300000000, lastSecond}).Draw(p.t, "time"),
		"tile":            rapid.SampledFrom(Tiles[:len(Tiles)-p.int(0, 3, "fewer tiles")]).Draw(p.t, "tile"),
		"layer_id":        "hazards",
		"scope":           map[string]string{"realm": "public", "authority": "source", "boundary": "interior", "policy": "public"},
		"previous_events": []string{},
	}
	if p.rarely(5, "derived") {
		d["scope"].(map[string]string)["authority"] = "derived"
	}
	if p.rarely(4, "crosses") {
		d["scope"].(map[string]string)["boundary"] = rapid.SampledFrom([]string{"boundary", "boundary", "exterior"}).Draw(p.t, "boundary")
	}
	if p.rarely(12, "other layer") {
		d["layer_id"] = "needs"
	}
	operation := rapid.SampledFrom([]string{
		"create_node", "create_node", "set_properties", "set_properties", "set_properties", "set_properties", "update_transform",
		"set_geometry", "set_media", "link_nodes", "link_nodes", "unlink_nodes", "delete_node", "merge", "merge",
		"sensor_reading", "sensor_reading", "set_physics", "wave_flag", "log", "log",
	}).Draw(p.t, "operation")
	var node *event.Event
	if operation != "create_node" && operation != "log" {
		node = p.about(d)
	}
	p.parents(d, by, node)
	p.payload(d, operation, node)
	p.write(by, d)
}

// about has the event be about a node, mostly in the node's own tile and layer.
func (p *pen) about(d map[string]any) *event.Event {
	if len(p.nodes) == 0 || p.rarely(16, "no node") {
		d["node_id"] = p.pick(p.ids(nil), "no node's id")
		if p.rarely(3, "a v0 node") {
			d["node_id"] = p.v0("node to come")
		}
		return nil
	}
	n := p.nodes[p.int(max(0, len(p.nodes)-4), len(p.nodes)-1, "node")]
	d["node_id"] = n.ID
	if !p.rarely(16, "wrong place") {
		d["tile"], d["layer_id"] = n.Tile.String(), n.Layer
	}
	return n
}

func (p *pen) parents(d map[string]any, by writer, node *event.Event) {
	previous := []string{}
	add := func(id string) {
		if !slices.Contains(previous, id) && id != d["event_id"] {
			previous = append(previous, id)
		}
	}
	if by.key == nil {
		d["event_id"] = p.v0("id")
	}
	same := p.ids(func(e *event.Event) bool { return node != nil && (e.Node == node.ID || e.ID == node.ID) })
	for range p.int(0, 3, "parents") {
		if len(same) > 0 && !p.rarely(4, "of another") {
			add(p.pick(same, "parent of the node"))
		} else {
			add(p.pick(p.ids(nil), "parent"))
		}
	}
	if p.rarely(4, "v0 parent") || by.key == nil && p.rarely(2, "v0 to v0") {
		add(p.v0("v0 parent"))
	}
	d["previous_events"] = previous
	if by.key != nil && len(previous) > 0 && p.rarely(8, "lying clock") {
		// All that can be checked on the event alone is kept to.
		t := max(d["timestamp"].(int64), rapid.SampledFrom([]int64{1000, 1002, 5000, lastSecond}).Draw(p.t, "t"))
		d["clock"] = []int64{t, int64(p.int(1, 3, "d"))}
	}
}

func (p *pen) payload(d map[string]any, operation string, node *event.Event) {
	v := p.int(0, 3, "value")
	var something any = v
	if v == 3 {
		something = nil // clears
	}
	nodes := make([]string, len(p.nodes))
	for i, n := range p.nodes {
		nodes[i] = n.ID
	}
	d["operation"] = operation
	switch operation {
	case "create_node":
		d["properties"] = map[string]any{"a": v}
		if v == 1 {
			d["node_type"], d["transform"] = "hazard", map[string]any{"position": []float64{9.5, 47.1}}
		}
	case "set_properties":
		d["properties"] = map[string]any{rapid.SampledFrom([]string{"a", "a", "b", "ü"}).Draw(p.t, "name"): something}
		if p.rarely(4, "two at once") {
			d["properties"].(map[string]any)["a"] = v
		}
	case "update_transform":
		d["transform"] = map[string]any{"position": []float64{9.5 + float64(v), 47.1}, "scale": []int{v}}
	case "set_geometry":
		d["geometry"] = nil
		if v > 0 {
			d["geometry"] = map[string]any{"type": "Point", "coordinates": []float64{9.5, float64(v)}}
		}
	case "set_media":
		d["media"] = nil
		if v == 1 {
			d["slot"] = "plan"
		}
	case "link_nodes":
		d["to_node"] = p.pick(nodes, "to")
		if p.rarely(2, "to another tile") {
			d["to_tile"] = rapid.SampledFrom(Tiles).Draw(p.t, "to tile")
		}
		if v == 1 {
			d["link_type"] = "serves"
		}
	case "unlink_nodes":
		list := []string{p.pick(p.links, "link")}
		if other := p.pick(p.ids(nil), "other link"); other != list[0] {
			list = append(list, other)
		}
		d["links"] = list
	case "merge":
		d["into_node"] = p.pick(nodes, "into")
		if p.rarely(2, "into another tile") {
			d["into_tile"] = rapid.SampledFrom(Tiles).Draw(p.t, "into tile")
		}
	case "sensor_reading":
		d["sensor"], d["value"] = "level", v
		if v == 2 {
			d["unit"] = "m"
		}
		if p.rarely(2, "without a node") {
			delete(d, "node_id")
		}
	case "set_physics":
		d["physics"] = map[string]any{}
	case "log":
		p.setting(d)
	}
}

// setting writes to the space log.
func (p *pen) setting(d map[string]any) {
	d["operation"], d["layer_id"] = "set_properties", event.SpaceLog
	if !p.rarely(16, "log elsewhere") {
		d["tile"] = "z0/x0/y0"
	}
	last := 4
	if p.attack {
		last = 3
	}
	whom := KeyText(Seed(byte(p.int(1, last, "whom"))))
	properties := map[string]any{}
	switch p.int(0, 7, "setting") {
	case 0, 1:
		properties["grant/"+whom] = map[string]any{"roles": []string{"write"}, "actors": []string{"user:bob"}}
	case 2:
		properties["grant/"+whom] = map[string]any{"roles": []string{"write", "admin"}, "layers": []string{rapid.SampledFrom([]string{"hazards", "needs"}).Draw(p.t, "granted layer")}}
	case 3:
		properties["grant/"+whom] = rapid.SampledFrom([]any{nil, map[string]any{}, map[string]any{"roles": []string{"admin"}}, 5}).Draw(p.t, "grant")
	case 4:
		properties["revoke/"+whom] = map[string]any{"since": p.int(999, 1002, "since")}
	case 5:
		properties["revoke/"+whom] = nil
		properties["other"] = 1
	case 6:
		properties["file/.ulp-root"] = fmt.Sprintf("home_zoom = 14\n[window]\nfrom = %d\nto = %d\n", p.int(999, 1001, "from"), p.int(1002, 2000, "to"))
	case 7:
		properties["file/hazards/.ulp-scope"] = rapid.SampledFrom([]any{nil, "operations = [\"create_node\", \"set_*\"]\n", "nonsense = 1\n"}).Draw(p.t, "scope file")
	}
	d["properties"] = properties
}

// write makes the event of the draft; one that breaks a rule of sections 1 to 5 is no event, and left out.
func (p *pen) write(by writer, d map[string]any) {
	d["space_id"], d["preserves_invariants"] = p.space, scope.InvariantNames()
	if by.actor != "" {
		d["actor_id"] = by.actor
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	var e *event.Event
	if by.key == nil {
		e, err = event.Parse(text)
	} else {
		signer := event.NewSigner(by.key)
		signer.Clock = func(id string) (event.Clock, bool) { c, ok := p.clocks[id]; return c, ok }
		e, err = signer.Sign(text)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", text, err)
	}
	p.events = append(p.events, e)
	p.clocks[e.ID] = e.Clock
	switch e.Operation {
	case event.CreateNode:
		p.nodes = append(p.nodes, e)
	case event.LinkNodes:
		p.links = append(p.links, e.ID)
	}
}
