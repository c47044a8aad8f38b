package demo

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// made is a space with its events and the rules of its log.
type made struct {
	Space
	events []*event.Event
	byID   map[string]*event.Event
	rules  *scope.Rules
}

// spaces are made once for all tests: they cost a signature an event.
var spaces = sync.OnceValues(func() ([]made, error) {
	var all []made
	for _, s := range Spaces() {
		events, err := s.Events()
		if err != nil {
			return nil, err
		}
		m := made{Space: s, events: events, byID: map[string]*event.Event{}}
		log := scope.NewLog(s.ID)
		for _, e := range events {
			m.byID[e.ID] = e
			if e.Layer == event.SpaceLog {
				log.Add(e)
			}
		}
		var witness []scope.Witness
		if m.rules, witness = log.Rules(); len(witness) > 0 {
			return nil, fmt.Errorf("the space log: %+v", witness)
		}
		all = append(all, m)
	}
	return all, nil
})

func both(t *testing.T) []made {
	t.Helper()
	all, err := spaces()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func flood(t *testing.T) made  { t.Helper(); return both(t)[0] }
func quakes(t *testing.T) made { t.Helper(); return both(t)[1] }

func TestEveryEventIsTakenAtTheDoor(t *testing.T) {
	verifier := event.NewVerifier()
	for _, m := range both(t) {
		for _, e := range m.events {
			if e.Space != m.ID {
				t.Errorf("%s is in %s", e.ID, e.Space)
			}
			if err := verifier.Verify(e); err != nil {
				t.Errorf("%s: %v", e.ID, err)
			}
			if refusal := m.rules.CheckDoor(e); refusal != nil {
				t.Errorf("%s: %v\n%s", e.ID, refusal, e.Text)
			}
		}
		if len(m.byID) != len(m.events) {
			t.Errorf("%s: %d events, %d ids", m.ID, len(m.events), len(m.byID))
		}
	}
}

func TestSpacesAreExercisesAndCertified(t *testing.T) {
	for _, m := range both(t) {
		root := m.rules.Root()
		if !m.rules.Certified() || !root.Exercise || root.Title != m.Title || root.Window.From == nil || root.HomeZoom != event.DefaultHomeZoom {
			t.Errorf("%s: %+v", m.ID, root)
		}
		for _, e := range m.events {
			if e.Clock.T < *root.Window.From {
				t.Errorf("%s: t is %d, before the window", e.ID, e.Clock.T)
			}
		}
	}
}

// The same events every time, so that making the demo twice adds nothing.
func TestEventsAreTheSameEveryTime(t *testing.T) {
	var again []*event.Event
	if err := Events(func(e *event.Event) error {
		again = append(again, e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	all := append(slices.Clone(flood(t).events), quakes(t).events...)
	if !slices.EqualFunc(all, again, func(a, b *event.Event) bool { return a.Text == b.Text }) {
		t.Errorf("%d events, then %d, or others", len(all), len(again))
	}
	stop := errors.New("stop")
	n := 0
	if err := Events(func(*event.Event) error { n++; return stop }); err != stop || n != 1 {
		t.Errorf("after the first error: %v, %d events", err, n)
	}
}

// Order and parents: what an event refers to is there before it, and its clock is the one that follows.
func TestCausality(t *testing.T) {
	for _, m := range both(t) {
		seen := map[string]*event.Event{}
		for _, e := range m.events {
			var parents []event.Clock
			for _, id := range e.Previous {
				p := seen[id]
				if p == nil {
					t.Fatalf("%s comes before its parent %s", e.Text, id)
				}
				parents = append(parents, p.Clock)
			}
			if want := event.Next(e.Timestamp, parents...); e.Clock != want {
				t.Errorf("%s: clock %v, want %v", e.ID, e.Clock, want)
			}
			for _, id := range append([]string{e.Node, e.ToNode, e.IntoNode}, e.Links...) {
				if id != "" && seen[id] == nil {
					t.Errorf("%s comes before %s, which it names", e.Text, id)
				}
			}
			if create := seen[e.Node]; e.Node != "" && (create.Operation != event.CreateNode || create.Tile != e.Tile || create.Layer != e.Layer) {
				t.Errorf("%s stands elsewhere than its node", e.Text)
			}
			seen[e.ID] = e
		}
	}
}

// README.md tells these.
func TestIDsAndCounts(t *testing.T) {
	for _, c := range []struct {
		m      made
		id     string
		events int
	}{
		{flood(t), "rhine-flood.mjh77eujvcf5etge", 886},
		{quakes(t), "quakes.ggxbr3j2632f3kue", 1708},
	} {
		if c.m.ID != c.id || len(c.m.events) != c.events {
			t.Errorf("%s has %d events, want %s with %d", c.m.ID, len(c.m.events), c.id, c.events)
		}
	}
}

func TestQuakes(t *testing.T) {
	m := quakes(t)
	n := 0
	for _, e := range m.events {
		if e.Layer == event.SpaceLog {
			continue
		}
		n++
		var p struct {
			Title string   `json:"title"`
			Mag   *float64 `json:"mag"`
			Depth *float64 `json:"depth_km"`
			Time  int64    `json:"time"`
		}
		if err := json.Unmarshal([]byte(e.Properties), &p); err != nil {
			t.Fatalf("%v\n%s", err, e.Properties)
		}
		if p.Title == "" || p.Mag == nil || p.Depth == nil || p.Time/1000 != e.Timestamp || e.Layer != "quakes" || strings.Count(e.Position, ",") != 1 {
			t.Errorf("%s", e.Text)
		}
	}
	if n != 1707 {
		t.Errorf("%d earthquakes, want 1707", n)
	}
}

// folded is the state of the flood at its end.
func folded(t *testing.T, m made) *canvas.Canvas {
	t.Helper()
	c, err := canvas.Fold(m.ID, func(add func(*event.Event, bool)) error {
		for _, e := range m.events {
			add(e, false)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryEventHasItsEffect(t *testing.T) {
	for _, m := range both(t) {
		if w := folded(t, m).Witnesses(); len(w) > 0 {
			t.Errorf("%s: %+v", m.ID, w)
		}
	}
}

func TestFilesAreThoseThatEventsName(t *testing.T) {
	files, err := Files()
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	named := map[[32]byte]event.MediaFile{}
	if err := Events(func(e *event.Event) error {
		if f, ok := e.File(); ok {
			named[f.Hash] = f
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		hash := sha256.Sum256(f.Data)
		if n := named[hash]; n.Type != f.Type || n.Size != int64(len(f.Data)) {
			t.Errorf("%x has %d bytes of %s, the event says %+v", hash, len(f.Data), f.Type, n)
		}
		delete(named, hash)
	}
	if len(named) > 0 {
		t.Errorf("%d files are named and not there", len(named))
	}
}
