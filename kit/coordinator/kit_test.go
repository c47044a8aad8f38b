package coordinator

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fieldkit/kit/canvas"
	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// start is the time that the tests' kits believe it is, in seconds since 1970 UTC.
const start = 1781352000

const home = "z14/x8625/y5753"

// fields are an event's, over those of a draft.
type fields map[string]any

// key makes a private key of a number.
func key(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func public(k ed25519.PrivateKey) string { return event.KeyText(k.Public().(ed25519.PublicKey)) }

// certifiedBy is the id of a space that certifies itself by k.
func certifiedBy(name string, k ed25519.PrivateKey) string {
	return name + "." + event.Fingerprint([32]byte(k.Public().(ed25519.PublicKey)))
}

func draft(over fields) []byte {
	d := fields{
		"timestamp": start, "space_id": "camp", "layer_id": "hazards", "operation": "create_node", "tile": home,
		"previous_events": []string{}, "preserves_invariants": scope.InvariantNames(),
		"scope": fields{"realm": "public", "authority": "source", "boundary": "interior", "policy": "public"},
	}
	for name, value := range over {
		d[name] = value
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return text
}

// sign makes a signed event; fields overwrite the draft's.
func sign(t testing.TB, k ed25519.PrivateKey, over fields) *event.Event {
	t.Helper()
	e, err := event.NewSigner(k).Sign(draft(over))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// unsigned makes a v0 event.
func unsigned(t testing.TB, id string, over fields) *event.Event {
	t.Helper()
	all := fields{"event_id": id, "actor_id": "user:dave"}
	for name, value := range over {
		all[name] = value
	}
	e, err := event.Parse(draft(all))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ticker is a clock that stands until it is moved.
type ticker struct{ unix atomic.Int64 }

func newTicker() *ticker {
	c := &ticker{}
	c.unix.Store(start)
	return c
}

func (c *ticker) now() time.Time        { return time.Unix(c.unix.Load(), 0) }
func (c *ticker) move(by time.Duration) { c.unix.Add(int64(by / time.Second)) }

func open(t testing.TB, config Config) *Coordinator {
	t.Helper()
	if config.Data == "" {
		config.Data = t.TempDir()
	}
	if config.Now == nil {
		config.Now = newTicker().now
	}
	c, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// admit hands events in and gives the verdicts.
func admit(t testing.TB, c *Coordinator, events ...*event.Event) []door.Verdict {
	t.Helper()
	lines := make([][]byte, len(events))
	for i, e := range events {
		lines[i] = []byte(e.Text)
	}
	verdicts, err := c.Admit(t.Context(), lines)
	if err != nil {
		t.Fatal(err)
	}
	return verdicts
}

// take is admit for events of which none is refused.
func take(t testing.TB, c *Coordinator, events ...*event.Event) {
	t.Helper()
	for i, v := range admit(t, c, events...) {
		if v.Status == door.Refused {
			t.Fatalf("%s was refused: %+v", events[i].Text, v)
		}
	}
}

// status is what admit says of one event, in a word, with rule and file where it was refused.
func status(v door.Verdict) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", v.Status, v.Rule, v.File))
}

func stateDigest(t testing.TB, c *Coordinator, space string, at *int64) (digest [32]byte) {
	t.Helper()
	ok, err := c.View(context.Background(), space, at, func(v *canvas.Canvas) error {
		digest = v.Digest()
		return nil
	})
	if !ok || err != nil {
		t.Fatalf("no view of %s: %v", space, err)
	}
	return digest
}

// foldOf is the digest of the state of some events, folded without a kit.
func foldOf(t testing.TB, space string, events []*event.Event, wanted func(*event.Event) bool) [32]byte {
	t.Helper()
	c, err := canvas.Fold(space, func(add func(*event.Event, bool)) error {
		for _, e := range events {
			if e.Space == space && wanted(e) {
				add(e, false)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.Digest()
}

func all(*event.Event) bool { return true }

func until(t int64) func(*event.Event) bool {
	return func(e *event.Event) bool { return e.Clock.T <= t }
}
