package store

import (
	"errors"
	"time"
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
	// wanted are the tiles of which segments are to be put together again when their events come back; reunited says that
	// the last transaction did so.
	wanted   map[sealedAt]bool
	reunited bool

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
	return w.store.notice(explain(doing, err))
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
