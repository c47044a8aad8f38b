package store

import (
	"database/sql/driver"
	"fmt"
	"slices"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/segment"
)

// indexes sees whether each event is found where it must be, and nothing else is.
func (k *checker) indexes() error {
	for _, rule := range []struct{ what, name, words, query string }{
		{"index", "event_tile", "events are not in event_tile", `SELECT count(*) FROM event AS e LEFT JOIN event_tile AS x
			ON x.space = e.space AND x.policy = e.policy AND x.cell = e.cell AND x.seq = e.seq
			WHERE x.seq IS NULL AND e.seq <= (SELECT indexed FROM mark)`},
		{"index", "event_tile", "rows of event_tile lead nowhere", `SELECT count(*) FROM event_tile AS x LEFT JOIN event AS e
			ON e.seq = x.seq AND e.space = x.space AND e.policy = x.policy AND e.cell = x.cell WHERE e.seq IS NULL`},
		{"index", "event_tile", "rows of event_tile are too new", "SELECT count(*) FROM event_tile WHERE seq > (SELECT indexed FROM mark)"},
		{"index", "event_id", "rows of event_id lead nowhere", "SELECT count(*) FROM event_id AS i LEFT JOIN event AS e ON e.seq = i.seq WHERE e.seq IS NULL"},
		{"index", "event_id", "rows of event_id are too new", "SELECT count(*) FROM event_id WHERE seq > (SELECT indexed FROM mark)"},
		{"marks", "marks", "marks are ahead of the events", fmt.Sprintf("SELECT count(*) FROM mark WHERE indexed > %d OR sealed > %[1]d", k.last)},
		{"marks", "marks", "rows of mark are missing or too many", "SELECT abs(count(*) - 1) FROM mark"},
	} {
		var n int64
		if _, err := k.conn.one(rule.query, nil, &n); err != nil {
			return err
		}
		if n != 0 {
			k.find(Finding{What: rule.what, Rule: rule.name, Count: n, Remedy: Repair, Message: fmt.Sprintf("%d %s", n, rule.words)})
		}
	}
	return k.ids()
}

// ids holds event_id to what the events say.
func (k *checker) ids() error {
	var wanted []entry
	var rows, known, missing int64
	err := k.conn.each("SELECT seq, hash, text FROM event WHERE seq <= (SELECT indexed FROM mark)", nil, func(row []driver.Value) error {
		hash, err := hashOf(row[1])
		if err != nil {
			return k.ctx.Err() // said before
		}
		wanted = appendEntries(wanted[:0], integer(row[0]), hash, event.IDOf(text(row[2])))
		for _, e := range wanted {
			var n int64
			if _, err := k.conn.one("SELECT count(*) FROM event_id WHERE key = ? AND seq = ?", []driver.Value{e.key, e.seq}, &n); err != nil {
				return err
			}
			known, missing = known+n, missing+1-n
		}
		return k.ctx.Err()
	})
	if err != nil {
		return err
	}
	if missing > 0 {
		k.find(Finding{What: "index", Rule: "event_id", Count: missing, Remedy: Repair, Message: fmt.Sprintf("%d ids do not lead to their events", missing)})
	}
	if _, err := k.conn.one("SELECT count(*) FROM event_id WHERE seq <= (SELECT indexed FROM mark)", nil, &rows); err != nil {
		return err
	}
	if rows > known {
		k.find(Finding{What: "index", Rule: "event_id", Count: rows - known, Remedy: Repair,
			Message: fmt.Sprintf("%d rows of event_id lead to events of other ids", rows-known)})
	}
	return nil
}

// A seqSet holds seqs, a word for each 64 of them. It is sparse: a seq in a damaged file may be any number.
type seqSet map[int64]uint64

func (s seqSet) add(seq int64) { s[seq>>6] |= 1 << (seq & 63) }

func (s seqSet) has(seq int64) bool { return s[seq>>6]>>(seq&63)&1 == 1 }

// stored is a row of segment or wanted.
type stored struct {
	hash, events []byte
	home         home
	seal         string
}

// segments sees whether each segment is still the one that was sealed, and whether every event of the door is in a
// segment or in a tail.
func (k *checker) segments() error {
	sealed := make(seqSet)
	var all []stored
	err := k.conn.each("SELECT hash, space, policy, cell, events, seal FROM segment", nil, func(row []driver.Value) error {
		hash, _ := row[0].([]byte)
		events, _ := row[4].([]byte)
		all = append(all, stored{slices.Clone(hash), nil, home{integer(row[1]), integer(row[2]), integer(row[3])}, text(row[5])})
		for _, seq := range numbers(events) {
			sealed.add(seq)
		}
		return k.ctx.Err()
	})
	if err != nil {
		return err
	}
	for i := range all {
		if err := k.segment(&all[i]); err != nil {
			return err
		}
	}
	if err := k.wanted(); err != nil {
		return err
	}
	var loose int64
	query := `SELECT e.seq FROM event AS e LEFT JOIN tile AS t ON t.space = e.space AND t.policy = e.policy AND t.cell = e.cell
		WHERE e.door = 1 AND e.seq <= max((SELECT sealed FROM mark), coalesce(t.sealed, 0))`
	err = k.conn.each(query, nil, func(row []driver.Value) error {
		if !sealed.has(integer(row[0])) {
			loose++
		}
		return k.ctx.Err()
	})
	if err == nil && loose > 0 {
		k.find(Finding{What: "marks", Rule: "unsealed", Count: loose, Remedy: Repair,
			Message: fmt.Sprintf("%d events of the door are held to be in segments and are in none: they would never be carried on", loose)})
	}
	return err
}

func (k *checker) segment(s *stored) error {
	f := Finding{What: "segment", Hash: fmt.Sprintf("sha256:%x", s.hash), Space: k.names[s.home.space], Remedy: Fetch}
	say := func(rule string, err error) {
		f.Rule, f.Message = rule, fmt.Sprintf("segment %x: %v", s.hash, err)
		k.find(f)
	}
	if len(s.hash) != 32 {
		say("hash", fmt.Errorf("its name has %d bytes", len(s.hash)))
		return nil
	}
	seal, err := segment.ParseSeal([]byte(s.seal))
	if err != nil {
		say(ruleOf(err), err)
		return nil
	}
	f.Tile, f.Policy = seal.Tile.String(), seal.Policy
	f.Remedy = Repair
	if seal.Hash != digest.Sum(s.hash) || seal.Space != k.names[s.home.space] || cellOf(seal.Tile) != s.home.cell || policyNumber(seal.Policy) != s.home.policy {
		say("columns", fmt.Errorf("what stands beside the seal differs from it"))
		return nil
	}
	data, err := readSegment(k.conn, digest.Sum(s.hash))
	if err != nil {
		say("events", err)
		return nil
	}
	g, _, err := segment.Parse(data)
	if err == nil {
		err = seal.Check(g)
	}
	if err != nil {
		say(ruleOf(err), err)
	}
	return k.ctx.Err()
}

// wanted looks at the seals of segments that are to be fetched.
func (k *checker) wanted() error {
	if !k.has("wanted") {
		return nil
	}
	return k.conn.each("SELECT w.hash, w.events, w.keys, w.seal, g.id FROM wanted AS w LEFT JOIN segment AS g ON g.hash = w.hash", nil, func(row []driver.Value) error {
		hash, _ := row[0].([]byte)
		events, _ := row[1].([]byte)
		keys, _ := row[2].([]byte)
		seal, err := segment.ParseSeal([]byte(text(row[3])))
		switch {
		case err != nil:
			k.find(Finding{What: "segment", Rule: ruleOf(err), Hash: fmt.Sprintf("sha256:%x", hash), Remedy: Repair, Message: fmt.Sprintf("the seal of a wanted segment: %v", err)})
		case row[4] != nil, len(events) != 8*int(seal.Count), len(keys) != len(events), string(seal.Hash[:]) != string(hash):
			k.find(Finding{What: "segment", Rule: "wanted", Hash: fmt.Sprintf("sha256:%x", hash), Space: seal.Space, Tile: seal.Tile.String(), Policy: seal.Policy,
				Remedy: Repair, Message: "a segment that is wanted is here, or its list is not of its length"})
		}
		return k.ctx.Err()
	})
}
