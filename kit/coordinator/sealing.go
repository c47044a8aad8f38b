package coordinator

import (
	"context"
	"errors"
	"time"

	"fieldkit/kit/store"
)

// sealEvery is how often tails are looked at for their age; those that are full the store seals as they fill.
const sealEvery = time.Minute

// keepSealed seals tails that have grown old, until ctx ends.
func (c *Coordinator) keepSealed(ctx context.Context) {
	ticker := time.NewTicker(sealEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.clock.look()
		if c.store.Damage() != nil {
			continue // not a byte more into a damaged file
		}
		if _, err := c.store.Seal(ctx, c.now().Unix()); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
			// Nothing is lost by a tail that stays open; the next minute tries again.
			c.log.Warn("sealing segments", "error", err)
			c.remember(ctx, err)
		}
	}
}
