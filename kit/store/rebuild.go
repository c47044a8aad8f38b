package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fieldkit/kit/segment"
)

// A Restored event is one that was found in a damaged file.
type Restored struct {
	// Seq is its place in the order of arrival, which it keeps.
	Seq int64
	Entry
}

// A RestoredSeal is a seal that was found, with the seqs of its segment's events as far as they are known.
type RestoredSeal struct {
	Seal *segment.Seal
	Seqs []int64
	// Keys are the keys of event_id of those that are not here, where they are known; it may be nil.
	Keys []int64
}

// A Restoration is all that a database is made of anew.
type Restoration struct {
	// Events are those that are here, by ascending seq, no content twice.
	Events iter.Seq2[Restored, error]
	Seals  []RestoredSeal
	// Last is the greatest seq that was ever given, as far as is known: no event that comes in later gets it again.
	Last int64
	// Lost gives the key of event_id for a seq whose event is gone, 0 where it is not known; it may be nil.
	Lost func(seq int64) int64
}

// Rebuild makes a new database at path of what was found in a damaged one: events and seals as they were, all else derived
// from them. What stood at path before is overwritten, and with an error nothing is left there. When it returns the file is on disk, whole and without a log.
func Rebuild(ctx context.Context, path string, r Restoration) (wanted []Wanted, err error) {
	if err := Discard(path); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, Discard(path)) // on a full disk it would take the room
		}
	}()
	s := &Store{path: path, options: Options{Now: time.Now, Logger: slog.New(slog.DiscardHandler), open: openLink}}
	s.recent, s.digests = newRecent(), newDigests(s)
	w := newWriter(s)
	if err := w.start(); err != nil {
		return nil, explain("rebuilding", err)
	}
	b := &rebuilder{writer: w, lost: r.Lost}
	err = b.events(ctx, r)
	if err == nil {
		err = w.transact("rebuilding", func(c *conn) error { return b.seals(ctx, c, r.Seals) })
	}
	if err == nil {
		err = w.transact("rebuilding", b.marks)
	}
	if err == nil {
		wanted, err = wantedIn(w.conn)
	}
	w.stop() // the last connection: it brings the log into the file
	if err == nil {
		err = syncAll(path, filepath.Dir(path))
	}
	if err == nil {
		if info, stat := os.Stat(path + "-wal"); stat == nil && info.Size() > 0 {
			err = fmt.Errorf("the log of %s did not go into it", path)
		}
	}
	return wanted, explain("rebuilding", err)
}

// Discard removes what a Rebuild that did not come to its end left at path.
func Discard(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return explain("rebuilding", err)
		}
	}
	return nil
}

type rebuilder struct {
	*writer
	lost func(int64) int64
}

// events stores them in the order in which they arrived, and the gaps between them.
func (b *rebuilder) events(ctx context.Context, r Restoration) error {
	var batch []Restored
	var bytes int
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		p := &plan{spaces: make(map[string]*space)}
		for i := range batch {
			b.place(p, &batch[i].Entry, batch[i].Seq)
		}
		err := b.transact("rebuilding", func(c *conn) error {
			err := b.index(c, p.fresh, p.entries)
			if err == nil {
				err = insertEvents(c, p.fresh)
			}
			if err == nil {
				err = insertMedia(c, p.fresh)
			}
			if err == nil {
				err = updateSpaces(c, p.spaces)
			}
			last := b.last
			for i := 0; i < len(batch) && err == nil; i++ {
				err = insertGap(c, last+1, batch[i].Seq-1)
				last = batch[i].Seq
			}
			return err
		})
		for name, s := range p.spaces {
			b.spaces[name] = s
		}
		b.last = batch[len(batch)-1].Seq
		batch, bytes = batch[:0], 0
		return err
	}
	for e, err := range r.Events {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		batch = append(batch, e)
		if bytes += len(e.Event.Text); len(batch) >= trailing || bytes >= groupBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return b.transact("rebuilding", func(c *conn) error { return insertGap(c, b.last+1, r.Last) })
}

func insertGap(c *conn, first, last int64) error {
	if first > last {
		return nil
	}
	return c.exec("INSERT INTO gap (first, last) VALUES (?, ?)", first, last)
}

// seals puts the segments together again, and lists those that cannot be.
func (b *rebuilder) seals(ctx context.Context, c *conn, seals []RestoredSeal) error {
	type open struct {
		want *want
		home home
	}
	var wants []open
	for _, r := range seals {
		if err := ctx.Err(); err != nil {
			return err
		}
		w, h, err := b.seal(c, r)
		if err != nil {
			return err
		}
		if w != nil {
			wants = append(wants, open{w, h})
		}
	}
	// When all that are whole are there: which events they hold tells which the others do not.
	for _, o := range wants {
		done, err := o.want.reunite(c, o.home)
		if err == nil && !done {
			w := o.want
			err = c.exec("INSERT INTO wanted (hash, since, events, keys, seal) VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
				w.seal.Hash[:], w.since, bytesOf(w.seqs), bytesOf(w.keys), w.seal.Text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// seal stores a segment whose events are all here; of another it says what is wanted.
func (b *rebuilder) seal(c *conn, r RestoredSeal) (*want, home, error) {
	// A space of which no event is left has no number; its segments are wanted from the first event to the last.
	h := home{policy: policyNumber(r.Seal.Policy), cell: cellOf(r.Seal.Tile)}
	if s := b.spaces[r.Seal.Space]; s != nil {
		h.space = s.id
	}
	texts := make(map[int64]string, len(r.Seqs))
	query := `SELECT e.seq, e.text FROM json_each(?) AS listed CROSS JOIN event AS e ON e.seq = listed.value
		WHERE e.space = ? AND e.policy = ? AND e.cell = ?`
	err := c.each(query, []driver.Value{list(r.Seqs), h.space, h.policy, h.cell}, func(row []driver.Value) error {
		texts[integer(row[0])] = text(row[1])
		return nil
	})
	if err != nil {
		return nil, h, err
	}
	seqs, keys := make([]int64, len(r.Seqs)), make([]int64, len(r.Seqs))
	var data []byte
	for i, seq := range r.Seqs {
		if body, ok := texts[seq]; ok {
			seqs[i] = seq
			data = append(append(data, body...), '\n')
		} else if len(r.Keys) == len(r.Seqs) && r.Keys[i] != 0 {
			keys[i] = r.Keys[i]
		} else if b.lost != nil {
			keys[i] = b.lost(seq)
		}
	}
	if sha256.Sum256(data) == r.Seal.Hash {
		return nil, h, c.exec("INSERT INTO segment (hash, space, cell, policy, events, seal) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING",
			r.Seal.Hash[:], h.space, h.cell, h.policy, bytesOf(seqs), r.Seal.Text)
	}
	if len(texts) == len(r.Seqs) {
		seqs = nil // the list is not the segment's
	}
	w := newWant(r.Seal, seqs, b.last)
	for i := range keys {
		if len(seqs) == len(w.seqs) && keys[i] != 0 {
			w.keys[i] = keys[i]
		}
	}
	return w, h, nil
}

// marks works out what is loose, and how far each tile is sealed: up to its first event of the door that is in no segment. What is sealed
// behind that will be sealed once more, along with it: better twice than never carried on.
func (b *rebuilder) marks(c *conn) error {
	sealed := make(seqSet)
	err := c.each("SELECT events FROM segment", nil, func(row []driver.Value) error {
		events, _ := row[0].([]byte)
		for _, seq := range numbers(events) {
			sealed.add(seq)
		}
		return nil
	})
	if err != nil {
		return err
	}
	loose := newRows(c, "INSERT INTO loose (space, policy, cell, seq) VALUES", 4, 50)
	err = c.each("SELECT seq, space, policy, cell FROM event NOT INDEXED WHERE door = 0 ORDER BY seq", nil, func(row []driver.Value) error {
		if seq := integer(row[0]); sealed[seq/64]>>(seq%64)&1 == 0 {
			return loose.add(integer(row[1]), integer(row[2]), integer(row[3]), seq)
		}
		return nil
	})
	if err == nil {
		err = loose.flush()
	}
	if err != nil {
		return err
	}
	type progress struct{ sealed, loose int64 }
	homes := make(map[home]*progress)
	all := b.last
	err = c.each("SELECT seq, space, policy, cell FROM event NOT INDEXED WHERE door = 1 ORDER BY seq", nil, func(row []driver.Value) error {
		seq, h := integer(row[0]), home{integer(row[1]), integer(row[2]), integer(row[3])}
		p := homes[h]
		if p == nil {
			p = new(progress)
			homes[h] = p
		}
		switch {
		case !sealed.has(seq):
			if p.loose == 0 {
				p.loose = seq
			}
			all = min(all, p.loose-1)
		case p.loose == 0:
			p.sealed = seq
		}
		return nil
	})
	if err != nil {
		return err
	}
	list := make([]home, 0, len(homes))
	for h, p := range homes {
		if p.sealed > 0 {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, home.compare)
	for _, h := range list {
		if err := c.exec("INSERT INTO tile (space, policy, cell, sealed) VALUES (?, ?, ?, ?)", h.space, h.policy, h.cell, homes[h].sealed); err != nil {
			return err
		}
	}
	return c.exec("UPDATE mark SET sealed = ?", all)
}
