package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/event"
)

// lines reads a text line by line. A line that is too long is read past, without being kept, and given as nil.
func eachLine(r io.Reader, limit int, yield func(number int, line []byte) error) error {
	b := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; number++ {
		line, long, err := readLine(b, limit)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", number, err)
		}
		switch {
		case long:
			if err := yield(number, nil); err != nil {
				return err
			}
		case len(bytes.TrimSpace(line)) > 0:
			if err := yield(number, line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

func readLine(b *bufio.Reader, limit int) (line []byte, long bool, err error) {
	for {
		part, err := b.ReadSlice('\n')
		if len(line)+len(part) > limit+1 {
			line, long = nil, true
		} else if !long {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

// refusedLine is a refusal on stderr.
type refusedLine struct {
	Line    int    `json:"line"`
	EventID string `json:"event_id,omitempty"`
	Status  string `json:"status"`
	event.Refusal
}

// refuse says on stderr why a line was not taken.
func (p *program) refuse(line int, id string, err error) {
	refusal := event.Refusal{Rule: "failure", Message: err.Error()}
	var r *event.Refusal
	if errors.As(err, &r) {
		refusal = *r
	}
	p.writeLine(p.stderr, refusedLine{line, id, "refused", refusal})
}

func tooLong(limit int) error {
	return &event.Refusal{Rule: "size", Message: fmt.Sprintf("longer than %d bytes", limit)}
}

// writeLine writes v as one line of JSON.
func (p *program) writeLine(w io.Writer, v any) error {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
