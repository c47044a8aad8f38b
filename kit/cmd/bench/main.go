// Bench prints the kit's measurements as JSON lines: each a ratio against a limit or a peer measured in the same run.
// Without arguments it runs all of them; arguments name those to run. A line that is not ok is for people to judge: only what could
// not be measured makes it fail.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"fieldkit/kit/projector/mvt/mvtbench"
	"fieldkit/kit/replay/replaybench"
	"fieldkit/kit/store/storebench"
	"fieldkit/maps/tileserver/tilebench"
)

// result is a line of the report. Ratio is Value/Limit, except where Unit says otherwise.
type result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"`
	Ratio float64 `json:"ratio"`
	Goal  float64 `json:"goal"`
	OK    bool    `json:"ok"`
}

type measurement struct {
	name string
	run  func(context.Context) (any, error)
}

func measurements() []measurement {
	return []measurement{
		{"append", func(ctx context.Context) (any, error) {
			dir, err := os.MkdirTemp("", "fieldkit-bench-")
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(dir)
			return storebench.Run(ctx, dir)
		}},
		{"replay", func(ctx context.Context) (any, error) { return replaybench.Run(ctx) }},
		{"replay-cpu", func(ctx context.Context) (any, error) { return replaybench.RunPeer(ctx) }},
		{"tiles", func(ctx context.Context) (any, error) { return tilebench.Run(ctx) }},
		{"mvt", func(ctx context.Context) (any, error) { return mvtbench.Run(ctx) }},
		{"mvt-cached", func(ctx context.Context) (any, error) { return cached(ctx) }},
		{"live", func(ctx context.Context) (any, error) { return live(ctx) }},
		{"rss", func(ctx context.Context) (any, error) { return rss(ctx) }},
		{"boot", boot},
		{"state-at", stateAt},
		{"fold-one", func(ctx context.Context) (any, error) {
			results, err := replaybench.RunOne(ctx)
			var lines []any
			for _, r := range results {
				lines = append(lines, r)
			}
			return lines, err
		}},
		{"snapshot", func(ctx context.Context) (any, error) {
			load, size, err := replaybench.RunSnapshot(ctx)
			return []any{load, size}, err
		}},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	wanted := os.Args[1:]
	failed := false
	out := json.NewEncoder(os.Stdout)
	for _, m := range measurements() {
		if len(wanted) > 0 && !slices.Contains(wanted, m.name) {
			continue
		}
		r, err := m.run(ctx)
		lines, many := r.([]any)
		if !many {
			lines = []any{r}
		}
		for _, line := range lines {
			if err == nil {
				err = out.Encode(line)
			}
		}
		if err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", m.name, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}
