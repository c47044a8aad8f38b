package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"slices"

	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/maps/tile"
)

// sealedAt is where a segment's events are.
type sealedAt struct {
	space  string
	tile   tile.Tile
	policy string
}

func whereOf(s *segment.Seal) sealedAt { return sealedAt{s.Space, s.Tile, s.Policy} }

// A want is a segment that is to be put together again. For each of its events it has the seq, 0 where it is not here, and
// then the key of event_id, 0 where that is not known either.
type want struct {
	id    int64
	since int64
	seqs  []int64
	keys  []int64
	seal  *segment.Seal
}

// newWant begins with what a list of seqs says, of which some are not here; nil where no list is known.
func newWant(seal *segment.Seal, seqs []int64, since int64) *want {
	w := &want{since: since, seqs: seqs, keys: make([]int64, seal.Count), seal: seal}
	if len(seqs) != int(seal.Count) {
		w.seqs, w.since = make([]int64, seal.Count), 0
	}
	for i, id := range map[int]string{0: seal.From, int(seal.Count) - 1: seal.To} {
		if w.seqs[i] == 0 {
			w.keys[i] = idKey(id)
		}
	}
	return w
}

// missing is how many of the events are not here.
func (w *want) missing() (n int64) {
	for _, seq := range w.seqs {
		if seq == 0 {
			n++
		}
	}
	return n
}

func numbers(b []byte) (list []int64) {
	for ; len(b) >= 8; b = b[8:] {
		list = append(list, int64(binary.BigEndian.Uint64(b)))
	}
	return list
}

func bytesOf(numbers []int64) []byte {
	b := make([]byte, 0, 8*len(numbers))
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return b
}

// readWants reads the table; a row that does not verify is passed over, and fsck tells of it.
func readWants(c *conn) (wants []*want, err error) {
	err = c.each("SELECT id, since, events, keys, seal FROM wanted ORDER BY id", nil, func(row []driver.Value) error {
		events, _ := row[2].([]byte)
		keys, _ := row[3].([]byte)
		w := &want{id: integer(row[0]), since: integer(row[1]), seqs: numbers(events), keys: numbers(keys)}
		if seal, err := segment.ParseSeal([]byte(text(row[4]))); err == nil && len(w.seqs) == int(seal.Count) && len(w.keys) == len(w.seqs) {
			w.seal = seal
			wants = append(wants, w)
		}
		return nil
	})
	return wants, err
}

func loadWanted(c *conn) (map[sealedAt]bool, error) {
	wants, err := readWants(c)
	if err != nil || len(wants) == 0 {
		return nil, err
	}
	at := make(map[sealedAt]bool)
	for _, w := range wants {
		at[whereOf(w.seal)] = true
	}
	return at, nil
}

// A Wanted is a segment whose seal is here, but not all of its events: what to ask another kit for.
type Wanted struct {
	Seal *segment.Seal
	// Missing is how many of its events are not here.
	Missing int64
}

// Wanted returns the segments that are to be fetched.
func (s *Store) Wanted(ctx context.Context) (list []Wanted, err error) {
	err = s.read(ctx, "reading what is wanted", func(c *conn) error {
		list, err = wantedIn(c)
		return err
	})
	return list, err
}

func wantedIn(c *conn) (list []Wanted, err error) {
	wants, err := readWants(c)
	for _, w := range wants {
		list = append(list, Wanted{w.seal, w.missing()})
	}
	return list, err
}

// reunite puts those segments together again whose events came back with a transaction.
func (w *writer) reunite(c *conn, fresh []record) error {
	w.reunited = false
	if len(w.wanted) == 0 {
		return nil
	}
	touched := make(map[sealedAt]home)
	for i := range fresh {
		r := &fresh[i]
		if at := (sealedAt{r.Event.Space, r.Event.Tile, r.Event.Scope.Policy}); w.wanted[at] {
			touched[at] = r.home
		}
	}
	if len(touched) == 0 {
		return nil
	}
	wants, err := readWants(c)
	if err != nil {
		return err
	}
	for _, want := range wants {
		h, ok := touched[whereOf(want.seal)]
		if !ok {
			continue
		}
		done, err := want.reunite(c, h)
		if err != nil {
			return err
		}
		if done {
			w.reunited = true
			if err := c.exec("DELETE FROM wanted WHERE id = ?", want.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetReunited reads anew what is wanted, after the transaction that changed it.
func (w *writer) forgetReunited() {
	if !w.reunited {
		return
	}
	w.reunited = false
	if wanted, err := loadWanted(w.conn); err == nil {
		w.wanted = wanted // else there is one look too many at what comes in
	}
}

// reunite looks for the segment's events among those of its tile, and stores it where they are whole.
func (w *want) reunite(c *conn, h home) (done bool, err error) {
	lines, err := w.candidates(c, h, w.since)
	if err != nil {
		return false, err
	}
	seqs := w.assemble(lines)
	if seqs == nil {
		// The list may be wrong about what was here.
		if lines, err = w.candidates(c, h, 0); err != nil {
			return false, err
		}
		seqs = w.assemble(lines)
	}
	if seqs == nil {
		// An event is seldom in two segments.
		if lines, err = w.others(c, h, lines); err != nil {
			return false, err
		}
		seqs = w.assemble(lines)
	}
	if seqs == nil {
		return false, nil
	}
	err = c.exec("INSERT INTO segment (hash, space, cell, policy, events, seal) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
		w.seal.Hash[:], h.space, h.cell, h.policy, bytesOf(seqs), w.seal.Text)
	if err == nil {
		err = c.exec("DELETE FROM loose WHERE space = ? AND policy = ? AND cell = ? AND seq IN (SELECT value FROM json_each(?))",
			h.space, h.policy, h.cell, list(seqs))
	}
	return err == nil, err
}

// assemble finds the events whose bytes together are what was sealed; nil where it cannot.
func (w *want) assemble(lines []line) (seqs []int64) {
	var data []byte
	for _, l := range w.fill(lines) {
		data, seqs = append(append(data, l.Text...), '\n'), append(seqs, l.seq)
	}
	if sha256.Sum256(data) != w.seal.Hash {
		return nil
	}
	return seqs
}

// others are the lines but for those that other segments of the tile hold.
func (w *want) others(c *conn, h home, lines []line) ([]line, error) {
	taken := make(map[int64]bool)
	query := "SELECT events FROM segment WHERE space = ? AND cell = ? AND policy = ?"
	err := c.each(query, []driver.Value{h.space, h.cell, h.policy}, func(row []driver.Value) error {
		events, _ := row[0].([]byte)
		for _, seq := range numbers(events) {
			taken[seq] = true
		}
		return nil
	})
	return slices.DeleteFunc(lines, func(l line) bool { return taken[l.seq] && !slices.Contains(w.seqs, l.seq) }), err
}

// candidates are the events of a tile that were always the segment's, and those that came after the seq since, in the
// order of the trace.
func (w *want) candidates(c *conn, h home, since int64) (lines []line, err error) {
	add := func(row []driver.Value) error {
		body := text(row[3])
		lines = append(lines, line{Line: segment.Line{Clock: event.Clock{T: integer(row[1]), D: integer(row[2])}, ID: event.IDOf(body), Text: body}, seq: integer(row[0])})
		return nil
	}
	query := `SELECT e.seq, e.t, e.d, e.text FROM json_each(?) AS listed CROSS JOIN event AS e ON e.seq = listed.value WHERE e.seq <= ?`
	if err := c.each(query, []driver.Value{list(w.seqs), since}, add); err != nil {
		return nil, err
	}
	query = `SELECT e.seq, e.t, e.d, e.text FROM event_tile AS x CROSS JOIN event AS e ON e.seq = x.seq
		WHERE x.space = ?1 AND x.policy = ?2 AND x.cell = ?3 AND x.seq > ?4
		UNION ALL
		SELECT seq, t, d, text FROM event NOT INDEXED
		WHERE seq > max(?4, (SELECT indexed FROM mark)) AND space = ?1 AND policy = ?2 AND cell = ?3`
	if err := c.each(query, []driver.Value{h.space, h.policy, h.cell, since}, add); err != nil {
		return nil, err
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(a.Compare(b.Line), cmp.Compare(a.seq, b.seq)) })
	return slices.CompactFunc(lines, func(a, b line) bool { return a.seq == b.seq }), nil
}

// fill gives each place of the segment its event: by seq, by key, and where neither is known by what lies between its
// neighbours, if that is as many as there are places. nil where it cannot.
func (w *want) fill(lines []line) []*line {
	bySeq, byKey := make(map[int64]int), make(map[int64]int)
	for i := range lines {
		bySeq[lines[i].seq] = i
		byKey[idKey(lines[i].ID)] = i
		if !event.Reserved(lines[i].ID) { // as appendEntries has it
			byKey[contentKey(sha256.Sum256([]byte(lines[i].Text)))] = i
		}
	}
	at := make([]int, len(w.seqs)) // into lines, -1 for not found yet
	for i, seq := range w.seqs {
		found, ok := 0, false
		if seq != 0 {
			found, ok = bySeq[seq]
		}
		if !ok && w.keys[i] != 0 {
			found, ok = byKey[w.keys[i]]
		}
		if at[i] = -1; ok {
			at[i] = found
		}
	}
	for i := 0; i < len(at); {
		if at[i] >= 0 {
			i++
			continue
		}
		end, before, after := i, -1, len(lines)
		for end < len(at) && at[end] < 0 {
			end++
		}
		if i > 0 {
			before = at[i-1]
		}
		if end < len(at) {
			after = at[end]
		}
		if after-before-1 != end-i {
			return nil
		}
		for ; i < end; i++ {
			before++
			at[i] = before
		}
	}
	found := make([]*line, len(at))
	for i := range at {
		found[i] = &lines[at[i]]
	}
	return found
}
