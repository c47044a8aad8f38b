package event

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"

	"github.com/gowebpki/jcs"
)

// This file is SPEC.md sections 1 and 3 a second time, with other means than the package's: encoding/json for the
// members, gowebpki/jcs for the canonical form, nothing cut out of text. The expectations of the vectors come from here.

// fields are an event's members; a value is anything encoding/json writes, json.RawMessage where its spelling matters.
type fields map[string]any

// edited is a copy of f with some members changed: "path=JSON" sets one, "-path" removes one; names of a path are parted
// by points.
func (f fields) edited(edits ...string) fields {
	text, err := json.Marshal(f)
	if err != nil {
		panic("oracle: " + err.Error())
	}
	f = decodeFields(string(text))
	for _, edit := range edits {
		path, value, set := strings.Cut(edit, "=")
		names := strings.Split(strings.TrimPrefix(path, "-"), ".")
		at := map[string]any(f)
		for _, name := range names[:len(names)-1] {
			at = at[name].(map[string]any)
		}
		last := names[len(names)-1]
		switch _, there := at[last]; {
		case set:
			at[last] = json.RawMessage(value)
		case !there:
			panic("oracle: no " + edit)
		default:
			delete(at, last)
		}
	}
	return f
}

// json is f as any writer might send it: not canonical, with white space.
func (f fields) json() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		panic("oracle: " + err.Error())
	}
	return b.String()
}

// decodeFields keeps numbers as they are spelled.
func decodeFields(text string) fields {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var f fields
	if err := d.Decode(&f); err != nil {
		panic("oracle: " + err.Error() + ": " + text)
	}
	return f
}

func oracleCanonical(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("oracle: " + err.Error())
	}
	canonical, err := jcs.Transform(b.Bytes())
	if err != nil {
		panic("oracle: " + err.Error())
	}
	return canonical
}

// A hand signs for a key that need not be an honest one.
type hand struct {
	key  string // as signature.key has it
	sign func(message []byte) []byte
}

// honest is the hand of a seed, by crypto/ed25519.
func honest(seed []byte) hand {
	key := ed25519.NewKeyFromSeed(seed)
	return hand{base64url(key.Public().(ed25519.PublicKey)), func(message []byte) []byte { return ed25519.Sign(key, message) }}
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sealed is f as a signed event: its canonical text.
func (h hand) sealed(f fields) string {
	f = maps.Clone(f)
	delete(f, "event_id")
	f["signature"] = map[string]any{"key": h.key}
	sum := sha256.Sum256(oracleCanonical(f))
	f["event_id"] = "evt-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20]))
	signature := h.sign(oracleCanonical(f))
	f["signature"] = map[string]any{"key": h.key, "value": base64url(signature)}
	return string(oracleCanonical(f))
}

// signedBytes are what is signed of an event, and what the content hash is over.
func signedBytes(text string) []byte {
	f := decodeFields(text)
	if s, ok := f["signature"].(map[string]any); ok {
		delete(s, "value")
	}
	return oracleCanonical(f)
}

// seed is 32 bytes of n, the seed of the n-th writer of the vectors.
func seed(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }
