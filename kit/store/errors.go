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
	// ErrReplaced: the checkpoint to go on from was replaced meanwhile.
	ErrReplaced = errors.New("the checkpoint to go on from was replaced meanwhile")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// failure is an error that was explained: what was being done, and one of the errors above where one fits.
type failure struct {
	doing string
	err   error
}

func (f *failure) Error() string { return "store: " + f.doing + ": " + f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// explain gives an error of SQLite or of the system the sentinel that callers know, and says what was being done.
func explain(doing string, err error) error {
	var f *failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	var lite sqlite3.Error
	errors.As(err, &lite)
	is := func(numbers ...syscall.Errno) bool {
		for _, n := range numbers {
			if lite.SystemErrno == n || errors.Is(err, n) {
				return true
			}
		}
		return false
	}
	switch {
	case lite.Code == sqlite3.ErrFull, is(syscall.ENOSPC, syscall.EDQUOT):
		err = fmt.Errorf("%w: make room; reading goes on: %w", ErrFull, err)
	case lite.Code == sqlite3.ErrReadonly, lite.Code == sqlite3.ErrPerm, is(syscall.EROFS, syscall.EACCES, syscall.EPERM):
		err = fmt.Errorf("%w: is the disk mounted read-only, or another user's? %w", ErrReadOnly, err)
	case lite.Code == sqlite3.ErrCorrupt, lite.Code == sqlite3.ErrNotADB, lite.Code == sqlite3.ErrError:
		// The last is about our own statements: they fail where the schema is not the one that we made.
		err = fmt.Errorf("%w: stop the kit and run: fieldkit fsck --repair: %w", ErrBroken, err)
	}
	return &failure{doing, err}
}
