package geojson

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

type fields map[string]any

// trace is a set of events in the making. In what is compared, ids and keys stand by the names given here.
type trace struct {
	t      *testing.T
	space  string
	events []*event.Event
	names  []string // pairs for strings.NewReplacer
	clock  int64
	// uncertain are the ids of events whose time is.
	uncertain map[string]bool
}

func newTrace(t *testing.T) *trace {
	tr := &trace{t: t, space: "camp", uncertain: make(map[string]bool)}
	for n, name := range []string{"ROOT", "ALICE", "BOB", "CAROL"} {
		tr.names = append(tr.names, public(key(byte(n+1))), name)
	}
	return tr
}

func key(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func public(k ed25519.PrivateKey) string { return event.KeyText(k.Public().(ed25519.PublicKey)) }

var root, alice, bob, carol = key(1), key(2), key(3), key(4)

// certify has the space certify itself by root.
func (tr *trace) certify() {
	tr.space = "camp." + event.Fingerprint([32]byte(root.Public().(ed25519.PublicKey)))
	tr.names = append(tr.names, tr.space, "SPACE")
}

// add makes an event under a name. Each is a second later than the one before.
func (tr *trace) add(name string, by ed25519.PrivateKey, over fields) string {
	tr.t.Helper()
	tr.clock++
	d := fields{
		"timestamp": 1000 + tr.clock, "space_id": tr.space, "layer_id": "hazards", "operation": "create_node", "tile": "z14/x8625/y5753",
		"previous_events": []string{}, "preserves_invariants": scope.InvariantNames(),
		"scope": fields{"realm": "public", "authority": "source", "boundary": "interior", "policy": "public"},
	}
	if by == nil {
		d["event_id"], d["actor_id"] = name, "user:dave"
	}
	for field, value := range over {
		d[field] = value
	}
	text, err := json.Marshal(d)
	if err != nil {
		tr.t.Fatal(err)
	}
	var e *event.Event
	if by == nil {
		e, err = event.Parse(text)
	} else {
		e, err = event.NewSigner(by).Sign(text)
	}
	if err != nil {
		tr.t.Fatalf("%s: %v", name, err)
	}
	tr.events = append(tr.events, e)
	if by != nil {
		tr.names = append(tr.names, e.ID, name)
	}
	return e.ID
}

func (tr *trace) fold() *canvas.Canvas {
	c, err := canvas.Fold(tr.space, func(add func(*event.Event, bool)) error {
		for _, e := range tr.events {
			add(e, tr.uncertain[e.ID])
		}
		return nil
	})
	if err != nil {
		tr.t.Fatal(err)
	}
	return c
}

// named is text with names for ids and keys.
func (tr *trace) named(text string) string { return strings.NewReplacer(tr.names...).Replace(text) }
