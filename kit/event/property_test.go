package event

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drafts are good drafts of every operation, with members nobody knows among the others.
func drafts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		operation := rapid.SampledFrom(slices.Sorted(maps.Keys(payloads))).Draw(t, "operation")
		timestamp := rapid.Int64Range(0, MaxTimestamp).Draw(t, "timestamp")
		f := base(operation).edited(fmt.Sprintf("timestamp=%d", timestamp), "previous_events="+ids(rapid.IntRange(0, MaxPrevious).Draw(t, "parents")))
		if rapid.Bool().Draw(t, "claim") {
			f = f.edited(`actor_id="user:alice"`)
		}
		text := strings.TrimSpace(f.json())
		for _, name := range rapid.SliceOfNDistinct(texts(), 0, 3, rapid.ID[string]).Draw(t, "others") {
			// A name that the vectors' payloads already use would be a duplicate.
			text = text[:len(text)-1] + "," + quoted(t, "x"+name) + ":" + values(3).Draw(t, "value") + "}"
		}
		return text
	})
}

func signer(t *rapid.T) *Signer {
	return NewSigner(ed25519.NewKeyFromSeed(seed(byte(rapid.IntRange(0, 3).Draw(t, "writer")))))
}

func TestWhatIsSignedVerifiesAndReadsBackTheSame(t *testing.T) {
	v := NewVerifier()
	rapid.Check(t, func(t *rapid.T) {
		draft, s := drafts().Draw(t, "draft"), signer(t)
		e, err := s.Sign([]byte(draft))
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(e); err != nil {
			t.Fatal(err)
		}
		if want := honest(s.Key.Seed()).sealed(decodeFields(e.Text)); e.Text != want {
			t.Fatalf("%s\nby the other implementation is %s", e.Text, want)
		}
		if string(e.SignedBytes()) != string(signedBytes(e.Text)) {
			t.Fatalf("signed bytes of %s are %s", e.Text, e.SignedBytes())
		}
		again, err := Parse([]byte(e.Text))
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%s\nread again is %v, %v", e.Text, again, err)
		}
		spaced, err := Parse([]byte(decodeFields(e.Text).json()))
		if err != nil || !reflect.DeepEqual(spaced, e) {
			t.Fatalf("%s\nread with white space is %v, %v", e.Text, spaced, err)
		}
		decoded, err := Decode(e.Text)
		if err != nil || !reflect.DeepEqual(decoded, e) {
			t.Fatalf("%s\ndecoded is %v, %v", e.Text, decoded, err)
		}
		// Nothing of the draft is lost.
		said, kept := decodeFields(draft), decodeFields(e.Text)
		for name, value := range said {
			if string(oracleCanonical(value)) != string(oracleCanonical(kept[name])) {
				t.Fatalf("%s of the draft became %s", name, oracleCanonical(kept[name]))
			}
		}
		if again, err := s.Sign([]byte(e.Text)); err != nil || again.Text != e.Text {
			t.Fatalf("signed again it is %v, %v", again, err)
		}
	})
}

// TestAChangedByteIsNeverTheSameEvent: every byte of a signed event is covered by its id or its signature.
func TestAChangedByteIsNeverTheSameEvent(t *testing.T) {
	v := NewVerifier()
	rapid.Check(t, func(t *rapid.T) {
		e, err := signer(t).Sign([]byte(drafts().Draw(t, "draft")))
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			text := []byte(e.Text)
			i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			b := rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte(`"\{}[],: 0aA1-.e`))).Draw(t, "byte")
			if b == text[i] {
				continue
			}
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				text[i] = b
			case 1:
				text = slices.Delete(text, i, i+1)
			default:
				text = slices.Insert(text, i, b)
			}
			changed, err := Parse(text)
			if err == nil && changed.Text != e.Text && v.Verify(changed) == nil {
				t.Fatalf("%s\nis taken after %s", text, e.Text)
			}
		}
	})
}

func TestDraftsThatDifferGiveDifferentEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := signer(t)
		one, other := drafts().Draw(t, "one"), drafts().Draw(t, "other")
		if rapid.Bool().Draw(t, "near") {
			other = string(oracleCanonical(decodeFields(one).edited(`zzz=` + numbers().Draw(t, "n"))))
		}
		a, err := s.Sign([]byte(one))
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Sign([]byte(other))
		if err != nil {
			t.Fatal(err)
		}
		same := string(oracleCanonical(decodeFields(one))) == string(oracleCanonical(decodeFields(other)))
		if same != (a.ID == b.ID) || same != (a.Hash() == b.Hash()) {
			t.Fatalf("%s and %s are the same: %v; ids %s and %s", one, other, same, a.ID, b.ID)
		}
		c, err := NewSigner(ed25519.NewKeyFromSeed(seed(9))).Sign([]byte(one))
		if err != nil {
			t.Fatal(err)
		}
		if c.ID == a.ID || c.Hash() == a.Hash() {
			t.Fatal("two keys say the same event")
		}
	})
}

// TestClocksAreCausal: whatever the writers' own clocks say, an event sorts after all that came before it, and the order
// of parents does not matter.
func TestClocksAreCausal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clocks := map[string]Clock{}
		var trace []*Event
		s := signer(t)
		s.Clock = func(id string) (Clock, bool) { c, ok := clocks[id]; return c, ok }
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			var parents []string
			for _, e := range trace {
				if rapid.IntRange(0, 2).Draw(t, "parent") == 0 {
					parents = append(parents, `"`+e.ID+`"`)
				}
			}
			timestamp := rapid.Int64Range(1781300000, 1781300003).Draw(t, "timestamp")
			e, err := s.Sign([]byte(base(DeleteNode).edited(fmt.Sprintf("timestamp=%d", timestamp), "previous_events=["+strings.Join(parents, ",")+"]", fmt.Sprintf("n=%d", len(trace))).json()))
			if err != nil {
				t.Fatal(err)
			}
			var at []Clock
			for _, id := range e.Previous {
				at = append(at, clocks[id])
				if e.Clock.Compare(clocks[id]) <= 0 {
					t.Fatalf("%v does not come after its parent %v", e.Clock, clocks[id])
				}
			}
			slices.Reverse(at)
			if c := Next(timestamp, at...); c != e.Clock {
				t.Fatalf("with the parents in another order %v is %v", e.Clock, c)
			}
			clocks[e.ID] = e.Clock
			trace = append(trace, e)
		}
		slices.SortFunc(trace, Compare)
		seen := map[string]bool{}
		for _, e := range trace {
			for _, id := range e.Previous {
				if !seen[id] {
					t.Fatalf("%s comes before its parent %s", e.ID, id)
				}
			}
			seen[e.ID] = true
		}
	})
}

func TestCompareIsATotalOrder(t *testing.T) {
	events := rapid.Custom(func(t *rapid.T) *Event {
		return &Event{ID: rapid.SampledFrom([]string{"a", "b", "B", "ab"}).Draw(t, "id"), Clock: Clock{rapid.Int64Range(0, 2).Draw(t, "t"), rapid.Int64Range(0, 2).Draw(t, "d")}}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := events.Draw(t, "a"), events.Draw(t, "b"), events.Draw(t, "c")
		if Compare(a, b) != -Compare(b, a) || (Compare(a, b) == 0) != (a.ID == b.ID && a.Clock == b.Clock) {
			t.Fatalf("%d, %d", Compare(a, b), Compare(b, a))
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Fatal("not transitive")
		}
	})
}
