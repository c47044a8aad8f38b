package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"
	"slices"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/maps/tile"
)

// Check reads the whole store and calls problem for each thing that is not as it must be: pages of the file, events
// that are not what their hash says, indexes that do not lead to them, figures, segments, digests. A sound store gives
// none. The error is of reading. It works on one snapshot, and keeps 40 bytes an event in memory.
func (s *Store) Check(ctx context.Context, problem func(string)) error {
	k := &checker{ctx: ctx, problem: problem, worlds: make(map[digest.World]map[tile.Tile][]digest.Sum), spaces: make(map[int64]*SpaceStat)}
	err := s.read(ctx, "checking", func(c *conn) error {
		k.conn = c
		for _, step := range []func() error{k.pages, k.events, k.media, k.figures, k.indexes, k.segments} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return k.digests(s)
}

type checker struct {
	ctx     context.Context
	conn    *conn
	problem func(string)
	last    int64
	spaces  map[int64]*SpaceStat
	files   []named
	worlds  map[digest.World]map[tile.Tile][]digest.Sum // without digest and count
}

func (k *checker) say(format string, args ...any) { k.problem(fmt.Sprintf(format, args...)) }

func (k *checker) pages() error {
	return k.conn.each("PRAGMA integrity_check", nil, func(row []driver.Value) error {
		if text(row[0]) != "ok" {
			k.say("file: %s", text(row[0]))
		}
		return nil
	})
}

func (k *checker) events() error {
	names := make(map[int64]string)
	err := k.conn.each("SELECT id, name FROM space", nil, func(row []driver.Value) error {
		names[integer(row[0])] = text(row[1])
		return nil
	})
	if err != nil {
		return err
	}
	query := "SELECT seq, space, policy, cell, t, d, layer, hash, text FROM event ORDER BY seq"
	return k.conn.each(query, nil, func(row []driver.Value) error {
		if err := k.ctx.Err(); err != nil {
			return err
		}
		seq, hash := integer(row[0]), digest.Sum{}
		if seq != k.last+1 {
			k.say("events %d to %d are missing", k.last+1, seq-1)
		}
		k.last = seq
		e, err := event.Parse([]byte(text(row[8])))
		if err != nil {
			k.say("event %d: %v", seq, err)
			return nil
		}
		hash = e.Hash()
		if b, _ := row[7].([]byte); !bytes.Equal(b, hash[:]) {
			k.say("event %d has the content hash %s, not %x", seq, hash, b)
		}
		at, err := tileOf(integer(row[3]))
		if err != nil || at != e.Tile || names[integer(row[1])] != e.Space || policyName(integer(row[2])) != e.Scope.Policy ||
			integer(row[4]) != e.Clock.T || integer(row[5]) != e.Clock.D || text(row[6]) != e.Layer || e.Text != text(row[8]) {
			k.say("event %d: what stands beside the text differs from it", seq)
		}
		k.count(integer(row[1]), seq, e, hash)
		if f, ok := e.File(); ok {
			k.files = append(k.files, named{f.Hash, seq})
		}
		return nil
	})
}

// named is a file that an event names.
type named struct {
	hash [32]byte
	seq  int64
}

// media sees whether each event that names a file is found by its hash.
func (k *checker) media() error {
	for _, f := range k.files {
		var n int64
		if _, err := k.conn.one("SELECT count(*) FROM media WHERE hash = ? AND seq = ?", []driver.Value{f.hash[:], f.seq}, &n); err != nil {
			return err
		}
		if n != 1 {
			k.say("event %d is not in media", f.seq)
		}
	}
	return nil
}

func (k *checker) count(space, seq int64, e *event.Event, hash digest.Sum) {
	s := k.spaces[space]
	if s == nil {
		s = &SpaceStat{Space: string([]byte(e.Space)), FirstT: e.Clock.T, LastT: e.Clock.T}
		k.spaces[space] = s
	}
	s.Events++
	s.Bytes += int64(len(e.Text))
	s.FirstT, s.LastT, s.LastSeq = min(s.FirstT, e.Clock.T), max(s.LastT, e.Clock.T), seq
	add := func(policy string) {
		w := digest.World{Space: s.Space, Policy: policy}
		if k.worlds[w] == nil {
			k.worlds[w] = make(map[tile.Tile][]digest.Sum)
		}
		k.worlds[w][e.Tile] = append(k.worlds[w][e.Tile], hash)
	}
	add(policyName(policyNumber(e.Scope.Policy))) // the constant, not a piece of the text
	if digest.FitsLoRa(e.Scope.Policy, len(e.Text)) {
		add(digest.LoRa)
	}
}

func (k *checker) figures() error {
	found := 0
	err := k.conn.each("SELECT id, name, events, bytes, first_t, last_t, last_seq FROM space", nil, func(row []driver.Value) error {
		found++
		s := k.spaces[integer(row[0])]
		stat := SpaceStat{text(row[1]), integer(row[2]), integer(row[3]), integer(row[4]), integer(row[5]), integer(row[6])}
		if s == nil || *s != stat {
			k.say("space %s: the figures are %+v, counted %+v", stat.Space, stat, s)
		}
		return nil
	})
	if err == nil && found != len(k.spaces) {
		k.say("%d spaces have figures, %d have events", found, len(k.spaces))
	}
	return err
}

// indexes sees whether each event is found where it must be, and nothing else is.
func (k *checker) indexes() error {
	for _, rule := range []struct{ what, query string }{
		{"events are not in event_tile", `SELECT count(*) FROM event AS e LEFT JOIN event_tile AS x
			ON x.space = e.space AND x.policy = e.policy AND x.cell = e.cell AND x.seq = e.seq
			WHERE x.seq IS NULL AND e.seq <= (SELECT indexed FROM mark)`},
		{"rows of event_tile lead nowhere", "SELECT count(*) FROM event_tile AS x LEFT JOIN event AS e ON e.seq = x.seq WHERE e.seq IS NULL"},
		{"rows of event_tile are too many", "SELECT (SELECT count(*) FROM event_tile) - (SELECT indexed FROM mark)"},
		{"rows of event_id lead nowhere", "SELECT count(*) FROM event_id AS i LEFT JOIN event AS e ON e.seq = i.seq WHERE e.seq IS NULL"},
		{"rows of event_id are too new", "SELECT count(*) FROM event_id WHERE seq > (SELECT indexed FROM mark)"},
		{"marks are ahead of the events", fmt.Sprintf("SELECT count(*) FROM mark WHERE indexed > %d OR sealed > %[1]d", k.last)},
		{"rows of media lead nowhere", "SELECT count(*) FROM media AS m LEFT JOIN event AS e ON e.seq = m.seq WHERE e.seq IS NULL"},
		{"contents are there twice", "SELECT count(*) - count(DISTINCT hash) FROM event"},
	} {
		var n int64
		if _, err := k.conn.one(rule.query, nil, &n); err != nil {
			return err
		}
		if n != 0 {
			k.say("%d %s", n, rule.what)
		}
	}
	var wanted []entry
	err := k.conn.each("SELECT seq, hash, text FROM event WHERE seq <= (SELECT indexed FROM mark)", nil, func(row []driver.Value) error {
		hash, err := hashOf(row[1])
		wanted = appendEntries(wanted[:0], integer(row[0]), hash, event.IDOf(text(row[2])))
		for _, e := range wanted {
			var n int64
			if _, err := k.conn.one("SELECT count(*) FROM event_id WHERE key = ? AND seq = ?", []driver.Value{e.key, e.seq}, &n); err != nil {
				return err
			}
			if n != 1 {
				k.say("event %d is not in event_id", e.seq)
			}
		}
		return err
	})
	return err
}

func (k *checker) segments() error {
	type stored struct {
		hash []byte
		seal string
	}
	var all []stored
	err := k.conn.each("SELECT hash, seal FROM segment", nil, func(row []driver.Value) error {
		b, _ := row[0].([]byte)
		all = append(all, stored{slices.Clone(b), text(row[1])})
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range all {
		if len(s.hash) != 32 {
			k.say("a segment has the name %x", s.hash)
			continue
		}
		data, err := readSegment(k.conn, digest.Sum(s.hash))
		if err != nil {
			k.say("segment %x: %v", s.hash, err)
			continue
		}
		g, _, err := segment.Parse(data)
		if err == nil {
			var seal *segment.Seal
			if seal, err = segment.ParseSeal([]byte(s.seal)); err == nil {
				err = seal.Check(g)
			}
		}
		if err != nil {
			k.say("segment %x: %v", s.hash, err)
		}
	}
	return nil
}

// digests compares what Digest says with what is computed from scratch. Events that came since the events were read
// are no problem; they are waited out.
func (k *checker) digests(s *Store) error {
	for w, tiles := range k.worlds {
		own := make(map[tile.Tile]digest.Branch)
		for at, hashes := range tiles {
			slices.SortFunc(hashes, func(a, b digest.Sum) int { return bytes.Compare(a[:], b[:]) })
			own[at] = digest.Branch{Digest: digest.Root(hashes), Count: uint64(len(hashes))}
		}
		want := digest.Quad(own, tile.Tile{})
		got, err := s.Digest(k.ctx, w.Space, w.Policy, tile.Tile{})
		if err != nil {
			return err
		}
		if got.Count == want.Count && got != want {
			k.say("the %s digest of %s is %s, computed from scratch %s", w.Policy, w.Space, got.Digest, want.Digest)
		}
		if got.Count < want.Count {
			k.say("the %s digest of %s is of %d events, %d are here", w.Policy, w.Space, got.Count, want.Count)
		}
	}
	return nil
}
