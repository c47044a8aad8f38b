package event

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The shortcut must be taken where it is worth it, and only there.
func TestShortcutIsCertainOf(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `{"a":1}`, `{"A":1,"a":2,"aa":3}`, `[1,-1,0,9.5209,47.141,-0.1,0.000001,1e-7,1.5e-7,123456789012.345]`,
		`{"a":"Br\"ü\\cke","b":"\n\u001f\u0000\u000b","c":[true,false,null,{"d":[]}]}`, "\"\u2028\U0001F600\"",
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), `"/"`, "\"\x7f\"", `{"":1," ":2}`,
	} {
		if !certainlyCanonical([]byte(text), nil) {
			t.Errorf("the long way for %s", text)
		}
	}
	e, err := NewSigner(testKey).Sign([]byte(draft))
	if err != nil {
		t.Fatal(err)
	}
	if !certainlyCanonical([]byte(e.Text), nil) {
		t.Error("the long way for a usual event")
	}
}

func TestShortcutIsNotCertainOf(t *testing.T) {
	for _, text := range []string{
		``, ` `, `{`, `}`, `[`, `"`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `[1`, `[1,`, `[1,]`, `[,1]`, `{"a" :1}`, `{ "a":1}`,
		`{"a":1}{}`, `{"a":1} `, "{}\n", `{"b":1,"a":2}`, `{"a":1,"a":2}`, `{"aa":1,"a":2}`, `{"ä":1}`, `{"\u0061":1}`, `{"a\"":1}`,
		`01`, `-0`, `-`, `+1`, `1.`, `.5`, `1.0`, `1.50`, `1e5`, `1E5`, `1e`, `1e+`, `1.5e3`, `0.0000001`, `-0.0`, `00.5`, `1.5.5`, `1e5e5`, `1-1`, `1e400`,
		`9007199254740993`, `9007199254740992`, `1e-400`, `0.1000000000000000055`, `1.0000000000000001`, `0.30000000000000001`, `72057594037927.937`, `NaN`, `tru`, `truee`, `nul`, `"\/"`, `"\u0041"`, `"\u000A"`, `"\u000a"`, `"\u0008"`, `"\u0009"`, `"\u000c"`, `"\u000d"`,
		`"\u001F"`, `"\u007f"`, `"\x"`, `"\`, `"\u00`, "\"\xff\"", "\"\xed\xa0\x80\"", "\"\n\"", "{\"a\xff\":1}", "{\"a\n\":1}", `"\ud800"`,
		strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1),
		strings.Repeat("[", 1<<20),
	} {
		if certainlyCanonical([]byte(text), nil) {
			t.Errorf("certain of %.80s", text)
		}
	}
}

// FuzzShortcut: what the shortcut is certain of, the long way takes and leaves as it is.
func FuzzShortcut(f *testing.F) {
	addVectors(f, "event/*.json")
	addVectors(f, "canonical/*.json")
	for _, text := range []string{`[0.000001,1e-7,1.5e-7,-0.1,5e-324]`, `{"A":"\u001f","a":[{}]}`, `123456789012345`, `0.00000123456789`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var l layout
		if !certainlyCanonical(raw, &l) {
			return
		}
		if raw[0] == '{' {
			sameMembers(t, string(raw), &l)
		}
		canonical, r := read(raw, MaxDepth, boundedNumber)
		if r != nil {
			t.Fatalf("certain of %q: %v", raw, r)
		}
		if !bytes.Equal(canonical, raw) {
			t.Fatalf("certain of %q, canonical is %q", raw, canonical)
		}
	})
}

// sameMembers holds what a layout gives to what is there.
func sameMembers(t *testing.T, text string, l *layout) {
	t.Helper()
	var want, got []member
	members(text, func(m member) bool { want = append(want, m); return true })
	l.members(text, func(m member) bool { got = append(got, m); return true })
	if !slices.Equal(got, want) {
		t.Fatalf("the members of %q are %v, want %v", text, got, want)
	}
}

func TestLayoutOfManyMembers(t *testing.T) {
	for n := range 70 {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"m%02d":{"a":[%d,"x\""]}`, i, i)
		}
		text := "{" + strings.TrimPrefix(b.String(), ",") + "}"
		var l layout
		if !certainlyCanonical([]byte(text), &l) || l.n != n {
			t.Fatalf("%d of %d members: %s", l.n, n, text)
		}
		sameMembers(t, text, &l)
		stopped := 0
		l.members(text, func(member) bool { stopped++; return false })
		if stopped != min(n, 1) {
			t.Errorf("of %d members %d were given after the first was enough", n, stopped)
		}
	}
}
