package coordinator

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/blob"
	"fieldkit/kit/canvas"
	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/picture"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/scope"
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

// MediaSettled waits until the kit has looked at all pictures that have come so far.
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
	return ok && e.Scope.Authority == "source" && blob.IsImage(f.Type) &&
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
		worked := false
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
				worked = true
				pause(ctx, time.Since(began))
			}
		}
		if worked {
			debug.FreeOSMemory() // a decoded picture is large, and the next may be long in coming
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

// derive makes the smaller pictures of a blob, once, and states them for the events that name it. made says that it took
// work.
func (c *Coordinator) derive(ctx context.Context, h blob.Hash) (made bool, err error) {
	blobs, err := c.Blobs()
	if err != nil {
		return false, err
	}
	if !blobs.State(h).Here {
		return false, nil
	}
	_, events, err := c.naming(ctx, h)
	if err != nil {
		return false, err
	}
	events = slices.DeleteFunc(events, func(e *event.Event) bool { return !pictured(e) })
	if len(events) == 0 {
		return false, nil
	}
	record, ok := blobs.Derived(h)
	if !ok || record.Maker != picture.Maker || !present(blobs, record) {
		made = true
		if record, err = makeSmaller(blobs, h); err != nil {
			var withdrawn *blob.Withdrawal
			if errors.As(err, &withdrawn) {
				err = nil
			}
			return made, err
		}
	}
	if record.Preview == nil {
		return made, nil
	}
	return made, c.state(ctx, record, events[:min(len(events), maxStated)])
}

func present(blobs *blob.Store, record blob.Derived) bool {
	for _, f := range []*blob.File{record.Thumbnail, record.Preview} {
		if f != nil {
			if state := blobs.State(f.Hash); !state.Here && state.Withdrawn == nil {
				return false
			}
		}
	}
	return true
}

// makeSmaller reads a blob and stores what is made of it, or that nothing can be.
func makeSmaller(blobs *blob.Store, h blob.Hash) (blob.Derived, error) {
	f, err := blobs.Open(h)
	if err != nil {
		return blob.Derived{}, err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, MaxMedia+1))
	if err != nil {
		return blob.Derived{}, err
	}
	if len(source) > MaxMedia {
		return blob.Derived{}, blobs.FailDerived(h, picture.Maker, "the file is too large")
	}
	small, err := picture.Make(source)
	if err != nil {
		return blob.Derived{}, blobs.FailDerived(h, picture.Maker, err.Error())
	}
	return blobs.PutDerived(h, picture.Maker, picture.Type, small.Thumbnail, small.Preview)
}

// state says through the kit's own door what was made of the picture that these events name. The events that say so follow
// from theirs alone, the time included: what was said before is known, and nothing looks newer than what it was made of.
// Where a space's rules refuse them, the pictures are kept all the same.
func (c *Coordinator) state(ctx context.Context, record blob.Derived, sources []*event.Event) error {
	var lines [][]byte
	for _, source := range sources {
		named, _ := source.File()
		digits := blob.Hash(named.Hash).Hex()
		for _, one := range []struct {
			prefix string
			file   *blob.File
		}{{geojson.ThumbnailSlot, record.Thumbnail}, {geojson.PreviewSlot, record.Preview}} {
			e, err := c.stateOne(source, geojson.DerivedSlot(one.prefix, digits), one.file)
			if err != nil {
				return err
			}
			lines = append(lines, []byte(e.Text))
		}
	}
	verdicts, err := c.Admit(ctx, lines)
	for _, v := range verdicts {
		if err == nil && v.Status == door.Refused {
			c.log.Info("a space's rules refuse what the kit made of a picture; it is kept here", "rule", v.Rule, "field", v.Field, "message", v.Message)
		}
	}
	return err
}

func (c *Coordinator) stateOne(source *event.Event, slot string, file *blob.File) (*event.Event, error) {
	as := source.Scope
	as.Authority = "derived"
	draft, err := json.Marshal(map[string]any{
		"timestamp": source.Timestamp, "space_id": source.Space, "layer_id": source.Layer, "tile": source.Tile.String(),
		"operation": event.SetMedia, "node_id": source.Node, "slot": slot, "scope": as,
		"media":                map[string]any{"hash": file.Name, "type": file.Type, "size": file.Size},
		"preserves_invariants": append([]string{}, source.Preserves...), "previous_events": []string{source.ID},
	}, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	signer := event.NewSigner(c.key)
	signer.Clock = func(string) (event.Clock, bool) { return source.Clock, true }
	return signer.Sign(draft)
}

// WithdrawMedia drops a blob and what was made of it here or elsewhere, and refuses them from then on.
func (c *Coordinator) WithdrawMedia(ctx context.Context, h blob.Hash, reason string) error {
	blobs, err := c.Blobs()
	if err != nil {
		return err
	}
	_, events, err := c.naming(ctx, h)
	if err != nil {
		return err
	}
	var more []blob.Hash
	for _, e := range events {
		_, err := c.View(ctx, e.Space, nil, func(folded *canvas.Canvas) error {
			if n := folded.Node(e.Node); n != nil {
				more = append(more, c.madeElsewhere(folded, n, h)...)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return blobs.Withdraw(h, reason, more...)
}

// madeElsewhere are the files that kits say they made of a picture of this node. Others are not believed: they might name
// a picture that nobody wants withdrawn.
func (c *Coordinator) madeElsewhere(folded *canvas.Canvas, n *canvas.Node, h blob.Hash) (list []blob.Hash) {
	add := func(register string, w *canvas.Write) {
		if w == nil || !w.Derived || w.By.Key != c.Key() && !folded.Rules().Granted(w.By.Key, scope.RoleKit, n.Layer, w.Clock.T) {
			return
		}
		for _, prefix := range []string{geojson.ThumbnailSlot, geojson.PreviewSlot} {
			if f, ok := event.ReadMediaFile(w.Value); ok && register == canvas.MediaPrefix+geojson.DerivedSlot(prefix, h.Hex()) {
				list = append(list, blob.Hash(f.Hash))
			}
		}
	}
	for _, claim := range n.Claims() {
		add(claim.Register, claim.Write)
	}
	n.Registers(canvas.MediaPrefix, func(r canvas.Register) {
		add(r.Name, r.Drawn)
		for _, other := range r.Others {
			add(r.Name, other)
		}
	})
	return list
}

// RestoreMedia lifts the refusal of a blob and of what was made of it; ok is false where it was not withdrawn.
func (c *Coordinator) RestoreMedia(h blob.Hash) (ok bool, err error) {
	blobs, err := c.Blobs()
	if err != nil {
		return false, err
	}
	return blobs.Restore(h)
}
