package store

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"
)

// append stores a group in one transaction, together with tails that are full from before.
func (w *writer) append(group []*request) error {
	var p *plan
	var sealed []sealing
	reindex := false
	err := w.transact("appending", func(c *conn) (err error) {
		if p, err = w.decide(c, group); err != nil || len(p.fresh) == 0 && !adopting(group) {
			return err
		}
		full := w.full[:min(len(w.full), sealsPerAppend)]
		if reindex = w.due(len(p.fresh)) || w.mustRead(full); reindex {
			if err = w.index(c, p.fresh, p.entries); err != nil {
				return err
			}
		}
		// Before the fresh events are there, so that what the tails are known to hold is all that is read.
		if sealed, err = w.sealHomes(c, full, w.store.options.Now().Unix()); err != nil {
			return err
		}
		if err = insertEvents(c, p.fresh); err != nil {
			return err
		}
		if err = insertMedia(c, p.fresh); err != nil {
			return err
		}
		if err = updateSpaces(c, p.spaces); err != nil {
			return err
		}
		if err = w.adopt(c, p, group); err != nil {
			return err
		}
		return w.reunite(c, p.fresh)
	})
	if err != nil {
		return err
	}
	w.forgetReunited()
	for name, s := range p.spaces {
		w.spaces[name] = s
	}
	if reindex {
		w.indexed()
	} else {
		w.store.recent.add(p.entries, false)
		w.unplaced = append(w.unplaced, placesOf(p.fresh)...)
	}
	w.shorten(sealed)
	w.publish(p.fresh, group)
	return nil
}

func adopting(group []*request) bool {
	return slices.ContainsFunc(group, func(r *request) bool { return len(r.adoptions) > 0 })
}

// due reports whether it is time to write what the index tables lack, fresh events among it: seldom while much comes in,
// soon when little does, because readers look through the rest one by one.
func (w *writer) due(fresh int) bool {
	n := len(w.unplaced) + fresh
	return n >= trailing || fresh < trailingSmall/4 && n >= trailingSmall
}

// place is a row of event_tile.
type place struct {
	home home
	seq  int64
}

func placesOf(records []record) []place {
	places := make([]place, len(records))
	for i := range records {
		places[i] = place{records[i].home, records[i].Seq}
	}
	return places
}

// index writes all that the index tables lack, sorted, with the events of this transaction.
func (w *writer) index(c *conn, fresh []record, entries []entry) error {
	places := slices.Concat(w.unplaced, placesOf(fresh))
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(a.home.compare(b.home), cmp.Compare(a.seq, b.seq))
	})
	rows := newRows(c, "INSERT INTO event_tile (space, policy, cell, seq) VALUES", 4, 50)
	for _, p := range places {
		if err := rows.add(p.home.space, p.home.policy, p.home.cell, p.seq); err != nil {
			return err
		}
	}
	if err := rows.flush(); err != nil {
		return err
	}
	type row struct{ key, seq int64 }
	ids := make([]row, 0, len(w.store.recent.entries)+len(entries))
	for _, some := range [][]entry{w.store.recent.entries, entries} {
		for i := range some {
			ids = append(ids, row{some[i].key, some[i].seq})
		}
	}
	slices.SortFunc(ids, func(a, b row) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return cmp.Compare(a.seq, b.seq)
	})
	rows = newRows(c, "INSERT INTO event_id (key, seq) VALUES", 2, 100)
	for _, id := range ids {
		if err := rows.add(id.key, id.seq); err != nil {
			return err
		}
	}
	if err := rows.flush(); err != nil {
		return err
	}
	last := w.last
	if n := len(fresh); n > 0 {
		last = fresh[n-1].Seq
	}
	return c.exec("UPDATE mark SET indexed = ?", last)
}

// indexed forgets what index wrote, when it is committed.
func (w *writer) indexed() {
	w.store.recent.add(nil, true)
	w.unplaced = w.unplaced[:0]
}

func insertEvents(c *conn, fresh []record) error {
	rows := newRows(c, "INSERT INTO event (seq, space, policy, cell, t, d, received, door, layer, hash, text) VALUES", 11, 25)
	for i := range fresh {
		r := &fresh[i]
		door := int64(0)
		if r.door {
			door = 1
		}
		err := rows.add(r.Seq, r.home.space, r.home.policy, r.home.cell, r.Event.Clock.T, r.Event.Clock.D, r.Received, door,
			r.Event.Layer, r.hash[:], r.Event.Text)
		if err != nil {
			return err
		}
	}
	return rows.flush()
}

func (h home) compare(o home) int {
	return cmp.Or(cmp.Compare(h.space, o.space), cmp.Compare(h.policy, o.policy), cmp.Compare(h.cell, o.cell))
}

func updateSpaces(c *conn, spaces map[string]*space) error {
	for name, s := range spaces {
		err := c.exec(`INSERT INTO space (id, name, events, bytes, first_t, last_t, last_seq) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET events = excluded.events, bytes = excluded.bytes,
				first_t = excluded.first_t, last_t = excluded.last_t, last_seq = excluded.last_seq`,
			s.id, name, s.events, s.bytes, s.firstT, s.lastT, s.lastSeq)
		if err != nil {
			return err
		}
	}
	return nil
}

// rows inserts many rows with few statements.
type rows struct {
	conn        *conn
	width, many int
	one, all    string // the statement for one row, and for many
	args        []driver.Value
}

func newRows(c *conn, insert string, width, many int) *rows {
	row := " (?" + strings.Repeat(", ?", width-1) + ")"
	return &rows{
		conn: c, width: width, many: many,
		one: insert + row, all: insert + row + strings.Repeat(","+row, many-1),
		args: make([]driver.Value, 0, width*many),
	}
}

func (r *rows) add(values ...driver.Value) error {
	r.args = append(r.args, values...)
	if len(r.args) < r.width*r.many {
		return nil
	}
	err := r.conn.exec(r.all, r.args...)
	r.args = r.args[:0]
	return err
}

// flush inserts what is left over.
func (r *rows) flush() error {
	for len(r.args) > 0 {
		if err := r.conn.exec(r.one, r.args[:r.width]...); err != nil {
			return err
		}
		r.args = r.args[r.width:]
	}
	return nil
}
