package replay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"

	"fieldkit/kit/event"
)

// batchLines is how many lines are checked together: batches verify several times faster than single signatures.
const batchLines = 256

// bufferSize is how much of the input is looked at; of a line that is longer, the rest is passed over.
const bufferSize = 1 << 20

// batch is some lines on their way.
type batch struct {
	first   int // number of the first line, from 1
	lines   [][]byte
	events  []*event.Event // nil for an empty line and for one that is none
	errs    []error
	checked chan struct{} // closed when events and errs are complete
}

func newBatch(first int) *batch { return &batch{first: first, checked: make(chan struct{})} }

// split cuts the input into batches of lines, and gives the last one also where reading fails.
func split(r io.Reader, yield func(*batch)) error {
	reader := bufio.NewReaderSize(r, bufferSize)
	b := newBatch(1)
	for number := 1; ; number++ {
		line, err := reader.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = reader.ReadSlice('\n')
		}
		broken := err != nil && !errors.Is(err, io.EOF)
		if !broken { // what a failure cuts off is no line
			b.add(line, long)
		}
		if len(b.lines) == batchLines || err != nil {
			yield(b)
			b = newBatch(number + 1)
		}
		switch {
		case broken:
			return err
		case err != nil:
			return nil
		}
	}
}

// add takes a line; an empty one, and one that is too long, is not kept.
func (b *batch) add(line []byte, long bool) {
	line = bytes.TrimRight(line, "\r\n")
	var refusal error
	switch {
	case !long && len(bytes.Trim(line, " \t\r")) == 0:
		line = nil
	case long || len(line) > event.MaxLine:
		line, refusal = nil, &event.Refusal{Rule: "size", Message: "longer than " + strconv.Itoa(event.MaxLine) + " bytes"}
	}
	b.lines, b.errs = append(b.lines, bytes.Clone(line)), append(b.errs, refusal)
}

// check parses the lines and verifies the events, unless they are trusted.
func (b *batch) check(verifier *event.Verifier, trusted bool) {
	b.events = make([]*event.Event, len(b.lines))
	for i, line := range b.lines {
		if len(line) > 0 {
			b.events[i], b.errs[i] = event.Parse(line)
		}
	}
	b.lines = nil
	if trusted {
		return
	}
	for i, err := range verifier.VerifyBatch(b.events, nil) {
		if err != nil {
			b.errs[i] = err
		}
	}
}
