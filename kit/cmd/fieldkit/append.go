package main

import (
	"bufio"
	"context"

	"github.com/spf13/cobra"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
)

// A request holds at most so many lines and bytes.
const (
	batchLines = 1000
	batchBytes = 8 << 20
)

// sender hands lines to a kit in batches and reports the verdicts in order.
type sender struct {
	kit     *kit
	lines   [][]byte
	numbers []int
	bytes   int
	// verdict is called for each line in turn.
	verdict func(number int, v door.Verdict) error
}

func (s *sender) add(ctx context.Context, number int, line []byte) error {
	s.lines, s.numbers, s.bytes = append(s.lines, line), append(s.numbers, number), s.bytes+len(line)
	if len(s.lines) >= batchLines || s.bytes >= batchBytes {
		return s.flush(ctx)
	}
	return nil
}

func (s *sender) flush(ctx context.Context) error {
	if len(s.lines) == 0 {
		return nil
	}
	verdicts, err := s.kit.post(ctx, s.lines)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		if err := s.verdict(s.numbers[i], v); err != nil {
			return err
		}
	}
	s.lines, s.numbers, s.bytes = nil, nil, 0
	return nil
}

type takenLine struct {
	Line    int    `json:"line"`
	EventID string `json:"event_id"`
	Status  string `json:"status"`
	Cursor  string `json:"cursor,omitempty"`
}

func (p *program) append() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "append [FILE]",
		Short: "Take signed events, one a line, with a verdict each",
		Long: `Append hands events in at the kit's door. A verdict a line: taken (it is on disk) or known (it was here) on stdout,
refusals on stderr; the good lines around a bad one are taken.`,
		Example: `  fieldkit append --data camp trace.jsonl`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in, _, err := p.open(args)
			if err != nil {
				return err
			}
			defer in.Close()
			k, err := p.openKit(data, true)
			if err != nil {
				return err
			}
			defer k.close()
			out := bufio.NewWriter(p.stdout)
			defer out.Flush()
			refused := false
			s := &sender{kit: k, verdict: func(number int, v door.Verdict) error {
				if v.Status == door.Refused {
					refused = true
					p.refuse(number, v.EventID, &event.Refusal{Rule: v.Rule, Field: v.Field, File: v.File, Message: v.Message})
					return nil
				}
				return p.writeLine(out, takenLine{number, v.EventID, string(v.Status), v.Cursor})
			}}
			err = eachLine(in, event.MaxLine, func(number int, line []byte) error {
				if line == nil {
					refused = true
					p.refuse(number, "", tooLong(event.MaxLine))
					return nil
				}
				return s.add(c.Context(), number, line)
			})
			if err == nil {
				err = s.flush(c.Context())
			}
			if err == nil && refused {
				err = errRefused
			}
			return err
		},
	}
	dataFlag(c, &data)
	return c
}
