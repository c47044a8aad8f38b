package door

import (
	"context"
	"fmt"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// admission is the last stage of one call: in the order of the lines it asks the rules, stores, and gives verdicts.
type admission struct {
	door    *Door
	ctx     context.Context
	report  func(Verdict) error
	rules   map[string]Checker // of the batch
	entries []store.Entry      // the batch
	waiting []Verdict          // of the batch and of what was refused between
	at      []int              // which of waiting the entries are
	err     error              // the first failure of the store or of report; nothing is stored after it
}

func (d *Door) newAdmission(ctx context.Context, report func(Verdict) error) *admission {
	return &admission{door: d, ctx: ctx, report: report, rules: make(map[string]Checker)}
}

// take adds a judged chunk, and stores whenever a batch is full.
func (a *admission) take(c *chunk) {
	received := a.door.now().Unix()
	for i, e := range c.events {
		v := Verdict{Index: c.first + i}
		if e != nil {
			v.EventID = e.ID
		}
		no := c.no[i]
		if no == nil {
			no = a.check(e)
		}
		if no != nil {
			v.refuse(no)
			if a.waiting = append(a.waiting, v); len(a.waiting) >= waitingMost {
				a.finish()
			}
			continue
		}
		a.at = append(a.at, len(a.waiting))
		a.waiting = append(a.waiting, v)
		a.entries = append(a.entries, store.Entry{Event: e, Hash: c.hashes[i], Received: received, Door: true})
		// What a space log says may be the rule for the very next event.
		if len(a.entries) == appendMost || e.Layer == event.SpaceLog {
			a.finish()
		}
	}
}

func (a *admission) check(e *event.Event) *event.Refusal {
	if a.door.rules == nil {
		return nil
	}
	rules, ok := a.rules[e.Space]
	if !ok {
		rules = a.door.rules.Rules(e.Space)
		a.rules[e.Space] = rules
	}
	if rules == nil {
		return nil
	}
	return rules.Check(e)
}

// finish stores the batch and reports on it.
func (a *admission) finish() {
	if len(a.entries) > 0 {
		a.store()
	}
	for _, v := range a.waiting {
		if err := a.report(v); err != nil && a.err == nil {
			a.err = err
		}
	}
	a.entries, a.waiting, a.at = a.entries[:0], a.waiting[:0], a.at[:0]
	clear(a.rules)
}

func (a *admission) store() {
	var outcomes []store.Outcome
	err := a.err
	if err == nil {
		outcomes, err = a.door.store.Append(a.ctx, a.entries)
	}
	if err == nil && len(outcomes) != len(a.entries) {
		err = fmt.Errorf("door: %d outcomes of %d events", len(outcomes), len(a.entries))
	}
	if err != nil {
		a.err = err
		for _, i := range a.at {
			a.waiting[i].refuse(&event.Refusal{Rule: RuleStorage, Message: "was not stored: " + err.Error()})
		}
		return
	}
	for n, i := range a.at {
		a.waiting[i].settle(outcomes[n])
	}
}

// settle makes the verdict of what the store says.
func (v *Verdict) settle(o store.Outcome) {
	switch o.Status {
	case store.Taken, store.Known:
		v.Status, v.Seq, v.Cursor = Taken, o.Seq, cursor(o.Seq)
		if o.Status == store.Known {
			v.Status = Known
		}
	default:
		v.refuse(&event.Refusal{Rule: "equivocation", Field: "event_id",
			Message: "another content has this id in this space; it is the event with the cursor " + cursor(o.Seq)})
	}
}

func (v *Verdict) refuse(r *event.Refusal) {
	v.Status, v.Rule, v.Field, v.File, v.Message = Refused, r.Rule, r.Field, r.File, r.Message
}
