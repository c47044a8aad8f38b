package segment

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldkit/kit/event"
)

// readings are signed events of one tile, a few seconds apart, some at the same second.
func readings(t testing.TB, n int) []*event.Event {
	events := make([]*event.Event, n)
	for i := range events {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = byte(i % 5)
		draft := fmt.Sprintf(`{"timestamp":%d,"space_id":"demo","layer_id":"gauges","operation":"sensor_reading","sensor":"s","value":%d,
			"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"public"},"preserves_invariants":[],
			"previous_events":[],"tile":"z14/x8625/y5753"}`, 1781300000+i/3, i)
		e, err := event.NewSigner(ed25519.NewKeyFromSeed(seed)).Sign([]byte(draft))
		if err != nil {
			t.Fatal(err)
		}
		events[i] = e
	}
	return events
}

func TestOrderOfArrivalIsIrrelevant(t *testing.T) {
	events := readings(t, 40)
	want, err := build(slices.Clone(events))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		got, err := build(rapid.Permutation(events).Draw(t, "order"))
		if err != nil || got.Hash != want.Hash || string(got.Bytes) != string(want.Bytes) {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

func TestAnyLineMissingIsAnotherSegment(t *testing.T) {
	events := readings(t, 5)
	whole, err := build(slices.Clone(events))
	if err != nil {
		t.Fatal(err)
	}
	seal := whole.Seal(ed25519.NewKeyFromSeed(make([]byte, 32)))
	for i := range events {
		part, err := build(slices.Delete(slices.Clone(events), i, i+1))
		if err != nil {
			t.Fatal(err)
		}
		if part.Hash == whole.Hash {
			t.Errorf("without event %d it has the same name", i)
		}
		if seal.Check(part) == nil {
			t.Errorf("without event %d the seal fits", i)
		}
	}
}

func TestFullSegmentsParse(t *testing.T) {
	events := readings(t, MaxEvents+1)
	s, err := build(slices.Clone(events[:MaxEvents]))
	if err != nil {
		// That many of these do not fit; fewer must.
		if s, err = build(slices.Clone(events[:100])); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Parse(s.Bytes); err != nil {
		t.Error(err)
	}
	if _, err := build(events); err == nil {
		t.Error("one too many was built")
	}
	if _, err := build(nil); err == nil {
		t.Error("none was built")
	}
	if _, err := build([]*event.Event{events[0], events[1], events[0]}); err == nil {
		t.Error("one twice was built")
	}
}

func TestDue(t *testing.T) {
	for _, c := range []struct {
		events            int
		size, oldest, now int64
		full, due         bool
	}{
		{0, 0, 0, 1 << 40, false, false},
		{1, 600, 5000, 5000, false, false},
		{1, 600, 5000, 8599, false, false},
		{1, 600, 5000, 8600, false, true},
		{1, 600, 8600, 5001, false, false},
		{1, 600, 8600, 5000, false, true},
		{255, 600, 5000, 5000, false, false},
		{256, 600, 5000, 5000, true, true},
		{9, 65535, 5000, 5000, false, false},
		{9, 65536, 5000, 5000, true, true},
	} {
		if got := Full(c.events, c.size); got != c.full {
			t.Errorf("%+v: full is %v", c, got)
		}
		if got := Due(c.events, c.size, c.oldest, c.now); got != c.due {
			t.Errorf("%+v: due is %v", c, got)
		}
	}
}

// A tail is sealed as soon as it is full, so the largest is one event over a tail that was not.
func TestLargestTailFits(t *testing.T) {
	if largest := FullBytes - 1 + event.MaxSize + len("\n"); largest > MaxBytes {
		t.Errorf("a tail of %d bytes does not fit into %d", largest, MaxBytes)
	}
	if Full(MaxEvents-1, 0) || !Full(MaxEvents, 0) {
		t.Error("a tail may have more events than a segment")
	}
}

func TestSealOfTheLongestNamesFits(t *testing.T) {
	s, err := build(readings(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	s.Space = strings.Repeat("s", 128)
	s.From, s.To = strings.Repeat("i", 128), strings.Repeat("i", 128)
	seal := s.Seal(ed25519.NewKeyFromSeed(make([]byte, 32)))
	if _, err := ParseSeal([]byte(seal.Text)); err != nil {
		t.Error(err)
	}
}
