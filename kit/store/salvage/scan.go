package salvage

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/kit/store/page"
)

// A place is where a row was found.
type place struct {
	spot
	at     uint16 // in the page: where the cell begins or, of a bare text, that
	length uint16 // of a bare text, else 0
	view   uint8  // in which its overflow is read
}

// found is an event that verifies.
type found struct {
	seq      int64 // 0 where it is not known
	received int64
	hash     digest.Sum
	place    place
	space    int32 // among scanner.spaces
	door     bool
}

// bad is a row that looks like an event or a segment and does not verify.
type bad struct {
	what  string // event or segment
	seq   int64
	rule  string
	note  string
	place place
}

// candidate is what may be an event.
type candidate struct {
	found
	text  string
	home  int64 // the number of its space, 0 where it is not known
	quiet bool  // found by a sweep: what does not verify was none
}

// scanner goes through an image and keeps what verifies.
type scanner struct {
	ctx      context.Context
	image    *image
	verifier *event.Verifier

	pending []candidate
	events  []found
	byHash  map[digest.Sum]int32
	spaces  []string
	counts  []int64 // events found, by space
	seals   []store.RestoredSeal
	sealed  map[digest.Sum]bool
	gaps    [][2]int64
	bad     []bad
	badSums map[[32]byte]bool
	// names of spaces by their number, and their figures.
	names   map[int64]string
	figures map[string]figures
	rough   []spot // pages of which not all was understood
}

type figures struct{ events, lastSeq int64 }

// maxBad bounds what is remembered of rows that do not verify.
const maxBad = 1 << 20

func scan(ctx context.Context, m *image) (*scanner, error) {
	s := &scanner{
		ctx: ctx, image: m, verifier: event.NewVerifier(), byHash: make(map[digest.Sum]int32), sealed: make(map[digest.Sum]bool),
		badSums: make(map[[32]byte]bool), names: make(map[int64]string), figures: make(map[string]figures),
	}
	if err := m.each(s.page); err != nil {
		return nil, err
	}
	s.flush()
	// Now what lies in pages whose own account of them is wrong.
	slices.SortFunc(s.rough, func(a, b spot) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.offset, b.offset)) })
	for _, at := range slices.Compact(s.rough) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if b := m.at(at); b != nil {
			s.sweep(at, slices.Clone(b))
		}
	}
	s.flush()
	return s, nil
}

// page takes the rows that a page points at.
func (s *scanner) page(at spot, b []byte) error {
	kind, cells, sound := page.Cells(b, at.number == 1)
	if kind != page.TableLeaf {
		// Of an index nothing is needed yet. But the byte that says what a page is may be wrong.
		s.rough = append(s.rough, at)
		return s.ctx.Err()
	}
	for _, cell := range cells {
		if !s.row(place{spot: at, at: uint16(cell.Offset)}, cell, false) {
			sound = false
		}
	}
	if !sound {
		s.rough = append(s.rough, at)
	}
	return s.ctx.Err()
}

// sweep takes the rows and the texts that lie in a page, whatever its header says.
func (s *scanner) sweep(at spot, b []byte) {
	for _, columns := range [...][]page.Type{eventColumns, segmentColumns, wantedColumns} {
		page.Sweep(b, len(columns), func(cell page.Cell) {
			s.row(place{spot: at, at: uint16(cell.Offset)}, cell, true)
		})
	}
	objects(b, func(i int, text []byte) {
		e, err := event.Parse(text)
		if err != nil || e.Text != string(text) {
			return
		}
		hash := digest.Sum(e.Hash())
		if !e.Signed() && !bytes.HasSuffix(b[:i], hash[:]) {
			return // the hash stands before the text
		}
		s.add(candidate{found{received: e.Timestamp, hash: hash, place: place{spot: at, at: uint16(i), length: uint16(len(text))}, door: true}, string(text), 0, true})
	})
}

// row takes one row; it reports whether it was understood.
func (s *scanner) row(p place, cell page.Cell, quiet bool) bool {
	values, ok := s.read(&p, cell)
	if !ok {
		return false
	}
	switch {
	case is(values, eventColumns):
		c := candidate{found{seq: cell.Rowid, received: values[6].Int, place: p, door: values[7].Int != 0}, string(values[10].Bytes), values[1].Int, quiet}
		hashed := len(values[9].Bytes) == 32
		if hashed {
			c.hash = digest.Sum(values[9].Bytes)
		}
		if c.received < 0 || c.received > event.MaxTimestamp {
			c.received = 0
		}
		if i, ok := s.byHash[c.hash]; ok && hashed && s.events[i].seq == c.seq {
			return true // found before
		}
		s.add(c)
	case is(values, segmentColumns):
		s.seal(p, string(values[6].Bytes), numbers(values[5].Bytes), nil, quiet)
	case is(values, wantedColumns):
		s.seal(p, string(values[5].Bytes), numbers(values[3].Bytes), numbers(values[4].Bytes), quiet)
	case is(values, spaceColumns) && !quiet:
		name := string(values[1].Bytes)
		if _, ok := s.names[cell.Rowid]; !ok && event.ValidName(name) {
			s.names[cell.Rowid] = name
			s.figures[name] = figures{values[2].Int, values[6].Int}
		}
	case is(values, gapColumns) && !quiet:
		if first, last := cell.Rowid, values[1].Int; first > 0 && first <= last {
			s.gaps = append(s.gaps, [2]int64{first, last})
		}
	default:
		return known(values)
	}
	return true
}

// read reads a cell's record. Where it goes on in other pages, of which there are several versions, it takes the one that
// makes an event what its hash says.
func (s *scanner) read(p *place, cell page.Cell) (values []page.Value, ok bool) {
	if len(cell.Local) == cell.Payload {
		return cell.Record(nil)
	}
	for view := range views {
		got, whole := cell.Record(s.image.overflow(view))
		if !whole {
			continue
		}
		if values == nil {
			values, ok, p.view = got, true, uint8(view)
		}
		if is(got, eventColumns) {
			if e, err := event.Parse(got[10].Bytes); err != nil || digest.Sum(e.Hash()) != digest.Sum(sized(got[9].Bytes)) {
				continue
			}
		}
		p.view = uint8(view)
		return got, true
	}
	return values, ok
}

func sized(b []byte) (sum [32]byte) {
	copy(sum[:], b)
	return sum
}

func numbers(b []byte) (list []int64) {
	for ; len(b) >= 8; b = b[8:] {
		list = append(list, int64(binary.BigEndian.Uint64(b)))
	}
	return list
}

// seal takes a segment's row, of the segments that are here or of those that are wanted.
func (s *scanner) seal(p place, text string, seqs, keys []int64, quiet bool) {
	seal, err := segment.ParseSeal([]byte(text))
	if err != nil {
		if !quiet {
			s.reject("segment", 0, err, p, text)
		}
		return
	}
	if s.sealed[seal.Hash] {
		return
	}
	s.sealed[seal.Hash] = true
	if len(seqs) != int(seal.Count) {
		seqs = nil
	}
	if len(keys) != len(seqs) {
		keys = nil
	}
	s.seals = append(s.seals, store.RestoredSeal{Seal: seal, Seqs: seqs, Keys: keys})
}

// How many candidates are judged together.
const batch = 1024

func (s *scanner) add(c candidate) {
	if s.pending = append(s.pending, c); len(s.pending) == batch {
		s.flush()
	}
}

// flush judges what is pending.
func (s *scanner) flush() {
	texts := make([]string, len(s.pending))
	for i := range s.pending {
		texts[i] = s.pending[i].text
	}
	events, errs := store.Judge(texts, s.verifier)
	for i := range s.pending {
		c, e, err := &s.pending[i], events[i], errs[i]
		if err == nil && !e.Signed() && e.Hash() != c.hash {
			// Nothing says which of the two was changed.
			err = &event.Refusal{Rule: "hash", Message: "an unsigned event whose content hash is another"}
		}
		if err != nil {
			if !c.quiet {
				s.reject("event", c.seq, err, c.place, c.text)
				s.rough = append(s.rough, c.place.spot)
			}
			continue
		}
		c.hash = e.Hash()
		if c.received == 0 {
			c.received = e.Timestamp
		}
		if at, ok := s.byHash[c.hash]; ok {
			if s.events[at].seq == 0 && c.seq != 0 {
				c.space = s.events[at].space
				s.events[at] = c.found
			}
			continue
		}
		c.space = s.space(e.Space)
		if _, ok := s.names[c.home]; !ok && c.home > 0 {
			s.names[c.home] = s.spaces[c.space] // the table itself may be gone
		}
		s.counts[c.space]++
		s.byHash[c.hash] = int32(len(s.events))
		s.events = append(s.events, c.found)
	}
	s.pending = s.pending[:0]
}

// space numbers a space.
func (s *scanner) space(name string) int32 {
	i := slices.Index(s.spaces, name)
	if i < 0 {
		i = len(s.spaces)
		s.spaces, s.counts = append(s.spaces, strings.Clone(name)), append(s.counts, 0)
	}
	return int32(i)
}

// reject remembers a row that is not what it says, once.
func (s *scanner) reject(what string, seq int64, err error, p place, text string) {
	rule := "unreadable"
	var r *event.Refusal
	if errors.As(err, &r) {
		rule = r.Rule
	}
	sum := sha256.Sum256([]byte(what + "\n" + text))
	if s.badSums[sum] || len(s.bad) >= maxBad {
		return
	}
	s.badSums[sum] = true
	s.bad = append(s.bad, bad{what, seq, rule, strings.ToValidUTF8(err.Error(), "?"), p})
}
