package event

import "strings"

// A Clock is an event's place in time: T in seconds since 1970 UTC, D how many causal steps within that second.
type Clock struct {
	T int64
	D int64
}

// maxD bounds the causal steps within one second.
const maxD = 1<<31 - 1

// Compare orders clocks by T, then D: negative, zero or positive.
func (c Clock) Compare(o Clock) int {
	switch {
	case c.T != o.T:
		if c.T < o.T {
			return -1
		}
		return 1
	case c.D < o.D:
		return -1
	case c.D > o.D:
		return 1
	}
	return 0
}

// Next is the clock of an event with this timestamp and these parents' clocks: T the greatest of all, D one more than
// the greatest D among the parents that have that T, or 0 when none has (SPEC.md, section 4).
func Next(timestamp int64, parents ...Clock) Clock {
	c := Clock{T: timestamp}
	for _, p := range parents {
		c.T = max(c.T, p.T)
	}
	for _, p := range parents {
		if p.T == c.T {
			c.D = max(c.D, p.D+1)
		}
	}
	return c
}

// Compare orders two events by clock, then id bytewise: the order of the trace.
func Compare(a, b *Event) int {
	if c := a.Clock.Compare(b.Clock); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// checkClock holds a signed event's clock to what can be known from the event alone.
func (e *Event) checkClock() *Refusal {
	c := e.Clock
	switch {
	case c.T < 0 || c.T > MaxTimestamp:
		return refuse("clock", "clock[0]", "outside 0 … 253402300799")
	case c.D < 0 || c.D > maxD:
		return refuse("clock", "clock[1]", "outside 0 … 2^31 - 1")
	case c.T < e.Timestamp:
		return refuse("clock", "clock[0]", "earlier than the timestamp")
	case len(e.Previous) == 0 && (c.T != e.Timestamp || c.D != 0):
		return refuse("clock", "clock", "without previous_events it is [timestamp,0]")
	case c.T > e.Timestamp && c.D == 0:
		return refuse("clock", "clock[1]", "a time taken from a parent needs a count of 1 or more")
	}
	return nil
}
