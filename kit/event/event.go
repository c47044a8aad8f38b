// Package event reads, checks, identifies, signs and verifies the events of the world event protocol: kit/SPEC.md,
// sections 1 to 5. It is pure: bytes in, verdicts out.
package event

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"unsafe"

	"fieldkit/maps/tile"
)

// MaxTimestamp is the last second of the year 9999, UTC.
const MaxTimestamp = 253402300799

// MaxPrevious is how many previous events one event may name.
const MaxPrevious = 16

// SpaceLog is the layer of a space's own log.
const SpaceLog = ".ulp"

// An Event is one checked event. Its strings share the memory of Text; who keeps a few of them for long clones them.
type Event struct {
	// Text is the canonical form.
	Text string
	// ID is event_id.
	ID string
	// Timestamp is in seconds since 1970 UTC, as the writer's clock had it.
	Timestamp int64
	Space     string
	Layer     string
	Actor     string
	Operation string
	Scope     Scope
	// Preserves names the invariants that the writer says it keeps.
	Preserves []string
	// Previous are the ids of previous_events: the heads that the writer saw.
	Previous []string
	Tile     tile.Tile
	// Clock is the writer's for a signed event, [Timestamp, 0] for a v0 event.
	Clock Clock
	// Key is signature.key as it stands (unpadded base64url), "" for a v0 event.
	Key string

	Payload

	signature [64]byte
	key       [32]byte
	idCut     [2]int // the member event_id with its comma
	valueCut  [2]int // the member signature.value with its comma
}

// Scope is the event's scope, white paper 5.2.
type Scope struct {
	Realm     string `json:"realm"`
	Authority string `json:"authority"`
	Boundary  string `json:"boundary"`
	Policy    string `json:"policy"`
}

// Parse checks one event as received: JSON, canonical form, envelope, payload, id and clock. It does not verify the
// signature (see Verifier) nor scope (package scope). Every error is a *Refusal. raw is not kept.
func Parse(raw []byte) (*Event, error) {
	var l layout
	canonical, r := readObject(raw, &l)
	if r != nil {
		return nil, r
	}
	if len(canonical) > MaxSize {
		return nil, refuse("size", "", "the canonical form has "+strconv.Itoa(len(canonical))+" bytes, the limit is "+strconv.Itoa(MaxSize))
	}
	// canonical is ours alone and never written again.
	e, r := decode(unsafe.String(unsafe.SliceData(canonical), len(canonical)), &l)
	if r != nil {
		return nil, r
	}
	if e.Signed() {
		if id := e.deriveID(); id != e.ID {
			return nil, refuse("id", "event_id", "does not match the content, whose id is "+id)
		}
	}
	// Shown on a screen, another's key would be read as another's word.
	if key, ok := strings.CutPrefix(e.Actor, "key:"); ok && (!e.Signed() || key != e.Key) {
		return nil, refuse("name", "actor_id", "key: is for the signer's own key; who speaks for another uses another name")
	}
	return e, nil
}

// Decode reads canonical text that Parse has accepted before, as a store gives it back: the same Event, without
// canonicalising or hashing again. Of other text it gives an error or an Event that means nothing.
func Decode(text string) (*Event, error) {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, refuse("type", "", "an event is a JSON object")
	}
	e, r := decode(text, nil)
	if r != nil {
		return nil, r
	}
	return e, nil
}

// Signed reports whether the event bears a signature; otherwise it is a v0 event.
func (e *Event) Signed() bool { return e.Key != "" }

// Principal is who is held to have spoken: key:<K>, or actor:<actor_id> for a v0 event.
func (e *Event) Principal() string {
	if e.Signed() {
		return "key:" + e.Key
	}
	return "actor:" + e.Actor
}

// SignedBytes are the bytes that the signature and the content hash are over: the canonical form without
// signature.value.
func (e *Event) SignedBytes() []byte {
	b := make([]byte, 0, len(e.Text))
	return append(append(b, e.Text[:e.valueCut[0]]...), e.Text[e.valueCut[1]:]...)
}

// Hash is the content hash, which says what the event is.
func (e *Event) Hash() [32]byte {
	h := sha256.New()
	h.Write(bytesOf(e.Text[:e.valueCut[0]]))
	h.Write(bytesOf(e.Text[e.valueCut[1]:]))
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// bytesOf lends s to a hash without a copy; the hash only reads it.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
