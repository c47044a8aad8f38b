package store

import (
	"database/sql/driver"
	"strconv"
	"strings"

	"fieldkit/kit/event"
)

// plan is what becomes of a group, decided before any of it is written.
type plan struct {
	fresh   []record // to be stored, by seq
	entries []entry  // their keys
	// spaces are those with fresh events, as they will be.
	spaces map[string]*space
	// first is the seq under which a content is here, or will be.
	first map[[32]byte]int64
	// named is the content that bears an id in a space within this group, of v0 events.
	named map[[2]string]int64
}

// decide makes the plan for a group, and fills in the outcomes.
func (w *writer) decide(c *conn, group []*request) (*plan, error) {
	n := 0
	for _, r := range group {
		n += len(r.entries)
	}
	p := &plan{
		fresh: make([]record, 0, n), entries: make([]entry, 0, n),
		spaces: make(map[string]*space), first: make(map[[32]byte]int64, n), named: make(map[[2]string]int64),
	}
	if err := w.findKnown(c, group, p.first); err != nil {
		return nil, err
	}
	for _, r := range group {
		r.outcomes = make([]Outcome, len(r.entries))
		for i := range r.entries {
			var err error
			if r.outcomes[i], err = w.judge(c, p, &r.entries[i]); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// findKnown looks up which contents are here already: one query for all.
func (w *writer) findKnown(c *conn, group []*request, first map[[32]byte]int64) error {
	keys := []byte{'['}
	for _, r := range group {
		for i := range r.entries {
			e := &r.entries[i]
			key := sameKey(e.Event, e.Hash)
			w.store.recent.find(key, func(known entry) {
				if known.hash == e.Hash {
					first[e.Hash] = known.seq
				}
			})
			if len(keys) > 1 {
				keys = append(keys, ',')
			}
			keys = strconv.AppendInt(keys, key, 10)
		}
	}
	keys = append(keys, ']')
	query := `SELECT e.seq, e.hash FROM json_each(?) AS wanted
		CROSS JOIN event_id AS i ON i.key = wanted.value CROSS JOIN event AS e ON e.seq = i.seq`
	return c.each(query, []driver.Value{string(keys)}, func(row []driver.Value) error {
		hash, err := hashOf(row[1])
		if err == nil {
			first[hash] = integer(row[0])
		}
		return err
	})
}

// judge gives one entry its outcome, and its place where it is to be stored.
func (w *writer) judge(c *conn, p *plan, e *Entry) (Outcome, error) {
	if seq, ok := p.first[e.Hash]; ok {
		return Outcome{seq, Known}, nil
	}
	name := [2]string{e.Event.Space, e.Event.ID}
	if !e.Event.Signed() && e.Door {
		other, found, err := w.findNamed(c, e.Event)
		if err != nil {
			return Outcome{}, err
		}
		if !found {
			other, found = p.named[name]
		}
		if found {
			return Outcome{other, Equivocation}, nil
		}
	}
	seq := w.last + int64(len(p.fresh)) + 1
	w.place(p, e, seq)
	p.first[e.Hash] = seq
	if _, ok := p.named[name]; !ok && !e.Event.Signed() {
		p.named[name] = seq
	}
	return Outcome{seq, Taken}, nil
}

// place plans an entry to be stored under seq.
func (w *writer) place(p *plan, e *Entry, seq int64) {
	s := w.touch(p, e.Event.Space)
	s.events++
	s.bytes += int64(len(e.Event.Text))
	t := e.Event.Clock.T
	if s.events == 1 {
		s.firstT, s.lastT = t, t
	}
	s.firstT, s.lastT, s.lastSeq = min(s.firstT, t), max(s.lastT, t), seq
	p.fresh = append(p.fresh, record{
		Committed: Committed{Seq: seq, Received: e.Received, Event: e.Event},
		home:      home{s.id, policyNumber(e.Event.Scope.Policy), cellOf(e.Event.Tile)},
		hash:      e.Hash, door: e.Door,
	})
	p.entries = appendEntries(p.entries, seq, e.Hash, e.Event.ID)
}

// touch is the plan's copy of a space, or a new one.
func (w *writer) touch(p *plan, name string) *space {
	s := p.spaces[name]
	if s == nil {
		s = new(space)
		if known := w.spaces[name]; known != nil {
			*s = *known
		} else {
			s.id = int64(len(w.spaces)) + 1
			for other := range p.spaces {
				if w.spaces[other] == nil {
					s.id++
				}
			}
		}
		// Cloned, or the map would keep the event's whole text.
		p.spaces[strings.Clone(name)] = s
	}
	return s
}

// findNamed looks for the first event of this id in this space, of whatever content.
func (w *writer) findNamed(c *conn, e *event.Event) (seq int64, found bool, err error) {
	s := w.spaces[e.Space]
	if s == nil {
		return 0, false, nil
	}
	look := func(row []driver.Value) error {
		if event.IDOf(text(row[1])) != e.ID {
			return nil
		}
		seq, found = integer(row[0]), true
		return errStop
	}
	key := idKey(e.ID)
	err = c.each(`SELECT e.seq, e.text FROM event_id AS i CROSS JOIN event AS e ON e.seq = i.seq
		WHERE i.key = ? AND e.space = ? ORDER BY i.seq`, []driver.Value{key, s.id}, look)
	if found || err != nil {
		return seq, found, err
	}
	var later []int64
	w.store.recent.find(key, func(known entry) { later = append(later, known.seq) })
	for i := len(later) - 1; i >= 0 && !found && err == nil; i-- { // it gives the latest first
		err = c.each("SELECT seq, text FROM event WHERE seq = ? AND space = ?", []driver.Value{later[i], s.id}, look)
	}
	return seq, found, err
}

// appendEntries adds the keys under which an event is found.
func appendEntries(entries []entry, seq int64, hash [32]byte, id string) []entry {
	entries = append(entries, entry{idKey(id), seq, hash})
	if !event.Reserved(id) {
		entries = append(entries, entry{contentKey(hash), seq, hash})
	}
	return entries
}
