package coordinator

import (
	"context"
	"errors"
	"slices"
	"time"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// When what was folded is saved: so that a kit that starts has at most about freshMany events to fold, and a quiet kit few, and
// saving takes a twentieth of the time at most.
const (
	saveEvery  = 2 * time.Second // how often the spaces are looked at
	freshMany  = 16_384          // saved at once
	freshQuiet = 256             // saved when nothing has come in for quietFor, and at the end
	quietFor   = 20 * time.Second
	saveShare  = 20
	// lookFor is how long a canvas is held while tiles are written, before those who wait get their turn.
	lookFor = 10 * time.Millisecond
)

// saving is what the saver knows of a world; it alone looks at it.
type saving struct {
	seq   int64     // of the view when it was last looked at
	since time.Time // when that seq was first seen
	next  time.Time // not before
}

// keepSaved saves what was folded, in the background, until ctx ends.
func (c *Coordinator) keepSaved(ctx context.Context) {
	known := make(map[*world]*saving)
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, w := range c.allWorlds() {
			s := known[w]
			if s == nil {
				s = new(saving)
				known[w] = s
			}
			c.saveDue(ctx, w, s, time.Now())
		}
	}
}

func (c *Coordinator) allWorlds() []*world {
	c.mu.Lock()
	defer c.mu.Unlock()
	worlds := make([]*world, 0, len(c.worlds))
	for _, w := range c.worlds {
		worlds = append(worlds, w)
	}
	return worlds
}

// saveDue saves a space if it is time to. It goes by how time passes, not by what the clock says.
func (c *Coordinator) saveDue(ctx context.Context, w *world, s *saving, now time.Time) {
	w.mu.RLock()
	seq, fresh := int64(0), 0
	if w.shown != nil {
		seq, fresh = w.shown.seq, w.shown.fresh
	}
	w.mu.RUnlock()
	if seq != s.seq {
		s.seq, s.since = seq, now
	}
	if c.store.Damage() != nil || now.Before(s.next) || fresh < freshQuiet || fresh < freshMany && now.Sub(s.since) < quietFor {
		return
	}
	err := c.save(ctx, w)
	if err == nil {
		err = c.saveMoments(ctx, w.space)
	}
	took := time.Since(now)
	s.next = time.Now().Add(saveShare * took)
	if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
		// Nothing is lost by it: the next start takes longer.
		c.log.Warn("saving what was folded", "space", w.space, "error", err)
		s.next = time.Now().Add(time.Minute)
	}
}

// Save saves what was folded of the spaces that somebody has looked at, as the kit does by itself in the background.
func (c *Coordinator) Save(ctx context.Context) error {
	for _, w := range c.allWorlds() {
		err := c.save(ctx, w)
		if err == nil {
			err = c.saveMoments(ctx, w.space)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// saveAll saves the spaces of which more than a few events are fresh, before the kit closes.
func (c *Coordinator) saveAll(ctx context.Context) {
	for _, w := range c.allWorlds() {
		w.mu.RLock()
		due := w.shown != nil && w.shown.fresh >= freshQuiet
		w.mu.RUnlock()
		if !due || c.store.Damage() != nil {
			continue
		}
		if err := c.save(ctx, w); err != nil {
			c.log.Warn("saving what was folded", "space", w.space, "error", err)
		}
	}
}

// errChanged ends saving when what is saved no longer holds.
var errChanged = errors.New("the view was dropped meanwhile")

// save makes the checkpoint of all events of a space.
func (c *Coordinator) save(ctx context.Context, w *world) error {
	w.saving.Lock()
	defer w.saving.Unlock()
	err := c.saveOnto(ctx, w)
	if !errors.Is(err, store.ErrReplaced) {
		return err
	}
	// The view was made while an earlier one was saved, from what that one replaced: all tiles are saved anew.
	w.mu.Lock()
	if w.shown != nil {
		w.shown.base = nil
		w.shown.canvas.Unsave()
	}
	w.mu.Unlock()
	return c.saveOnto(ctx, w)
}

// saveOnto saves what has changed since the checkpoint that the view went on from.
func (c *Coordinator) saveOnto(ctx context.Context, w *world) error {
	w.mu.RLock()
	v := w.shown
	if v == nil {
		w.mu.RUnlock()
		return nil
	}
	tiles := v.canvas.Unsaved()
	fresh, base := v.fresh, v.base
	one := store.Checkpoint{Space: w.space, At: event.MaxTimestamp, Seq: v.seq, Rules: rulesText(v.canvas.Rules(), v.window), Timeline: v.times.bytes()}
	named := missing(v.canvas, tiles)
	w.mu.RUnlock()
	here, err := c.seqs(ctx, w.space, named)
	if err != nil {
		return err
	}
	saved := make([]store.CheckpointTile, 0, len(tiles))
	counts := make([]int, 0, len(tiles))
	for len(saved) < len(tiles) {
		err := w.look(v, func() error {
			for began := time.Now(); len(saved) < len(tiles) && time.Since(began) < lookFor; {
				at := tiles[len(saved)]
				s, _, err := v.canvas.Snapshot(at, func(id string) bool {
					arrived, ok := here[id]
					return ok && arrived.seq <= v.seq
				})
				if err != nil {
					return err
				}
				saved, counts = append(saved, checkpointTile(at, s, v.seq)), append(counts, v.canvas.Events(at))
			}
			return ctx.Err()
		})
		if errors.Is(err, errChanged) {
			return nil // the next view is saved
		}
		if err != nil {
			return err
		}
	}
	if base != nil && (base.At != one.At || base.Rules != one.Rules) {
		base = nil
	}
	if one, err = c.store.SaveCheckpoint(ctx, one, base, saved); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, at := range tiles {
		v.canvas.Saved(at, counts[i])
	}
	v.base = &one
	v.fresh -= fresh
	v.canvas.Forget()
	return nil
}

func checkpointTile(at tile.Tile, s canvas.Snapshot, seq int64) store.CheckpointTile {
	return store.CheckpointTile{Seq: seq, Uncertain: s.Uncertain, Snapshot: store.Snapshot{
		Tile: at, Hash: s.Hash(), Event: s.Event, Clock: s.Clock, Events: s.Events, State: s.State, File: s.File}}
}

// look runs f while v is what is shown and nothing is added to it.
func (w *world) look(v *view, f func() error) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.shown != v {
		return errChanged
	}
	return f()
}

// missing are the ids that writes of these tiles name and that the canvas does not know to be here.
func missing(c *canvas.Canvas, tiles []tile.Tile) (ids []string) {
	for _, at := range tiles {
		c.Missing(at, func(id string) { ids = append(ids, id) })
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// arrival is when an event came in, and its own time.
type arrival struct{ seq, t int64 }

// seqs finds those of the ids that are here.
func (c *Coordinator) seqs(ctx context.Context, space string, ids []string) (map[string]arrival, error) {
	here := make(map[string]arrival)
	err := c.store.Find(ctx, space, ids, func(id string, row store.Row) {
		e, err := event.Decode(row.Text)
		if err != nil {
			return
		}
		if one, ok := here[id]; !ok || row.Seq < one.seq {
			here[id] = arrival{row.Seq, e.Clock.T}
		}
	})
	return here, err
}
