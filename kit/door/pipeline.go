package door

import (
	"context"
	"sync"
)

// feeder hands chunks on. It returns false when nobody can judge the chunk at once and must is false; the chunk is then
// still the source's, and may grow.
type feeder func(c *chunk, must bool) bool

// run sends chunks through the door: source feeds them, workers judge them side by side, and the caller's goroutine
// admits them in their order, which keeps the store busy while the next ones are judged. After a failure of the store
// the ctx that source gets ends; what it still feeds is refused.
func (d *Door) run(ctx context.Context, report func(Verdict) error, source func(context.Context, feeder) error) error {
	work := make(chan *chunk)
	order := make(chan *chunk, d.workers+1)
	var workers sync.WaitGroup
	for range d.workers {
		workers.Go(func() {
			for c := range work {
				d.judge(c)
				close(c.judged)
			}
		})
	}
	feed := func(c *chunk, must bool) bool {
		c.judged = make(chan struct{})
		if must {
			work <- c
		} else {
			select {
			case work <- c:
			default:
				return false
			}
		}
		order <- c
		return true
	}
	going, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	go func() {
		failed = source(going, feed)
		close(work)
		close(order) // after failed is set, which is read when order has ended
	}()
	a := d.newAdmission(ctx, report)
	for c := range order {
		<-c.judged
		a.take(c)
		c.release()
		// With more behind it in hand, the batch grows; else nobody is to wait for it.
		if len(order) == 0 {
			a.finish()
		}
		if a.err != nil {
			stop()
		}
	}
	a.finish()
	workers.Wait()
	if a.err != nil {
		return a.err
	}
	return failed
}
