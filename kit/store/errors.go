package store

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// What callers branch on. Each comes wrapped, with what was being done and what a person can do.
var (
	// ErrLocked: another process has the folder open.
	ErrLocked = errors.New("the data folder is in use")
	// ErrFull: the disk has no room. Nothing of the batch was stored; reads go on, and writes when there is room again.
	ErrFull = errors.New("the disk is full")
	// ErrReadOnly: the disk or the file cannot be written.
	ErrReadOnly = errors.New("the data folder cannot be written")
	// ErrBroken: the file is not a kit's database, or is damaged.
	ErrBroken = errors.New("the database is broken")
	// ErrNewer: the database was written by a later version of the program.
	ErrNewer = errors.New("the database is of a newer version")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// explain gives an error of SQLite the sentinel that callers know.
func explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	for _, sentinel := range []error{ErrFull, ErrReadOnly, ErrBroken, ErrNewer, ErrClosed} {
		if errors.Is(err, sentinel) {
			return err
		}
	}
	var lite sqlite3.Error
	if errors.As(err, &lite) {
		switch {
		case lite.Code == sqlite3.ErrFull, lite.SystemErrno == syscall.ENOSPC, lite.SystemErrno == syscall.EDQUOT:
			return fmt.Errorf("store: %s: %w: make room; reading goes on: %w", doing, ErrFull, err)
		case lite.Code == sqlite3.ErrReadonly, lite.Code == sqlite3.ErrPerm, lite.SystemErrno == syscall.EROFS, lite.SystemErrno == syscall.EACCES:
			return fmt.Errorf("store: %s: %w: is the disk mounted read-only, or another user's?: %w", doing, ErrReadOnly, err)
		case lite.Code == sqlite3.ErrCorrupt, lite.Code == sqlite3.ErrNotADB:
			return fmt.Errorf("store: %s: %w: %w", doing, ErrBroken, err)
		}
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}
