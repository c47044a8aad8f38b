package coordinator

import (
	"context"
	"slices"

	"fieldkit/kit/canvas"
	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// world is what the coordinator holds of one space, made when first asked for.
type world struct {
	space string
	// log and rules are the space's own log and what the door goes by, where it certifies itself.
	log   *scope.Log
	rules *scope.Rules
	// canvas is nil until somebody looks.
	canvas *canvas.Canvas
	dirty  bool
}

// Times farther than this from the clock of the kit that took the event are shown as uncertain. Reports from the field may
// come in days late, by a phone's owner on foot; none comes from the future.
const (
	earlySeconds = 10 * 60
	lateSeconds  = 7 * 24 * 60 * 60
)

// TimeUncertain reports whether an event's time cannot be relied on: far from the kit's clock when it came in, and not within
// the time that its space says it is about.
func TimeUncertain(timestamp, received int64, window scope.Window) bool {
	if timestamp > received+earlySeconds {
		return window.To == nil || timestamp > *window.To
	}
	if timestamp < received-lateSeconds {
		return window.From == nil || timestamp < *window.From
	}
	return false
}

// add takes a committed event; settle is to follow.
func (w *world) add(c *Coordinator, e *store.Committed) {
	if w.log != nil && e.Event.Layer == event.SpaceLog && w.log.Add(e.Event) {
		w.rules, _ = w.log.Rules()
	}
	if w.canvas != nil {
		window := c.shown(w).Root().Window
		w.canvas.Add(e.Event, TimeUncertain(e.Event.Timestamp, e.Received, window))
		w.dirty = true
	}
}

// settle brings the canvas to rest. It needs c.mu.
func (w *world) settle(c *Coordinator) {
	if w.canvas == nil || !w.dirty {
		return
	}
	w.dirty = false
	for w.canvas.Stale() {
		next := w.canvas.Restart()
		if err := c.feed(context.Background(), w, next, nil); err != nil {
			// The store could not be read. What is shown would be wrong: show nothing, and try again when asked.
			c.log.Error("folding a space again", "space", w.space, "error", err)
			w.canvas = nil
			return
		}
		w.canvas = next
	}
	w.canvas.Settle()
}

// feed adds the events of a space to a canvas, those with t ≤ until where until is given.
func (c *Coordinator) feed(ctx context.Context, w *world, into *canvas.Canvas, until *int64) error {
	window := c.shown(w).Root().Window
	return c.store.Events(ctx, store.Query{Space: w.space, Until: until}, func(r store.Row) error {
		e, err := event.Decode(r.Text)
		if err != nil {
			return err
		}
		into.Add(e, TimeUncertain(e.Timestamp, r.Received, window))
		return nil
	})
}

// shown are the rules whose title, window and exercise mark are shown: the space log's, or this kit's files.
func (c *Coordinator) shown(w *world) *scope.Rules {
	if _, certified := event.SelfCertified(w.space); certified {
		if w.rules == nil {
			if err := c.loadLog(context.Background(), w); err != nil {
				c.log.Error("reading a space log", "space", w.space, "error", err)
				return scope.Default(w.space)
			}
		}
		return w.rules
	}
	return c.files.rules(w.space)
}

func (c *Coordinator) loadLog(ctx context.Context, w *world) error {
	log := scope.NewLog(w.space)
	err := c.store.Events(ctx, store.Query{Space: w.space, Layer: event.SpaceLog, Tile: &tile.Tile{}}, func(r store.Row) error {
		e, err := event.Decode(r.Text)
		if err != nil {
			return err
		}
		log.Add(e)
		return nil
	})
	if err != nil {
		return err
	}
	w.log = log
	w.rules, _ = log.Rules()
	return nil
}

// world finds or makes the record of a space. It needs c.mu for writing.
func (c *Coordinator) world(space string) *world {
	w := c.worlds[space]
	if w == nil {
		w = &world{space: space}
		c.worlds[space] = w
	}
	return w
}

// Rules are those that the local door goes by in a space.
func (c *Coordinator) Rules(space string) door.Checker { return doorRules{c.SpaceRules(space)} }

type doorRules struct{ *scope.Rules }

func (r doorRules) Check(e *event.Event) *event.Refusal { return r.CheckDoor(e) }

// SpaceRules are the rules of a space as this kit knows them: of its log, or of the files in the data folder.
func (c *Coordinator) SpaceRules(space string) *scope.Rules {
	if _, certified := event.SelfCertified(space); !certified {
		return c.files.rules(space)
	}
	c.mu.RLock()
	if w := c.worlds[space]; w != nil && w.rules != nil {
		defer c.mu.RUnlock()
		return w.rules
	}
	c.mu.RUnlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	// A space that only somebody's words have named is not remembered: names cost nothing to make up.
	w := c.worlds[space]
	if w == nil {
		w = &world{space: space}
	}
	return c.shown(w)
}

// View lends the canvas of a space for reading: the state of now, or, with at, that of the events with t ≤ *at. The canvas must
// not be kept. ok is false where this kit has nothing of the space.
func (c *Coordinator) View(ctx context.Context, space string, at *int64, look func(*canvas.Canvas) error) (ok bool, err error) {
	if at != nil {
		return c.viewAt(ctx, space, *at, look)
	}
	for {
		c.mu.RLock()
		if w := c.worlds[space]; w != nil && w.canvas != nil {
			defer c.mu.RUnlock()
			return true, look(w.canvas)
		}
		c.mu.RUnlock()
		if ok, err := c.load(ctx, space); !ok || err != nil {
			return ok, err
		}
	}
}

// has reports whether the kit has anything of a space.
func (c *Coordinator) has(ctx context.Context, space string) (bool, error) {
	c.mu.RLock()
	_, ok := c.worlds[space]
	c.mu.RUnlock()
	if ok {
		return true, nil
	}
	stats, err := c.store.Spaces(ctx)
	return slices.ContainsFunc(stats, func(s store.SpaceStat) bool { return s.Space == space }), err
}

// load folds a space for the first time.
func (c *Coordinator) load(ctx context.Context, space string) (ok bool, err error) {
	if ok, err := c.has(ctx, space); !ok || err != nil {
		return ok, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.world(space)
	if w.canvas != nil {
		return true, nil
	}
	folded, err := c.fold(ctx, w, nil)
	if err != nil {
		return false, err
	}
	w.canvas = folded
	return true, nil
}

func (c *Coordinator) fold(ctx context.Context, w *world, until *int64) (*canvas.Canvas, error) {
	for folded := canvas.New(w.space); ; folded = folded.Restart() {
		if err := c.feed(ctx, w, folded, until); err != nil {
			return nil, err
		}
		if !folded.Stale() {
			folded.Settle()
			return folded, nil
		}
	}
}
