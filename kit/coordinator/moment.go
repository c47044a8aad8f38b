package coordinator

import (
	"context"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// How many events lie between two moments that are saved: so many at least, and such a part of all.
const (
	momentEvents = 8192
	momentShare  = 8
)

// saveMoments saves earlier moments of a space, so that a look at any time has to fold only what lies between it and the moment
// before. It goes on from the last one; those that were made by other rules are dropped, with all after them.
func (c *Coordinator) saveMoments(ctx context.Context, space string) error {
	for {
		made, err := c.saveMoment(ctx, space)
		if err != nil || !made {
			return err
		}
	}
}

func (c *Coordinator) saveMoment(ctx context.Context, space string) (made bool, err error) {
	list, err := c.store.Checkpoints(ctx, space)
	if err != nil {
		return false, err
	}
	window := c.SpaceRules(space).Root().Window
	ruled, err := c.rulesAt(ctx, space)
	if err != nil {
		return false, err
	}
	last := int64(-1)
	for i, one := range list {
		if one.At == event.MaxTimestamp {
			break
		}
		if one.Rules != rulesText(ruled(one.At), window) {
			drop := list[i:]
			if n := len(drop) - 1; drop[n].At == event.MaxTimestamp {
				drop = drop[:n]
			}
			if err := c.store.DropCheckpoints(ctx, drop); err != nil {
				return false, err
			}
			break
		}
		last = one.At
	}
	stat, err := c.store.Stat(ctx)
	if err != nil {
		return false, err
	}
	events := int64(0)
	stats, err := c.store.Spaces(ctx)
	for _, s := range stats {
		if s.Space == space {
			events = s.Events
		}
	}
	if err != nil {
		return false, err
	}
	at, ok, err := c.store.TimeOf(ctx, space, last, int(max(c.momentEvents, events/momentShare)))
	if err != nil || !ok || at == event.MaxTimestamp {
		return false, err
	}
	v, err := c.fold(ctx, canvas.New(space), window, extent{at: at, seq: stat.LastSeq, moments: true})
	if err != nil {
		return false, err
	}
	tiles := v.canvas.Unsaved()
	here, err := c.seqs(ctx, space, missing(v.canvas, tiles))
	if err != nil {
		return false, err
	}
	saved := make([]store.CheckpointTile, 0, len(tiles))
	for _, one := range tiles {
		s, _, err := v.canvas.Snapshot(one, func(id string) bool {
			arrived, ok := here[id]
			return ok && arrived.seq <= stat.LastSeq && arrived.t <= at
		})
		if err != nil {
			return false, err
		}
		saved = append(saved, checkpointTile(one, s, stat.LastSeq))
	}
	one := store.Checkpoint{Space: space, At: at, Seq: stat.LastSeq, Rules: rulesText(v.canvas.Rules(), window)}
	_, err = c.store.SaveCheckpoint(ctx, one, v.base, saved)
	return err == nil, err
}

// rulesAt gives the rules of a space by its log up to a time.
func (c *Coordinator) rulesAt(ctx context.Context, space string) (func(at int64) *scope.Rules, error) {
	log, err := c.logOf(ctx, space)
	return func(at int64) *scope.Rules {
		upTo := scope.NewLog(space)
		for _, e := range log {
			if e.Clock.T <= at {
				upTo.Add(e)
			}
		}
		rules, _ := upTo.Rules()
		return rules
	}, err
}

// logOf are the events of the log of a space that certifies itself; none of another.
func (c *Coordinator) logOf(ctx context.Context, space string) (log []*event.Event, err error) {
	if _, certified := event.SelfCertified(space); !certified {
		return nil, nil
	}
	query := store.Query{Space: space, Layer: event.SpaceLog, Tile: &tile.Tile{}}
	err = c.store.Events(ctx, query, func(r store.Row) error {
		e, err := event.Decode(r.Text)
		if err == nil && e.Signed() {
			log = append(log, e)
		}
		return err
	})
	return log, err
}
