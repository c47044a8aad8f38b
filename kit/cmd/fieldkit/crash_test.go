package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

const (
	// killsVariable says how often TestKilledUnderLoad kills; make crash sets it.
	killsVariable = "FIELDKIT_CRASH_KILLS"
	usualKills    = 12
	// killsPerFolder keeps folders small enough for a full check after each kill.
	killsPerFolder = 20
	loadWriters    = 3
)

// load is what people and machines do to a kit while it is killed.
type load struct {
	signers []*event.Signer

	mu           sync.Mutex
	serial       int             // guarded by mu
	sent         map[string]bool // texts, guarded by mu
	acknowledged map[string]bool // texts, guarded by mu
	reads        int             // guarded by mu
}

func newLoad() *load {
	l := &load{sent: make(map[string]bool), acknowledged: make(map[string]bool)}
	for i := range loadWriters {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = byte(i + 1)
		l.signers = append(l.signers, event.NewSigner(ed25519.NewKeyFromSeed(seed)))
	}
	return l
}

// batch signs some reports, in few tiles and with long texts, so that segments are sealed all the time.
func (l *load) batch(t *testing.T, writer int, r *rand.Rand) (lines [][]byte) {
	for range 1 + r.IntN(12) {
		l.mu.Lock()
		l.serial++
		serial := l.serial
		l.mu.Unlock()
		draft := fmt.Sprintf(`{"timestamp":%d,"space_id":"camp","layer_id":"reports","operation":"create_node","node_type":"report",
			"transform":{"position":[%.5f,47.141]},"properties":{"title":"Report %d","text":%q},"previous_events":[],
			"preserves_invariants":["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"],
			"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"public"}}`,
			1781300000+serial, 9.49+0.03*float64(r.IntN(3)), serial, strings.Repeat("water ", r.IntN(1200)))
		e, err := l.signers[writer].Sign([]byte(draft))
		if err != nil {
			t.Error(err)
			return nil
		}
		lines = append(lines, []byte(e.Text))
	}
	l.note(l.sent, lines)
	return lines
}

func (l *load) note(in map[string]bool, lines [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range lines {
		in[string(line)] = true
	}
}

// on works on a kit until it is gone.
func (l *load) on(t *testing.T, p *process, gone <-chan struct{}, seed uint64) {
	var work sync.WaitGroup
	for writer := range loadWriters {
		work.Go(func() {
			for r := rand.New(rand.NewPCG(seed, uint64(writer))); ; {
				lines := l.batch(t, writer, r)
				select {
				case <-gone:
					return
				default:
				}
				if len(lines) > 0 && p.post(lines) {
					l.note(l.acknowledged, lines)
				}
			}
		})
	}
	for _, path := range []string{"/api/v1/digests", "/api/v1/events?limit=200", "/api/v1/spaces/camp/state", "/api/v1/digests?space=camp&tile=z14/x8624/y5740"} {
		work.Go(func() {
			for {
				select {
				case <-gone:
					return
				case <-time.After(5 * time.Millisecond):
				}
				response, err := http.Get(p.address + path)
				if err != nil {
					continue
				}
				if _, err := io.Copy(io.Discard, response.Body); err == nil {
					l.mu.Lock()
					l.reads++
					l.mu.Unlock()
				}
				response.Body.Close()
			}
		})
	}
	work.Wait()
}

// judge opens the folder that a killed kit left: all that was acknowledged is there, nothing that was not sent, all sound.
func (l *load) judge(t *testing.T, data string) (segments int64) {
	t.Helper()
	s, err := store.Open(data, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	found := 0
	err = s.Events(ctx, store.Query{}, func(row store.Row) error {
		if !l.sent[row.Text] {
			t.Errorf("event %d was never sent", row.Seq)
		}
		if l.acknowledged[row.Text] {
			found++
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if lost := len(l.acknowledged) - found; lost != 0 {
		t.Errorf("%d of %d acknowledged events are lost", lost, len(l.acknowledged))
	}
	if err := s.Check(ctx, func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
	stat, err := s.Stat(ctx)
	if err != nil {
		t.Error(err)
	}
	return stat.Segments
}

// TestKilledUnderLoad kills the program with -9 at random moments, while it starts too, as often as the variable says.
func TestKilledUnderLoad(t *testing.T) {
	wanted := usualKills
	if text := os.Getenv(killsVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s is %q", killsVariable, text)
		}
		wanted = n
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1)) // not the same moments every time
	root := t.TempDir()
	var l *load
	var data string
	var acknowledged, reads, starting int
	var segments, sealed int64
	sum := func() {
		if l != nil {
			acknowledged, reads, segments = acknowledged+len(l.acknowledged), reads+l.reads, segments+sealed
		}
	}
	for kill := range wanted {
		if kill%killsPerFolder == 0 {
			sum()
			os.RemoveAll(data)
			data, l = filepath.Join(root, "kit"+strconv.Itoa(kill)), newLoad()
		}
		gone := make(chan struct{})
		var p *process
		if r.IntN(6) == 0 {
			starting++
			p = launchKit(t, data, io.Discard)
			time.Sleep(time.Duration(r.Int64N(int64(120 * time.Millisecond))))
		} else {
			p = startKit(t, data)
			var work sync.WaitGroup
			seed := r.Uint64()
			work.Go(func() { l.on(t, p, gone, seed) })
			time.Sleep(time.Duration(r.Int64N(int64(250 * time.Millisecond))))
			p.kill()
			close(gone)
			work.Wait()
		}
		p.kill()
		if sealed = l.judge(t, data); t.Failed() {
			t.Fatalf("after kill %d of this folder", kill%killsPerFolder+1)
		}
		if (kill+1)%100 == 0 {
			t.Logf("%d kills", kill+1)
		}
	}
	sum()
	t.Logf("%d kills, %d of them during the start; %d events acknowledged, %d segments sealed, %d answers read: 0 lost, all sound", wanted, starting, acknowledged, segments, reads)
	if acknowledged < wanted || segments == 0 {
		t.Error("that was no load")
	}
}
