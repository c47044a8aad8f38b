package event

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const vectorFolder = "../testdata/vectors/"

// vector is one file; ../testdata/vectors/README.md says which members each folder has.
type vector struct {
	Comment string `json:"comment"`
	// Input is the text as received; InputBase64 stands where a JSON string cannot hold it.
	Input       string `json:"input,omitempty"`
	InputBase64 string `json:"input_base64,omitempty"`
	// IEEE754 is the number of Input in hex, as RFC 8785, Appendix B, lists it.
	IEEE754 string `json:"ieee754,omitempty"`
	// Seed and Draft: signing the draft with the key of this seed (hex) gives the event.
	Seed  string `json:"seed,omitempty"`
	Draft string `json:"draft,omitempty"`
	// Timestamp and Parents are a writer's, whose clock is asked for.
	Timestamp *int64     `json:"timestamp,omitempty"`
	Parents   [][2]int64 `json:"parents,omitzero"`
	// Events are to be put in order.
	Events []placed    `json:"events,omitempty"`
	Expect expectation `json:"expect"`
}

type placed struct {
	EventID string   `json:"event_id"`
	Clock   [2]int64 `json:"clock"`
}

type expectation struct {
	// Rule and Field are those of a refusal; a vector with a rule is a bad one.
	Rule  string `json:"rule,omitempty"`
	Field string `json:"field,omitempty"`

	Canonical    string  `json:"canonical,omitempty"`
	EventID      string  `json:"event_id,omitempty"`
	ContentHash  string  `json:"content_hash,omitempty"`
	SignedSHA256 string  `json:"signed_sha256,omitempty"`
	Clock        []int64 `json:"clock,omitempty"`
	Order        []int   `json:"order,omitempty"`
	Valid        bool    `json:"valid,omitempty"`
}

func (v vector) bytes(tb testing.TB) []byte {
	if v.InputBase64 == "" {
		return []byte(v.Input)
	}
	b, err := base64.StdEncoding.DecodeString(v.InputBase64)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// loadVectors reads every file of a pattern below the vectors' folder, by its name.
func loadVectors(tb testing.TB, pattern string) map[string]vector {
	paths, err := filepath.Glob(vectorFolder + pattern)
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no vectors at %s (%v)", pattern, err)
	}
	vectors := make(map[string]vector)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(text, &v); err != nil {
			tb.Fatalf("%s: %v", path, err)
		}
		vectors[filepath.Base(path)] = v
	}
	return vectors
}

// mustRefuse holds err to the expected class and field, and to having a word for people.
func (want expectation) mustRefuse(t *testing.T, err error) {
	t.Helper()
	r, ok := err.(*Refusal)
	if !ok {
		t.Fatalf("%v; must be refused with rule %q, field %q", err, want.Rule, want.Field)
	}
	if r.Rule != want.Rule || r.Field != want.Field {
		t.Errorf("refused with rule %q, field %q (%s); want rule %q, field %q", r.Rule, r.Field, r.Message, want.Rule, want.Field)
	}
	if r.Message == "" {
		t.Error("a refusal without a message")
	}
}

func TestCanonicalVectors(t *testing.T) {
	for name, v := range loadVectors(t, "canonical/*.json") {
		t.Run(name, func(t *testing.T) {
			got, err := Canonicalize(v.bytes(t))
			if v.Expect.Rule != "" {
				v.Expect.mustRefuse(t, err)
				return
			}
			if err != nil || string(got) != v.Expect.Canonical {
				t.Fatalf("%s, %v; want %s", got, err, v.Expect.Canonical)
			}
			if again, err := Canonicalize(got); err != nil || string(again) != string(got) {
				t.Errorf("a second time it is %s, %v", again, err)
			}
		})
	}
}

func TestEventVectors(t *testing.T) {
	verifier := NewVerifier()
	for name, v := range loadVectors(t, "event/*.json") {
		t.Run(name, func(t *testing.T) {
			e, err := Parse(v.bytes(t))
			if v.Expect.Rule != "" {
				v.Expect.mustRefuse(t, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.Text != v.Expect.Canonical || e.ID != v.Expect.EventID || IDOf(e.Text) != e.ID {
				t.Errorf("event %s is\n%s, want %s\n%s", e.ID, e.Text, v.Expect.EventID, v.Expect.Canonical)
			}
			if got := []int64{e.Clock.T, e.Clock.D}; !slices.Equal(got, v.Expect.Clock) {
				t.Errorf("clock %v, want %v", got, v.Expect.Clock)
			}
			if hash := e.Hash(); "sha256:"+hex.EncodeToString(hash[:]) != v.Expect.ContentHash {
				t.Errorf("content hash %x, want %s", hash, v.Expect.ContentHash)
			}
			if sum := sha256.Sum256(e.SignedBytes()); hex.EncodeToString(sum[:]) != v.Expect.SignedSHA256 {
				t.Errorf("signed bytes have the hash %x, want %s", sum, v.Expect.SignedSHA256)
			}
			if err := verifier.Verify(e); err != nil {
				t.Errorf("does not verify: %v", err)
			}
			if e.Signed() == (v.Seed == "") {
				t.Errorf("signed is %v, the seed %q", e.Signed(), v.Seed)
			}
		})
	}
}

// TestDraftsOfVectorsSignToTheEvent: ed25519 is deterministic, so a writer in any language comes to the same bytes.
func TestDraftsOfVectorsSignToTheEvent(t *testing.T) {
	n := 0
	for name, v := range loadVectors(t, "event/*.json") {
		if v.Draft == "" {
			continue
		}
		n++
		seed, err := hex.DecodeString(v.Seed)
		if err != nil {
			t.Fatal(err)
		}
		e, err := NewSigner(ed25519.NewKeyFromSeed(seed)).Sign([]byte(v.Draft))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if e.Text != v.Expect.Canonical {
			t.Errorf("%s: signed to\n%s, want\n%s", name, e.Text, v.Expect.Canonical)
		}
	}
	if n == 0 {
		t.Fatal("no vector has a draft")
	}
}

func TestClockVectors(t *testing.T) {
	for name, v := range loadVectors(t, "clock/next-*.json") {
		t.Run(name, func(t *testing.T) {
			var parents []Clock
			for _, p := range v.Parents {
				parents = append(parents, Clock{T: p[0], D: p[1]})
			}
			c := Next(*v.Timestamp, parents...)
			if got := []int64{c.T, c.D}; !slices.Equal(got, v.Expect.Clock) {
				t.Errorf("%v, want %v", got, v.Expect.Clock)
			}
		})
	}
}

func TestOrderVectors(t *testing.T) {
	for name, v := range loadVectors(t, "clock/order-*.json") {
		t.Run(name, func(t *testing.T) {
			var got []int
			for i := range v.Events {
				got = append(got, i)
			}
			at := func(i int) *Event {
				p := v.Events[i]
				return &Event{ID: p.EventID, Clock: Clock{T: p.Clock[0], D: p.Clock[1]}}
			}
			slices.SortFunc(got, func(a, b int) int { return Compare(at(a), at(b)) })
			if !slices.Equal(got, v.Expect.Order) {
				t.Errorf("order %v, want %v", got, v.Expect.Order)
			}
		})
	}
}
