package canvas

import (
	"testing"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// mixedTrace has something of all that a snapshot keeps in the tile z14/x8625/y5753.
func mixedTrace(t testing.TB) *trace {
	tr := newTrace("demo")
	alice, bob := author{seed(2), ""}, author{seed(3), "user:bob"}
	node := tr.add(t, alice, 1000, event.CreateNode, map[string]any{"node_type": "bridge", "properties": map[string]any{"title": "Bridge"}})
	on := func(fields map[string]any) map[string]any {
		fields["node_id"] = node.ID
		return fields
	}
	absent := "evt-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	first := tr.add(t, alice, 1001, event.SetProperties, on(map[string]any{"properties": map[string]any{"state": "open"}, "previous_events": []string{absent}}))
	tr.add(t, bob, 1002, event.SetProperties, on(map[string]any{"properties": map[string]any{"state": "gone"}, "previous_events": []string{first.ID}}))
	link := tr.add(t, alice, 1003, event.LinkNodes, on(map[string]any{"to_node": absent, "link_type": "near"}))
	tr.add(t, alice, 1004, event.UnlinkNodes, on(map[string]any{"links": []string{link.ID, absent}}))
	tr.add(t, alice, 1004, event.LinkNodes, on(map[string]any{"to_node": node.ID[:35] + "a"}))
	tr.add(t, alice, 1005, event.SensorReading, on(map[string]any{"sensor": "level", "value": 1.5, "unit": "m"}))
	tr.add(t, bob, 1006, event.SensorReading, map[string]any{"sensor": "rain", "value": "much"})
	tr.add(t, bob, 1007, event.SetProperties, map[string]any{"node_id": absent, "properties": map[string]any{"a": 1}})
	tr.add(t, alice, 1008, event.SetProperties, on(map[string]any{"layer_id": "needs", "properties": map[string]any{"a": 1}}))
	tr.add(t, author{actor: "user:dave"}, 1009, event.CreateNode, nil)
	return tr
}

func mixedSnapshot(t testing.TB) Snapshot {
	tr := mixedTrace(t)
	c := New(tr.space)
	for _, e := range tr.events {
		c.Add(e, true)
	}
	at, _ := tile.Parse("z14/x8625/y5753")
	s, ok, err := c.Snapshot(at, func(string) bool { return false })
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return s
}

// FuzzLoad hands in what is no snapshot: it is refused, nothing panics, and the canvas is as it was.
func FuzzLoad(f *testing.F) {
	s := mixedSnapshot(f)
	unpack, err := unpacker()
	if err != nil {
		f.Fatal(err)
	}
	body, err := unpack.DecodeAll(s.File, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, s.Uncertain)
	f.Add([]byte("{}\n"), []byte{})
	f.Fuzz(func(t *testing.T, body, uncertain []byte) {
		pack, err := packer()
		if err != nil {
			t.Fatal(err)
		}
		c := New("demo")
		if err := c.Load(Snapshot{File: pack.EncodeAll(body, nil), Uncertain: uncertain}); err != nil && len(c.tiles) > 0 {
			t.Fatalf("%v, and %d tiles", err, len(c.tiles))
		}
	})
}

// TestBrokenSnapshotsAreRefused changes, cuts off and adds bytes of the unpacked form.
func TestBrokenSnapshotsAreRefused(t *testing.T) {
	s := mixedSnapshot(t)
	unpack, err := unpacker()
	if err != nil {
		t.Fatal(err)
	}
	pack, err := packer()
	if err != nil {
		t.Fatal(err)
	}
	body, err := unpack.DecodeAll(s.File, nil)
	if err != nil {
		t.Fatal(err)
	}
	load := func(body []byte) error { return New("demo").Load(Snapshot{File: pack.EncodeAll(body, nil)}) }
	if err := load(body); err != nil {
		t.Fatal(err)
	}
	for i := range body {
		if load(body[:i]) == nil {
			t.Errorf("cut off at %d it is taken", i)
		}
		for _, b := range []byte{0, 1, 0x7f, 0xff} {
			changed := append([]byte{}, body...)
			changed[i] = b
			_ = load(changed) // what is changed may still be a snapshot; it must not panic
		}
	}
	if load(append(body, 0)) == nil {
		t.Error("with a byte more it is taken")
	}
	if New("other").Load(s) == nil {
		t.Error("another space's is taken")
	}
	c := New("demo")
	if err := c.Load(s); err != nil {
		t.Fatal(err)
	}
	if c.Load(s) == nil {
		t.Error("it is taken twice")
	}
}
