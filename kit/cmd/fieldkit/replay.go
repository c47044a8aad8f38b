package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"fieldkit/kit/event"
	"fieldkit/kit/replay"
)

func (p *program) replay() *cobra.Command {
	var at string
	var digest bool
	c := &cobra.Command{
		Use:   "replay [FILE]",
		Short: "Fold a trace into state; needs no data folder",
		Long: `Replay reads events, one a line, in any order, checks and verifies each, and folds them. It prints the canonical
state of each tile, one a line, or with --digest the digest of the whole state: the same for the same set of events
wherever and in whatever order it is folded. Events without effect leave a witness line on stderr.`,
		Example: `  fieldkit log --data camp | fieldkit replay --digest
  fieldkit replay --at 2026-06-13T18:00:00Z trace.jsonl`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			until, err := parseTime(at)
			if err != nil {
				return err
			}
			in, _, err := p.open(args)
			if err != nil {
				return err
			}
			defer in.Close()
			trace, err := replay.Read(in, replay.Options{Until: until, Refused: func(line int, id string, r *event.Refusal) { p.refuse(line, id, r) }})
			if err != nil {
				return err
			}
			if err := p.printTrace(trace, digest); err != nil {
				return err
			}
			if trace.Refused > 0 {
				return errRefused
			}
			return nil
		},
	}
	atFlag(c, &at)
	c.Flags().BoolVar(&digest, "digest", false, "print the state's digest alone")
	return c
}

func (p *program) printTrace(trace *replay.Trace, digest bool) error {
	for _, space := range trace.Spaces() {
		for _, w := range trace.Canvases[space].Witnesses() {
			if err := p.writeLine(p.stderr, w); err != nil {
				return err
			}
		}
	}
	if digest {
		sum := trace.Digest()
		_, err := fmt.Fprintf(p.stdout, "sha256:%s\n", hex.EncodeToString(sum[:]))
		return err
	}
	out := bufio.NewWriter(p.stdout)
	for _, space := range trace.Spaces() {
		c := trace.Canvases[space]
		for _, t := range c.Tiles() {
			if _, err := out.Write(append(c.TileState(t), '\n')); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

func atFlag(c *cobra.Command, into *string) {
	c.Flags().StringVar(into, "at", "", "the state at this time: seconds since 1970, or as 2026-06-13T18:00:00Z")
}

// parseTime reads --at; nil where it is absent.
func parseTime(text string) (*int64, error) {
	if text == "" {
		return nil, nil
	}
	t, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, usage("--at: %q is neither seconds since 1970 nor a time with a zone, as 2026-06-13T18:00:00Z", text)
		}
		t = when.Unix()
	}
	if t < 0 || t > event.MaxTimestamp {
		return nil, usage("--at: outside 0 … 253402300799")
	}
	return &t, nil
}
