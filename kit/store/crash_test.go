package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/storetest"
)

// childVariable makes the test binary a child that appends until it is killed.
const childVariable = "FIELDKIT_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child appends the events of a file, a line each, from several goroutines in batches of one to sixty, and prints an
// event's line number when it is acknowledged, "end" when there are no more. It seals all the while.
func child(dir string) error {
	s, err := store.Open(dir, store.Options{Key: storetest.Key})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "..", "events"))
	if err != nil {
		return err
	}
	from, err := strconv.Atoi(os.Getenv(childVariable + "_FROM"))
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var mu sync.Mutex
	at := from
	take := func(n int) (begin, end int) {
		mu.Lock()
		defer mu.Unlock()
		begin, end = at, min(at+n, len(lines))
		at = end
		return begin, end
	}
	ctx := context.Background()
	errs := make(chan error, 4)
	for worker := range 3 {
		go func() {
			r := rand.New(rand.NewPCG(uint64(os.Getpid()), uint64(worker)))
			for {
				begin, end := take(1 + r.IntN(60))
				if begin == end {
					errs <- nil
					return
				}
				var entries []store.Entry
				for _, line := range lines[begin:end] {
					e, err := event.Decode(line)
					if err != nil {
						errs <- err
						return
					}
					entries = append(entries, store.Entry{Event: e, Hash: e.Hash(), Received: time.Now().Unix(), Door: true})
				}
				if _, err := s.Append(ctx, entries); err != nil {
					errs <- err
					return
				}
				var b strings.Builder
				for i := begin; i < end; i++ {
					fmt.Fprintln(&b, i)
				}
				os.Stdout.WriteString(b.String())
			}
		}()
	}
	go func() {
		for ctx.Err() == nil {
			if _, err := s.Seal(ctx, time.Now().Unix()+7200); err != nil {
				errs <- err
				return
			}
			if _, err := s.Roots(ctx); err != nil {
				errs <- err
				return
			}
		}
	}()
	for range 3 {
		if err := <-errs; err != nil {
			return err
		}
	}
	fmt.Println("end")
	select {} // to be killed like the others
}

// runChild lets a child append events from a line on, kills it some time after its start or after its first word (or at
// its end), and returns the line numbers that it acknowledged.
func runChild(t *testing.T, dir string, from int, start, word time.Duration) (acknowledged []int, ended bool) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(executable)
	c.Env = append(os.Environ(), childVariable+"="+dir, childVariable+"_FROM="+strconv.Itoa(from))
	var complaints strings.Builder
	c.Stderr = &complaints
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(start, func() { c.Process.Kill() })
	defer kill.Stop()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n') // what was cut off was not acknowledged
		if err != nil {
			break
		}
		if line == "end\n" {
			ended = true
			c.Process.Kill()
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("the child says %q", line)
		}
		if acknowledged = append(acknowledged, n); len(acknowledged) == 1 {
			kill.Reset(word)
		}
	}
	io.Copy(io.Discard, out)
	if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child was not killed: %v\n%s", err, complaints.String())
	}
	return acknowledged, ended
}

func writeEvents(t *testing.T, file string, events []*event.Event) {
	t.Helper()
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.Text + "\n")
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// held is the text of every event in the store, each seq following the one before.
func held(t *testing.T, s *store.Store) map[string]bool {
	t.Helper()
	texts := make(map[string]bool)
	last := int64(0)
	err := s.Events(context.Background(), store.Query{}, func(row store.Row) error {
		if row.Seq != last+1 || texts[row.Text] {
			t.Fatalf("event %d comes after %d, or twice", row.Seq, last)
		}
		last, texts[row.Text] = row.Seq, true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func sound(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Check(context.Background(), func(problem string) { t.Error(problem) }); err != nil {
		t.Fatal(err)
	}
}

// Two stores get the same 10,000 events in different orders. One is filled in one go; the other by processes that are
// killed at random moments, fifty times. Nothing that was acknowledged is ever missing, and both have one root.
func TestKilledAgainAndAgain(t *testing.T) {
	const many, kills = 10_000, 50
	events := storetest.Events(many)
	shuffled := slices.Clone(events)
	r := rand.New(rand.NewPCG(11, 12))
	r.Shuffle(many, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	root := t.TempDir()
	writeEvents(t, filepath.Join(root, "events"), shuffled)
	dir := filepath.Join(root, "kit")

	known := make(map[int]bool)
	for killed := 1; killed <= kills; killed++ {
		// It goes back a little, so that known events come again; and some are killed while they open the store.
		from := max(0, min(len(known), many*killed/kills)-100)
		start, word := time.Minute, time.Duration(r.Int64N(int64(15*time.Millisecond)))
		if killed%4 == 0 {
			start = time.Duration(r.Int64N(int64(30 * time.Millisecond)))
		}
		acknowledged, _ := runChild(t, dir, from, start, word)
		for _, n := range acknowledged {
			known[n] = true
		}
		s, err := store.Open(dir, store.Options{Key: storetest.Key})
		if err != nil {
			t.Fatalf("after %d kills: %v", killed, err)
		}
		texts := held(t, s)
		for n := range known {
			if !texts[shuffled[n].Text] {
				t.Fatalf("after %d kills event %d is missing, which was acknowledged", killed, n)
			}
		}
		if killed%10 == 0 {
			sound(t, s)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d events were acknowledged by children that were killed", len(known))
	if len(known) < kills {
		t.Errorf("only %d", len(known))
	}
	if last, ended := runChild(t, dir, 0, time.Minute, time.Minute); !ended || len(last) != many {
		t.Fatalf("the last child acknowledged %d events", len(last))
	}
	one, err := store.Open(dir, store.Options{Key: storetest.Key})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	sound(t, one)

	other, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for batch := range slices.Chunk(storetest.Entries(events), 1000) {
		if _, err := other.Append(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	a, err := one.Roots(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	b, err := other.Roots(context.Background())
	if err != nil || a.Root != b.Root || !slices.Equal(a.Worlds, b.Worlds) {
		t.Errorf("roots are %+v and %+v, %v", a, b, err)
	}
	if texts := held(t, one); len(texts) != many {
		t.Errorf("%d events are there, not %d", len(texts), many)
	}
}
