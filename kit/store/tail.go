package store

import (
	"cmp"
	"database/sql/driver"
	"slices"

	"fieldkit/kit/event"
	"fieldkit/kit/segment"
)

// keepBytes is how much of the tails is kept in memory, so that a segment is made of what has just come in without
// reading it again. When more comes it is all let go; tails that begin after that are kept again.
const keepBytes = 12 << 20

// A tail is what of a tile came in at the door and is in no segment.
type tail struct {
	first  int64 // the seq of its first event
	oldest int64 // when that was received
	size   int64 // bytes, line ends counted
	events int   // how many
	queued bool  // it is among writer.full
	lines  []line
}

// line is an event of a tail.
type line struct {
	segment.Line
	seq, received int64
}

// size is how many bytes the line has in a segment.
func (l *line) size() int64 { return int64(len(l.Text)) + 1 }

// add counts an event of so many bytes.
func (t *tail) add(seq, received, size int64) {
	if t.events == 0 {
		t.first, t.oldest = seq, received
	}
	t.events++
	t.size += size
}

// lengthen adds stored events to their tails. Where the tails are not known, it reads them, stored events included; a
// failure leaves them unknown, and is met again by whoever needs them.
func (w *writer) lengthen(records []record) {
	if w.store.options.Key == nil {
		return
	}
	if w.tails == nil {
		if err := w.loadTails(); err != nil {
			w.store.options.Logger.Error("reading the tails", "error", err)
		}
		return
	}
	for i := range records {
		if r := &records[i]; r.door {
			e := r.Event
			l := line{segment.Line{Clock: e.Clock, ID: e.ID, Text: e.Text}, r.Seq, r.Received}
			t := w.lengthenOne(r.home, r.Seq, r.Received, l.size())
			if len(t.lines) == t.events-1 {
				t.lines = append(t.lines, l)
				w.kept += l.size()
			}
		}
	}
	if w.kept > keepBytes {
		for _, t := range w.tails {
			t.lines = nil
		}
		w.kept = 0
	}
}

func (w *writer) lengthenOne(h home, seq, received, size int64) *tail {
	t := w.tails[h]
	if t == nil {
		t = new(tail)
		w.tails[h] = t
	}
	t.add(seq, received, size)
	if !t.queued && segment.Full(t.events, t.size) {
		t.queued = true
		w.full = append(w.full, h)
	}
	return t
}

// whole reports whether all of the tail is in memory.
func (t *tail) whole() bool { return len(t.lines) == t.events }

// keptBytes is what of the tail is in memory.
func (t *tail) keptBytes() (bytes int64) {
	for i := range t.lines {
		bytes += t.lines[i].size()
	}
	return bytes
}

// loadTails finds the tails in the file: all that is behind mark.sealed, less what its tile has sealed.
func (w *writer) loadTails() error {
	if w.store.options.Key == nil {
		return nil
	}
	w.tails, w.full, w.kept = make(map[home]*tail), nil, 0
	query := `SELECT e.space, e.policy, e.cell, e.seq, e.received, octet_length(e.text)
		FROM event AS e LEFT JOIN tile AS t ON t.space = e.space AND t.policy = e.policy AND t.cell = e.cell
		WHERE e.seq > (SELECT sealed FROM mark) AND e.door = 1 AND e.seq > coalesce(t.sealed, 0) ORDER BY e.seq`
	err := w.conn.each(query, nil, func(row []driver.Value) error {
		w.lengthenOne(home{integer(row[0]), integer(row[1]), integer(row[2])}, integer(row[3]), integer(row[4]), integer(row[5])+1)
		return nil
	})
	if err != nil {
		w.tails, w.full = nil, nil
	}
	return err
}

// readTail reads a tile's tail, oldest arrival first.
func readTail(c *conn, h home) (lines []line, err error) {
	var sealed int64
	if _, err := c.one("SELECT sealed FROM tile WHERE space = ? AND policy = ? AND cell = ?", []driver.Value{h.space, h.policy, h.cell}, &sealed); err != nil {
		return nil, err
	}
	query := `SELECT e.seq, e.received, e.t, e.d, e.text FROM event_tile AS x CROSS JOIN event AS e ON e.seq = x.seq
		WHERE x.space = ?1 AND x.policy = ?2 AND x.cell = ?3 AND x.seq > ?4 AND e.door = 1
		UNION ALL
		SELECT seq, received, t, d, text FROM event NOT INDEXED
		WHERE seq > max(?4, (SELECT indexed FROM mark)) AND space = ?1 AND policy = ?2 AND cell = ?3 AND door = 1`
	err = c.each(query, []driver.Value{h.space, h.policy, h.cell, sealed}, func(row []driver.Value) error {
		body := text(row[4])
		lines = append(lines, line{
			Line: segment.Line{Clock: event.Clock{T: integer(row[2]), D: integer(row[3])}, ID: event.IDOf(body), Text: body},
			seq:  integer(row[0]), received: integer(row[1]),
		})
		return nil
	})
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.seq, b.seq) })
	return lines, err
}
