// Package replay folds a trace, JSON lines of events in any order, into the states of its spaces. It needs no data folder and
// trusts nobody: every line is checked and every signature verified, on all cores.
package replay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
)

// batchLines is how many lines are checked together: batches verify several times faster than single signatures.
const batchLines = 256

// Options say how to replay.
type Options struct {
	// Until leaves out events with a clock t after it; nil takes all.
	Until *int64
	// Trusted skips signatures: for a trace that this kit has verified before.
	Trusted bool
	// Refused is called for each line that is no event, in no particular order.
	Refused func(line int, id string, r *event.Refusal)
}

// A Trace is the folded states of a trace's spaces.
type Trace struct {
	// Canvases by space id.
	Canvases map[string]*canvas.Canvas
	// Events counts the lines that were folded, known ones among them; Refused those that were not.
	Events  int
	Refused int
}

// Spaces are the space ids, sorted.
func (t *Trace) Spaces() []string {
	spaces := make([]string, 0, len(t.Canvases))
	for space := range t.Canvases {
		spaces = append(spaces, space)
	}
	slices.Sort(spaces)
	return spaces
}

// Digest is the digest of the whole trace's state (kit/SPEC.md, section 7).
func (t *Trace) Digest() [32]byte {
	digests := make(map[string][32]byte, len(t.Canvases))
	for space, c := range t.Canvases {
		digests[space] = c.Digest()
	}
	return canvas.TraceDigest(digests)
}

// batch is some lines on their way; a line that was too long is nil and has its refusal in errs.
type batch struct {
	first  int
	lines  [][]byte
	events []*event.Event
	errs   []error
}

// Read folds a trace. The error is the reader's; lines that are no events are refused and the others folded.
func Read(r io.Reader, o Options) (*Trace, error) {
	f := &folder{options: o, trace: &Trace{Canvases: make(map[string]*canvas.Canvas)}}
	workers := runtime.GOMAXPROCS(0)
	in, out := make(chan *batch, workers), make(chan *batch, workers)
	var group sync.WaitGroup
	verifier := event.NewVerifier()
	for range workers {
		group.Go(func() {
			for b := range in {
				b.check(verifier, o.Trusted)
				out <- b
			}
		})
	}
	var readErr error
	go func() {
		readErr = split(r, in)
		close(in)
		group.Wait()
		close(out)
	}()
	for b := range out {
		f.add(b)
	}
	f.settle()
	return f.trace, readErr
}

// split cuts the input into batches of lines.
func split(r io.Reader, in chan<- *batch) error {
	reader := bufio.NewReaderSize(r, 1<<20)
	b := &batch{first: 1}
	number := 0
	for {
		line, err := reader.ReadSlice('\n')
		number++
		long := false
		for errors.Is(err, bufio.ErrBufferFull) {
			long = true
			_, err = reader.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		var refusal error
		if long || len(line) > event.MaxLine+1 {
			line, refusal = nil, &event.Refusal{Rule: "size", Message: "longer than " + strconv.Itoa(event.MaxLine) + " bytes"}
		}
		b.lines, b.errs = append(b.lines, bytes.Clone(bytes.TrimSpace(line))), append(b.errs, refusal)
		if len(b.lines) == batchLines || err != nil {
			in <- b
			b = &batch{first: number + 1}
		}
		if err != nil {
			return nil
		}
	}
}

func (b *batch) check(verifier *event.Verifier, trusted bool) {
	b.events = make([]*event.Event, len(b.lines))
	for i, line := range b.lines {
		if len(line) > 0 {
			b.events[i], b.errs[i] = event.Parse(line)
		}
	}
	if trusted {
		return
	}
	for i, err := range verifier.VerifyBatch(b.events, nil) {
		if err != nil {
			b.errs[i] = err
		}
	}
}

type folder struct {
	options Options
	trace   *Trace
	// kept are all events: what a space log or an old event's clock turns over is folded once more.
	kept map[string][]*event.Event
}

func (f *folder) add(b *batch) {
	if f.kept == nil {
		f.kept = make(map[string][]*event.Event)
	}
	for i, e := range b.events {
		if err := b.errs[i]; err != nil {
			f.refuse(b.first+i, e, err)
			continue
		}
		if e == nil {
			continue
		}
		f.trace.Events++
		if f.options.Until != nil && e.Clock.T > *f.options.Until {
			continue
		}
		c := f.trace.Canvases[e.Space]
		if c == nil {
			c = canvas.New(e.Space)
			f.trace.Canvases[e.Space] = c
		}
		f.kept[e.Space] = append(f.kept[e.Space], e)
		c.Add(e, false)
	}
}

func (f *folder) refuse(line int, e *event.Event, err error) {
	f.trace.Refused++
	var r *event.Refusal
	if f.options.Refused == nil || !errors.As(err, &r) {
		return
	}
	id := ""
	if e != nil {
		id = e.ID
	}
	f.options.Refused(line, id, r)
}

func (f *folder) settle() {
	for space, c := range f.trace.Canvases {
		for c.Stale() {
			c = c.Restart()
			for _, e := range f.kept[space] {
				c.Add(e, false)
			}
		}
		c.Settle()
		f.trace.Canvases[space] = c
	}
}
