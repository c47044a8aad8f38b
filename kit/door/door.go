// Package door is the local door of a kit: what comes in is parsed, verified and held to its space's rules, in parallel
// and in batches, before anything is stored; each event gets a verdict of its own (kit/API.md, POST /api/v1/events).
package door

import (
	"context"
	"runtime"
	"strconv"
	"time"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// An Appender stores events durably and in their order, all of a call or, with an error, none, and returns when they are on
// disk with an outcome for each. What it stored is reflected in the rules when it returns.
type Appender interface {
	Append(context.Context, []store.Entry) ([]store.Outcome, error)
}

// A RuleSource knows the rules of spaces. It is asked anew for each batch, and after each event of a space log.
type RuleSource interface {
	// Rules returns what judges the events of a space now; nil where everything may enter.
	Rules(space string) Checker
}

// A Checker judges an event that was parsed and verified; nil means that it may enter. It is called by one goroutine at
// a time.
type Checker interface {
	Check(*event.Event) *event.Refusal
}

// The words of Verdict.Status.
const (
	Taken   = "taken"
	Known   = "known"
	Refused = "refused"
)

// RuleStorage is the rule of a refusal that is not the event's fault: it could not be stored.
const RuleStorage = "storage"

// A Verdict is what became of one event.
type Verdict struct {
	// Index counts the events that came in, from 0.
	Index int `json:"index"`
	// EventID is "" where the event could not be read.
	EventID string `json:"event_id,omitempty"`
	Status  string `json:"status"`
	// Cursor is the event's place in the order of arrival, where it was taken or known.
	Cursor string `json:"cursor,omitempty"`
	// The refusal.
	Rule    string `json:"rule,omitempty"`
	Field   string `json:"field,omitempty"`
	File    string `json:"file,omitempty"`
	Message string `json:"message,omitempty"`
	// Seq is Cursor as a number.
	Seq int64 `json:"-"`
}

// Tally counts verdicts.
type Tally struct {
	Taken, Known, Refused int
	// Seq is the greatest seq among them.
	Seq int64
}

// Add counts one more.
func (t *Tally) Add(v Verdict) {
	switch v.Status {
	case Taken:
		t.Taken++
	case Known:
		t.Known++
	default:
		t.Refused++
	}
	t.Seq = max(t.Seq, v.Seq)
}

// A Door admits events. It is safe for concurrent use.
type Door struct {
	store    Appender
	rules    RuleSource
	verifier *event.Verifier
	now      func() time.Time
	workers  int
}

// New returns a door to a store. rules may be nil: then everything may enter that is an event. now is the kit's clock.
func New(store Appender, rules RuleSource, verifier *event.Verifier, now func() time.Time) *Door {
	return &Door{store: store, rules: rules, verifier: verifier, now: now, workers: runtime.GOMAXPROCS(0)}
}

// How much is judged at once. Batches of signatures are cheaper the larger they are; an append goes into one
// transaction.
const (
	chunkLines  = 1000
	chunkBytes  = 1 << 20
	chunkAtOnce = 64 // so few are not worth a second goroutine
	appendMost  = 1000
	waitingMost = 4000 // verdicts that wait for a batch to fill
)

// Admit judges and stores the events of lines, and returns a verdict for each, in their order. With an error (of the
// store, or of ctx) the verdicts stand all the same: what was not stored by then is refused with RuleStorage.
func (d *Door) Admit(ctx context.Context, lines [][]byte) ([]Verdict, error) {
	verdicts := make([]Verdict, 0, len(lines))
	report := func(v Verdict) error { verdicts = append(verdicts, v); return nil }
	if len(lines) <= chunkAtOnce {
		c := &chunk{lines: lines}
		d.judge(c)
		a := d.newAdmission(ctx, report)
		a.take(c)
		a.finish()
		return verdicts, a.err
	}
	size := min(chunkLines, max(chunkAtOnce, (len(lines)+d.workers-1)/d.workers))
	err := d.run(ctx, report, func(desk *desk) error {
		for begin := 0; begin < len(lines); {
			end, bytes := begin, 0
			for end < len(lines) && end-begin < size && bytes < chunkBytes {
				bytes += len(lines[end])
				end++
			}
			desk.put(&chunk{first: begin, lines: lines[begin:end]})
			begin = end
		}
		return nil
	})
	return verdicts, err
}

// chunk is a number of lines on their way through the door.
type chunk struct {
	first  int // index of the first line
	lines  [][]byte
	events []*event.Event   // nil where refused
	hashes [][32]byte       // of events
	no     []*event.Refusal // nil where not refused
	judged chan struct{}    // closed when the last three are there
	// Of a stream, the memory of the lines, and how much of it is used.
	arena *[chunkBytes]byte
	used  int
}

// judge parses and verifies the lines of a chunk.
func (d *Door) judge(c *chunk) {
	n := len(c.lines)
	c.events, c.hashes, c.no = make([]*event.Event, n), make([][32]byte, n), make([]*event.Refusal, n)
	for i, line := range c.lines {
		e, err := event.Parse(line)
		if err != nil {
			c.no[i] = refusal(err)
			continue
		}
		c.events[i] = e
	}
	for i, err := range d.verifier.VerifyBatch(c.events, nil) {
		if err != nil {
			c.no[i] = refusal(err)
		} else if c.events[i] != nil {
			c.hashes[i] = c.events[i].Hash()
		}
	}
}

func refusal(err error) *event.Refusal {
	if r, ok := err.(*event.Refusal); ok {
		return r
	}
	return &event.Refusal{Rule: "event", Message: err.Error()}
}

func cursor(seq int64) string { return strconv.FormatInt(seq, 10) }
