package store

import (
	"context"
	"errors"

	"github.com/mattn/go-sqlite3"
)

// Damage is the first sign of a damaged database that any read or write has met since the store was opened, an ErrBroken;
// nil while there was none. It stays: damage does not mend itself.
func (s *Store) Damage() error {
	if err := s.damage.Load(); err != nil {
		return *err
	}
	return nil
}

// notice remembers err if it tells of damage, and returns it.
func (s *Store) notice(err error) error {
	if !errors.Is(err, ErrBroken) {
		return err
	}
	// A statement that SQLite does not take is a fault of ours, or of a file that is not ours: Open says so.
	var lite sqlite3.Error
	if !errors.As(err, &lite) || lite.Code != sqlite3.ErrError {
		if s.damage.CompareAndSwap(nil, &err) {
			s.options.Logger.Error("the database is damaged: stop the kit and run fieldkit fsck --repair", "error", err)
		}
	}
	return err
}

// Try writes something that changes nothing, and syncs it: nil says that the store can be written.
func (s *Store) Try(ctx context.Context) error {
	return s.task(ctx, func(w *writer) error {
		return w.transact("trying to write", func(c *conn) error { return c.exec("UPDATE mark SET indexed = indexed") })
	})
}
