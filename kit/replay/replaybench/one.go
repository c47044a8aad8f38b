package replaybench

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
)

// A TileResult is a Result for a tile of so many nodes.
type TileResult struct {
	Result
	Nodes int `json:"nodes"`
}

const (
	oneMore = 4000 // events that are folded one by one
	oneGoal = 3    // how many times the cost in a small tile: a large one does not fit into the processor's caches
)

// RunOne measures what one event more costs to fold in a tile of 100 to 100,000 nodes, against the tile of 100.
func RunOne(ctx context.Context) (results []TileResult, err error) {
	sizes := []int{100, 1000, 10_000, 100_000}
	costs := make([][]float64, len(sizes))
	traces := make([][]*event.Event, len(sizes))
	for i, n := range sizes {
		text, err := TraceIn("bench", n+oneMore, n, 1)
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(text) {
			e, err := event.Parse(bytes.TrimSpace(line))
			if err != nil {
				return nil, err
			}
			traces[i] = append(traces[i], e)
		}
	}
	for range pairs {
		for i, n := range sizes {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			cost, err := foldOneByOne(traces[i], n)
			if err != nil {
				return nil, err
			}
			costs[i] = append(costs[i], cost)
		}
	}
	for i, n := range sizes {
		r := Result{Name: "fold-one", Unit: "ns/event", Value: median(costs[i]), Limit: median(costs[0]), Goal: oneGoal}
		ratios := make([]float64, pairs)
		for k := range ratios {
			ratios[k] = costs[i][k] / costs[0][k]
		}
		r.Ratio = median(ratios)
		r.OK = r.Ratio <= r.Goal
		results = append(results, TileResult{r, n})
	}
	return results, nil
}

// foldOneByOne folds what comes after the first n events as a kit does that tells of each, and gives nanoseconds an event: the
// median, since the first few make room.
func foldOneByOne(trace []*event.Event, n int) (float64, error) {
	c := canvas.New("bench")
	for _, e := range trace[:n] {
		c.Add(e, false)
	}
	c.Settle()
	runtime.GC()
	var times []float64
	for chunk := range slices.Chunk(trace[n:], 100) {
		began := time.Now()
		for _, e := range chunk {
			if len(c.Add(e, false).Nodes) != 1 {
				return 0, fmt.Errorf("%s changed nothing", e.ID)
			}
			c.Settle()
		}
		times = append(times, float64(time.Since(began).Nanoseconds())/float64(len(chunk)))
	}
	return median(times), nil
}
