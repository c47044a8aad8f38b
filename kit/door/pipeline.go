package door

import (
	"context"
	"sync"
)

// run sends lines through the door: source brings them to the desk, workers judge them side by side, and the caller's
// goroutine admits them in their order, which keeps the store busy while the next ones are judged.
func (d *Door) run(ctx context.Context, report func(Verdict) error, source func(*desk) error) error {
	desk := newDesk(d.workers)
	var failed error
	var others sync.WaitGroup
	others.Go(func() {
		defer desk.end()
		failed = source(desk)
	})
	for range d.workers {
		others.Go(func() {
			for c := desk.take(); c != nil; c = desk.take() {
				d.judge(c)
				close(c.judged)
			}
		})
	}
	a := d.newAdmission(ctx, report)
	for c, more := desk.next(); c != nil; c, more = desk.next() {
		a.take(c)
		c.release()
		// With more behind it in hand, the batch grows; else nobody is to wait for it.
		if !more {
			a.finish()
		}
		if a.err != nil {
			desk.stop()
		}
	}
	a.finish()
	others.Wait()
	if a.err != nil {
		return a.err
	}
	return failed
}
