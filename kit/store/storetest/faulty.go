package storetest

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
)

// ErrFault is what a step that was made to fail reports.
var ErrFault = errors.New("a fault was put here")

// Link is a driver's connection, as far as a store uses it.
type Link interface {
	driver.Conn
	driver.ExecerContext
}

// A Fault makes one step of all connections fail: opening, a script, preparing, a statement (begin and commit are
// statements), reading a row. The zero Fault fails nothing and counts.
type Fault struct {
	mu     sync.Mutex
	steps  []string // guarded by mu; what was done, by name
	at     int      // guarded by mu; the step that fails, from 1; 0 for none
	done   bool     // guarded by mu; the step is done all the same
	failed string   // guarded by mu; the step that did
}

// Set arms the fault: counting begins anew, and the step at, from 1, fails; lost, or with done, after it took effect.
func (f *Fault) Set(at int, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps, f.at, f.done, f.failed = nil, at, done, ""
}

// Met tells which steps were taken since Set, and which one failed, if one did.
func (f *Fault) Met() (steps []string, failed string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.steps, f.failed
}

// step takes one step by way of do, or fails.
func (f *Fault) step(name string, do func() error) error {
	f.mu.Lock()
	f.steps = append(f.steps, name)
	fails := len(f.steps) == f.at
	lost := fails && !f.done
	if fails {
		f.failed = name
	}
	f.mu.Unlock()
	if lost {
		return ErrFault
	}
	err := do()
	if err == nil && fails {
		return ErrFault
	}
	return err
}

// Through opens a connection that fails as told, by way of one that does not.
func (f *Fault) Through(open func() (Link, error)) (Link, error) {
	var inner Link
	err := f.step("open", func() (err error) { inner, err = open(); return err })
	if err != nil {
		if inner != nil {
			inner.Close()
		}
		return nil, err
	}
	return &faultyLink{inner, f}, nil
}

type faultyLink struct {
	Link
	fault *Fault
}

func (l *faultyLink) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Result, err error) {
	err = l.fault.step(query, func() (err error) { r, err = l.Link.ExecContext(ctx, query, args); return err })
	return r, err
}

func (l *faultyLink) Prepare(query string) (driver.Stmt, error) {
	s, err := l.Link.Prepare(query)
	if err != nil {
		return nil, err
	}
	return &faultyStatement{s, query, l.fault}, nil
}

type faultyStatement struct {
	driver.Stmt
	query string
	fault *Fault
}

func (s *faultyStatement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	querier, ok := s.Stmt.(driver.StmtQueryContext)
	if !ok {
		return nil, errors.New("the driver's statements cannot be queried")
	}
	var rows driver.Rows
	err := s.fault.step(s.query, func() (err error) { rows, err = querier.QueryContext(ctx, args); return err })
	if err != nil {
		if rows != nil {
			rows.Close()
		}
		return nil, err
	}
	return &faultyRows{Rows: rows, statement: s}, nil
}

// faultyRows fails at its first row only: at a later one there is nothing else to see.
type faultyRows struct {
	driver.Rows
	statement *faultyStatement
	later     bool
}

func (r *faultyRows) Next(values []driver.Value) error {
	if r.later {
		return r.Rows.Next(values)
	}
	r.later = true
	return r.statement.fault.step("row of "+r.statement.query, func() error { return r.Rows.Next(values) })
}
