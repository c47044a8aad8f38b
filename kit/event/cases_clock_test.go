package event

import "strings"

func clockCases() map[string]vector {
	all := make(map[string]vector)
	const t = 1781300000
	for _, c := range []struct {
		name, comment string
		timestamp     int64
		parents       [][2]int64
		t, d          int64
	}{
		{"first", "no parents", t, [][2]int64{}, t, 0},
		{"later", "all parents are earlier", t, [][2]int64{{t - 1, 0}, {t - 2, 7}}, t, 0},
		{"same-second", "a parent in the same second", t, [][2]int64{{t, 0}}, t, 1},
		{"same-second-greatest", "the greatest count among the parents of that second", t, [][2]int64{{t, 3}, {t, 5}, {t, 4}}, t, 6},
		{"earlier-count-ignored", "the count of an earlier second does not matter", t, [][2]int64{{t, 2}, {t - 1, 9}}, t, 3},
		{"behind", "the writer's clock is behind a parent's", t, [][2]int64{{t + 3600, 0}, {t, 9}}, t + 3600, 1},
		{"behind-years", "a parent from a kit whose clock is off by years", t, [][2]int64{{253402300799, 4}, {t, 0}}, 253402300799, 5},
		{"zero", "the first second of 1970", 0, [][2]int64{{0, 0}}, 0, 1},
		{"sixteen", "sixteen parents", t, [][2]int64{{t, 0}, {t, 1}, {t, 2}, {t, 3}, {t, 4}, {t, 5}, {t, 6}, {t, 7}, {t, 8}, {t, 9}, {t, 10}, {t, 11}, {t, 12}, {t, 13}, {t, 14}, {t, 15}}, t, 16},
		{"large-count", "the last count that fits", t, [][2]int64{{t, 2147483646}}, t, 2147483647},
	} {
		v := vector{Comment: c.comment, Timestamp: &c.timestamp, Parents: c.parents}
		v.Expect.Clock = []int64{c.t, c.d}
		all["next-"+c.name] = v
	}
	a := strings.Repeat("a", 32)
	for _, c := range []struct {
		name, comment string
		events        []placed
		order         []int
	}{
		{"by-time", "by t first", []placed{{"evt-" + a, [2]int64{t + 1, 0}}, {"evt-b" + a[1:], [2]int64{t, 9}}}, []int{1, 0}},
		{"by-count", "then by d, as a number", []placed{{"evt-" + a, [2]int64{t, 10}}, {"evt-b" + a[1:], [2]int64{t, 9}}}, []int{1, 0}},
		{"by-id", "then by id, bytewise: digits, capitals, small letters; a prefix first",
			[]placed{{"evt-b", [2]int64{t, 0}}, {"evt-B", [2]int64{t, 0}}, {"evt-2", [2]int64{t, 0}}, {"evt-", [2]int64{t, 0}}, {"evt-_", [2]int64{t, 0}}, {"evt-bb", [2]int64{t, 0}}}, []int{3, 2, 1, 4, 0, 5}},
	} {
		v := vector{Comment: c.comment, Events: c.events}
		v.Expect.Order = c.order
		all["order-"+c.name] = v
	}
	return all
}
