package coordinator

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strconv"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// An extent says which events of a space are folded: those with a clock t up to at and, unless it is 0, a seq up to seq.
type extent struct {
	at, seq int64
	// moments: only a checkpoint of an earlier moment may be gone on from.
	moments bool
}

// everything is all that the store has.
var everything = extent{at: event.MaxTimestamp}

// errReplaced says that a checkpoint was replaced while it was about to be loaded.
var errReplaced = errors.New("the checkpoint was replaced")

// fold folds events of a space onto an empty canvas: from the best checkpoint on, if there is one.
func (c *Coordinator) fold(ctx context.Context, onto *canvas.Canvas, window scope.Window, which extent) (*view, error) {
	for ; ; onto = onto.Restart() {
		onto.Remember(c.past(onto.Space()))
		f := &folding{c: c, ctx: ctx, which: which, view: &view{canvas: onto, window: window, times: new(timeline)}}
		err := f.fold()
		if errors.Is(err, errReplaced) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !onto.Stale() {
			onto.Settle()
			return f.view, nil
		}
	}
}

// past tells a canvas of events that are in what it was loaded from.
func (c *Coordinator) past(space string) canvas.Past {
	return func(id string) (at tile.Tile, ok bool) {
		var least [32]byte
		err := c.store.Find(context.Background(), space, []string{id}, func(_ string, row store.Row) {
			e, err := event.Decode(row.Text)
			if err != nil {
				return
			}
			// Of several contents under one id the smallest hash has effect.
			if hash := e.Hash(); !ok || bytes.Compare(hash[:], least[:]) < 0 {
				at, ok, least = e.Tile, true, hash
			}
		})
		return at, ok && err == nil
	}
}

// folding is a fold on its way.
type folding struct {
	c     *Coordinator
	ctx   context.Context
	which extent
	view  *view
	base  *store.Checkpoint
	// ahead are the tiles that were saved later than the rest of the checkpoint, with the seq up to which all is in them.
	ahead map[tile.Tile]int64
}

func (f *folding) fold() error {
	v, space := f.view, f.view.canvas.Space()
	// By the rules of the space's log all else is judged.
	log, err := f.c.logOf(f.ctx, space)
	if err != nil {
		return err
	}
	for _, e := range log {
		if e.Clock.T <= f.which.at {
			v.canvas.Add(e, false)
		}
	}
	v.canvas.Settle()
	base, err := f.choose(rulesText(v.canvas.Rules(), v.window))
	if err != nil {
		return err
	}
	if f.base = base; base == nil {
		return f.add(store.Query{Space: space, Until: f.until(f.which.at)})
	}
	if err := f.load(base); err != nil {
		return err
	}
	v.base, v.seq = base, max(v.seq, base.Seq)
	if base.At >= f.which.at {
		return f.add(store.Query{Space: space, Until: f.until(f.which.at), After: base.Seq})
	}
	// What was late for the checkpoint, and what came after its moment.
	if err := f.add(store.Query{Space: space, Until: &base.At, After: base.Seq}); err != nil {
		return err
	}
	since := base.At + 1
	return f.add(store.Query{Space: space, Since: &since, Until: &f.which.at})
}

// until is the bound for a query, nil where all events are within it.
func (f *folding) until(at int64) *int64 {
	if at == event.MaxTimestamp {
		return nil
	}
	return &at
}

func (f *folding) read(query store.Query, yield func(*event.Event, store.Row)) error {
	return f.c.store.Events(f.ctx, query, func(r store.Row) error {
		e, err := event.Decode(r.Text)
		if err == nil {
			yield(e, r)
		}
		return err
	})
}

func (f *folding) add(query store.Query) error {
	return f.read(query, func(e *event.Event, r store.Row) {
		switch {
		case f.which.seq != 0 && r.Seq > f.which.seq:
			return
		case r.Seq <= f.ahead[e.Tile] && e.Clock.T <= f.base.At:
			// The tile has it. The checkpoint's timeline does not.
			f.view.seq = max(f.view.seq, r.Seq)
			f.view.times.add(e.Clock.T)
			return
		}
		f.view.add(e, r.Seq, r.Received)
	})
}

// choose finds the checkpoint that leaves least to fold, nil for none.
func (f *folding) choose(rules string) (*store.Checkpoint, error) {
	space := f.view.canvas.Space()
	list, err := f.c.store.Checkpoints(f.ctx, space)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	at := f.which.at
	if !f.which.moments && at != event.MaxTimestamp {
		stats, err := f.c.store.Spaces(f.ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range stats {
			if s.Space == space && s.LastT <= at {
				at = event.MaxTimestamp // the state of now
			}
		}
	}
	for i := len(list) - 1; i >= 0; i-- {
		one := &list[i]
		if one.Rules != rules || one.At > at || f.which.moments && one.At == event.MaxTimestamp {
			continue
		}
		if one.At == event.MaxTimestamp {
			if f.view.times, err = readTimeline(one.Timeline); err != nil {
				f.c.log.Warn("a checkpoint cannot be used", "space", space, "error", err)
				f.view.times = new(timeline)
				continue
			}
		}
		return one, nil
	}
	return nil, nil
}

// load puts the tiles of a checkpoint into the canvas. Those that have no snapshot, or none that can be used, are folded from
// their events.
func (f *folding) load(base *store.Checkpoint) error {
	v := f.view
	var unfit []tile.Tile
	ok, err := f.c.store.LoadCheckpoint(f.ctx, *base, func(t store.CheckpointTile) error {
		if t.Seq > base.Seq {
			if f.ahead == nil {
				f.ahead = make(map[tile.Tile]int64)
			}
			f.ahead[t.Tile] = t.Seq
		}
		if t.Events > 0 {
			err := v.canvas.Load(canvas.Snapshot{File: t.File, Uncertain: t.Uncertain, State: t.State})
			if err == nil {
				v.events += t.Events
				return nil
			}
			if !errors.Is(err, canvas.ErrUnfit) {
				f.c.log.Warn("a snapshot cannot be used; its tile is folded from its events", "tile", t.Tile.String(), "error", err)
			}
		}
		delete(f.ahead, t.Tile)
		unfit = append(unfit, t.Tile)
		return nil
	})
	if err == nil && !ok {
		err = errReplaced
	}
	for _, at := range unfit {
		if err != nil {
			break
		}
		query := store.Query{Space: base.Space, Tile: &at, Until: f.until(base.At)}
		err = f.read(query, func(e *event.Event, r store.Row) {
			if r.Seq <= base.Seq {
				// The checkpoint's timeline has it.
				v.fold(e, r.Seq, r.Received)
			}
		})
	}
	return err
}

// rulesText names what a fold depends on beside the events: its version, the space's log, and the time that the space is about by
// this kit's word, which times are shown as uncertain by.
func rulesText(rules *scope.Rules, window scope.Window) string {
	text := "fold " + strconv.Itoa(canvas.Version)
	if digest, ok := rules.LogDigest(); ok {
		text += " log " + hex.EncodeToString(digest[:])
	}
	for _, end := range [...]struct {
		name string
		t    *int64
	}{{"from", window.From}, {"to", window.To}} {
		if end.t != nil {
			text += " " + end.name + " " + strconv.FormatInt(*end.t, 10)
		}
	}
	return text
}
