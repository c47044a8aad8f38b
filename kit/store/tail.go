package store

import (
	"database/sql/driver"

	"fieldkit/kit/event"
	"fieldkit/kit/segment"
)

// A tail is what of a tile came in at the door and is in no segment.
type tail struct {
	first  int64 // the seq of its first event
	oldest int64 // when that was received
	size   int64 // bytes, line ends counted
	events int32
	queued bool // it is among writer.full
}

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
			w.lengthenOne(r.home, r.Seq, r.Received, int64(len(r.Event.Text)))
		}
	}
}

func (w *writer) lengthenOne(h home, seq, received, size int64) {
	t := w.tails[h]
	t.add(seq, received, size+1)
	if !t.queued && segment.Full(int(t.events), t.size) {
		t.queued = true
		w.full = append(w.full, h)
	}
	w.tails[h] = t
}

// loadTails finds the tails in the file: all that is behind mark.sealed, less what its tile has sealed.
func (w *writer) loadTails() error {
	if w.store.options.Key == nil {
		return nil
	}
	w.tails, w.full = make(map[home]tail), nil
	query := `SELECT e.space, e.policy, e.cell, e.seq, e.received, octet_length(e.text)
		FROM event AS e LEFT JOIN tile AS t ON t.space = e.space AND t.policy = e.policy AND t.cell = e.cell
		WHERE e.seq > (SELECT sealed FROM mark) AND e.door = 1 AND e.seq > coalesce(t.sealed, 0) ORDER BY e.seq`
	err := w.conn.each(query, nil, func(row []driver.Value) error {
		w.lengthenOne(home{integer(row[0]), integer(row[1]), integer(row[2])}, integer(row[3]), integer(row[4]), integer(row[5]))
		return nil
	})
	if err != nil {
		w.tails, w.full = nil, nil
	}
	return err
}

// line is an event of a tail as it is read to be sealed.
type line struct {
	segment.Line
	seq, received int64
}

// readTail reads a tile's tail, oldest arrival first.
func readTail(c *conn, h home) (lines []line, err error) {
	var sealed int64
	if _, err := c.one("SELECT sealed FROM tile WHERE space = ? AND policy = ? AND cell = ?", []driver.Value{h.space, h.policy, h.cell}, &sealed); err != nil {
		return nil, err
	}
	query := `SELECT e.seq, e.received, e.t, e.d, e.text FROM event_tile AS x CROSS JOIN event AS e ON e.seq = x.seq
		WHERE x.space = ? AND x.policy = ? AND x.cell = ? AND x.seq > ? AND e.door = 1 ORDER BY x.seq`
	err = c.each(query, []driver.Value{h.space, h.policy, h.cell, sealed}, func(row []driver.Value) error {
		body := text(row[4])
		lines = append(lines, line{
			Line: segment.Line{Clock: event.Clock{T: integer(row[2]), D: integer(row[3])}, ID: event.IDOf(body), Text: body},
			seq:  integer(row[0]), received: integer(row[1]),
		})
		return nil
	})
	return lines, err
}
