package coordinator

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"fieldkit/kit/depot"
	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// yields refuses a folder that holds events of which this kit would overwrite the manifests and does not have them.
func (c *Coordinator) yields(ctx context.Context, folder, space string) error {
	if !depot.IsSpace(folder) {
		return nil
	}
	r, err := depot.Open(folder)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Tiles(func(at tile.Tile) error {
		seals, err := c.store.Manifest(ctx, space, at)
		if err != nil {
			return err
		}
		ours := strings.Join(seals, "\n")
		err = r.Manifest(at, func(seal *segment.Seal, fault *event.Refusal) error {
			if fault != nil || strings.Contains(ours, `"hash":"`+seal.Hash.String()+`"`) {
				return ctx.Err()
			}
			events, _, err := r.Segment(seal)
			if err != nil {
				return nil // not what anybody could miss
			}
			for _, e := range events {
				if here, err := c.has(ctx, e); err != nil || !here {
					return errors.Join(err, errForeign)
				}
			}
			return nil
		})
		var no *event.Refusal
		switch {
		case errors.Is(err, errForeign):
			return &event.Refusal{Rule: "foreign", Message: "an export is here with events that this kit does not have: take them in with fieldkit import, or export to another place"}
		case errors.As(err, &no), errors.Is(err, fs.ErrNotExist):
			return nil // a manifest that cannot be read, or none
		}
		return err
	}, func(depot.Refusal) {})
}

// errForeign: an event is not here.
var errForeign = errors.New("an event that is not here")

// has reports whether this kit has an event, by its content.
func (c *Coordinator) has(ctx context.Context, e *event.Event) (bool, error) {
	rows, err := c.store.ByID(ctx, e.Space, e.ID)
	hash := e.Hash()
	return slices.ContainsFunc(rows, func(row store.Row) bool {
		there, err := event.Decode(row.Text)
		return err == nil && there.Hash() == hash
	}), err
}
