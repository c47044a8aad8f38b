package coordinator

import (
	"context"
	"sync"
	"sync/atomic"

	"fieldkit/kit/canvas"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
)

// world is a space that somebody has looked at. Its locks are taken in the order making, mu, newsMu, and none while
// the coordinator's are held.
type world struct {
	space string
	tiles *tileCache
	// looked is when somebody last looked, counted in looks.
	looked atomic.Int64

	// making is held while a view is made from the store, saving while one is saved; the latter is taken first.
	making, saving sync.Mutex

	mu sync.RWMutex
	// shown is nil until somebody looks, and again when what was folded no longer holds.
	shown *view // guarded by mu
	// seed is the empty canvas that knows what one before it found out; nil for nothing.
	seed *canvas.Canvas // guarded by mu

	newsMu sync.Mutex
	// last is the space's last seq that was announced since the first look.
	last int64 // guarded by newsMu
	// news are what was announced and is not folded yet. They are kept while there is a view or one is being made.
	news    []store.Committed // guarded by newsMu
	heeding bool              // guarded by newsMu
}

const (
	// maxNews is how many events wait for those who look to be done; then the store's commits wait too.
	maxNews = 4096
	// maxViews is how many spaces are kept folded. Of more, those looked at longest ago are folded again when asked for.
	maxViews = 64
)

// tell takes an event that was committed; keepUp is to follow.
func (w *world) tell(e store.Committed) {
	w.newsMu.Lock()
	defer w.newsMu.Unlock()
	w.last = e.Seq
	if w.heeding {
		w.news = append(w.news, e)
	}
}

// heed has news kept from here on, or, with false, forgets them.
func (w *world) heed(yes bool) {
	w.newsMu.Lock()
	defer w.newsMu.Unlock()
	w.heeding, w.news = yes, nil
}

// keepUp folds the news, unless somebody is looking: the next who looks does it then, so that commits need not wait.
func (w *world) keepUp() {
	if !w.mu.TryLock() {
		w.newsMu.Lock()
		waiting := len(w.news)
		w.newsMu.Unlock()
		if waiting < maxNews {
			return
		}
		w.mu.Lock()
	}
	defer w.mu.Unlock()
	w.catchUp()
}

// catchUp folds the news. It needs mu.
func (w *world) catchUp() {
	if w.shown == nil {
		return // who makes the view takes them
	}
	w.newsMu.Lock()
	news := w.news
	w.news = nil
	w.newsMu.Unlock()
	if len(news) == 0 {
		return
	}
	for _, e := range news {
		if e.Seq > w.shown.seq { // what came in while the view was made may be in it
			w.shown.add(e.Event, e.Seq, e.Received)
		}
	}
	if w.shown.canvas.Stale() {
		w.seed = w.shown.canvas.Restart()
		w.drop()
		return
	}
	w.shown.canvas.Settle()
	w.tiles.follow(w.shown, news)
}

// drop forgets the view: the next who looks has it made again. It needs mu.
func (w *world) drop() {
	w.shown = nil
	w.heed(false)
}

// View lends the canvas of a space for reading: the state of now, or, with at, that of the events with t ≤ *at. The canvas must
// not be kept. What was committed before is in it. ok is false where this kit has nothing of the space.
func (c *Coordinator) View(ctx context.Context, space string, at *int64, look func(*canvas.Canvas) error) (ok bool, err error) {
	return c.viewOf(ctx, space, at, func(v *view) error { return look(v.canvas) })
}

func (c *Coordinator) view(ctx context.Context, space string, look func(*view) error) (ok bool, err error) {
	w := c.world(space)
	if w == nil {
		return false, nil
	}
	w.looked.Store(c.looks.Add(1))
	w.newsMu.Lock()
	wanted := w.last
	w.newsMu.Unlock()
	for {
		// A window that an operator has changed shows other times as uncertain.
		window := c.SpaceRules(space).Root().Window
		w.mu.RLock()
		made, stale := w.shown != nil, w.shown != nil && !sameWindow(w.shown.window, window)
		if made && !stale && w.shown.seq >= wanted {
			defer w.mu.RUnlock()
			return true, look(w.shown)
		}
		w.mu.RUnlock()
		if made {
			w.mu.Lock()
			if stale && w.shown != nil && !sameWindow(w.shown.window, window) {
				w.drop()
			}
			w.catchUp()
			w.mu.Unlock()
			continue
		}
		if err := c.make(ctx, w); err != nil {
			return false, err
		}
	}
}

func sameWindow(a, b scope.Window) bool { return same(a.From, b.From) && same(a.To, b.To) }

func same(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

// world finds or makes the record of a space, nil where this kit has nothing of it.
func (c *Coordinator) world(space string) *world {
	c.mu.Lock()
	w := c.worlds[space]
	c.mu.Unlock()
	if w != nil {
		return w
	}
	// A space that only somebody's words have named is not remembered: names cost nothing to make up.
	if !c.spaces.has(space) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if w = c.worlds[space]; w == nil {
		w = &world{space: space, tiles: &c.tiles}
		c.worlds[space] = w
	}
	return w
}

// make folds a space from the store, while commits go on and are heard of as news. It goes on when the one who asked has
// left: the next who asks would only begin anew.
func (c *Coordinator) make(ctx context.Context, w *world) error {
	w.making.Lock()
	defer w.making.Unlock()
	w.mu.RLock()
	made, onto := w.shown != nil, w.seed
	w.mu.RUnlock()
	if made {
		return nil
	}
	if onto == nil {
		onto = canvas.New(w.space)
	} else {
		onto = onto.Restart()
	}
	w.heed(true)
	v, err := c.fold(context.WithoutCancel(ctx), onto, c.SpaceRules(w.space).Root().Window, everything)
	if err != nil {
		w.heed(false)
		return err
	}
	w.mu.Lock()
	w.shown, w.seed = v, nil
	w.catchUp()
	w.mu.Unlock()
	c.tidy(w)
	return nil
}

// tidy drops the view that was looked at longest ago, where there are too many; newest stays.
func (c *Coordinator) tidy(newest *world) {
	c.mu.Lock()
	worlds := make([]*world, 0, len(c.worlds))
	for _, w := range c.worlds {
		worlds = append(worlds, w)
	}
	c.mu.Unlock()
	var oldest *world
	made := 0
	for _, w := range worlds {
		w.newsMu.Lock()
		heeding := w.heeding
		w.newsMu.Unlock()
		if !heeding {
			continue
		}
		made++
		if w != newest && (oldest == nil || w.looked.Load() < oldest.looked.Load()) {
			oldest = w
		}
	}
	if made <= maxViews || oldest == nil {
		return
	}
	oldest.mu.Lock()
	defer oldest.mu.Unlock()
	if oldest.shown != nil {
		oldest.drop()
	}
}
