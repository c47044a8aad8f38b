package event

import (
	"strings"
	"testing"
)

func TestDraftsThatCannotBeCompletedAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, rule, field string
		edits             []string
	}{
		{"nothing to derive the tile from", "missing", "tile", []string{`-tile`, `-transform`}},
		{"a cleared geometry has no tile", "missing", "tile", []string{`-tile`, `-transform`, `geometry=null`}},
		{"an event on a node stands in the node's tile, wherever it moves", "missing", "tile", []string{`-tile`, `node_id=` + nodeID}},
		{"longitude", "position", "transform.position", []string{`-tile`, `transform.position=[181,0]`}},
		{"latitude of the geometry", "position", "geometry.coordinates", []string{`-tile`, `-transform`, `geometry={"type":"Point","coordinates":[0,-90.5]}`}},
		{"a position that is none", "missing", "tile", []string{`-tile`, `transform.position=["9.5","47.1"]`}},
		{"no timestamp to make a clock of", "missing", "timestamp", []string{`-timestamp`}},
		{"a timestamp of text", "type", "timestamp", []string{`timestamp="now"`}},
		{"no parents to make a clock of", "missing", "previous_events", []string{`-previous_events`}},
		{"parents of another type", "type", "previous_events", []string{`previous_events={}`}},
		{"too many parents", "previous", "previous_events", []string{`previous_events=` + ids(17)}},
		{"a clock of its own that does not hold", "clock", "clock", []string{`clock=[1781300001,1]`}},
		{"a fault that deriving does not meet", "scope", "scope.policy", []string{`scope.policy="secret"`}},
	} {
		e, err := NewSigner(testKey).Sign([]byte(base(CreateNode).edited(c.edits...).json()))
		r, ok := err.(*Refusal)
		if !ok || r.Rule != c.rule || r.Field != c.field {
			t.Errorf("%s: %v, %v; want rule %q, field %q", c.name, e, err, c.rule, c.field)
		}
	}
	for _, draft := range []string{"", "[]", `"draft"`, strings.Repeat(" ", MaxLine) + "{}"} {
		if e, err := NewSigner(testKey).Sign([]byte(draft)); err == nil {
			t.Errorf("%.20q gives %s", draft, e.Text)
		}
	}
}

func TestADraftsOwnClaimsOfIdentityAreReplaced(t *testing.T) {
	s := NewSigner(testKey)
	plain, err := s.Sign([]byte(base(DeleteNode).json()))
	if err != nil {
		t.Fatal(err)
	}
	forged, err := s.Sign([]byte(base(DeleteNode).edited(`event_id="evt-001"`, `signature={"key":"`+honest(seed(1)).key+`","value":7,"note":1}`).json()))
	if err != nil || forged.Text != plain.Text {
		t.Errorf("%v, %v; want %s", forged, err, plain.Text)
	}
}

func TestClockOfKnownParentsIsUsed(t *testing.T) {
	s := NewSigner(testKey)
	s.Clock = func(id string) (Clock, bool) { return Clock{T: 1781300060, D: 4}, id == "evt-000" }
	e, err := s.Sign([]byte(base(DeleteNode).edited(`previous_events=["evt-001","evt-000"]`).json()))
	if err != nil || e.Clock != (Clock{1781300060, 5}) {
		t.Errorf("%v, %v", e, err)
	}
}

func TestTileIsFilledInAtTheHomeZoom(t *testing.T) {
	for zoom, want := range map[uint8]string{0: "z0/x0/y0", 8: "z8/x134/y89", 14: "z14/x8625/y5753"} {
		s := NewSigner(testKey)
		s.HomeZoom = zoom
		e, err := s.Sign([]byte(base(CreateNode).edited(`-tile`).json()))
		if err != nil || e.Tile.String() != want {
			t.Errorf("at zoom %d: %v, %v; want %s", zoom, e.Tile, err, want)
		}
	}
}
