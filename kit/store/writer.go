package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"fieldkit/kit/event"
)

// How much goes into one transaction at most, when much waits.
const (
	groupEvents = 4096
	groupBytes  = 4 << 20
)

// idle is how long full tails wait to be sealed along with the next append.
const idle = 50 * time.Millisecond

// writer is the one goroutine that writes. Its fields are what it knows of the file; nothing else changes them, and they
// change after a commit only.
type writer struct {
	store *Store
	conn  *conn // nil after an error, until the next attempt
	// last is the greatest seq that is committed and published.
	last   int64
	spaces map[string]*space
	// unplaced are the rows that event_tile lacks; those of event_id are store.recent.
	unplaced []place
	// sealed is mark.sealed.
	sealed int64
	tails  map[home]*tail // nil until read from the file
	full   []home         // tails that became full, in that order
	kept   int64          // bytes of tails that are in memory

	announcements chan announcement
	announced     chan struct{} // closed when all was announced
}

// space is a row of the table.
type space struct {
	id, events, bytes, firstT, lastT, lastSeq int64
}

// home is where an event belongs: what tails, segments and digests are made for.
type home struct {
	space, policy, cell int64
}

// record is an event that was stored, with what the writer derives from it.
type record struct {
	Committed
	home home
	hash [32]byte
	door bool
}

// announcement is a commit that readers see and nobody has been told of.
type announcement struct {
	events []Committed
	group  []*request
}

func newWriter(s *Store) *writer {
	return &writer{store: s, announcements: make(chan announcement, 1), announced: make(chan struct{})}
}

// start opens the file, makes it what this version expects, and reads what the writer has in memory.
func (w *writer) start() error {
	err := w.connect()
	if err == nil {
		err = w.load()
	}
	if err == nil {
		_, err = w.conn.one("SELECT coalesce(max(seq), 0) FROM event", nil, &w.last)
	}
	if err == nil {
		err = w.loadTails()
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
		// FULL syncs the log at each commit: that is what acknowledged means.
		err = c.script(fmt.Sprintf("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%d", writerCacheKiB))
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

// run serves appends and tasks until the store closes.
func (w *writer) run() {
	defer close(w.store.done)
	go w.announce()
	defer func() {
		close(w.announcements)
		<-w.announced
		w.stop()
	}()
	rest := time.NewTimer(idle)
	defer rest.Stop()
	for {
		select {
		case <-w.store.quit:
			return
		case r := <-w.store.appends:
			w.serve(w.gather(r))
		case task := <-w.store.tasks:
			task(w)
		case <-rest.C:
			w.sealIdle()
			continue
		}
		if len(w.full) > 0 {
			rest.Reset(idle)
		}
	}
}

// gather adds to first what waits behind it, as far as it goes into one transaction.
func (w *writer) gather(first *request) []*request {
	group := []*request{first}
	events, bytes := len(first.entries), first.bytes
	for events < groupEvents && bytes < groupBytes {
		select {
		case r := <-w.store.appends:
			group = append(group, r)
			events, bytes = events+len(r.entries), bytes+r.bytes
		default:
			return group
		}
	}
	return group
}

// serve stores a group, and has it answered by the announcer. A failure is tried again once, on a new connection: what
// was committed though it was reported lost is then found to be known.
func (w *writer) serve(group []*request) {
	err := w.append(group)
	if err != nil && !final(err) {
		w.store.options.Logger.Warn("appending failed, trying again", "error", err)
		err = w.append(group)
	}
	if err == nil {
		return
	}
	for _, r := range group {
		r.outcomes = nil
		r.done <- err
	}
	if err := w.ready(); err != nil {
		w.store.options.Logger.Error("the store cannot be written", "error", err)
	}
}

// final reports whether trying again is of no use before somebody has done something.
func final(err error) bool {
	return errors.Is(err, ErrFull) || errors.Is(err, ErrReadOnly) || errors.Is(err, ErrBroken)
}

// announce tells of commits in their order, beside the writer, which can fill the next transaction meanwhile.
func (w *writer) announce() {
	defer close(w.announced)
	for a := range w.announcements {
		if tell := w.store.options.Committed; tell != nil && len(a.events) > 0 {
			tell(a.events)
		}
		for _, r := range a.group {
			r.done <- nil
		}
	}
}

// transact runs f in a transaction. When a step fails nobody knows what is on disk and what the connection is in the
// middle of; so it is given up, and ready finds out.
func (w *writer) transact(doing string, f func(*conn) error) error {
	err := w.ready()
	if err == nil {
		if err = w.conn.exec("BEGIN IMMEDIATE"); err == nil {
			err = f(w.conn)
		}
		if err == nil {
			err = w.conn.exec("COMMIT")
		}
		if err != nil {
			w.stop()
		}
	}
	return explain(doing, err)
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

// publish brings what is in memory to what was committed, and has it announced.
func (w *writer) publish(records []record, group []*request) {
	if len(records) > 0 {
		w.last = records[len(records)-1].Seq
		w.store.digests.committed(records)
		w.lengthen(records)
	}
	if len(records) == 0 && len(group) == 0 {
		return
	}
	a := announcement{group: group}
	if w.store.options.Committed != nil {
		for _, r := range records {
			a.events = append(a.events, r.Committed)
		}
	}
	w.announcements <- a
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
	w.spaces, w.sealed, w.unplaced = spaces, sealed, places
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
