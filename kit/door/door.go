// Package door is the local door: what is handed in here is parsed, verified and held to its space's rules before
// anything of it is stored, and every event gets a verdict of its own.
package door

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"time"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// Status is what became of an event.
type Status string

// Taken means on disk, Known that the same was here before.
const (
	Taken   Status = "taken"
	Known   Status = "known"
	Refused Status = "refused"
)

// A Verdict is what the door says of one event (kit/API.md).
type Verdict struct {
	// Index is the event's place in what was handed in, from 0.
	Index   int    `json:"index"`
	EventID string `json:"event_id,omitempty"`
	Status  Status `json:"status"`
	// Cursor is the event's place in the kit's log.
	Cursor  string `json:"cursor,omitempty"`
	Rule    string `json:"rule,omitempty"`
	Field   string `json:"field,omitempty"`
	File    string `json:"file,omitempty"`
	Message string `json:"message,omitempty"`
}

// An Appender stores events durably: all of a call in one transaction or, with an error, none, an outcome for each.
type Appender interface {
	Append(ctx context.Context, entries []store.Entry) ([]store.Outcome, error)
}

// A Checker holds events to the rules of one space; nil takes the event. It is safe for concurrent use.
type Checker interface {
	Check(e *event.Event) *event.Refusal
}

// A RuleSource knows the rules of each space. It is safe for concurrent use; a nil Checker takes everything.
type RuleSource interface {
	Rules(space string) Checker
}

// chunk is how many events are verified together.
const chunk = 250

// A Door takes events in. It is safe for concurrent use.
type Door struct {
	store    Appender
	rules    RuleSource
	verifier *event.Verifier
	now      func() time.Time
}

// New returns a door before a store.
func New(store Appender, rules RuleSource, verifier *event.Verifier, now func() time.Time) *Door {
	return &Door{store, rules, verifier, now}
}

// Admit takes events as received, one a line, with a verdict each. When it returns, those taken are on disk. With an
// error nothing was taken.
func (d *Door) Admit(ctx context.Context, lines [][]byte) ([]Verdict, error) {
	events := make([]*event.Event, len(lines))
	verdicts := make([]Verdict, len(lines))
	hashes := make([][32]byte, len(lines))
	d.judge(lines, events, hashes, verdicts)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Rules may change with every event of a space's log, so those are stored before what follows is judged.
	for start := 0; start < len(events); {
		end := start
		for end < len(events) && (end == start || events[end] == nil || events[end-1] == nil || events[end-1].Layer != event.SpaceLog) {
			end++
		}
		if err := d.store1(ctx, start, events[start:end], hashes[start:end], verdicts[start:end]); err != nil {
			return nil, err
		}
		start = end
	}
	return verdicts, nil
}

// judge parses and verifies on all cores.
func (d *Door) judge(lines [][]byte, events []*event.Event, hashes [][32]byte, verdicts []Verdict) {
	work := make(chan int)
	var group sync.WaitGroup
	one := func(start int) {
		end := min(start+chunk, len(lines))
		for i := start; i < end; i++ {
			verdicts[i].Index = i
			e, err := event.Parse(lines[i])
			if err != nil {
				verdicts[i].refuse(err)
				continue
			}
			events[i], verdicts[i].EventID = e, e.ID
		}
		for i, err := range d.verifier.VerifyBatch(events[start:end], nil) {
			if err != nil {
				verdicts[start+i].refuse(err)
				events[start+i] = nil
			} else if e := events[start+i]; e != nil {
				hashes[start+i] = e.Hash()
			}
		}
	}
	if len(lines) <= chunk {
		one(0)
		return
	}
	for range min(runtime.GOMAXPROCS(0), (len(lines)+chunk-1)/chunk) {
		group.Go(func() {
			for start := range work {
				one(start)
			}
		})
	}
	for start := 0; start < len(lines); start += chunk {
		work <- start
	}
	close(work)
	group.Wait()
}

// store1 holds events to their spaces' rules and stores those that pass.
func (d *Door) store1(ctx context.Context, first int, events []*event.Event, hashes [][32]byte, verdicts []Verdict) error {
	entries := make([]store.Entry, 0, len(events))
	index := make([]int, 0, len(events))
	rules := make(map[string]Checker)
	received := d.now().Unix()
	for i, e := range events {
		if e == nil {
			continue
		}
		checker, ok := rules[e.Space]
		if !ok {
			checker = d.rules.Rules(e.Space)
			rules[e.Space] = checker
		}
		if checker != nil {
			if refusal := checker.Check(e); refusal != nil {
				verdicts[i].refuse(refusal)
				continue
			}
		}
		entries = append(entries, store.Entry{Event: e, Hash: hashes[i], Received: received, Door: true})
		index = append(index, i)
	}
	outcomes, err := d.store.Append(ctx, entries)
	if err != nil {
		return err
	}
	for n, o := range outcomes {
		v := &verdicts[index[n]]
		switch o.Status {
		case store.Taken:
			v.Status, v.Cursor = Taken, strconv.FormatInt(o.Seq, 10)
		case store.Known:
			v.Status, v.Cursor = Known, strconv.FormatInt(o.Seq, 10)
		default:
			v.refuse(&event.Refusal{Rule: "equivocation", Field: "event_id", Message: "another event of this space has this id"})
		}
	}
	return nil
}

func (v *Verdict) refuse(err error) {
	v.Status = Refused
	var r *event.Refusal
	if errors.As(err, &r) {
		v.Rule, v.Field, v.File, v.Message = r.Rule, r.Field, r.File, r.Message
	} else {
		v.Rule, v.Message = "failure", err.Error()
	}
}
