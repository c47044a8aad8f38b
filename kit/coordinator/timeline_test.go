package coordinator

import (
	"math/rand"
	"slices"
	"testing"
)

// TestTimelineSpreadsMomentsEvenly holds the moments of a timeline to those of a sorted list, in any order of arrival, through
// bytes now and then: exact while there are few times, within a two-hundredth of the events when there are many.
func TestTimelineSpreadsMomentsEvenly(t *testing.T) {
	for _, tc := range []struct {
		name        string
		events      int
		span        int64
		ascending   bool
		off         int // how many events a moment may be away from its place
		sometimes10 bool
	}{
		{"one", 1, 1000, false, 0, false},
		{"few", 300, 100, false, 0, false},
		{"as many as are exact", minBins, 1 << 40, false, 0, false},
		{"many in order", 100_000, 1 << 40, true, 500, false},
		{"many in any order", 100_000, 1 << 40, false, 500, false},
		{"many at few times", 100_000, 500, false, 0, false},
		{"many in one hour of a year", 100_000, 1 << 25, false, 500, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			random := rand.New(rand.NewSource(1))
			times := make([]int64, tc.events)
			for i := range times {
				times[i] = random.Int63n(tc.span)
				if tc.sometimes10 && random.Intn(10) > 0 {
					times[i] = tc.span/2 + random.Int63n(3600)
				}
			}
			if tc.ascending {
				slices.Sort(times)
			}
			l := new(timeline)
			for i, at := range times {
				l.add(at)
				if i%10_000 == 0 {
					var err error
					if l, err = readTimeline(l.bytes()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if len(l.bins) > maxBins || l.total != int64(tc.events) {
				t.Fatalf("%d bins, %d events", len(l.bins), l.total)
			}
			slices.Sort(times)
			for _, n := range []int{1, 2, 200} {
				got := l.moments(n)
				if len(got) > n || got[0] != times[0] || n > 1 && got[len(got)-1] != times[len(times)-1] {
					t.Fatalf("%d moments from %d to %d, the events are from %d to %d", len(got), got[0], got[len(got)-1], times[0], times[len(times)-1])
				}
				for k := range n {
					want := k * (tc.events - 1) / max(n-1, 1)
					near := func(m int64) bool {
						low, _ := slices.BinarySearch(times, m)
						high, found := slices.BinarySearch(times, m+1)
						return (high > low || found) && low-tc.off <= want && want <= high+tc.off
					}
					if !slices.ContainsFunc(got, near) {
						t.Fatalf("of %d moments none is near event %d", n, want)
					}
				}
			}
		})
	}
	for _, broken := range [][]byte{nil, {1}, {1, 2}, {1, 2, 3, 4}, {0xff}} {
		if _, err := readTimeline(broken); err == nil {
			t.Errorf("%v is taken", broken)
		}
	}
}
