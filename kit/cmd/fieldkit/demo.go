package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/spf13/cobra"

	"fieldkit/kit/blob"
	"fieldkit/kit/coordinator"
	"fieldkit/kit/demo"
	"fieldkit/kit/door"
	"fieldkit/kit/event"
)

func (p *program) demo() *cobra.Command {
	var f serveFlags
	var loadOnly bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run a kit with an exercise to look at: a flood of the Rhine, and a week of earthquakes",
		Long: `Demo puts the exercise into the data folder, through the same door as any data, and serves it. What is in the folder
already stays as it is. Everything is marked EXERCISE; its keys are public.`,
		Example: `  fieldkit demo
  fieldkit demo --load-only --data camp`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !loadOnly {
				return p.runServe(c.Context(), f, p.loadDemo)
			}
			kit, err := coordinator.Open(coordinator.Config{Data: f.data, Name: f.name})
			if err != nil {
				return err
			}
			defer kit.Close()
			kit.KeepMedia()
			return p.loadDemo(c.Context(), kit)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&loadOnly, "load-only", false, "put the exercise into the folder and end")
	return c
}

// loadDemo hands the exercise in at the door.
func (p *program) loadDemo(ctx context.Context, kit *coordinator.Coordinator) error {
	for _, space := range demo.Spaces() {
		events, err := space.Events()
		if err != nil {
			return err
		}
		taken, err := admit(ctx, kit, events)
		if err != nil {
			return fmt.Errorf("%s: %w", space.ID, err)
		}
		fmt.Fprintf(p.stderr, "%s: %d events, %d new\n", space.Title, len(events), taken)
	}
	return p.loadFiles(ctx, kit)
}

// loadFiles hands in the files that events of the exercise name, as they would come behind them.
func (p *program) loadFiles(ctx context.Context, kit *coordinator.Coordinator) error {
	files, err := demo.Files()
	if err != nil {
		return err
	}
	blobs, err := kit.Blobs()
	if err != nil {
		return err
	}
	for _, f := range files {
		h := blob.Hash(sha256.Sum256(f.Data))
		want := blob.Want{Size: int64(len(f.Data)), Types: []string{f.Type}}
		if _, _, err := blobs.Append(h, want, blob.Anew, bytes.NewReader(f.Data)); err != nil {
			// A full disk, or an operator who has withdrawn it: the exercise goes without.
			fmt.Fprintf(p.stderr, "%s was not taken: %v\n", h, err)
			continue
		}
		kit.MediaArrived(h)
	}
	return kit.MediaSettled(ctx)
}

func admit(ctx context.Context, kit *coordinator.Coordinator, events []*event.Event) (taken int, err error) {
	for len(events) > 0 {
		n := min(len(events), batchLines)
		lines := make([][]byte, n)
		for i, e := range events[:n] {
			lines[i] = []byte(e.Text)
		}
		verdicts, err := kit.Admit(ctx, lines)
		if err != nil {
			return taken, err
		}
		for i, v := range verdicts {
			switch v.Status {
			case door.Taken:
				taken++
			case door.Refused:
				return taken, fmt.Errorf("%s was refused: %s: %s: %s", events[i].ID, v.Rule, v.Field, v.Message)
			}
		}
		events = events[n:]
	}
	return taken, nil
}
