package event

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

type nameValue struct{ name, value string }

// decodedMembers reads an object's members or an array's elements token by token, as the JSON library has them.
func decodedMembers(t *rapid.T, text string) (list []nameValue) {
	d := jsontext.NewDecoder(strings.NewReader(text))
	if _, err := d.ReadToken(); err != nil {
		t.Fatal(err)
	}
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		var nv nameValue
		if text[0] == '{' {
			name, err := d.ReadToken()
			if err != nil {
				t.Fatal(err)
			}
			nv.name = name.String()
		}
		value, err := d.ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		nv.value = string(value)
		list = append(list, nv)
	}
	if _, err := d.ReadToken(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ReadToken(); err != io.EOF {
		t.Fatal(err)
	}
	return list
}

func canonicalText(t *rapid.T, raw string) string {
	canonical, err := Canonicalize([]byte(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return string(canonical)
}

func TestMembersAreThoseOfTheJSONLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(texts(), 0, 6, rapid.ID[string]).Draw(t, "names")
		text := canonicalText(t, objectOf(t, names, values(3)))
		var got []nameValue
		members(text, func(m member) bool {
			if text[m.start] != '"' || !strings.HasSuffix(text[m.start:m.end], ":"+m.value) {
				t.Fatalf("member %q stands at %d..%d of %s", m.name, m.start, m.end, text)
			}
			got = append(got, nameValue{m.name, m.value})
			return true
		})
		if want := decodedMembers(t, text); !slices.Equal(got, want) {
			t.Fatalf("%s\nhas %q\nnot %q", text, want, got)
		}
		p := Payload{Properties: text}
		var properties []nameValue
		for name, value := range p.EachProperty {
			properties = append(properties, nameValue{name, value})
		}
		if !slices.Equal(properties, got) {
			t.Fatalf("EachProperty gives %q", properties)
		}
		// Cutting a member out leaves the other members.
		if len(got) > 0 {
			cut, i := rapid.IntRange(0, len(got)-1).Draw(t, "cut"), 0
			members(text, func(m member) bool {
				if i == cut {
					at := cutMember(text, m.start, m.end)
					rest := text[:at[0]] + text[at[1]:]
					if want := slices.Delete(slices.Clone(got), i, i+1); !slices.Equal(decodedMembers(t, rest), want) {
						t.Fatalf("%s without %q is %s", text, m.name, rest)
					}
				}
				i++
				return i <= cut
			})
			if i != cut+1 {
				t.Fatalf("stopped after %d members, not %d", i, cut+1)
			}
		}
	})
}

func TestElementsAreThoseOfTheJSONLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(values(3), 0, 6).Draw(t, "elements")
		text := canonicalText(t, "["+strings.Join(parts, ",")+"]")
		var got []nameValue
		elements(text, func(v string) bool {
			got = append(got, nameValue{"", v})
			return true
		})
		if want := decodedMembers(t, text); !slices.Equal(got, want) {
			t.Fatalf("%s\nhas %q\nnot %q", text, want, got)
		}
		for _, nv := range got {
			if end := skipValue(text, strings.Index(text, nv.value)); nv == got[0] && end != 1+len(nv.value) {
				t.Fatalf("the first value of %s ends at %d", text, end)
			}
			if isString(nv.value) {
				want, err := jsontext.AppendUnquote(nil, nv.value)
				if err != nil || unquote(nv.value) != string(want) {
					t.Fatalf("%s is %q, %v; want %q", nv.value, unquote(nv.value), err, want)
				}
			}
		}
	})
}

func TestEachPropertyOfAnEventWithoutProperties(t *testing.T) {
	var p Payload
	for name := range p.EachProperty {
		t.Errorf("there is %q", name)
	}
}
