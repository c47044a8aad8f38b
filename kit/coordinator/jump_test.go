package coordinator

import (
	"strings"
	"testing"
	"time"
)

func TestTheClockIsWatched(t *testing.T) {
	wall, elapsed := time.Unix(start, 0), time.Duration(0)
	w := newClockWatch(func() time.Time { return wall })
	w.elapsed = func() time.Duration { return elapsed }
	w.at = 0
	pass := func(d, drift time.Duration) { wall, elapsed = wall.Add(d+drift), elapsed+d }
	quiet := func(when string) {
		t.Helper()
		if p := w.problem(); p != "" {
			t.Errorf("%s: %s", when, p)
		}
	}
	told := func(words string) {
		t.Helper()
		if p := w.problem(); !strings.Contains(p, words) {
			t.Errorf("%q, want %q", p, words)
		}
	}
	quiet("at first")
	for range 1000 {
		pass(time.Minute, -20*time.Millisecond)
		quiet("a clock that drifts")
	}
	pass(time.Minute, jumpFloor-time.Second)
	quiet("a small correction")
	pass(time.Minute, 10*365*24*time.Hour)
	told("was set from 2026-06-14 04:")
	pass(30*time.Minute, 0)
	told(" to 2036-06-1")
	pass(time.Minute, -10*365*24*time.Hour)
	told("was set from 2036-06-1")
	pass(jumpShown-time.Second, 0)
	told("see whether it is right")
	pass(time.Second, 0)
	quiet("an hour later")
}
