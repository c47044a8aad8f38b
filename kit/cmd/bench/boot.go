package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"fieldkit/kit/canvas"
	"fieldkit/kit/coordinator"
)

const (
	bootNodes = 5_000
	bootLimit = 2.0 // seconds
	bootTries = 5
)

// boot measures from the start of the process to the first served map, for traces of 10,000, 100,000 and 1,000,000 events on the
// same 5,000 things: the page, the list of spaces, and what the map and the lists show first. Ratio is Value/Limit.
func boot(ctx context.Context) (any, error) {
	type line struct {
		result
		Events  int     `json:"events"`
		Shorter float64 `json:"of_the_shortest"` // its time to that of the shortest trace
	}
	dir, err := os.MkdirTemp("", "fieldkit-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary, err := buildKit(ctx, dir)
	if err != nil {
		return nil, err
	}
	var lines []any
	shortest := 0.0
	for i, events := range []int{10_000, 100_000, 1_000_000} {
		data := filepath.Join(dir, fmt.Sprint(events))
		if err := fillAndLook(ctx, data, events, bootNodes); err != nil {
			return nil, err
		}
		took, err := bootTime(ctx, binary, data, fmt.Sprintf("127.0.0.1:%d", 18090+i))
		if err != nil {
			return nil, err
		}
		if shortest == 0 {
			shortest = took
		}
		r := result{Name: "boot", Unit: "s", Value: took, Limit: bootLimit, Ratio: took / bootLimit, Goal: 1}
		r.OK = r.Ratio <= r.Goal
		lines = append(lines, line{r, events, took / shortest})
	}
	return lines, nil
}

// fillAndLook fills a kit as a running one is: somebody looks, and what was folded is saved when it closes.
func fillAndLook(ctx context.Context, data string, events, nodes int) error {
	if err := fill(ctx, data, events, nodes); err != nil {
		return err
	}
	kit, err := coordinator.Open(coordinator.Config{Data: data})
	if err != nil {
		return err
	}
	_, err = kit.View(ctx, "bench", nil, func(*canvas.Canvas) error { return nil })
	return errors.Join(err, kit.Close())
}

// bootTime is the median of some starts, in seconds. The files are in the machine's cache.
func bootTime(ctx context.Context, binary, data, address string) (float64, error) {
	var times []float64
	for range bootTries {
		kit := exec.CommandContext(ctx, binary, "serve", "--data", data, "--listen", address)
		began := time.Now()
		if err := kit.Start(); err != nil {
			return 0, err
		}
		err := func() error {
			for _, path := range []string{"/", "/api/v1/spaces", "/api/v1/spaces/bench/tiles.json", "/api/v1/spaces/bench/tiles/9/268/179?groups=space",
				"/api/v1/spaces/bench/tiles/9/269/179?groups=space", "/api/v1/spaces/bench/state?latest=100"} {
				if err := get(ctx, "http://"+address+path); err != nil {
					return err
				}
			}
			return nil
		}()
		times = append(times, time.Since(began).Seconds())
		kit.Process.Kill() // the plug is pulled
		kit.Wait()
		if err != nil {
			return 0, err
		}
	}
	return median(times), nil
}
