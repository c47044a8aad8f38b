package event

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"
)

func TestCanonicalFormAgreesWithASecondImplementation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte(values(4).Draw(t, "value"))
		before := bytes.Clone(raw)
		got, err := Canonicalize(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		want, err := jcs.Transform(raw)
		if err != nil {
			t.Fatalf("jcs: %v", err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%s\nis %s\njcs %s", raw, got, want)
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("the input was changed")
		}
		if again, err := Canonicalize(got); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%s becomes %s, %v", got, again, err)
		}
	})
}

// TestEveryCutOfAGoodTextIsRefused: no prefix of an object is an object.
func TestEveryCutOfAGoodTextIsRefused(t *testing.T) {
	good := goodSigned(1, "", base(CreateNode)).Input
	good = strings.TrimRight(good, "\n")
	for i := range good {
		r, ok := parseRefusal(good[:i])
		if !ok || r.Rule != "syntax" && r.Rule != "utf8" {
			t.Fatalf("cut at %d: %v", i, r)
		}
	}
}

func parseRefusal(text string) (*Refusal, bool) {
	_, err := Parse([]byte(text))
	r, ok := err.(*Refusal)
	return r, ok
}

// TestRefusalsAreFitToBeShown: what a stranger wrote never reaches a terminal or a log as a control character, nor at
// length.
func TestRefusalsAreFitToBeShown(t *testing.T) {
	long := strings.Repeat("é", 5000)
	for _, text := range []string{
		`{"\u001b[31m":1,"\u001b[31m":2}`,
		`{"` + long + `":1,"` + long + `":2}`,
		`{"\u009b":[nope]}`,
		"{\"a\":\x1b}",
		`{"a":` + strings.Repeat("9", 60000) + `}`,
		base(DeleteNode).edited(`event_id="evt-001"`, `actor_id="\u001b[31m"`).json(),
		base(DeleteNode).edited(`event_id="evt-001"`, `actor_id="a"`, `tile="\u001b`+long+`"`).json(),
		base(SetProperties).edited(`event_id="evt-001"`, `actor_id="a"`, `properties={"`+long+`\u001b":1}`).json(),
		base(SetProperties).edited(`event_id="evt-001"`, `actor_id="a"`, `properties={"\u0000\u0085":1}`).json(),
	} {
		r, ok := parseRefusal(text)
		if !ok {
			t.Errorf("%.60s is taken", text)
			continue
		}
		shown := r.Error()
		if len(shown) > 400 || strings.ContainsFunc(shown, unicode.IsControl) || !utf8.ValidString(shown) {
			t.Errorf("%.60s: shown as %q", text, shown)
		}
	}
}
