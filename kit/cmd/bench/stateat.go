package main

import (
	"bytes"
	"context"
	"errors"
	"math/rand"
	"os"
	"slices"
	"time"

	"fieldkit/kit/canvas"
	"fieldkit/kit/coordinator"
	"fieldkit/kit/event"
	"fieldkit/kit/replay/replaybench"
	"fieldkit/kit/store"
)

const (
	stateAtEvents = 100_000
	stateAtNodes  = 10_000
	stateAtLooks  = 100
	stateAtGoal   = 50
)

// stateAt measures a look at a random moment of a tile with 100,000 events: the 99th percentile, against reading the tile's snapshot
// from the store into a canvas. Ratio is Value/Limit.
func stateAt(ctx context.Context) (any, error) {
	r := result{Name: "state-at", Unit: "ms, p99", Goal: stateAtGoal}
	dir, err := os.MkdirTemp("", "fieldkit-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	trace, err := replaybench.TraceIn("bench", stateAtEvents, stateAtNodes, 1)
	if err != nil {
		return r, err
	}
	kit, err := coordinator.Open(coordinator.Config{Data: dir})
	if err != nil {
		return r, err
	}
	defer kit.Close()
	if err := admit(ctx, kit, bytes.Split(bytes.TrimSpace(trace), []byte{'\n'})); err != nil {
		return r, err
	}
	look := func(at *int64) (milliseconds float64, err error) {
		began := time.Now()
		ok, err := kit.View(ctx, "bench", at, func(c *canvas.Canvas) error {
			if len(c.Tiles()) != 1 {
				return errors.New("the state is empty")
			}
			return nil
		})
		if err == nil && !ok {
			err = errors.New("there is no such space")
		}
		return time.Since(began).Seconds() * 1000, err
	}
	if _, err := look(nil); err != nil {
		return r, err
	}
	if err := kit.Save(ctx); err != nil {
		return r, err
	}
	stats, err := kit.Store().Spaces(ctx)
	if err != nil {
		return r, err
	}
	first, last := stats[0].FirstT, stats[0].LastT
	random := rand.New(rand.NewSource(1))
	var looks, reads []float64
	for range stateAtLooks {
		at := first + random.Int63n(last-first)
		took, err := look(&at)
		if err != nil {
			return r, err
		}
		read, err := readSnapshot(ctx, kit.Store())
		if err != nil {
			return r, err
		}
		looks, reads = append(looks, took), append(reads, read)
	}
	slices.Sort(looks)
	r.Value, r.Limit = looks[len(looks)*99/100], median(reads)
	r.Ratio = r.Value / r.Limit
	r.OK = r.Ratio <= r.Goal
	return r, nil
}

// readSnapshot reads the checkpoint of all events into a canvas; milliseconds.
func readSnapshot(ctx context.Context, s *store.Store) (float64, error) {
	began := time.Now()
	list, err := s.Checkpoints(ctx, "bench")
	if err != nil {
		return 0, err
	}
	if len(list) < 2 || list[len(list)-1].At != event.MaxTimestamp {
		return 0, errors.New("no moments were saved")
	}
	c := canvas.New("bench")
	_, err = s.LoadCheckpoint(ctx, list[len(list)-1], func(t store.CheckpointTile) error {
		return c.Load(canvas.Snapshot{File: t.File, Uncertain: t.Uncertain, State: t.State})
	})
	return time.Since(began).Seconds() * 1000, err
}
