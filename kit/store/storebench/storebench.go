// Package storebench measures durable ingest against what it cannot be faster than: verifying the same signatures and
// inserting the same bytes into a bare table, both measured in the same run.
package storebench

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
)

// Goal is the least ratio of the measured speed to the limit.
const Goal = 0.6

const (
	pairs  = 5      // measurements of each kind, of which the median counts
	events = 60_000 // in each
	batch  = 1000   // events verified, inserted and appended at once
)

// kit seals.
var kit = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// A Result is one line of a benchmark.
type Result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Limit is what the same machine could do at most, measured in the same run.
	Limit float64 `json:"limit"`
	Ratio float64 `json:"ratio"`
	Goal  float64 `json:"goal"`
	OK    bool    `json:"ok"`
}

// Run measures the line "append" in dir, where it makes files and removes them: signed events through the door into a
// store, against 1/(1/V + 1/S), V being batch verification alone on all cores and S bare insertion with the same
// settings. Each pair measures all three one after the other, so that what else the machine does meets them alike.
func Run(ctx context.Context, dir string) (Result, error) { return run(ctx, dir, pairs, events) }

func run(ctx context.Context, dir string, pairs, events int) (Result, error) {
	dir, err := os.MkdirTemp(dir, "bench-append-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	lines := sample.Lines(sample.Events(events, sample.Options{}))
	var through, limits, ratios []float64
	for i := range pairs {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		v, err := verify(lines)
		if err != nil {
			return Result{}, err
		}
		s, err := bare(filepath.Join(dir, fmt.Sprintf("bare-%d.db", i)), lines)
		if err != nil {
			return Result{}, err
		}
		a, err := ingest(ctx, filepath.Join(dir, fmt.Sprintf("kit-%d", i)), lines)
		if err != nil {
			return Result{}, err
		}
		limit := 1 / (1/v + 1/s)
		through, limits, ratios = append(through, a), append(limits, limit), append(ratios, a/limit)
	}
	r := Result{Name: "append", Value: median(through), Unit: "events/s", Limit: median(limits), Ratio: median(ratios), Goal: Goal}
	r.OK = r.Ratio >= r.Goal
	return r, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// perSecond is the speed of work on so many events.
func perSecond(events int, work func() error) (float64, error) {
	runtime.GC()
	begin := time.Now()
	err := work()
	return float64(events) / time.Since(begin).Seconds(), err
}

// verify is V: events that are parsed already, in batches on all cores, with the keys in the verifier's cache.
func verify(lines [][]byte) (float64, error) {
	all := make([]*event.Event, len(lines))
	for i, line := range lines {
		var err error
		if all[i], err = event.Parse(line); err != nil {
			return 0, err
		}
	}
	verifier := event.NewVerifier()
	verifier.VerifyBatch(all[:min(batch, len(all))], nil) // which fills its cache
	return perSecond(len(lines), func() error {
		batches := make(chan []*event.Event)
		var work sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			work.Go(func() {
				for b := range batches {
					verifier.VerifyBatch(b, nil)
				}
			})
		}
		for b := range slices.Chunk(all, batch) {
			batches <- b
		}
		close(batches)
		work.Wait()
		return nil
	})
}

// ingest is the whole way: lines as they arrive, through the door, onto the disk.
func ingest(ctx context.Context, dir string, lines [][]byte) (float64, error) {
	s, err := store.Open(dir, store.Options{Key: kit})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	stream := bytes.Join(lines, []byte{'\n'})
	d := door.New(s, nil, event.NewVerifier(), time.Now)
	return perSecond(len(lines), func() error {
		tally, err := d.AdmitStream(ctx, bytes.NewReader(stream), func(door.Verdict) error { return nil })
		if err == nil && tally.Taken != len(lines) {
			err = fmt.Errorf("storebench: %+v of %d events", tally, len(lines))
		}
		return err
	})
}
