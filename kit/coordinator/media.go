package coordinator

import (
	"context"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"fieldkit/kit/blob"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/store"
)

const (
	// MaxMedia is the greatest size of a file that a kit takes, in bytes.
	MaxMedia = 32 << 20
	// maxNaming is how many of the events that name a file are looked at.
	maxNaming = 64
	// maxStated is for how many events that name a picture the kit states what it made of it: an event costs a stranger
	// nothing, and two of ours follow each.
	maxStated = 16
	// tidyEvery is how often old uploads are looked for, and what could not be made is tried again.
	tidyEvery = 10 * time.Minute
)

// media holds the bytes that events name, and makes smaller pictures of them one after another.
type media struct {
	options blob.Options

	mu     sync.Mutex
	blobs  *blob.Store        // guarded by mu, nil until the folder could be opened
	wanted map[blob.Hash]bool // pictures to look at, guarded by mu
	later  map[blob.Hash]bool // those for which there was no room, guarded by mu
	busy   bool               // the worker has one in hand, guarded by mu
	wake   chan struct{}
	idle   chan struct{} // closed and replaced when nothing is wanted any more, guarded by mu
}

func newMedia(o blob.Options) media {
	return media{options: o, wanted: make(map[blob.Hash]bool), later: make(map[blob.Hash]bool), wake: make(chan struct{}, 1), idle: make(chan struct{})}
}

// Blobs is where the kit keeps the bytes of media. A disk on which the folder cannot be made is no reason for a kit not to
// take reports: then each call tries again, and gives the error.
func (c *Coordinator) Blobs() (*blob.Store, error) {
	m := &c.media
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.blobs != nil {
		return m.blobs, nil
	}
	opened, err := blob.Open(filepath.Join(c.data, "objects"), m.options)
	if err != nil {
		return nil, err
	}
	m.blobs = opened
	return opened, nil
}

// look has the worker look at a picture.
func (m *media) look(hashes ...blob.Hash) {
	m.mu.Lock()
	for _, h := range hashes {
		m.wanted[h] = true
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *media) next() (h blob.Hash, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for h = range m.wanted {
		delete(m.wanted, h)
		m.busy = true
		return h, true
	}
	m.busy = false
	close(m.idle)
	m.idle = make(chan struct{})
	return h, false
}

// MediaSettled waits until the kit has looked at all pictures that have come so far; KeepMedia must have been called.
func (c *Coordinator) MediaSettled(ctx context.Context) error {
	for {
		c.media.mu.Lock()
		settled, idle := len(c.media.wanted) == 0 && !c.media.busy, c.media.idle
		c.media.mu.Unlock()
		if settled {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// heard has the worker look at what events name: the bytes may have been here before them. It waits for nobody.
func (m *media) heard(events []store.Committed) {
	for _, e := range events {
		if f, ok := e.Event.File(); ok && pictured(e.Event) {
			m.look(blob.Hash(f.Hash))
		}
	}
}

// pictured reports whether an event names a picture of which smaller ones are to be made.
func pictured(e *event.Event) bool {
	f, ok := e.File()
	return ok && e.Node != "" && e.Scope.Authority == "source" && blob.IsImage(f.Type) &&
		!strings.HasPrefix(e.Slot, geojson.ThumbnailSlot) && !strings.HasPrefix(e.Slot, geojson.PreviewSlot)
}

// naming are the events that name a file, the oldest arrivals first.
func (c *Coordinator) naming(ctx context.Context, h blob.Hash) (rows []store.Row, events []*event.Event, err error) {
	rows, err = c.store.Media(ctx, h, maxNaming)
	for _, row := range rows {
		e, broken := event.Decode(row.Text)
		if broken != nil {
			return nil, nil, broken
		}
		events = append(events, e)
	}
	return rows, events, err
}

// MediaArrived tells the kit that a blob is here now.
func (c *Coordinator) MediaArrived(h blob.Hash) { c.media.look(h) }

// KeepMedia begins to make smaller pictures of what is here and comes in, as long as the kit is open. It is for a kit that
// serves: a command that only opens the folder leaves them alone.
func (c *Coordinator) KeepMedia() { c.running.Go(func() { c.keepMedia(c.life) }) }

// keepMedia makes smaller pictures of what is here and comes in, until ctx ends. One at a time, and as long a pause as the
// work took: the kit has other things to do.
func (c *Coordinator) keepMedia(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	// What came in while the kit was killed, or was not finished.
	if blobs, err := c.Blobs(); err != nil {
		c.log.Error("the folder of media cannot be opened; reports are taken all the same", "error", err)
	} else if err := blobs.Each(func(h blob.Hash, _ int64) error { c.media.look(h); return ctx.Err() }); err != nil && ctx.Err() == nil {
		c.log.Error("looking through media", "error", err)
	}
	for {
		for h, ok := c.media.next(); ok && ctx.Err() == nil; h, ok = c.media.next() {
			began := time.Now()
			made, err := c.derive(ctx, h)
			switch {
			case ctx.Err() != nil:
			case err != nil:
				c.log.Warn("making a thumbnail; it is tried again", "media", h.String(), "error", err)
				c.media.mu.Lock()
				c.media.later[h] = true
				c.media.mu.Unlock()
			}
			if made {
				took := time.Since(began)
				debug.FreeOSMemory() // a decoded picture is large, and the next may be long in coming
				pause(ctx, took)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-c.media.wake:
		case <-ticker.C:
			c.media.tidy(c)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (m *media) tidy(c *Coordinator) {
	if blobs, err := c.Blobs(); err == nil {
		if n := blobs.Tidy(); n > 0 {
			c.log.Info("uploads that brought nothing for long were dropped", "uploads", n)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for h := range m.later {
		m.wanted[h] = true
	}
	clear(m.later)
}
