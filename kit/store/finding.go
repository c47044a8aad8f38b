package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"fieldkit/kit/event"
)

// A Finding is one thing that is not as it must be.
type Finding struct {
	// What it is about: file (pages, rows), log (the write-ahead log), schema, event, arrivals, index, figures, marks,
	// segment, digest, state; and what salvage adds to these.
	What string `json:"finding"`
	// Rule says in one word what is broken; for an event, a seal or a segment the class of kit/SPEC.md.
	Rule string `json:"rule"`
	// Where it is, as far as that can be said.
	Space  string `json:"space,omitzero"`
	Tile   string `json:"tile,omitzero"`
	Policy string `json:"policy,omitzero"`
	Seq    int64  `json:"seq,omitzero"`
	Hash   string `json:"hash,omitzero"`
	// Count is how many it is about, where they are not told one by one.
	Count  int64  `json:"count,omitzero"`
	Remedy Remedy `json:"remedy"`
	// Message is a sentence for a person.
	Message string `json:"message"`
}

// Remedy is what helps against a finding.
type Remedy string

// Remedies.
const (
	// Repair: it can be derived from what is here.
	Repair Remedy = "repair"
	// Fetch: what is gone is to be had from another kit alone. A repair puts the bad aside.
	Fetch Remedy = "fetch"
	// Person: somebody must see to it.
	Person Remedy = "person"
)

// judged is a text that was read as an event, and what speaks against it.
type judged struct {
	event *event.Event
	err   error // nil or a *event.Refusal
}

// judge parses texts, verifies them, and holds them to be canonical, on all cores.
func judge(texts []string, v *event.Verifier) []judged {
	all := make([]judged, len(texts))
	share := max(1, (len(texts)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var work sync.WaitGroup
	for from := 0; from < len(texts); from += share {
		part, texts := all[from:min(from+share, len(texts))], texts[from:min(from+share, len(texts))]
		work.Go(func() {
			events := make([]*event.Event, len(part))
			for i, text := range texts {
				e, err := event.Parse([]byte(text))
				if err == nil && e.Text != text {
					err = &event.Refusal{Rule: "canonical", Message: "is not in canonical form"}
				}
				if err == nil {
					events[i] = e
				}
				part[i] = judged{events[i], err}
			}
			for i, err := range v.VerifyBatch(events, nil) {
				if err != nil {
					part[i].err = err
				}
			}
		})
	}
	work.Wait()
	return all
}

// Judge reads texts as events: parsed, in canonical form, verified, on all cores. Where errs has no error, events has the
// event.
func Judge(texts []string, v *event.Verifier) (events []*event.Event, errs []error) {
	events, errs = make([]*event.Event, len(texts)), make([]error, len(texts))
	for i, j := range judge(texts, v) {
		events[i], errs[i] = j.event, j.err
	}
	return events, errs
}

// ruleOf is the class of a refusal, or "unreadable".
func ruleOf(err error) string {
	var r *event.Refusal
	if errors.As(err, &r) {
		return r.Rule
	}
	return "unreadable"
}

// step runs one part of a check. What keeps it from reading is a finding too, unless the check was called off.
func step(ctx context.Context, name string, find func(Finding), f func() error) error {
	err := f()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	find(Finding{What: "file", Rule: "unreadable", Remedy: Repair, Message: fmt.Sprintf("%s cannot be checked to their end: %v", name, err)})
	return nil
}
