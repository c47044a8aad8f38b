// Package canvastest has an oracle for the fold: kit/SPEC.md, sections 4 to 7, written down a second time as plainly as it
// reads, over the whole set of events at once; and random traces of honest writers and liars to hold both to each other.
// It is for tests.
package canvastest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// A Model is what a set of events of one space means.
type Model struct {
	// Tiles are the canonical states of the tiles that are not empty, by name; Digest is that of the space.
	Tiles  map[string]string
	Digest [32]byte
	// Witnesses are "event_id rule", sorted, each once.
	Witnesses []string
	// Nodes are the things by id.
	Nodes map[string]*Node

	space  string
	log    log
	chosen []said
}

// A Node is a thing.
type Node struct {
	Create *event.Event
	// Writes are the events that write to it, whether they may or not.
	Writes []said
	// Into is the node that it is another name of, "" when of none.
	Into    string
	Deleted bool
	// Changed is the id of the latest event that says what stands, or stands beside it, or did until another principal
	// replaced it; claims included. "" where nothing was said but that it is there.
	Changed string
}

// said is an event with the clock that the reader holds it to have: as it stands, and as the space's window makes it count.
type said struct {
	*event.Event
	clock, counts event.Clock
	body          body
}

// body is the payload, read from the text.
type body struct {
	Type       string                     `json:"node_type"`
	Transform  map[string]json.RawMessage `json:"transform"`
	Properties map[string]json.RawMessage `json:"properties"`
	Geometry   json.RawMessage            `json:"geometry"`
	Media      json.RawMessage            `json:"media"`
	Slot       string                     `json:"slot"`
	ToNode     string                     `json:"to_node"`
	ToTile     string                     `json:"to_tile"`
	LinkType   string                     `json:"link_type"`
	Links      []string                   `json:"links"`
	IntoNode   string                     `json:"into_node"`
	IntoTile   string                     `json:"into_tile"`
	Sensor     string                     `json:"sensor"`
	Value      json.RawMessage            `json:"value"`
	Unit       string                     `json:"unit"`
}

// Read folds events of one space, in whatever order and however often they are given.
func Read(space string, events []*event.Event) *Model {
	m := &Model{space: space, Tiles: map[string]string{}, Nodes: map[string]*Node{}}
	m.choose(events)
	m.log = readLog(space, m.chosen, m.witness)
	m.chosen = slices.DeleteFunc(m.chosen, func(s said) bool { return m.log.certified && s.Layer == event.SpaceLog && s.Signed() })
	m.setClocks()
	m.place()
	m.states()
	slices.Sort(m.Witnesses)
	m.Witnesses = slices.Compact(m.Witnesses)
	return m
}

func (m *Model) witness(id, rule string) { m.Witnesses = append(m.Witnesses, id+" "+rule) }

// choose takes each event once, and of several contents under one id the one of the smallest hash (section 3).
func (m *Model) choose(events []*event.Event) {
	contents := map[string]map[string]*event.Event{}
	for _, e := range events {
		if contents[e.ID] == nil {
			contents[e.ID] = map[string]*event.Event{}
		}
		hash := e.Hash()
		contents[e.ID][string(hash[:])] = e
	}
	for id, under := range contents {
		hashes := sorted(under)
		if len(hashes) > 1 {
			m.witness(id, "equivocation")
		}
		s := said{Event: under[hashes[0]]}
		if err := json.Unmarshal([]byte(s.Text), &s.body); err != nil {
			panic(err) // it was parsed before
		}
		m.chosen = append(m.chosen, s)
	}
}

// setClocks computes the clocks of v0 events and applies the window (section 4).
func (m *Model) setClocks() {
	type place struct{ id, tile string }
	at := map[place]*said{}
	for i := range m.chosen {
		if s := &m.chosen[i]; s.Layer != event.SpaceLog {
			at[place{s.ID, s.Tile.String()}] = s
		}
	}
	// parents of a v0 event that are here; cycles are of v0 events alone.
	parents := func(s *said, v0 bool) (list []*said) {
		for _, id := range s.Previous {
			if p := at[place{id, s.Tile.String()}]; p != nil && (!v0 || !p.Signed()) {
				list = append(list, p)
			}
		}
		return list
	}
	var reaches func(from, to *said, been map[*said]bool) bool
	reaches = func(from, to *said, been map[*said]bool) bool {
		if from == to {
			return true
		}
		if been[from] {
			return false
		}
		been[from] = true
		for _, p := range parents(from, true) {
			if reaches(p, to, been) {
				return true
			}
		}
		return false
	}
	var clock func(s *said) event.Clock
	clock = func(s *said) event.Clock {
		if s.Signed() {
			return s.Clock
		}
		c := event.Clock{T: s.Timestamp}
		var of []event.Clock
		for _, p := range parents(s, false) {
			if !p.Signed() && reaches(p, s, map[*said]bool{}) {
				continue
			}
			of = append(of, clock(p))
		}
		for _, p := range of {
			c.T = max(c.T, p.T)
		}
		for _, p := range of {
			if p.T == c.T && p.D+1 > c.D {
				c.D = p.D + 1
			}
		}
		return c
	}
	for i := range m.chosen {
		s := &m.chosen[i]
		s.clock = clock(s)
		s.counts = s.clock
		if w := m.log.rules.Root().Window; m.log.certified && (w.From != nil && s.clock.T < *w.From || w.To != nil && s.clock.T > *w.To) {
			s.counts.T = 0
			if w.From != nil {
				s.counts.T = *w.From
			}
		}
	}
}

// outranks is the order of writes to a register (section 7).
func (s said) outranks(o said) bool {
	if a, b := s.Scope.Authority == "derived", o.Scope.Authority == "derived"; a != b {
		return b
	}
	if s.counts != o.counts {
		return s.counts.T > o.counts.T || s.counts.T == o.counts.T && s.counts.D > o.counts.D
	}
	return s.ID > o.ID
}

// may says whether the writer may write to the node (section 6).
func (m *Model) may(n *Node, s said) bool {
	return s.Principal() == n.Create.Principal() || s.Signed() && m.log.granted(s.Key, "write", n.Create.Layer, s.counts.T)
}

func aboutNode(s said) bool {
	switch s.Operation {
	case "update_transform", "set_properties", "set_geometry", "set_media", "link_nodes", "unlink_nodes", "delete_node", "merge":
		return true
	case "sensor_reading":
		return s.BearsNode
	}
	return false
}

// place finds what has effect, and where.
func (m *Model) place() {
	here := map[string]bool{}
	for _, s := range m.chosen {
		here[s.ID] = true
	}
	for _, id := range m.log.ids {
		here[id] = true
	}
	sound := func(s said) bool {
		if s.Layer == event.SpaceLog {
			m.witness(s.ID, "space_log")
			return false
		}
		if refusal := m.log.rules.Check(s.Event); refusal != nil {
			m.witness(s.ID, refusal.Rule)
			return false
		}
		return true
	}
	m.chosen = slices.DeleteFunc(m.chosen, func(s said) bool { return !sound(s) })
	for _, s := range m.chosen {
		if s.Operation == "create_node" {
			m.Nodes[s.ID] = &Node{Create: s.Event}
		}
	}
	for _, s := range m.chosen {
		if !aboutNode(s) {
			continue
		}
		n := m.Nodes[s.Node]
		switch {
		case n == nil && here[s.Node]:
			m.witness(s.ID, "consistency")
		case n == nil:
		case n.Create.Tile != s.Tile || n.Create.Layer != s.Layer:
			m.witness(s.ID, "exclusion")
		default:
			n.Writes = append(n.Writes, s)
		}
	}
}

type log struct {
	certified   bool
	fingerprint string
	ids         []string
	digest      [32]byte
	rules       *scope.Rules
	grants      map[string]scope.Grant
	revoked     map[string]int64
}

func (l *log) granted(key, role, layer string, t int64) bool {
	if raw, ok := event.ParseKey(key); ok && l.certified && event.Fingerprint(raw) == l.fingerprint {
		return true
	}
	g, ok := l.grants[key]
	if since, revoked := l.revoked[key]; !ok || revoked && t >= since || !slices.Contains(g.Roles, role) {
		return false
	}
	return role != "write" || len(g.Layers) == 0 || slices.Contains(g.Layers, layer)
}

// readLog reads a space's log in its order (section 6).
func readLog(space string, events []said, witness func(id, rule string)) log {
	l := log{rules: scope.Bare(space), grants: map[string]scope.Grant{}, revoked: map[string]int64{}}
	if l.fingerprint, l.certified = event.SelfCertified(space); !l.certified {
		return l
	}
	events = slices.DeleteFunc(slices.Clone(events), func(s said) bool { return s.Layer != event.SpaceLog || !s.Signed() })
	sort.Slice(events, func(i, j int) bool {
		a, b := events[i], events[j]
		if a.Clock != b.Clock {
			return a.Clock.T < b.Clock.T || a.Clock.T == b.Clock.T && a.Clock.D < b.Clock.D
		}
		return a.ID < b.ID
	})
	files := map[string]string{}
	digest := sha256.New()
	for _, s := range events {
		l.ids = append(l.ids, s.ID)
		if refusal := scope.Invariants(s.Event); refusal != nil {
			witness(s.ID, refusal.Rule)
			continue
		}
		if s.Tile.String() != "z0/x0/y0" || s.Operation != "set_properties" || s.BearsNode ||
			!l.granted(s.Key, "admin", "", s.Clock.T) || !logProperties(s.body.Properties) {
			witness(s.ID, "space_log")
			continue
		}
		for name, value := range s.body.Properties {
			kind, rest, _ := strings.Cut(name, "/")
			null := string(value) == "null"
			switch {
			case kind == "file" && null:
				delete(files, rest)
			case kind == "file":
				var text string
				_ = json.Unmarshal(value, &text)
				files[rest] = text
			case kind == "grant" && null:
				delete(l.grants, rest)
			case kind == "grant":
				var g scope.Grant
				_ = json.Unmarshal(value, &g)
				l.grants[rest] = g
			case kind == "revoke" && null:
				delete(l.revoked, rest)
			case kind == "revoke":
				var r struct{ Since int64 }
				_ = json.Unmarshal(value, &r)
				l.revoked[rest] = r.Since
			}
		}
		hash := s.Hash()
		digest.Write(hash[:])
	}
	digest.Sum(l.digest[:0])
	var err error
	if l.rules, err = scope.Parse(space, files); err != nil {
		panic(err) // each was checked
	}
	return l
}

// logProperties says whether each property of a log event is what it must be.
func logProperties(properties map[string]json.RawMessage) bool {
	for name, value := range properties {
		kind, rest, _ := strings.Cut(name, "/")
		if (kind == "grant" || kind == "revoke") && len(rest) != 43 {
			return false
		}
		if string(value) == "null" {
			continue
		}
		var err error
		switch kind {
		case "file":
			var text string
			if err = json.Unmarshal(value, &text); err == nil {
				err = scope.CheckFile(rest, text)
			}
		case "grant":
			err = json.Unmarshal(value, new(scope.Grant))
		case "revoke":
			var r struct{ Since *int64 }
			if err = json.Unmarshal(value, &r); err == nil && (r.Since == nil || *r.Since < 0) {
				return false
			}
		}
		if err != nil {
			return false
		}
	}
	return true
}

func hashText(sum [32]byte) string { return "sha256:" + hex.EncodeToString(sum[:]) }

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
