package coordinator

import (
	"context"

	"fieldkit/kit/canvas"
	"fieldkit/kit/depot"
	"fieldkit/maps/tile"
)

// savedSnapshots gives out the snapshots that the kit has saved.
type savedSnapshots struct{ c *Coordinator }

// Snapshots are those of a tile, each with the canonical state that it stands for. One that cannot be used is left out: it is
// derived, and made again.
func (s savedSnapshots) Snapshots(ctx context.Context, space string, at tile.Tile) ([]depot.Snapshot, error) {
	saved, err := s.c.store.Snapshots(ctx, space, at)
	if err != nil || len(saved) == 0 {
		return nil, err
	}
	log, err := s.c.logOf(ctx, space)
	if err != nil {
		return nil, err
	}
	var list []depot.Snapshot
	for _, one := range saved {
		folded := canvas.New(space)
		for _, e := range log {
			if e.Clock.T <= one.At {
				folded.Add(e, false)
			}
		}
		if err := folded.Load(canvas.Snapshot{File: one.File}); err != nil {
			s.c.log.Warn("a snapshot cannot be used", "space", space, "tile", at.String(), "error", err)
			continue
		}
		list = append(list, depot.Snapshot{Hash: one.Hash, Event: one.Event, State: folded.TileState(at), Bytes: one.File})
	}
	return list, nil
}

// saveSpace folds a space, and saves what was folded.
func (c *Coordinator) saveSpace(ctx context.Context, space string) error {
	ok, err := c.view(ctx, space, func(*view) error { return nil })
	if err != nil || !ok {
		return err
	}
	return c.save(ctx, c.world(space))
}
