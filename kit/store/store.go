// Package store keeps a kit's trace in one SQLite file, kit.db in the data folder: events in the order they arrived,
// the segments they were sealed into, and digests over them (kit/SPEC.md, sections 8 and 9).
//
// Acknowledged means on disk: Append returns after the transaction that holds the events was synced. One goroutine
// writes; what waits for it goes into one transaction together. Readers have connections of their own and see whole
// transactions, so a reader never sees event n+1 before n. After a crash the store opens again by itself.
package store

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"fieldkit/kit/event"
)

// FileName is the database's name in the data folder.
const FileName = "kit.db"

// Options are what a store needs to know. The zero Options make a store that seals nothing.
type Options struct {
	// Key is the kit's, for seals. Without it tails stay open.
	Key ed25519.PrivateKey
	// Now is the kit's clock, for what is sealed by age when appends fill a tail; nil means time.Now.
	Now func() time.Time
	// Logger is told of what the store does by itself and of what nobody waits for; nil means slog.Default.
	Logger *slog.Logger
	// Committed, if not nil, is called with the events that a commit added: in the order of seq, one call after the
	// other, each event exactly once while the store is open, before the Append that brought them returns. It must not
	// call Append, Seal or Close.
	Committed func([]Committed)

	open     func(path string) (link, error) // tests make steps fail with it
	maxPages *atomic.Int64                   // tests make the disk full with it
}

// Committed is an event that was just stored.
type Committed struct {
	Seq int64
	// Received is in seconds since 1970 UTC.
	Received int64
	Event    *event.Event
}

// A Store is an open data folder. Its methods may be called from many goroutines.
type Store struct {
	path    string
	options Options
	lock    *os.File
	readers chan *conn // nil for a connection that is not open yet
	recent  *recent
	digests *digests
	damage  atomic.Pointer[error] // the first sign of it

	appends chan *request
	tasks   chan func(*writer)
	quit    chan struct{} // closed by Close
	done    chan struct{} // closed when the writer has ended
	saving  sync.Mutex    // held while a checkpoint is saved
	closing sync.Once
	closed  error
}

// How many connections readers have, and what each connection may keep in memory, in KiB.
const (
	readerCount    = 4
	readerCacheKiB = 1024
	writerCacheKiB = 4096
)

// Open opens the store in the folder dir, which is made where there is none. ErrLocked means that another process has
// it open, ErrBroken that the file is not a kit's or damaged, ErrNewer that it is a later program's.
func Open(dir string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.open == nil {
		o.open = openLink
	}
	if err := makeFolder(dir); err != nil {
		return nil, explain("making "+dir, err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	if err := finishReplacing(dir); err != nil {
		lock.Close()
		return nil, explain("ending the repair of "+dir, err)
	}
	s := &Store{
		path: filepath.Join(dir, FileName), options: o, lock: lock,
		readers: make(chan *conn, readerCount),
		appends: make(chan *request, 64), tasks: make(chan func(*writer)),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	s.recent, s.digests = newRecent(), newDigests(s)
	w := newWriter(s)
	if err := w.start(); err != nil {
		lock.Close()
		return nil, explain("opening "+s.path, err)
	}
	s.digests.last = w.last
	// One reader is open from the beginning: on a full disk there might be no room to open it later.
	first, err := s.openReader()
	if err != nil {
		w.stop()
		lock.Close()
		return nil, explain("opening "+s.path, err)
	}
	for range readerCount - 1 {
		s.readers <- nil
	}
	s.readers <- first
	go w.run()
	return s, nil
}

// makeFolder makes dir, and sees to it that it is still there after a power cut.
func makeFolder(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}

// Close lets what is being written end, and gives the folder back. What waits after that gets ErrClosed.
func (s *Store) Close() error {
	s.closing.Do(func() {
		close(s.quit)
		<-s.done
		for range readerCount {
			if c := <-s.readers; c != nil {
				if err := c.close(); s.closed == nil {
					s.closed = err
				}
			}
		}
		if err := s.lock.Close(); s.closed == nil {
			s.closed = err
		}
	})
	return s.closed
}

func (s *Store) openReader() (*conn, error) {
	l, err := s.options.open(s.path)
	if err != nil {
		return nil, err
	}
	c := &conn{link: l}
	if err := c.script(fmt.Sprintf("PRAGMA query_only = 1; PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY", readerCacheKiB)); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// read runs f on a reader's connection, within one snapshot.
func (s *Store) read(ctx context.Context, doing string, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var c *conn
	select {
	case <-s.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case c = <-s.readers:
	}
	err := func() (err error) {
		if c == nil {
			if c, err = s.openReader(); err != nil {
				return err
			}
		}
		if err = c.exec("BEGIN"); err != nil {
			return err
		}
		if err = f(c); err != nil {
			return err
		}
		return c.exec("COMMIT")
	}()
	if err != nil && c != nil {
		// The connection may be in the middle of anything. A new one is not.
		c.close()
		c = nil
	}
	s.readers <- c
	return s.notice(explain(doing, err))
}
