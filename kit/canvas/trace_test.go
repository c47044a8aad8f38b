package canvas

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"

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
