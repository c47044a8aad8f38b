package salvage

import (
	"bytes"
	"cmp"
	"slices"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/page"
)

// A salvage is what a damaged database is made anew of.
type salvage struct {
	image  *image
	events []found // by seq
	seals  []store.RestoredSeal
	bad    []bad
	// last is the greatest seq that was given, as far as is known.
	last int64
	// moved is how many events stand at the end because nobody knows where they stood.
	moved int64
	// lost are the seqs whose events are gone, but for those that an earlier repair knew to be; keys and homes say what is
	// known of them.
	lost   []span
	keys   map[int64]int64
	homes  map[int64]home
	counts map[string]lostCount
	names  map[int64]string // of spaces, by number
}

// span is a range of seqs, both ends included.
type span struct{ first, last int64 }

// home is where a lost event belonged, by the numbers of the tables.
type home struct{ space, policy, cell int64 }

// lostCount compares a space's figures with what was found.
type lostCount struct{ told, found int64 }

// order gives every event its place in the order of arrival, and finds out what is missing. What says so may be damaged
// itself: a seq that two events claim, or that lies far from all others, is asked of the index of ids; an event of which it
// is not known comes after all others.
func (s *scanner) order() (*salvage, error) {
	v := &salvage{
		image: s.image, seals: s.seals, bad: s.bad, keys: make(map[int64]int64), homes: make(map[int64]home),
	}
	limit := s.limit()
	slices.SortStableFunc(s.events, func(a, b found) int { return cmp.Compare(a.seq, b.seq) })
	doubtful, taken := make(map[int64]*found), int64(0) // by key of id; the seq of the last that has one
	for i := range s.events {
		e := &s.events[i]
		switch {
		case e.seq > limit, e.seq < 0:
			e.seq = 0
		case e.seq == taken: // by the one that was found first
			e.seq = 0
		default:
			taken = e.seq
		}
		if e.seq == 0 {
			text, err := s.image.text(e.place)
			if err != nil {
				return nil, err
			}
			doubtful[store.IDKey(event.IDOf(text))] = e
		}
		v.last = max(v.last, e.seq)
	}
	for _, g := range s.gaps {
		if g[1] <= limit {
			v.last = max(v.last, g[1])
		}
	}
	for _, f := range s.figures {
		if f.lastSeq <= limit {
			v.last = max(v.last, f.lastSeq)
		}
	}
	if err := s.indexes(v, limit, doubtful); err != nil {
		return nil, err
	}
	for i := range s.events {
		if e := &s.events[i]; e.seq == 0 {
			v.last++
			v.moved++
			e.seq = v.last
		}
	}
	slices.SortFunc(s.events, func(a, b found) int { return cmp.Compare(a.seq, b.seq) })
	v.events = s.events
	v.lost, v.counts, v.names = s.missing(v.last, s.gaps), s.count(), s.names
	return v, nil
}

// limit is the greatest seq that is believed: arrivals are numbered without a gap but for what was lost before.
func (s *scanner) limit() int64 {
	seqs := make([]int64, 0, len(s.events))
	for i := range s.events {
		if seq := s.events[i].seq; seq > 0 {
			seqs = append(seqs, seq)
		}
	}
	if len(seqs) == 0 {
		return 1 << 32
	}
	slices.Sort(seqs)
	median := seqs[len(seqs)/2]
	if median > 1<<48 {
		return 1 << 48
	}
	return 4*median + 1<<16
}

// missing are the ranges of seqs up to last that no event has and that are in none of the known gaps.
func (s *scanner) missing(last int64, known [][2]int64) (list []span) {
	slices.SortFunc(known, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	next := int64(1)
	upTo := func(end int64) { // next … end are missing but for the known
		for _, g := range known {
			if next > end {
				return
			}
			if g[1] < next || g[0] > end {
				continue
			}
			if g[0] > next {
				list = append(list, span{next, g[0] - 1})
			}
			next = max(next, g[1]+1)
		}
		if next <= end {
			list = append(list, span{next, end})
		}
	}
	for i := range s.events {
		if seq := s.events[i].seq; seq > 0 {
			upTo(seq - 1)
			next = seq + 1
		}
	}
	upTo(last)
	return list
}

// indexes goes through the pages once more, for what the rows of indexes say of events that are gone, or whose seq is.
func (s *scanner) indexes(v *salvage, limit int64, doubtful map[int64]*found) error {
	gone := s.missing(1<<62, nil)
	isGone := func(seq int64) bool {
		_, ok := slices.BinarySearchFunc(gone, seq, func(r span, seq int64) int {
			switch {
			case r.last < seq:
				return -1
			case r.first > seq:
				return 1
			}
			return 0
		})
		return ok && seq <= limit
	}
	claimed := make(map[int64]bool)
	err := s.image.each(func(at spot, b []byte) error {
		kind, cells, _ := page.Cells(b, at.number == 1)
		if kind != page.IndexLeaf && kind != page.IndexInterior {
			return s.ctx.Err()
		}
		for _, cell := range cells {
			values, ok := cell.Record(func(uint32) []byte { return nil })
			if !ok {
				continue
			}
			switch {
			case is(values, idColumns):
				key, seq := values[0].Int, values[1].Int
				if !isGone(seq) {
					continue
				}
				if e := doubtful[key]; e != nil && e.seq == 0 && !claimed[seq] {
					e.seq, claimed[seq] = seq, true
				} else if v.keys[seq] == 0 {
					v.keys[seq] = key // of a v0 event's two rows either
				}
			case is(values, tileColumns):
				h, seq := home{values[0].Int, values[1].Int, values[2].Int}, values[3].Int
				if _, err := store.TileOf(h.cell); err == nil && isGone(seq) && h.policy >= 0 && h.policy <= 2 {
					if _, ok := v.homes[seq]; !ok {
						v.homes[seq] = h
					}
				}
			}
		}
		return s.ctx.Err()
	})
	for seq := range v.homes {
		if v.keys[seq] != 0 { // two indexes say so
			v.last = max(v.last, seq)
		}
	}
	return err
}

// count compares what was found of each space with its figures.
func (s *scanner) count() map[string]lostCount {
	counts := make(map[string]lostCount)
	for i, name := range s.spaces {
		counts[name] = lostCount{told: s.figures[name].events, found: s.counts[i]}
	}
	for name, f := range s.figures {
		counts[name] = lostCount{told: f.events, found: counts[name].found}
	}
	return counts
}

// text reads the text of an event again.
func (m *image) text(p place) (string, error) {
	b := m.at(p.spot)
	if b == nil {
		return "", errVanished
	}
	if p.length > 0 {
		return string(b[p.at : p.at+p.length]), nil
	}
	cell, ok := page.CellAt(b, int(p.at))
	if !ok {
		return "", errVanished
	}
	values, ok := cell.Record(m.overflow(int(p.view)))
	if !ok || !is(values, eventColumns) {
		return "", errVanished
	}
	return string(values[10].Bytes), nil
}

// raw is what a place holds, for the quarantine: the row's record, or as much of it as lies in the page.
func (m *image) raw(p place) []byte {
	b := m.at(p.spot)
	if b == nil {
		return nil
	}
	cell, ok := page.CellAt(b, int(p.at))
	if !ok {
		return nil
	}
	if whole := cell.Bytes(m.overflow(int(p.view))); whole != nil {
		return whole
	}
	return bytes.Clone(cell.Local)
}

// restored gives the events in their order, read and verified once more to be what they were when they were found.
func (v *salvage) restored(yield func(store.Restored, error) bool) {
	for i := range v.events {
		f := &v.events[i]
		text, err := v.image.text(f.place)
		var e *event.Event
		if err == nil {
			e, err = event.Parse([]byte(text))
		}
		if err == nil && digest.Sum(e.Hash()) != f.hash {
			err = errVanished
		}
		if err != nil {
			yield(store.Restored{}, err)
			return
		}
		if !yield(store.Restored{Seq: f.seq, Entry: store.Entry{Event: e, Hash: f.hash, Received: f.received, Door: f.door}}, nil) {
			return
		}
	}
}
