package store_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/powercut"
	"fieldkit/kit/store/sample"
	"fieldkit/kit/store/storetest"
)

// The variables say how many cuts are tried; make crash sets them.
const (
	cutsVariable = "FIELDKIT_CRASH_CUTS"
	usualCuts    = 150
	cutsPerRun   = 50
	eventsPerRun = 240
)

func cutsWanted(t *testing.T) int {
	text := os.Getenv(cutsVariable)
	if text == "" {
		return usualCuts
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q", cutsVariable, text)
	}
	return n
}

// memoryDir is a folder in memory where there is one: the images need no disk, only to look like what one held.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "fieldkit")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// changed is a connection on whose scripts some words are replaced.
type changed struct {
	store.Link
	words *strings.Replacer
}

func (c changed) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Link.ExecContext(ctx, c.words.Replace(query), args)
}

// The log is written back every few pages, so that cuts meet it.
var (
	honest   = strings.NewReplacer("PRAGMA synchronous = FULL", "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 40")
	careless = strings.NewReplacer("PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 40")
)

// A run is what a store did, and what it said was durable.
type run struct {
	disk *powercut.Disk
	// kept are the entries that are in the image that the run began with.
	kept []store.Entry
	mu   sync.Mutex
	told [][]store.Entry // the batches that were acknowledged, by the number that was marked; guarded by mu during the run
}

// tell marks a batch as acknowledged.
func (u *run) tell(recording *powercut.Recording, batch []store.Entry) {
	u.mu.Lock()
	defer u.mu.Unlock()
	recording.Mark(int64(len(u.told)))
	u.told = append(u.told, batch)
}

// record lets a store work on what is in dir: two writers append, tails are sealed, digests read, folds saved, the log is written back
// in all of SQLite's ways, and the store is closed and opened again.
func record(t *testing.T, dir string, words *strings.Replacer, kept, fresh []store.Entry, r *rand.Rand) *run {
	t.Helper()
	recording, err := powercut.Start(dir)
	if err != nil {
		t.Fatal(err)
	}
	u := &run{kept: kept}
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	ctx := context.Background()
	options := quiet().Through(func(path string) (store.Link, error) {
		l, err := store.OpenLink(path)
		return changed{l, words}, err
	})
	for begin := range slices.Chunk(fresh, len(fresh)/2) {
		s, err := store.Open(dir, options)
		if err != nil {
			t.Fatal(err)
		}
		var work sync.WaitGroup
		for half := range slices.Chunk(begin, len(begin)/2) {
			seed := r.Uint64()
			work.Go(func() {
				r := rand.New(rand.NewPCG(seed, 1))
				for len(half) > 0 {
					batch := half[:min(len(half), 1+r.IntN(9))]
					half = half[len(batch):]
					if _, err := s.Append(ctx, batch); err != nil {
						t.Error(err)
						return
					}
					u.tell(recording, batch)
					switch r.IntN(14) {
					case 0:
						_, err := s.Seal(ctx, sample.Start+int64(r.IntN(200_000)))
						must(err)
					case 1:
						_, err := s.Roots(ctx)
						must(err)
					case 2:
						l, err := store.OpenLink(filepath.Join(dir, store.FileName))
						must(err)
						mode := []string{"PASSIVE", "FULL", "RESTART", "TRUNCATE"}[r.IntN(4)]
						_, err = l.ExecContext(ctx, "PRAGMA busy_timeout = 100; PRAGMA synchronous = FULL; PRAGMA wal_checkpoint("+mode+")", nil)
						must(err)
						must(l.Close())
					case 3:
						must(saveFold(ctx, s, batch[0].Event.Space))
					}
				}
			})
		}
		work.Wait()
		must(s.Close())
	}
	u.disk = recording.Stop()
	found, err := powercut.Read(dir)
	must(err)
	delete(found, "kit.lock") // Go's own file calls are not recorded
	written := u.disk.Written()
	delete(written, "kit.lock")
	if !maps.EqualFunc(found, written, bytes.Equal) {
		t.Fatalf("the record is not whole: it has %v, the folder %v", slices.Sorted(maps.Keys(written)), slices.Sorted(maps.Keys(found)))
	}
	return u
}

// saveFold folds a space and saves it as a checkpoint, as a kit does.
func saveFold(ctx context.Context, s *store.Store, space string) error {
	one := store.Checkpoint{Space: space, At: event.MaxTimestamp, Rules: "fold"}
	here := make(map[string]bool)
	c, err := canvas.Fold(space, func(add func(*event.Event, bool)) error {
		return s.Events(ctx, store.Query{Space: space, After: 0}, func(row store.Row) error {
			e, err := event.Decode(row.Text)
			if err == nil {
				add(e, false)
				here[e.ID], one.Seq = true, max(one.Seq, row.Seq)
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	var tiles []store.CheckpointTile
	for _, at := range c.Unsaved() {
		p, _, err := c.Snapshot(at, func(id string) bool { return here[id] })
		if err != nil {
			return err
		}
		tiles = append(tiles, store.CheckpointTile{Seq: one.Seq, Snapshot: store.Snapshot{
			Tile: at, Hash: p.Hash(), Event: p.Event, Clock: p.Clock, Events: p.Events, State: p.State, File: p.File}})
	}
	_, err = s.SaveCheckpoint(ctx, one, nil, tiles)
	return err
}

// cut lets the power go before an op, opens what may be found, and says what is wrong with it.
func (u *run) cut(t *testing.T, at, lies int, r *rand.Rand) (dir string, held []store.Entry, problems []string) {
	t.Helper()
	dir = memoryDir(t)
	image := u.disk.Cut(at, lies, r)
	if name := store.FileName + "-shm"; r.IntN(4) == 0 {
		image[name] = []byte(strings.Repeat("what a log index is not", 1+r.IntN(3000)))
	}
	if err := image.Lay(dir); err != nil {
		t.Fatal(err)
	}
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	possible := make(map[string]store.Entry)
	must := make(map[string]bool)
	for _, e := range u.kept {
		possible[e.Event.Text], must[e.Event.Text] = e, true
	}
	for _, batch := range u.told {
		for _, e := range batch {
			possible[e.Event.Text] = e
		}
	}
	u.disk.Marked(at, func(number int64) {
		for _, e := range u.told[number] {
			must[e.Event.Text] = true
		}
	})
	s, err := store.Open(dir, quiet())
	if err != nil {
		say("opening: %v", err)
		return dir, nil, problems
	}
	defer s.Close()
	ctx := context.Background()
	last := int64(0)
	err = s.Events(ctx, store.Query{}, func(row store.Row) error {
		e, ok := possible[row.Text]
		if !ok {
			say("event %d was never appended", row.Seq)
		}
		if row.Seq != last+1 {
			say("event %d comes after %d", row.Seq, last)
		}
		last = row.Seq
		held = append(held, e)
		delete(must, row.Text)
		return nil
	})
	if err != nil {
		say("reading: %v", err)
	}
	if len(must) > 0 {
		say("%d acknowledged events are missing", len(must))
	}
	// Check computes the digests from scratch too.
	if err := s.Check(ctx, func(problem string) { say("check: %s", problem) }); err != nil {
		say("checking: %v", err)
	}
	return dir, held, problems
}

// entries are signed ones, other for each seed.
func entries(n int, seed uint64) []store.Entry {
	return storetest.Entries(sample.Events(n, sample.Options{Seed: seed, Keys: 3}))
}

// TestPowerCuts records what SQLite asks of the disk, lets the power go at random moments, and opens what may be found
// then: sound, with all that was acknowledged. Each record begins with an image that an earlier cut left.
func TestPowerCuts(t *testing.T) {
	cuts, ops, acknowledged, chains := 0, 0, 0, 0
	dir := memoryDir(t)
	var kept []store.Entry
	for seed := uint64(1); cuts < cutsWanted(t); seed++ {
		r := rand.New(rand.NewPCG(seed, 7))
		u := record(t, dir, honest, kept, entries(eventsPerRun, seed), r)
		if len(u.disk.Ops) < 200 {
			t.Fatalf("only %d ops were recorded", len(u.disk.Ops))
		}
		ops += len(u.disk.Ops)
		for range cutsPerRun {
			at := r.IntN(len(u.disk.Ops) + 1)
			found, held, problems := u.cut(t, at, 0, r)
			cuts++
			for _, p := range problems {
				t.Errorf("seed %d, cut before op %d of %d: %s", seed, at, len(u.disk.Ops), p)
			}
			acknowledged += len(held)
			if len(problems) > 0 {
				t.FailNow()
			}
			os.RemoveAll(dir)
			dir, kept = found, held
		}
		if seed%4 == 0 {
			os.RemoveAll(dir)
			dir, kept = memoryDir(t), nil // small again
		} else {
			chains++
		}
	}
	t.Logf("%d cuts over %d recorded ops, %d runs begun on what a cut left: 0 lost, all sound; %d events read back", cuts, ops, chains, acknowledged)
}

// TestPowerCutsAreFelt is the proof that the harness can fail: without syncs, and on a disk that only pretends to sync,
// events are lost, and it must notice.
func TestPowerCutsAreFelt(t *testing.T) {
	for _, c := range []struct {
		name  string
		words *strings.Replacer
		lies  int
		least float64 // the share of cuts that must be felt
	}{
		{"synchronous off", careless, 0, 0.2},
		{"the last 12 syncs pretended", honest, 12, 0.2},
		{"the last sync pretended", honest, 1, 0.05},
	} {
		t.Run(c.name, func(t *testing.T) {
			cuts, lost, unsound := 0, 0, 0
			for seed := uint64(101); cuts < max(2*cutsPerRun, cutsWanted(t)/10); seed++ {
				r := rand.New(rand.NewPCG(seed, 7))
				dir := memoryDir(t)
				u := record(t, dir, c.words, nil, entries(eventsPerRun, seed), r)
				for range cutsPerRun {
					found, _, problems := u.cut(t, r.IntN(len(u.disk.Ops)+1), c.lies, r)
					os.RemoveAll(found)
					cuts++
					switch {
					case slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, "missing") }):
						lost++
					case len(problems) > 0:
						unsound++
					}
				}
			}
			t.Logf("%d cuts: %d lost events, %d more were damaged", cuts, lost, unsound)
			if float64(lost+unsound) < c.least*float64(cuts) {
				t.Errorf("only %d of %d cuts were felt", lost+unsound, cuts)
			}
		})
	}
}
