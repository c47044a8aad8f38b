package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"fieldkit/kit/segment"
)

// How many tiles are sealed in one transaction: along with an append, and by themselves.
const (
	sealsPerAppend = 16
	sealsAtOnce    = 64
)

// markStep is how far mark.sealed may trail before it is moved though there is nothing to seal.
const markStep = 4096

// errUnsealable says that a tail holds what no segment may.
var errUnsealable = errors.New("the tail makes no segment")

// sealing is what becomes of a tail by a transaction.
type sealing struct {
	home     home
	segments int
	rest     tail // what is left of it
}

// Seal seals the tails that are due at the time now, in seconds since 1970: full ones, and those whose oldest event was
// received an hour ago. It returns how many segments it made, with an error those before it. It is to be called every
// minute or so; full tails are sealed without it.
func (s *Store) Seal(ctx context.Context, now int64) (segments int, err error) {
	for more := true; more; {
		// Appends come between the transactions.
		err := s.task(ctx, func(w *writer) (err error) {
			n := 0
			n, more, err = w.sealDue(now)
			segments += n
			return err
		})
		if err != nil {
			return segments, err
		}
	}
	return segments, nil
}

// sealDue seals some of the tails that are due, and says whether there are more. It also lets the marks catch up.
func (w *writer) sealDue(now int64) (segments int, more bool, err error) {
	if err := w.ready(); err != nil {
		return 0, false, err
	}
	if w.tails == nil {
		if err := w.loadTails(); err != nil {
			w.stop()
			return 0, false, explain("reading the tails", err)
		}
	}
	var due []home
	sealed := w.last // no open tail begins before it
	for h, t := range w.tails {
		sealed = min(sealed, t.first-1)
		if segment.Due(t.events, t.size, t.oldest, now) {
			due = append(due, h)
		}
	}
	slices.SortFunc(due, func(a, b home) int { return cmp.Compare(w.tails[a].first, w.tails[b].first) })
	more = len(due) > sealsAtOnce
	due = due[:min(len(due), sealsAtOnce)]
	reindex := len(w.unplaced) >= trailingSmall
	if len(due) == 0 && !reindex && sealed < w.sealed+markStep {
		return 0, false, nil
	}
	var done []sealing
	err = w.transact("sealing", func(c *conn) (err error) {
		if reindex {
			if err = w.index(c, nil, nil); err != nil {
				return err
			}
		}
		if done, err = w.sealHomes(c, due, now); err != nil {
			return err
		}
		return c.exec("UPDATE mark SET sealed = ?", sealed)
	})
	if err != nil {
		return 0, false, err
	}
	w.sealed = sealed
	if reindex {
		w.indexed()
	}
	return w.shorten(done), more, nil
}

// sealIdle seals the full tails when no append comes that would take them along.
func (w *writer) sealIdle() {
	for len(w.full) > 0 {
		var done []sealing
		err := w.transact("sealing", func(c *conn) (err error) {
			done, err = w.sealHomes(c, w.full[:min(len(w.full), sealsAtOnce)], w.store.options.Now().Unix())
			return err
		})
		if err != nil {
			w.store.options.Logger.Error("full tails stay open", "error", err)
			return
		}
		w.shorten(done)
	}
}

// sealHomes makes segments of what is full or old in the tails of these tiles.
func (w *writer) sealHomes(c *conn, homes []home, now int64) (done []sealing, err error) {
	for _, h := range homes {
		d, err := w.sealOne(c, h, now)
		if err != nil {
			return nil, err
		}
		done = append(done, d)
	}
	return done, nil
}

// mustRead reports whether a tail has to be read from the file, which is slow while the index tables lack much.
func (w *writer) mustRead(homes []home) bool {
	return len(w.unplaced) >= trailingSmall && slices.ContainsFunc(homes, func(h home) bool { return !w.tails[h].whole() })
}

func (w *writer) sealOne(c *conn, h home, now int64) (sealing, error) {
	t := w.tails[h]
	lines, kept := t.lines, t.whole()
	if !kept {
		var err error
		if lines, err = readTail(c, h); err != nil {
			return sealing{}, err
		}
	}
	d := sealing{home: h}
	begin, sealed := 0, int64(0)
	for i := range lines {
		l := &lines[i]
		d.rest.add(l.seq, l.received, l.size())
		if !segment.Full(d.rest.events, d.rest.size) && (i < len(lines)-1 || !segment.Due(d.rest.events, d.rest.size, d.rest.oldest, now)) {
			continue
		}
		last := l.seq // before the lines are sorted
		if err := w.insertSegment(c, h, lines[begin:i+1]); errors.Is(err, errUnsealable) {
			// It must not keep others from being stored. This tail stays open, and is no longer among the full ones.
			w.store.options.Logger.Error("a tail stays open", "space", h.space, "cell", h.cell, "error", err)
			for _, l := range lines[i+1:] {
				d.rest.add(l.seq, l.received, l.size())
			}
			d.rest.queued, kept = true, false
			break
		} else if err != nil {
			return sealing{}, err
		}
		d.segments++
		d.rest, begin, sealed = tail{}, i+1, last
	}
	if kept {
		d.rest.lines = slices.Clone(lines[begin:])
	}
	if d.segments == 0 {
		return d, nil
	}
	return d, c.exec(`INSERT INTO tile (space, policy, cell, sealed) VALUES (?, ?, ?, ?)
		ON CONFLICT (space, policy, cell) DO UPDATE SET sealed = excluded.sealed`, h.space, h.policy, h.cell, sealed)
}

// insertSegment builds a segment, signs its seal and stores both.
func (w *writer) insertSegment(c *conn, h home, lines []line) error {
	space := ""
	err := c.each("SELECT name FROM space WHERE id = ?", []driver.Value{h.space}, func(row []driver.Value) error {
		space = text(row[0])
		return nil
	})
	if err != nil {
		return err
	}
	at, err := tileOf(h.cell)
	if err != nil {
		return err
	}
	slices.SortFunc(lines, func(a, b line) int { return a.Compare(b.Line) })
	content := make([]segment.Line, len(lines))
	events := make([]byte, 0, 8*len(lines))
	for i, l := range lines {
		content[i] = l.Line
		events = binary.BigEndian.AppendUint64(events, uint64(l.seq))
	}
	built, err := segment.Build(space, at, policyName(h.policy), content)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnsealable, err)
	}
	seal := built.Seal(w.store.options.Key)
	if len(w.wanted) > 0 {
		// It may be one that was wanted, sealed anew.
		if err := c.exec("DELETE FROM wanted WHERE hash = ?", built.Hash[:]); err != nil {
			return err
		}
	}
	return c.exec("INSERT INTO segment (hash, space, cell, policy, events, seal) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
		built.Hash[:], h.space, h.cell, h.policy, events, seal.Text)
}

// shorten brings the tails to what was sealed, and counts the segments.
func (w *writer) shorten(done []sealing) (segments int) {
	for i := range done {
		d := &done[i]
		segments += d.segments
		if i := slices.Index(w.full, d.home); i >= 0 {
			w.full = slices.Delete(w.full, i, i+1)
		}
		w.kept += d.rest.keptBytes() - w.tails[d.home].keptBytes()
		if d.rest.events == 0 {
			delete(w.tails, d.home)
		} else {
			w.tails[d.home] = &d.rest
		}
	}
	return segments
}
