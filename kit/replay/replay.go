// Package replay folds a trace, JSON lines of events in any order, into the states of its spaces. It needs no data folder and
// trusts nobody: every line is checked and every signature verified, on all cores.
package replay

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
)

// Options say how to replay.
type Options struct {
	// Until leaves out events with a clock t after it; nil takes all.
	Until *int64
	// Trusted skips signatures: for a trace that this kit has verified before.
	Trusted bool
	// Refused is called for each line that is no event, in their order.
	Refused func(line int, id string, r *event.Refusal)
}

// A Trace is the folded states of a trace's spaces.
type Trace struct {
	// Canvases by space id.
	Canvases map[string]*canvas.Canvas
	// Events counts the lines that were folded, known ones among them; Refused those that are no events.
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

// Read folds a trace. The error is the reader's, and what came before it is folded; lines that are no events are refused
// and the others folded. Memory grows with the events, not with lines that are none.
func Read(r io.Reader, o Options) (*Trace, error) {
	f := &folder{options: o, trace: &Trace{Canvases: make(map[string]*canvas.Canvas)}, kept: make(map[string][]string)}
	workers := runtime.GOMAXPROCS(0)
	// The same batches go to the workers and, in the order of their lines, to be folded.
	work, queue := make(chan *batch), make(chan *batch, 2*workers)
	verifier := event.NewVerifier()
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for b := range work {
				b.check(verifier, o.Trusted)
				close(b.checked)
			}
		})
	}
	var readErr error
	group.Go(func() {
		readErr = split(r, func(b *batch) {
			queue <- b
			work <- b
		})
		close(work)
		close(queue)
	})
	for b := range queue {
		<-b.checked
		f.add(b)
	}
	group.Wait()
	err := f.settle()
	return f.trace, errors.Join(readErr, err)
}

// folder folds what was checked.
type folder struct {
	options Options
	trace   *Trace
	// kept are all events by space: where a space log or an old event's clock turns over what was folded, they are folded
	// once more.
	kept map[string][]string
}

func (f *folder) add(b *batch) {
	for i, e := range b.events {
		if err := b.errs[i]; err != nil {
			f.refuse(b.first+i, e, err)
			continue
		}
		if e == nil || f.options.Until != nil && e.Clock.T > *f.options.Until {
			continue
		}
		f.trace.Events++
		c := f.trace.Canvases[e.Space]
		if c == nil {
			c = canvas.New(e.Space)
			f.trace.Canvases[e.Space] = c
		}
		f.kept[e.Space] = append(f.kept[e.Space], e.Text)
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

func (f *folder) settle() error {
	for space, c := range f.trace.Canvases {
		for c.Stale() {
			c = c.Restart()
			for _, text := range f.kept[space] {
				e, err := event.Decode(text)
				if err != nil {
					return err // cannot be: it was parsed before
				}
				c.Add(e, false)
			}
		}
		c.Settle()
		f.trace.Canvases[space] = c
	}
	return nil
}
