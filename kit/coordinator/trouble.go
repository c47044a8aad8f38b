package coordinator

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"fieldkit/kit/door"
	"fieldkit/kit/store"
)

// madeRoom is how much more room than at the time of the trouble says that somebody has made room, in bytes.
const madeRoom = 1 << 20

// trouble remembers why the store did not take events.
type trouble struct {
	mu   sync.Mutex
	err  error // guarded by mu
	free int64 // room on the disk when it began, in bytes, guarded by mu
}

// Admit takes events at the local door, a verdict each; what is taken is on disk when it returns.
func (c *Coordinator) Admit(ctx context.Context, lines [][]byte) ([]door.Verdict, error) {
	if err := c.store.Damage(); err != nil {
		// What is acknowledged may be forgotten by the phone that brought it: not on the word of a damaged file.
		return nil, err
	}
	verdicts, err := c.door.Admit(ctx, lines)
	switch {
	case err == nil:
		for _, v := range verdicts {
			// What is refused never came to the store, and what is known costs it nothing: neither says that it works.
			if v.Status == door.Taken {
				c.trouble.set(nil, 0)
				break
			}
		}
	case ctx.Err() == nil:
		c.remember(ctx, err)
	}
	return verdicts, err
}

// adopt takes segments of other kits.
func (c *Coordinator) adopt(ctx context.Context, list []store.Adoption) ([]store.Adopted, error) {
	adopted, err := c.store.Adopt(ctx, list)
	switch {
	case err == nil:
		took := func(o store.Outcome) bool { return o.Status == store.Taken }
		if slices.ContainsFunc(adopted, func(a store.Adopted) bool { return slices.ContainsFunc(a.Outcomes, took) }) {
			c.trouble.set(nil, 0)
		}
	case ctx.Err() == nil:
		c.remember(ctx, err)
	}
	return adopted, err
}

func (c *Coordinator) remember(ctx context.Context, err error) {
	stat, _ := c.store.Stat(context.WithoutCancel(ctx))
	c.trouble.set(err, stat.Free)
}

// tryEvery is how soon after the end of a trouble the kit knows of it.
const tryEvery = 3 * time.Second

// keepTrying finds out whether a store that could not be written can be again, until ctx ends. That a full disk has room
// needs no trying.
func (c *Coordinator) keepTrying(ctx context.Context) {
	ticker := time.NewTicker(tryEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.trouble.mu.Lock()
		err := c.trouble.err
		c.trouble.mu.Unlock()
		if err == nil || errors.Is(err, store.ErrFull) || c.store.Damage() != nil {
			continue
		}
		if err := c.store.Try(ctx); err == nil {
			c.log.Info("the store can be written again")
			c.trouble.set(nil, 0)
		}
	}
}

func (t *trouble) set(err error, free int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err, t.free = err, free
}

// Trouble is why the store does not take events, nil when it does as far as is known: it took the last it was given, or
// there is room again on its disk, or it could be written since.
func (c *Coordinator) Trouble(ctx context.Context) error {
	if err := c.store.Damage(); err != nil {
		return err
	}
	c.trouble.mu.Lock()
	err, free := c.trouble.err, c.trouble.free
	c.trouble.mu.Unlock()
	stat, broken := c.store.Stat(ctx)
	switch {
	case broken != nil:
		return broken
	case stat.ReadOnly:
		return store.ErrReadOnly
	case errors.Is(err, store.ErrFull) && stat.Free >= free+madeRoom:
		return nil
	}
	return err
}

// Problems are sentences about what an operator should mend.
func (c *Coordinator) Problems() []string {
	problems := c.files.problems()
	if p := c.clock.problem(); p != "" {
		problems = append(problems, p)
	}
	blobs, err := c.Blobs()
	if err == nil {
		err = blobs.Room()
	}
	if err != nil {
		problems = append(problems, "photos and other files are not taken: "+err.Error())
	}
	return problems
}
