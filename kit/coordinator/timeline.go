package coordinator

import (
	"encoding/binary"
	"errors"
	"slices"
)

// A timeline knows how the events of a space lie in time, well enough for the stops of a slider, in room that does not grow with
// their number: bins, each with the time of a real event, the latest in it, and how many events it stands for.
type timeline struct {
	bins  []bin // ascending by t
	total int64
}

type bin struct {
	t, count int64
}

// A timeline with fewer bins than minBins is exact; at maxBins the smallest are joined with their neighbours.
const (
	minBins = 2048
	maxBins = 4096
)

// add takes in an event with the clock t.
func (l *timeline) add(t int64) {
	l.total++
	at, found := slices.BinarySearchFunc(l.bins, t, func(b bin, t int64) int {
		switch {
		case b.t < t:
			return -1
		case b.t > t:
			return 1
		}
		return 0
	})
	// The earliest of all is told exactly. A bin in the middle that has little to stand for takes the event in, when there are many.
	if found || at > 0 && at < len(l.bins) && len(l.bins) >= minBins && l.bins[at].count < l.total/minBins {
		l.bins[at].count++
		return
	}
	l.bins = slices.Insert(l.bins, at, bin{t, 1})
	if len(l.bins) > maxBins {
		l.join()
	}
}

// join halves the bins, about: neighbours become one, named by the later, as long as it stands for few.
func (l *timeline) join() {
	few := 2 * l.total / minBins
	kept := l.bins[:1]
	for _, b := range l.bins[1:] {
		// The first bin stays: the earliest time of all is told exactly.
		if last := &kept[len(kept)-1]; len(kept) > 1 && last.count+b.count <= few {
			last.t, last.count = b.t, last.count+b.count
			continue
		}
		kept = append(kept, b)
	}
	l.bins = kept
}

// moments are at most n times of events, ascending, spread evenly by number of events, the first and the last among them.
func (l *timeline) moments(n int) []int64 {
	if l.total == 0 || n < 1 {
		return nil
	}
	var times []int64
	// Moment k of n is the event of rank k·(total−1)/(n−1).
	steps := int64(max(n-1, 1))
	before, at := int64(0), 0
	for k := range int64(n) {
		rank := k * (l.total - 1) / steps
		for rank >= before+l.bins[at].count {
			before += l.bins[at].count
			at++
		}
		if t := l.bins[at].t; len(times) == 0 || times[len(times)-1] != t {
			times = append(times, t)
		}
	}
	return times
}

// bytes are what readTimeline reads.
func (l *timeline) bytes() []byte {
	b := binary.AppendUvarint(nil, uint64(len(l.bins)))
	t := int64(0)
	for _, one := range l.bins {
		b = binary.AppendUvarint(b, uint64(one.t-t))
		b = binary.AppendUvarint(b, uint64(one.count))
		t = one.t
	}
	return b
}

func readTimeline(b []byte) (*timeline, error) {
	bad := false
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			bad, b = true, nil
			return 0
		}
		b = b[n:]
		return v
	}
	l := new(timeline)
	n := number()
	t := int64(0)
	for i := uint64(0); i < n && !bad; i++ {
		t += int64(number())
		count := int64(number())
		l.bins = append(l.bins, bin{t, count})
		l.total += count
	}
	if bad || len(b) != 0 {
		return nil, errors.New("the timeline is cut off or too long")
	}
	return l, nil
}
