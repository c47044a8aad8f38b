package store

import (
	"context"
	"database/sql/driver"
	"slices"
	"sync"
	"time"

	"fieldkit/kit/digest"
)

// loRa is the number of the LoRa tree, beside those of the policies.
const loRa = int64(len(policies))

// How much is remembered: branches of worlds, hashes in trees of large tiles, and worlds; and how many commits' events
// may wait to be looked at.
const (
	maxBranches = 1 << 17
	maxHashes   = 1 << 17
	maxWorlds   = 1 << 12
	maxTouched  = 1 << 16
)

// settle is how long a computation waits for the writer to say what a commit touched.
const settle = 5 * time.Second

// digests remembers what was computed, and forgets what commits touch. A computation reads one snapshot of the file.
// What the writer says of commits in that snapshot is taken in before, what it says of later ones stays for the next:
// so nothing is remembered that some event is missing from.
type digests struct {
	store *Store

	mu       sync.Mutex          // one computation at a time
	worlds   map[[2]int64]*world // guarded by mu; by space and number of the tree
	hashes   int                 // guarded by mu; in trees of all worlds
	trailing map[home][]trailed  // guarded by mu; what event_tile lacks in the snapshot

	said     sync.Mutex
	last     int64         // guarded by said; the writer has told of all events up to this seq
	heard    chan struct{} // guarded by said; closed when last moves
	touched  []touched     // guarded by said
	tracking bool          // guarded by said; false until the first computation, and after too much was touched
}

// touched is an event that was added.
type touched struct {
	home home
	hash digest.Sum
	size int
	seq  int64
}

// trailed is an event that event_tile lacks.
type trailed struct {
	hash digest.Sum
	size int64
}

func newDigests(s *Store) *digests {
	return &digests{store: s, worlds: make(map[[2]int64]*world), heard: make(chan struct{})}
}

// committed is called by the writer after each commit, before anyone else hears of it.
func (d *digests) committed(records []record) {
	d.said.Lock()
	defer d.said.Unlock()
	d.last = records[len(records)-1].Seq
	close(d.heard)
	d.heard = make(chan struct{})
	if !d.tracking {
		return
	}
	if len(d.touched)+len(records) > maxTouched {
		// Nobody asks for digests, or much was imported: cheaper to begin anew.
		d.tracking, d.touched = false, nil
		return
	}
	for i := range records {
		r := &records[i]
		d.touched = append(d.touched, touched{r.home, r.hash, len(r.Event.Text), r.Seq})
	}
}

// compute runs f on a snapshot, with all forgotten that is no longer so in it.
func (d *digests) compute(ctx context.Context, f func(*conn) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.said.Lock()
	fresh := !d.tracking
	d.tracking = true
	d.said.Unlock()
	if fresh {
		d.forget()
	}
	err := d.store.read(ctx, "computing digests", func(c *conn) error {
		var last int64
		if _, err := c.one("SELECT coalesce(max(seq), 0) FROM event", nil, &last); err != nil {
			return err
		}
		if !d.follow(ctx, last) {
			// The writer is in trouble. What the file holds can be computed all the same, and not be remembered.
			d.forget()
			defer d.forget()
		}
		if err := d.readTrailing(c); err != nil {
			return err
		}
		return f(c)
	})
	d.trailing = nil
	d.trim(err != nil)
	return err
}

// readTrailing reads what event_tile lacks.
func (d *digests) readTrailing(c *conn) error {
	d.trailing = make(map[home][]trailed)
	query := "SELECT space, policy, cell, hash, octet_length(text) FROM event WHERE seq > (SELECT indexed FROM mark)"
	return c.each(query, nil, func(row []driver.Value) error {
		hash, err := hashOf(row[3])
		h := home{integer(row[0]), integer(row[1]), integer(row[2])}
		d.trailing[h] = append(d.trailing[h], trailed{hash, integer(row[4])})
		return err
	})
}

func (d *digests) forget() {
	clear(d.worlds)
	d.hashes = 0
}

// follow takes in what was touched up to the seq last, and reports false when the writer does not tell.
func (d *digests) follow(ctx context.Context, last int64) bool {
	deadline := time.NewTimer(settle)
	defer deadline.Stop()
	d.said.Lock()
	defer d.said.Unlock()
	for d.last < last {
		heard := d.heard
		d.said.Unlock()
		select {
		case <-heard:
			d.said.Lock()
		case <-ctx.Done():
			d.said.Lock()
			return false
		case <-deadline.C:
			d.said.Lock()
			return false
		}
	}
	if !d.tracking { // too much came while we waited
		return false
	}
	n := 0
	for n < len(d.touched) && d.touched[n].seq <= last {
		t := &d.touched[n]
		d.worlds[[2]int64{t.home.space, t.home.policy}].touch(t)
		if t.home.policy == 0 && digest.FitsLoRa(policies[0], t.size) {
			d.worlds[[2]int64{t.home.space, loRa}].touch(t)
		}
		n++
	}
	d.touched = append(d.touched[:0], d.touched[n:]...)
	return true
}

// trim keeps memory bounded. After an error nothing is trusted.
func (d *digests) trim(failed bool) {
	branches := 0
	for _, w := range d.worlds {
		branches += len(w.branches)
	}
	if failed || len(d.worlds) > maxWorlds {
		d.forget()
		return
	}
	if branches <= maxBranches {
		return
	}
	for _, w := range d.worlds {
		// Every second one, as they come: what is needed again is computed again.
		drop := false
		for cell := range w.branches {
			if drop = !drop; drop {
				delete(w.branches, cell)
			}
		}
	}
}

// world finds the tree of a space and a policy, or begins it.
func (d *digests) world(c *conn, space, number int64) (*world, error) {
	if w := d.worlds[[2]int64{space, number}]; w != nil {
		return w, nil
	}
	w := &world{
		home: home{space: space, policy: number}, digests: d,
		branches: make(map[int64]digest.Branch), trees: make(map[int64]*digest.Tree),
	}
	if number == loRa {
		w.lora, w.home.policy = true, 0
	}
	query := "SELECT DISTINCT cell FROM event_tile WHERE space = ? AND policy = ?"
	err := c.each(query, []driver.Value{w.home.space, w.home.policy}, func(row []driver.Value) error {
		w.cells = append(w.cells, integer(row[0]))
		return nil
	})
	if err != nil {
		return nil, err
	}
	for h := range d.trailing {
		if h.space == w.home.space && h.policy == w.home.policy {
			w.cells = append(w.cells, h.cell)
		}
	}
	slices.Sort(w.cells)
	w.cells = slices.Compact(w.cells)
	d.worlds[[2]int64{space, number}] = w
	return w, nil
}
