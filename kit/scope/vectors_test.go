package scope

import (
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"fieldkit/kit/event"
)

type vector struct {
	Comment  string
	Files    map[string]string
	Event    json.RawMessage
	Unsigned bool
	Door     bool
	Expect   *struct{ Rule, Field, File string }
}

func TestVectors(t *testing.T) {
	paths, err := filepath.Glob("../testdata/vectors/scope/*.json")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d vectors, %v", len(paths), err)
	}
	signer := event.NewSigner(ed25519.NewKeyFromSeed(make([]byte, 32)))
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var v vector
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			var e *event.Event
			if v.Unsigned {
				e, err = event.Parse(v.Event)
			} else {
				e, err = signer.Sign(v.Event)
			}
			if err != nil {
				t.Fatal(err)
			}
			rules, err := Parse(e.Space, v.Files)
			if err != nil {
				t.Fatal(err)
			}
			check := rules.Check
			if v.Door {
				check = rules.CheckDoor
			}
			refusal := check(e)
			switch {
			case v.Expect == nil && refusal != nil:
				t.Fatalf("refused: %v", refusal)
			case v.Expect != nil && refusal == nil:
				t.Fatalf("taken, must be refused by %v", *v.Expect)
			case v.Expect != nil:
				if refusal.Rule != v.Expect.Rule || refusal.Field != v.Expect.Field || refusal.File != v.Expect.File {
					t.Fatalf("refused with %+v, want %+v", *refusal, *v.Expect)
				}
				if refusal.Message == "" {
					t.Fatal("a refusal without a word for people")
				}
			}
		})
	}
}
