package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldkit/kit/canvas/canvastest"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// sync takes events as another kit would bring them: past the door.
func (k *kit) sync(events ...*event.Event) {
	k.t.Helper()
	var entries []store.Entry
	for _, e := range events {
		entries = append(entries, store.Entry{Event: e, Hash: e.Hash(), Received: start})
	}
	if _, err := k.c.Store().Append(k.t.Context(), entries); err != nil {
		k.t.Fatal(err)
	}
}

// means holds the state of a space to what its stored events mean.
func (k *kit) means(space string) {
	k.t.Helper()
	var events []*event.Event
	for _, line := range strings.Split(strings.TrimSpace(string(k.get("/api/v1/events?limit=100000&space="+space).body)), "\n") {
		e, err := event.Parse([]byte(line))
		if err != nil {
			k.t.Fatalf("%s: %v", line, err)
		}
		events = append(events, e)
	}
	var state struct {
		Tiles  []json.RawMessage
		Digest string
	}
	k.read("/api/v1/spaces/"+space+"/state?format=canonical", &state)
	m := canvastest.Read(space, events)
	if want := "sha256:" + hex.EncodeToString(m.Digest[:]); state.Digest != want || len(state.Tiles) != len(m.Tiles) {
		k.t.Errorf("%s", canvastest.Legible(fmt.Sprintf("%s, it should be %s\n%s\n%s", state.Digest, want, state.Tiles, m.Tiles), events))
	}
}

// TestLiesAtTheDoor hands in what is not what it says it is. What could be told from one event is refused; the rest has no
// effect beyond what its writer may.
func TestLiesAtTheDoor(t *testing.T) {
	k := newKit(t, Config{})
	victim := sign(t, key(2), fields{"properties": fields{"state": "flooded"}})
	k.take(victim)
	mallory := key(9)
	alter := func(e *event.Event, old, new string) string {
		t.Helper()
		if !strings.Contains(e.Text, old) {
			t.Fatalf("%s has no %s", e.Text, old)
		}
		return strings.Replace(e.Text, old, new, 1)
	}
	own := sign(t, mallory, fields{"properties": fields{"state": "safe"}})
	clock := func(c string, over fields) string {
		var d fields
		if err := json.Unmarshal(draft(over), &d); err != nil {
			t.Fatal(err)
		}
		d["clock"], d["actor_id"], d["signature"] = json.RawMessage(c), "user:m", fields{"key": public(mallory)}
		text, _ := json.Marshal(d)
		id, err := event.ID(text)
		if err != nil {
			t.Fatal(err)
		}
		d["event_id"], d["signature"] = id, fields{"key": public(mallory), "value": strings.Repeat("A", 86)}
		text, _ = json.Marshal(d)
		return string(text)
	}
	named := fields{"previous_events": []string{victim.ID}}
	for name, tc := range map[string]struct{ text, rule string }{
		"a stolen id":                      {alter(own, own.ID, victim.ID), "id"},
		"a stolen id, unsigned":            {unsigned(victim.ID, nil), "id"},
		"another content under the id":     {alter(victim, "flooded", "safe"), "id"},
		"signed again by another":          {strings.ReplaceAll(victim.Text, public(key(2)), public(mallory)), "id"},
		"another's signature":              {alter(own, signatureOf(t, own), signatureOf(t, victim)), "signature"},
		"another's name":                   {unsigned("v0-1", fields{"actor_id": "key:" + public(key(2))}), "name"},
		"a clock before its timestamp":     {clock(fmt.Sprintf("[%d,0]", start-1), named), "clock"},
		"a clock of nobody's":              {clock(fmt.Sprintf("[%d,1]", start+1), nil), "clock"},
		"steps without a parent":           {clock(fmt.Sprintf("[%d,1]", start), nil), "clock"},
		"a parent's time without a step":   {clock(fmt.Sprintf("[%d,0]", start+5), named), "clock"},
		"a clock after the end of time":    {clock("[253402300800,1]", named), "clock"},
		"more steps than there are":        {clock(fmt.Sprintf("[%d,2147483648]", start), named), "clock"},
		"what it could be, but not signed": {clock(fmt.Sprintf("[%d,1]", start), named), "signature"},
	} {
		if a := k.post(linesType, []byte(tc.text)); a.Refused != 1 || a.Verdicts[0].Rule != tc.rule {
			t.Errorf("%s: %+v, want %s\n%s", name, a.Verdicts, tc.rule, tc.text)
		}
	}
	if n := len(k.stored()); n != 1 {
		t.Fatalf("%d are stored", n)
	}
	// A false clock that no event shows, and every write that is not mallory's to make: kept as what he says.
	write := func(operation string, over fields) *event.Event {
		all := fields{"operation": operation, "node_id": victim.ID, "timestamp": start}
		for name, value := range over {
			all[name] = value
		}
		return sign(t, mallory, all)
	}
	k.take(write("set_properties", fields{"properties": fields{"state": "safe"}, "previous_events": []string{victim.ID}, "clock": []int64{event.MaxTimestamp, 1 << 30}}),
		write("delete_node", nil), own, write("merge", fields{"into_node": own.ID}))
	var got nodeOf
	k.read("/api/v1/spaces/camp/nodes/"+victim.ID, &got)
	if got.Deleted || got.Feature.ID != victim.ID || got.Feature.Properties.Props["state"] != "flooded" || len(got.Feature.Properties.Claims) != 3 {
		t.Errorf("%+v", got)
	}
	k.means("camp")
}

func signatureOf(t *testing.T, e *event.Event) string {
	t.Helper()
	var s struct{ Signature struct{ Value string } }
	if err := json.Unmarshal([]byte(e.Text), &s); err != nil {
		t.Fatal(err)
	}
	return s.Signature.Value
}

// TestSignedTwiceIsOneEvent: another valid signature over the same bytes is the same event; the first is kept.
func TestSignedTwiceIsOneEvent(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../testdata/vectors/signature/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var v struct{ Input string }
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		return v.Input
	}
	one, two := read("good-first-signature"), read("good-second-signature")
	for _, order := range [][2]string{{one, two}, {two, one}} {
		k := newKit(t, Config{})
		if a := k.post(linesType, []byte(order[0])); a.Taken != 1 {
			t.Fatalf("%+v", a)
		}
		if a := k.post(linesType, []byte(order[1])); a.Known != 1 {
			t.Errorf("%+v", a)
		}
		second, err := event.Parse([]byte(order[1]))
		if err != nil {
			t.Fatal(err)
		}
		k.sync(second)
		if got := k.stored(); len(got) != 1 || got[0] != order[0] {
			t.Errorf("%s", got)
		}
	}
}

// TestTwoContentsUnderOneID come to two kits by sync in either order, and at one's door: one state, and it says so.
func TestTwoContentsUnderOneID(t *testing.T) {
	parse := func(text string) *event.Event {
		e, err := event.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	a, b := parse(unsigned("v0-1", fields{"properties": fields{"state": "flooded"}})), parse(unsigned("v0-1", fields{"properties": fields{"state": "safe"}}))
	counts := a
	if x, y := a.Hash(), b.Hash(); bytes.Compare(y[:], x[:]) < 0 {
		counts = b
	}
	var states []string
	for _, order := range [][]*event.Event{{a, b}, {b, a}} {
		k := newKit(t, Config{})
		k.take(order[0])
		k.get("/api/v1/spaces/camp/state") // it is seen in between
		if refused := k.post(linesType, []byte(order[1].Text)); refused.Refused != 1 || refused.Verdicts[0].Rule != "equivocation" {
			t.Errorf("%+v", refused)
		}
		l := k.listen("features=1")
		l.want("hello")
		l.want("ready")
		k.sync(order[1])
		if h := l.want("event"); !h.Reset {
			t.Errorf("what the other content did may be undone: %+v", h)
		}
		k.means("camp")
		states = append(states, string(k.get("/api/v1/spaces/camp/state?format=canonical").body))
		if n := len(k.stored()); n != 2 {
			t.Errorf("%d are kept", n)
		}
		var got nodeOf
		k.read("/api/v1/spaces/camp/nodes/v0-1", &got)
		if !strings.Contains(counts.Text, fmt.Sprint(got.Feature.Properties.Props["state"])) || len(got.Events) != 2 {
			t.Errorf("%+v", got)
		}
		for _, one := range got.Events {
			if (one.Witness == nil) != (string(one.Event) == counts.Text) {
				t.Errorf("%s has no effect: %+v", one.Event, one.Witness)
			}
		}
	}
	if states[0] != states[1] {
		t.Errorf("two states\n%s\n%s", states[0], states[1])
	}
}

// TestAKitsStateIsWhatItsEventsMean sends random traces of honest people and liars to a real kit, some at the door and some
// by sync, and looks in between.
func TestAKitsStateIsWhatItsEventsMean(t *testing.T) {
	for seed := range 6 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			tr := rapid.Custom(canvastest.Draw).Example(seed)
			random := rand.New(rand.NewSource(int64(seed)))
			random.Shuffle(len(tr.Events), func(i, j int) { tr.Events[i], tr.Events[j] = tr.Events[j], tr.Events[i] })
			k := newKit(t, Config{})
			for i, e := range tr.Events {
				if random.Intn(2) == 0 || k.post(linesType, []byte(e.Text)).Refused > 0 {
					k.sync(e)
				}
				if i%5 == 0 {
					k.means(tr.Space)
				}
			}
			k.means(tr.Space)
			k.close()
			again := &kit{t: t, data: k.data}
			again.unix.Store(start)
			again.open(Config{})
			again.means(tr.Space)
		})
	}
}
