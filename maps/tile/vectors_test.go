package tile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A vector is one file of testdata/parse: a text, the form it is read in, and the tile it names or why it names none.
type vector struct {
	Why    string `json:"why"`
	Form   string `json:"form"` // "named" as z14/x1/y2, or "plain" as 14/1/2
	Text   string `json:"text"`
	Expect string `json:"expect"` // "tile" or "refusal"
	Z      uint8  `json:"z"`
	X      uint32 `json:"x"`
	Y      uint32 `json:"y"`
	Key    uint64 `json:"key"`
	Says   string `json:"says"` // what the refusal must mention
}

func loadVectors(tb testing.TB) map[string]vector {
	files, err := filepath.Glob("testdata/parse/*.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no vectors in testdata/parse (%v)", err)
	}
	out := map[string]vector{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(text, &v); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		out[filepath.Base(file)] = v
	}
	return out
}

func (v vector) parse() (Tile, error) {
	if v.Form == "plain" {
		return ParsePlain(v.Text)
	}
	return Parse(v.Text)
}

func TestVectors(t *testing.T) {
	for name, v := range loadVectors(t) {
		t.Run(name, func(t *testing.T) {
			got, err := v.parse()
			switch v.Expect {
			case "tile":
				want := Tile{v.Z, v.X, v.Y}
				if err != nil || got != want || got.Key() != v.Key {
					t.Errorf("%q is %v with key %d, %v; want %v with key %d", v.Text, got, got.Key(), err, want, v.Key)
				}
			case "refusal":
				if err == nil || v.Says == "" || !strings.Contains(err.Error(), v.Says) {
					t.Errorf("%q is %v, %v; want a refusal that says %q", v.Text, got, err, v.Says)
				}
			default:
				t.Errorf("expect is %q", v.Expect)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range loadVectors(f) {
		f.Add(v.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := Parse(text); err == nil && (!got.Valid() || got.String() != text) {
			t.Errorf("Parse(%q) = %v, valid %v", text, got, got.Valid())
		}
		if got, err := ParsePlain(text); err == nil && (!got.Valid() || got.Plain() != text) {
			t.Errorf("ParsePlain(%q) = %v, valid %v", text, got, got.Valid())
		}
	})
}
