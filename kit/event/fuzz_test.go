package event

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
)

// addVectors seeds a fuzzer with every input of the vectors that match.
func addVectors(f *testing.F, pattern string) {
	for _, v := range loadVectors(f, pattern) {
		if in := v.bytes(f); len(in) < 4096 { // the few long ones would slow every mutation down
			f.Add(in)
		}
	}
}

// FuzzParse: whatever comes in, Parse judges it, and what it takes is what any other reader would take it for.
func FuzzParse(f *testing.F) {
	addVectors(f, "event/*.json")
	addVectors(f, "signature/*.json")
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		e, err := Parse(raw)
		if !bytes.Equal(raw, before) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if r, ok := err.(*Refusal); !ok || r.Rule == "" || r.Message == "" {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		checkTaken(t, raw, e)
	})
}

// checkTaken holds an event that was read from raw to the specification, by the oracle's means.
func checkTaken(t *testing.T, raw []byte, e *Event) {
	want, err := jcs.Transform(raw)
	if err != nil || e.Text != string(want) {
		t.Fatalf("%q is %s, to the other implementation %s, %v", raw, e.Text, want, err)
	}
	again, err := Parse([]byte(e.Text))
	if err != nil || !reflect.DeepEqual(e, again) {
		t.Fatalf("%s\nread again is %+v, %v", e.Text, again, err)
	}
	decoded, err := Decode(e.Text)
	if err != nil || !reflect.DeepEqual(e, decoded) {
		t.Fatalf("%s\ndecoded is %+v, %v", e.Text, decoded, err)
	}
	if e.Hash() != sha256.Sum256(signedBytes(e.Text)) {
		t.Fatalf("%s has the content hash %x", e.Text, e.Hash())
	}
	said := decodeFields(e.Text)
	if said["event_id"] != e.ID || said["space_id"] != e.Space || said["operation"] != e.Operation || said["actor_id"] != e.Actor || said["tile"] != e.Tile.String() {
		t.Fatalf("%s\nis %+v", e.Text, e)
	}
	if e.Signed() {
		resealed := decodeFields(hand{e.Key, func([]byte) []byte { return e.signature[:] }}.sealed(said))
		if resealed["event_id"] != e.ID || said["signature"].(map[string]any)["value"] != base64url(e.signature[:]) {
			t.Fatalf("%s\nhas the id %v", e.Text, resealed["event_id"])
		}
	}
	// All other methods and verification hold for whatever was taken.
	_ = NewVerifier().Verify(e)
	e.Anchor()
	for name, value := range e.EachProperty {
		if !json.Valid([]byte(value)) || strings.ContainsAny(name, "\x00") {
			t.Fatalf("property %q is %s", name, value)
		}
	}
}

// FuzzDecode: a text that was damaged in the store gives an error or another event, never a panic.
func FuzzDecode(f *testing.F) {
	addVectors(f, "event/*.json")
	for _, v := range loadVectors(f, "event/*.json") {
		f.Add([]byte(v.Expect.Canonical))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		id := IDOf(string(text))
		e, err := Decode(string(text))
		if err != nil {
			return
		}
		e.Hash()
		e.SignedBytes()
		e.Anchor()
		for range e.EachProperty {
		}
		if parsed, err := Parse(text); err == nil && parsed.Text == string(text) && (!reflect.DeepEqual(parsed, e) || id != e.ID) {
			t.Fatalf("Parse gives %+v, Decode %+v, IDOf %s", parsed, e, id)
		}
	})
}

// FuzzCanonicalize holds the canonical form to a second implementation, and knows where the two may differ.
func FuzzCanonicalize(f *testing.F) {
	addVectors(f, "canonical/*.json")
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		got, err := Canonicalize(raw)
		want, jcsErr := jcs.Transform(raw)
		if !bytes.Equal(raw, before) {
			t.Fatal("the input was changed")
		}
		switch r, _ := err.(*Refusal); {
		case err == nil && jcsErr == nil:
			if !bytes.Equal(got, want) {
				t.Fatalf("%q is %s, to jcs %s", raw, got, want)
			}
			if again, err := Canonicalize(got); err != nil || !bytes.Equal(again, got) {
				t.Fatalf("%s becomes %s, %v", got, again, err)
			}
		case err == nil:
			t.Fatalf("%q is %s, but jcs refuses it: %v", raw, got, jcsErr)
		case jcsErr == nil && r.Rule == "number" && len(got) == 0:
			// SPEC.md, section 1: an integer literal that would be written otherwise. RFC 8785 has no such rule.
		case jcsErr == nil && r.Rule == "depth" && bytes.Count(raw, []byte("["))+bytes.Count(raw, []byte("{")) > canonDepth:
		case jcsErr == nil:
			t.Fatalf("%q is refused (%v), but to jcs it is %s", raw, err, want)
		}
	})
}

// FuzzSign: a draft is refused, or gives an event that anybody takes and that says all the draft said.
func FuzzSign(f *testing.F) {
	for _, v := range loadVectors(f, "event/*.json") {
		if len(v.Draft) < 4096 && v.Draft != "" {
			f.Add([]byte(v.Draft))
		}
	}
	addVectors(f, "event/*.json")
	key := ed25519.NewKeyFromSeed(seed(1))
	f.Fuzz(func(t *testing.T, draft []byte) {
		e, err := NewSigner(key).Sign(draft)
		if err != nil {
			if r, ok := err.(*Refusal); !ok || r.Rule == "" || r.Message == "" {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		if err := NewVerifier().Verify(e); err != nil || e.Key != KeyText(key.Public().(ed25519.PublicKey)) {
			t.Fatalf("%s: %v", e.Text, err)
		}
		checkTaken(t, []byte(e.Text), e)
		kept := decodeFields(e.Text)
		for name, value := range decodeFields(string(draft)) {
			if name != "event_id" && name != "signature" && string(oracleCanonical(value)) != string(oracleCanonical(kept[name])) {
				t.Fatalf("%s of %s became %s", name, draft, oracleCanonical(kept[name]))
			}
		}
	})
}
