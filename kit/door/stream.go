package door

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"fieldkit/kit/event"
)

// AdmitStream judges and stores events as they come, a line each (NDJSON; blank lines count for nothing), and calls
// report with a verdict for each, in their order. Whoever sends slowly is not kept waiting for a batch to fill. A line
// longer than event.MaxLine is refused and not held in memory, be it a gigabyte. The error is of r, the store, ctx or report;
// what was complete before a failure of r is admitted, a line that it cut off is not.
func (d *Door) AdmitStream(ctx context.Context, r io.Reader, report func(Verdict) error) (Tally, error) {
	var tally Tally
	counted := func(v Verdict) error {
		tally.Add(v)
		return report(v)
	}
	err := d.run(ctx, counted, func(desk *desk) error {
		buffered := readers.Get().(*bufio.Reader)
		buffered.Reset(r)
		defer func() {
			buffered.Reset(nil)
			readers.Put(buffered)
		}()
		return feedLines(ctx, buffered, desk)
	})
	return tally, err
}

// oversized stands for every line that is too long. Parse finds the words for it.
var oversized = make([]byte, event.MaxLine+1)

// arenas hold the lines of chunks, readers what was read ahead of them.
var (
	arenas  = sync.Pool{New: func() any { return new([chunkBytes]byte) }}
	readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, chunkBytes) }}
)

// feedLines brings the lines of a stream to the desk.
func feedLines(ctx context.Context, r *bufio.Reader, desk *desk) error {
	for index := 0; ctx.Err() == nil; {
		line, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			if !desk.add(index, line) {
				return nil
			}
			index++
		}
		if err != nil {
			return nil
		}
	}
	return ctx.Err()
}

// readLine returns the next line without its end, oversized in place of one that is too long. It is valid until the
// next call.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	long := false
	for errors.Is(err, bufio.ErrBufferFull) {
		long = true
		_, err = r.ReadSlice('\n')
	}
	line = bytes.TrimSuffix(line, []byte{'\n'})
	if long || len(line) > event.MaxLine {
		line = oversized
	}
	return line, err
}

func newChunk(first int) *chunk {
	return &chunk{first: first, arena: arenas.Get().(*[chunkBytes]byte)}
}

// add copies a line into the chunk; false means that it is full.
func (c *chunk) add(line []byte) bool {
	if len(c.lines) == chunkLines {
		return false
	}
	if len(line) > event.MaxLine {
		c.lines = append(c.lines, oversized)
		return true
	}
	if c.used+len(line) > len(c.arena) {
		return false
	}
	copied := c.arena[c.used : c.used+copy(c.arena[c.used:], line)]
	c.used += len(line)
	c.lines = append(c.lines, copied)
	return true
}

// release gives the memory of the lines back; what was read from them has its own.
func (c *chunk) release() {
	if c.arena != nil {
		arenas.Put(c.arena)
		c.arena, c.lines = nil, nil
	}
}
