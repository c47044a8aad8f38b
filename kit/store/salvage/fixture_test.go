package salvage_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/keyfile"
	"fieldkit/kit/store"
	"fieldkit/kit/store/salvage"
	"fieldkit/kit/store/sample"
	"fieldkit/kit/store/storetest"
)

// world is a healthy kit, of which the tests damage copies.
type world struct {
	events []*event.Event
	rows   map[string]store.Row // by text
	root   digest.Sum
	// closed are the files of a kit that was closed, killed those of one that was killed with much in its log.
	closed, killed map[string][]byte
}

var now = time.Unix(sample.Start+50_000, 0)

func options() store.Options {
	return store.Options{Key: storetest.Key, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}
}

var healthy = sync.OnceValues(func() (*world, error) {
	dir, err := os.MkdirTemp("", "healthy")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	w := &world{rows: make(map[string]store.Row), events: makeEvents()}
	if _, err := keyfile.Create(filepath.Join(dir, "kit.key")); err != nil {
		return nil, err
	}
	s, err := store.Open(dir, options())
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	for part := range slices.Chunk(w.events, 300) {
		if _, err := s.Append(ctx, storetest.Entries(part)); err != nil {
			return nil, err
		}
		if _, err := s.Seal(ctx, sample.Start); err != nil {
			return nil, err
		}
	}
	if _, err := s.Seal(ctx, now.Unix()); err != nil { // all but what came last
		return nil, err
	}
	// What comes from here on stays in the log of the kit that is killed.
	if err := s.Close(); err != nil {
		return nil, err
	}
	if s, err = store.Open(dir, options()); err != nil {
		return nil, err
	}
	late := sample.Events(200, sample.Options{Space: "late", Seed: 8})
	w.events = append(w.events, late...)
	entries := storetest.Entries(late)
	for i := range entries {
		entries[i].Received, entries[i].Door = now.Unix()-int64(i), i%3 != 0
	}
	for part := range slices.Chunk(entries, 20) {
		if _, err := s.Append(ctx, part); err != nil {
			return nil, err
		}
	}
	roots, err := s.Roots(ctx)
	if err != nil {
		return nil, err
	}
	w.root = roots.Root
	err = s.Events(ctx, store.Query{}, func(r store.Row) error { w.rows[r.Text] = r; return nil })
	if err != nil {
		return nil, err
	}
	if w.killed, err = files(dir); err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	w.closed, err = files(dir)
	return w, err
})

// makeEvents are some hundred in several spaces, signed and not, a few of them so long that they fill several pages.
func makeEvents() []*event.Event {
	events := sample.Events(450, sample.Options{})
	events = append(events, sample.Events(200, sample.Options{Space: "camp.b", Seed: 1})...)
	events = append(events, sample.Events(60, sample.Options{Space: "small", Seed: 2})...)
	for i := range 30 {
		events = append(events, sample.V0("demo", fmt.Sprintf("evt-%d", i), sample.Start+int64(i), i))
	}
	key := ed25519.NewKeyFromSeed([]byte("whoever writes long reports ... "))
	for i := range 12 {
		e, err := event.NewSigner(key).Sign(fmt.Appendf(nil, `{"timestamp":%d,"space_id":"rhine-flood","layer_id":"reports","operation":"create_node","node_type":"report",
			"transform":{"position":[9.49,47.05]},"properties":{"note":%q},"previous_events":[],
			"preserves_invariants":["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"],
			"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"public"}}`, sample.Start+i, strings.Repeat("long ", 500+200*i)))
		if err != nil {
			panic(err)
		}
		events = append(events, e)
	}
	// Mixed, so that a page holds events of several spaces.
	slices.SortStableFunc(events, func(a, b *event.Event) int { return bytes.Compare([]byte(a.ID)[4:], []byte(b.ID)[4:]) })
	return events
}

func files(dir string) (map[string][]byte, error) {
	all := make(map[string][]byte)
	for _, name := range []string{"kit.db", "kit.db-wal", "kit.db-shm", "kit.key"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all[name] = b
	}
	return all, nil
}

func theWorld(t *testing.T) *world {
	t.Helper()
	w, err := healthy()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// clone copies files, so that they can be damaged.
func clone(files map[string][]byte) map[string][]byte {
	c := make(map[string][]byte)
	for name, b := range files {
		c[name] = bytes.Clone(b)
	}
	return c
}

// lay writes files into a folder of their own.
func lay(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readable is what SQLite can still read of a damaged kit: seqs by text, of events that are true.
func (w *world) readable(t *testing.T, damaged map[string][]byte) map[string]int64 {
	t.Helper()
	dir := lay(t, damaged)
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "kit.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	texts := make(map[string]int64)
	for _, order := range []string{"", " ORDER BY seq DESC"} {
		rows, err := db.Query("SELECT seq, text, hash FROM event" + order)
		if err != nil {
			continue
		}
		for n := 0; rows.Next() && n < 1_000_000; n++ {
			var seq int64
			var text string
			var hash []byte
			if rows.Scan(&seq, &text, &hash) == nil {
				// What is not signed is vouched for by its hash alone.
				sum := sha256.Sum256([]byte(text))
				if _, ok := w.rows[text]; ok && (strings.Contains(text, `"signature"`) || bytes.Equal(hash, sum[:])) {
					texts[text] = seq
				}
			}
		}
		rows.Close()
	}
	return texts
}

func findings(t *testing.T, dir string, f func(context.Context, func(store.Finding)) (salvage.Result, error)) ([]store.Finding, salvage.Result) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var list []store.Finding
	result, err := f(ctx, func(f store.Finding) { list = append(list, f) })
	if err != nil {
		t.Fatalf("%v\n%s", err, words(list))
	}
	return list, result
}

func check(t *testing.T, dir string) ([]store.Finding, salvage.Result) {
	t.Helper()
	return findings(t, dir, func(ctx context.Context, find func(store.Finding)) (salvage.Result, error) {
		return salvage.Check(ctx, dir, find)
	})
}

func repair(t *testing.T, dir string) ([]store.Finding, salvage.Result) {
	t.Helper()
	return findings(t, dir, func(ctx context.Context, find func(store.Finding)) (salvage.Result, error) {
		return salvage.Repair(ctx, dir, now, find)
	})
}

func words(list []store.Finding) string {
	var b strings.Builder
	for i, f := range list {
		if i == 20 {
			fmt.Fprintf(&b, "… %d in all\n", len(list))
			break
		}
		fmt.Fprintf(&b, "%s %s (%s): %.200s\n", f.What, f.Rule, f.Remedy, f.Message)
	}
	return b.String()
}

// recovers holds a damaged kit to all that is promised: it is checked and repaired; what could be read is there, and nothing
// that is not true; the damaged files are kept; and with a peer's events its root is the twin's. It returns what was found.
func (w *world) recovers(t *testing.T, damaged map[string][]byte) (list []store.Finding, result salvage.Result) {
	t.Helper()
	readable := w.readable(t, damaged)
	dir := lay(t, damaged)
	found, seen := check(t, dir)
	after, err := files(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name := range damaged {
		if !bytes.Equal(after[name], damaged[name]) {
			t.Errorf("the check changed %s", name)
		}
	}
	list, result = repair(t, dir)
	if words(list) != words(found) {
		t.Errorf("the check finds\n%s, the repair\n%s", words(found), words(list))
	}
	if result.Repaired != seen.Damaged || seen.Damaged != (len(list) > 0) {
		t.Errorf("%+v, then %+v, with %d findings", seen, result, len(list))
	}
	if result.Repaired {
		for name, b := range damaged {
			if kept, err := os.ReadFile(filepath.Join(dir, result.Quarantine, name)); name != "kit.key" && (err != nil || !bytes.Equal(kept, b)) {
				t.Errorf("the quarantine has %d bytes of %s, not %d: %v", len(kept), name, len(b), err)
			}
		}
		if again, _ := check(t, dir); len(again) > 0 {
			t.Fatalf("after the repair:\n%s", words(again))
		}
	}
	s, err := store.Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	held, moved := 0, 0
	ctx := context.Background()
	err = s.Events(ctx, store.Query{}, func(r store.Row) error {
		held++
		was, ok := w.rows[r.Text]
		if !ok {
			t.Errorf("event %d was made up: %s", r.Seq, r.Text)
		}
		if seq, ok := readable[r.Text]; ok && seq == was.Seq && r != was {
			moved++
		}
		delete(readable, r.Text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(readable) > 0 {
		t.Errorf("%d events could be read and are gone", len(readable))
	}
	if moved > 0 {
		t.Logf("%d events have another place or time than before", moved)
	}
	if int64(held) != result.Events {
		t.Errorf("%d events are here, %d were told of", held, result.Events)
	}
	if result.Repaired && int64(len(w.rows)-held) > result.Lost {
		t.Logf("%d events are gone, %d were told of", len(w.rows)-held, result.Lost)
	}
	for part := range slices.Chunk(w.events, 500) {
		if _, err := s.Append(ctx, storetest.Entries(part)); err != nil {
			t.Fatal(err)
		}
	}
	roots, err := s.Roots(ctx)
	if err != nil || roots.Root != w.root {
		t.Errorf("with a peer's events the root is %s, not %s: %v", roots.Root, w.root, err)
	}
	wanted, err := s.Wanted(ctx)
	if err != nil || len(wanted) > 0 {
		t.Errorf("%d of %d segments are still wanted, %v", len(wanted), len(result.Wanted), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if again, _ := check(t, dir); len(again) > 0 {
		t.Errorf("with a peer's events:\n%s", words(again))
	}
	return list, result
}
