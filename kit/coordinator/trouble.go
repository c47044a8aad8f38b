package coordinator

import (
	"context"
	"errors"
	"sync"

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
		stat, _ := c.store.Stat(context.WithoutCancel(ctx))
		c.trouble.set(err, stat.Free)
	}
	return verdicts, err
}

func (t *trouble) set(err error, free int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err, t.free = err, free
}

// Trouble is why the store does not take events, nil when it does as far as is known: it took the last it was given, or
// there is room again on its disk.
func (c *Coordinator) Trouble(ctx context.Context) error {
	c.trouble.mu.Lock()
	err, free := c.trouble.err, c.trouble.free
	c.trouble.mu.Unlock()
	if !errors.Is(err, store.ErrFull) {
		return err
	}
	if stat, broken := c.store.Stat(ctx); broken == nil && stat.Free >= free+madeRoom {
		return nil
	}
	return err
}

// Problems are sentences about what an operator should mend.
func (c *Coordinator) Problems() []string {
	list := c.files.problems()
	blobs, err := c.Blobs()
	if err == nil {
		err = blobs.Room()
	}
	if err != nil {
		list = append(list, "photos and other files are not taken: "+err.Error())
	}
	return list
}
