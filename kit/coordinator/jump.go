package coordinator

import (
	"fmt"
	"sync"
	"time"
)

const (
	// jumpFloor is the least difference that counts as a clock that was set: less is drift that is being corrected.
	jumpFloor = 2 * time.Minute
	// jumpShown is how long people are told.
	jumpShown = time.Hour
)

// clockWatch notices when the kit's clock is set while it runs, by what has passed on a clock that nobody sets. Nothing
// that waits goes by the kit's clock; what it stamps (arrival, the page's reports) does.
type clockWatch struct {
	now     func() time.Time
	elapsed func() time.Duration // since some moment, never set

	mu   sync.Mutex
	wall time.Time     // when last looked at, guarded by mu
	at   time.Duration // elapsed at that moment, guarded by mu
	jump clockJump     // the last, guarded by mu
}

type clockJump struct {
	from, to time.Time
	at       time.Duration
}

func newClockWatch(now func() time.Time) *clockWatch {
	began := time.Now()
	w := &clockWatch{now: now, elapsed: func() time.Duration { return time.Since(began) }}
	w.wall, w.at = wallTime(now()), w.elapsed()
	return w
}

// wallTime is without the reading that is never set, by which Sub would go.
func wallTime(t time.Time) time.Time { return t.Round(0) }

// look compares the clocks; it is to be called every minute or oftener.
func (w *clockWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	wall, at := wallTime(w.now()), w.elapsed()
	expected := w.wall.Add(at - w.at)
	if d := wall.Sub(expected); d >= jumpFloor || d <= -jumpFloor {
		w.jump = clockJump{expected, wall, at}
	}
	w.wall, w.at = wall, at
}

// problem says in a sentence that the clock was set, "" when it was not of late.
func (w *clockWatch) problem() string {
	w.look()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.jump.from.IsZero() || w.at-w.jump.at >= jumpShown {
		return ""
	}
	const minute = "2006-01-02 15:04"
	return fmt.Sprintf("the kit's clock was set from %s to %s UTC: see whether it is right now; what came in while it was wrong bears a wrong time",
		w.jump.from.UTC().Format(minute), w.jump.to.UTC().Format(minute))
}
