package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// Check reads the whole store and calls problem for each thing that is not as it must be, as Inspect does: pages of the
// file, events that are not what their hash says or do not verify, indexes that do not lead to them, figures, segments,
// digests, states. A sound store gives none. The error is of reading. It works on one snapshot, and keeps 40 bytes an
// event in memory, and a tile's state.
func (s *Store) Check(ctx context.Context, problem func(string)) error {
	k := newChecker(ctx, func(f Finding) { problem(f.What + ": " + f.Message) })
	err := s.read(ctx, "checking", func(c *conn) error {
		k.conn = c
		for _, step := range k.steps() {
			if err := step.run(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return k.digests(func(space, policy string) (digest.Tile, error) { return s.Digest(ctx, space, policy, tile.Tile{}) })
}

// A checker reads one snapshot of a file and says what is wrong in it.
type checker struct {
	ctx      context.Context
	conn     *conn
	find     func(Finding)
	verifier *event.Verifier
	gaps     []span
	last     int64                // the greatest seq that was given
	names    map[int64]string     // of spaces, by id, as the table has them
	spaces   map[int64]*SpaceStat // as counted
	places   map[site][]item
	files    []named
}

// span is a range of seqs, both ends included.
type span struct{ first, last int64 }

// site is a tile of a space.
type site struct {
	space string
	tile  tile.Tile
}

// item is an event, in 40 bytes. The lowest bits are its policy, the next is whether it is fit for LoRa, the rest its seq.
type item struct {
	hash digest.Sum
	bits int64
}

func (i item) seq() int64     { return i.bits >> 3 }
func (i item) policy() string { return policyName(i.bits & 3) }
func (i item) lora() bool     { return i.bits&4 != 0 }

func newChecker(ctx context.Context, find func(Finding)) *checker {
	return &checker{
		ctx: ctx, find: find, verifier: event.NewVerifier(), names: make(map[int64]string),
		spaces: make(map[int64]*SpaceStat), places: make(map[site][]item),
	}
}

type checkStep struct {
	name string
	run  func() error
}

// steps are the parts of a check but for the digests, in an order in which each finds what it needs.
func (k *checker) steps() []checkStep {
	return []checkStep{
		{"the file's pages", k.pages}, {"the tables", k.schema}, {"the events", k.events}, {"the figures of spaces", k.figures},
		{"the indexes", k.indexes}, {"the files that events name", k.media}, {"the segments", k.segments}, {"what is loose", k.homeless}, {"the states", k.states},
		{"the snapshots", k.snapshots},
	}
}

// say tells of something that can be derived anew.
func (k *checker) say(what, rule, format string, args ...any) {
	k.find(Finding{What: what, Rule: rule, Remedy: Repair, Message: fmt.Sprintf(format, args...)})
}

func (k *checker) pages() error {
	return k.conn.each("PRAGMA integrity_check", nil, func(row []driver.Value) error {
		if text(row[0]) != "ok" {
			k.say("file", "integrity", "%s", text(row[0]))
		}
		return k.ctx.Err()
	})
}

// schema compares the tables and indexes with those that the migrations make.
func (k *checker) schema() error {
	c, err := openURI(url.URL{Scheme: "file", Opaque: ":memory:"})
	if err != nil {
		return err
	}
	defer c.close()
	if err := migrate(c); err != nil {
		return err
	}
	var version int64
	if _, err := k.conn.one("PRAGMA user_version", nil, &version); err != nil {
		return err
	}
	read := func(c *conn) (map[string]string, error) {
		all := make(map[string]string)
		err := c.each("SELECT name, type, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'", nil, func(row []driver.Value) error {
			all[text(row[0])] = text(row[1]) + " " + text(row[2])
			return nil
		})
		return all, err
	}
	want, err := read(c)
	if err != nil {
		return err
	}
	got, err := read(k.conn)
	if err != nil {
		return err
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	old := version < int64(len(steps)) // the next start brings what it lacks
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have, ok := got[name]; have != want[name] && (ok || !old) {
			k.say("schema", "schema", "%s is not what this program makes", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			k.say("schema", "schema", "%s is not of this program's making", name)
		}
	}
	return nil
}

// has reports whether a table is there: a file of an earlier version lacks some.
func (k *checker) has(table string) bool {
	var n int64
	_, err := k.conn.one("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", []driver.Value{table}, &n)
	return err == nil && n == 1
}

// checkBatch is how many events are judged together.
const checkBatch = 1024

// checked is a row of the table.
type checked struct {
	seq, space, policy, cell, t, d, door int64
	layer, text                          string
	hash                                 [32]byte
	hashed                               bool
}

func (k *checker) events() error {
	if k.has("gap") {
		err := k.conn.each("SELECT first, last FROM gap ORDER BY first", nil, func(row []driver.Value) error {
			k.gaps = append(k.gaps, span{integer(row[0]), integer(row[1])})
			return nil
		})
		if err != nil {
			return err
		}
	}
	err := k.conn.each("SELECT id, name FROM space", nil, func(row []driver.Value) error {
		k.names[integer(row[0])] = text(row[1])
		return nil
	})
	if err != nil {
		return err
	}
	var batch []checked
	before := int64(math.MinInt64)
	query := "SELECT seq, space, policy, cell, t, d, door, layer, hash, text FROM event NOT INDEXED ORDER BY seq"
	err = k.conn.each(query, nil, func(row []driver.Value) error {
		r := checked{
			seq: integer(row[0]), space: integer(row[1]), policy: integer(row[2]), cell: integer(row[3]),
			t: integer(row[4]), d: integer(row[5]), door: integer(row[6]), layer: text(row[7]), text: text(row[9]),
		}
		hash, err := hashOf(row[8])
		r.hash, r.hashed = hash, err == nil
		if r.seq <= before {
			return fmt.Errorf("%w: event %d comes after %d", ErrBroken, r.seq, before) // the tree leads in a circle
		}
		if before = r.seq; r.seq < 1 {
			k.say("arrivals", "number", "an event has the number %d, they begin with 1", r.seq)
		} else {
			k.arrivals(r.seq - 1)
			k.last = r.seq
		}
		if batch = append(batch, r); len(batch) == checkBatch {
			k.judge(batch)
			batch = batch[:0]
		}
		return k.ctx.Err()
	})
	k.judge(batch)
	if err == nil {
		if n := len(k.gaps); n > 0 && k.gaps[n-1].last > k.last {
			k.last = max(k.last, k.gaps[n-1].last)
		}
	}
	return err
}

// arrivals sees whether the seqs that are missing, up to the one before the next event, are known to be.
func (k *checker) arrivals(last int64) {
	for first := k.last + 1; first <= last; {
		for len(k.gaps) > 0 && k.gaps[0].last < first {
			k.gaps = k.gaps[1:]
		}
		end := last
		switch {
		case len(k.gaps) > 0 && k.gaps[0].first <= first:
			first = k.gaps[0].last + 1
			continue
		case len(k.gaps) > 0:
			end = min(end, k.gaps[0].first-1)
		}
		k.find(Finding{What: "arrivals", Rule: "missing", Seq: first, Count: end - first + 1, Remedy: Fetch,
			Message: fmt.Sprintf("events %d to %d are missing", first, end)})
		first = end + 1
	}
}

func (k *checker) judge(batch []checked) {
	texts := make([]string, len(batch))
	for i := range batch {
		texts[i] = batch[i].text
	}
	for i, j := range judge(texts, k.verifier) {
		r := &batch[i]
		f := Finding{What: "event", Space: k.names[r.space], Seq: r.seq, Remedy: Repair}
		if j.err != nil {
			f.Rule, f.Remedy, f.Message = ruleOf(j.err), Fetch, fmt.Sprintf("event %d is not what it was: %v", r.seq, j.err)
			k.find(f)
			continue
		}
		e := j.event
		hash := digest.Sum(e.Hash())
		f.Tile, f.Policy, f.Hash = e.Tile.String(), e.Scope.Policy, hash.String()
		if !r.hashed || r.hash != hash {
			f.Rule, f.Message = "hash", fmt.Sprintf("event %d has the content hash %s, not %x", r.seq, hash, r.hash)
			if !e.Signed() {
				// Nothing says which of the two was changed.
				f.Remedy = Fetch
			}
			k.find(f)
		}
		at, err := tileOf(r.cell)
		if err != nil || at != e.Tile || k.names[r.space] != e.Space || policyName(r.policy) != e.Scope.Policy || r.t != e.Clock.T ||
			r.d != e.Clock.D || r.layer != e.Layer || r.door != 0 && r.door != 1 {
			f.Rule, f.Remedy, f.Message = "columns", Repair, fmt.Sprintf("event %d: what stands beside the text differs from it", r.seq)
			k.find(f)
		}
		k.count(r.space, r.seq, e, hash)
		if f, ok := e.File(); ok {
			k.files = append(k.files, named{f.Hash, r.seq})
		}
	}
}

// named is a file that an event names.
type named struct {
	hash [32]byte
	seq  int64
}

// media sees whether each event that names a file is found by its hash, and nothing else is.
func (k *checker) media() error {
	if !k.has("media") {
		return nil // made before there was such a table
	}
	var known int64
	for _, f := range k.files {
		var n int64
		if _, err := k.conn.one("SELECT count(*) FROM media WHERE hash = ? AND seq = ?", []driver.Value{f.hash[:], f.seq}, &n); err != nil {
			return err
		}
		if known += n; n != 1 {
			k.say("index", "media", "event %d is not in media", f.seq)
		}
	}
	var rows int64
	if _, err := k.conn.one("SELECT count(*) FROM media", nil, &rows); err != nil {
		return err
	}
	if rows != known {
		k.say("index", "media", "%d rows of media lead nowhere, or to events that name no such file", rows-known)
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
	at := site{s.Space, e.Tile}
	bits := seq<<3 | policyNumber(e.Scope.Policy)
	if digest.FitsLoRa(e.Scope.Policy, len(e.Text)) {
		bits |= 4
	}
	k.places[at] = append(k.places[at], item{hash, bits})
}

func (k *checker) figures() error {
	found := 0
	err := k.conn.each("SELECT id, name, events, bytes, first_t, last_t, last_seq FROM space", nil, func(row []driver.Value) error {
		found++
		s := k.spaces[integer(row[0])]
		stat := SpaceStat{text(row[1]), integer(row[2]), integer(row[3]), integer(row[4]), integer(row[5]), integer(row[6])}
		if s == nil || *s != stat {
			if s == nil {
				s = new(SpaceStat)
			}
			k.find(Finding{What: "figures", Rule: "figures", Space: stat.Space, Remedy: Repair,
				Message: fmt.Sprintf("the figures of %s are %s, counted %s", stat.Space, stat.words(), s.words())})
		}
		return k.ctx.Err()
	})
	if err == nil && found != len(k.spaces) {
		k.say("figures", "figures", "%d spaces have figures, %d have events", found, len(k.spaces))
	}
	return err
}

// words are the figures for a person.
func (s SpaceStat) words() string {
	return fmt.Sprintf("%d events, %d bytes, times %d to %d, the last arrival %d", s.Events, s.Bytes, s.FirstT, s.LastT, s.LastSeq)
}
