package store

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"fieldkit/kit/event"
)

// start opens the file, makes it what this version expects, and reads what the writer has in memory, but for the tails: to
// find them may take long, and only who first writes waits for it.
func (w *writer) start() error {
	err := w.connect()
	if err == nil {
		err = w.load()
	}
	if err == nil {
		// What a repair did not find keeps its number: a reader's cursor may stand there.
		_, err = w.conn.one("SELECT max((SELECT coalesce(max(seq), 0) FROM event), (SELECT coalesce(max(last), 0) FROM gap))", nil, &w.last)
	}
	if err != nil {
		w.stop()
	}
	return err
}

func (w *writer) connect() error {
	l, err := w.store.options.open(w.store.path)
	if err != nil {
		return err
	}
	c := &conn{link: l}
	err = migrate(c)
	if err == nil {
		err = c.each("PRAGMA journal_mode = WAL", nil, func(row []driver.Value) error {
			if mode := text(row[0]); mode != "wal" {
				return fmt.Errorf("the file system of %s takes no write-ahead log (journal mode %s): put the data folder on another", w.store.path, mode)
			}
			return nil
		})
	}
	if err == nil {
		// FULL syncs the log at each commit: that is what acknowledged means.
		err = c.script(fmt.Sprintf("PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%d", writerCacheKiB))
	}
	if pages := w.store.options.maxPages; err == nil && pages != nil {
		err = c.script(fmt.Sprintf("PRAGMA max_page_count = %d", pages.Load()))
	}
	if err != nil {
		c.close()
		return err
	}
	w.conn = c
	return nil
}

func (w *writer) stop() {
	if w.conn != nil {
		w.conn.close()
		w.conn = nil
	}
}

// ready sees to it that there is a connection, and that what the writer knows is what the file holds. After a failure
// it tells of what was committed though it was reported lost.
func (w *writer) ready() error {
	if w.conn != nil {
		return nil
	}
	if err := w.connect(); err != nil {
		return explain("opening "+w.store.path, err)
	}
	w.tails, w.full = nil, nil
	missed, err := w.missed()
	if err == nil {
		err = w.load()
	}
	if err != nil {
		w.stop()
		return explain("reading "+w.store.path, err)
	}
	w.publish(missed, nil)
	return nil
}

// missed reads the events that were committed and not published.
func (w *writer) missed() (records []record, err error) {
	query := "SELECT seq, received, space, policy, cell, door, hash, text FROM event WHERE seq > ? ORDER BY seq"
	err = w.conn.each(query, []driver.Value{w.last}, func(row []driver.Value) error {
		var r record
		r.Seq, r.Received = integer(row[0]), integer(row[1])
		r.home = home{integer(row[2]), integer(row[3]), integer(row[4])}
		r.door = integer(row[5]) == 1
		var err error
		if r.hash, err = hashOf(row[6]); err == nil {
			r.Event, err = event.Decode(text(row[7]))
		}
		if err != nil {
			return fmt.Errorf("%w: event %d: %w", ErrBroken, r.Seq, err)
		}
		records = append(records, r)
		return nil
	})
	return records, err
}

// load reads the small tables, and what the index tables lack.
func (w *writer) load() error {
	spaces := make(map[string]*space)
	err := w.conn.each("SELECT name, id, events, bytes, first_t, last_t, last_seq FROM space", nil, func(row []driver.Value) error {
		spaces[text(row[0])] = &space{integer(row[1]), integer(row[2]), integer(row[3]), integer(row[4]), integer(row[5]), integer(row[6])}
		return nil
	})
	if err != nil {
		return err
	}
	var indexed, sealed int64
	if _, err := w.conn.one("SELECT indexed, sealed FROM mark", nil, &indexed, &sealed); err != nil {
		return err
	}
	var entries []entry
	var places []place
	query := "SELECT seq, space, policy, cell, hash, text FROM event WHERE seq > ? ORDER BY seq"
	err = w.conn.each(query, []driver.Value{indexed}, func(row []driver.Value) error {
		seq := integer(row[0])
		hash, err := hashOf(row[4])
		if err != nil {
			return fmt.Errorf("%w: event %d: %w", ErrBroken, seq, err)
		}
		places = append(places, place{home{integer(row[1]), integer(row[2]), integer(row[3])}, seq})
		entries = appendEntries(entries, seq, hash, event.IDOf(text(row[5])))
		return nil
	})
	if err != nil {
		return err
	}
	wanted, err := loadWanted(w.conn)
	if err != nil {
		return err
	}
	w.spaces, w.sealed, w.unplaced, w.wanted = spaces, sealed, places, wanted
	w.store.recent.add(entries, true)
	return nil
}

func integer(v driver.Value) int64 { n, _ := v.(int64); return n }

func text(v driver.Value) string { s, _ := v.(string); return s }

func hashOf(v driver.Value) ([32]byte, error) {
	b, _ := v.([]byte)
	if len(b) != 32 {
		return [32]byte{}, errors.New("the hash has not 32 bytes")
	}
	return [32]byte(b), nil
}
