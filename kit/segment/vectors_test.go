package segment

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// vector is one file of kit/testdata/vectors/segment: events that are built into a segment and sealed, or a segment or
// a seal (or both) as received, and what becomes of them.
type vector struct {
	Comment string   `json:"comment"`
	Events  []string `json:"events"`
	Seed    string   `json:"seed"`
	Segment *string  `json:"segment"`
	Raw     string   `json:"segment_base64url"`
	Seal    *string  `json:"seal"`
	Expect  struct {
		Segment string `json:"segment"`
		Hash    string `json:"hash"`
		Seal    string `json:"seal"`
		Rule    string `json:"rule"`
		Field   string `json:"field"`
	} `json:"expect"`
}

func loadVectors(t testing.TB) map[string]*vector {
	files, err := filepath.Glob("../testdata/vectors/segment/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	vectors := make(map[string]*vector)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v := new(vector)
		if err := json.Unmarshal(raw, v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		vectors[filepath.Base(file)] = v
	}
	return vectors
}

// segment is the segment's bytes as received; nil where the vector has none.
func (v *vector) segment(t testing.TB) []byte {
	if v.Raw != "" {
		b, err := base64.RawURLEncoding.DecodeString(v.Raw)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if v.Segment == nil {
		return nil
	}
	return []byte(*v.Segment)
}

func TestVectors(t *testing.T) {
	met := make(map[string]int)
	for name, v := range loadVectors(t) {
		t.Run(name, func(t *testing.T) {
			switch {
			case v.Events != nil:
				met["build"]++
				v.build(t)
			case v.Seal != nil:
				met["seal"]++
				v.seal(t)
			case v.segment(t) != nil:
				met["segment"]++
				_, _, err := Parse(v.segment(t))
				v.refused(t, err)
			default:
				t.Error("holds nothing")
			}
		})
	}
	if met["build"] == 0 || met["seal"] == 0 || met["segment"] == 0 {
		t.Errorf("met %v", met)
	}
}

func (v *vector) refused(t *testing.T, err error) {
	t.Helper()
	var r *event.Refusal
	if !errors.As(err, &r) || r.Rule != v.Expect.Rule || r.Field != v.Expect.Field || r.Message == "" {
		t.Errorf("%v, want %s of %s", err, v.Expect.Rule, v.Expect.Field)
	}
}

// build is Build of events that know where they belong.
func build(events []*event.Event) (*Segment, error) {
	var lines []Line
	for _, e := range events {
		lines = append(lines, Line{e.Clock, e.ID, e.Text})
	}
	if len(events) == 0 {
		return Build("demo", tile.Tile{}, "public", nil)
	}
	return Build(events[0].Space, events[0].Tile, events[0].Scope.Policy, lines)
}

func (v *vector) build(t *testing.T) {
	seed, err := hex.DecodeString(v.Seed)
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	var events []*event.Event
	for _, text := range v.Events {
		e, err := event.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if e.Text != text {
			t.Fatal("the vector's event is not canonical")
		}
		events = append(events, e)
	}
	for range 2 {
		s, err := build(events)
		if err != nil {
			t.Fatal(err)
		}
		if string(s.Bytes) != v.Expect.Segment || s.Hash.String() != v.Expect.Hash {
			t.Errorf("%s is\n%s", s.Hash, s.Bytes)
		}
		seal := s.Seal(key)
		if seal.Text != v.Expect.Seal {
			t.Errorf("seal is\n%s, want\n%s", seal.Text, v.Expect.Seal)
		}
		parsed, _, err := Parse(s.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseSeal([]byte(seal.Text))
		if err != nil || *again != *seal {
			t.Fatalf("the seal came back as %+v, %v", again, err)
		}
		if err := again.Check(parsed); err != nil {
			t.Error(err)
		}
		slices.Reverse(events)
	}
}

func (v *vector) seal(t *testing.T) {
	seal, err := ParseSeal([]byte(*v.Seal))
	if err == nil && v.Segment != nil {
		var s *Segment
		if s, _, err = Parse(v.segment(t)); err != nil {
			t.Fatal(err)
		}
		err = seal.Check(s)
	}
	if v.Expect.Rule != "" {
		v.refused(t, err)
		return
	}
	if err != nil || seal.Text != v.Expect.Seal || seal.Hash.String() != v.Expect.Hash {
		t.Errorf("%+v, %v", seal, err)
	}
}

// FuzzParse: whatever comes in, Parse judges it, and what it takes is built again to the same bytes.
func FuzzParse(f *testing.F) {
	for _, v := range loadVectors(f) {
		if b := v.segment(f); b != nil && len(b) < 4096 {
			f.Add(b)
		}
		if v.Events != nil {
			f.Add([]byte(v.Expect.Segment))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, events, err := Parse(data)
		if err != nil {
			var r *event.Refusal
			if !errors.As(err, &r) || r.Rule == "" || r.Message == "" {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		again, err := build(events)
		if err != nil || !reflect.DeepEqual(again, s) || string(s.Bytes) != string(data) {
			t.Fatalf("%q is built again as %v, %v", data, again, err)
		}
	})
}

// FuzzParseSeal: whatever comes in, ParseSeal judges it, and what it takes it takes again as it kept it.
func FuzzParseSeal(f *testing.F) {
	for _, v := range loadVectors(f) {
		if v.Seal != nil {
			f.Add(*v.Seal)
		}
		if v.Events != nil {
			f.Add(v.Expect.Seal)
		}
	}
	f.Add(`{"signature":null}`)
	f.Add(strings.Repeat("[", 5000))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSeal([]byte(text))
		if err != nil {
			var r *event.Refusal
			if !errors.As(err, &r) || r.Rule == "" || r.Message == "" {
				t.Fatalf("refused with %#v", err)
			}
			return
		}
		again, err := ParseSeal([]byte(s.Text))
		if err != nil || *again != *s {
			t.Fatalf("%q is kept as %q, read again %+v, %v", text, s.Text, again, err)
		}
	})
}
