package store

import (
	"context"

	"fieldkit/kit/event"
)

// An Entry is an event to be stored.
type Entry struct {
	// Event was judged by whoever appends it: parsed, verified, within its scope.
	Event *event.Event
	// Hash is Event.Hash().
	Hash [32]byte
	// Received is in seconds since 1970 UTC.
	Received int64
	// Door is true for what came in at this kit's door: it is sealed by this kit, and a second content under one id of
	// one space is not stored. By sync both are.
	Door bool
}

// Status says what became of an entry.
type Status int

const (
	// Taken: stored now.
	Taken Status = iota
	// Known: the same content was here. What was stored first stays, its signature too.
	Known
	// Equivocation: another content has this id in this space, and the entry came in at the door. It is not stored.
	Equivocation
)

func (s Status) String() string {
	switch s {
	case Taken:
		return "taken"
	case Known:
		return "known"
	}
	return "equivocation"
}

// An Outcome is what became of an entry.
type Outcome struct {
	// Seq is the event's place in the order of arrival; for an equivocation that of the content that was here first.
	Seq    int64
	Status Status
}

// request is an Append that waits for the writer.
type request struct {
	entries   []Entry
	bytes     int
	adoptions []adoption
	outcomes  []Outcome
	done      chan error
}

// Append stores events, and returns when they are on disk, with an outcome for each. All of a call are stored in one
// transaction or, with an error, none is as far as is known: what was committed though it was reported lost is Known when
// it is appended again, and Committed is told of it. The order of the entries is the order of their seqs. ctx is heeded
// until the writer has taken the entries up; they must not change before Append returns.
func (s *Store) Append(ctx context.Context, entries []Entry) ([]Outcome, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	r := &request{entries: entries, done: make(chan error, 1)}
	for i := range entries {
		r.bytes += len(entries[i].Event.Text)
	}
	if err := s.submit(ctx, r); err != nil {
		return nil, err
	}
	return r.outcomes, nil
}

// submit hands a request to the writer and waits until it is done.
func (s *Store) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case s.appends <- r:
	}
	select {
	case err := <-r.done:
		return err
	case <-s.done:
	}
	// The writer has ended; it may have seen to this one before.
	select {
	case err := <-r.done:
		return err
	default:
		return ErrClosed
	}
}

// task runs f on the writer's goroutine, between transactions.
func (s *Store) task(ctx context.Context, f func(*writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	select {
	case <-s.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case s.tasks <- func(w *writer) { done <- f(w) }:
		return <-done
	}
}
