package coordinator

import (
	"errors"
	"io/fs"

	"fieldkit/kit/blob"
	"fieldkit/kit/depot"
	"fieldkit/kit/digest"
	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// How much of segments is adopted in one transaction, about.
const (
	adoptEvents = 4096
	adoptBytes  = 4 << 20
)

// belongs holds a seal to the folder's space; the first that says one settles it where space.json does not.
func (in *intaking) belongs(seal *segment.Seal) *event.Refusal {
	if in.space == "" {
		in.space = seal.Space
	}
	if seal.Space != in.space {
		return &event.Refusal{Rule: "space", Field: "space", Message: "is of the space " + seal.Space + " in a folder of " + in.space}
	}
	return nil
}

// tile takes one tile.
func (in *intaking) tile(at tile.Tile) error {
	path := in.reader.ManifestPath(at)
	var failed error // of the store or ctx, apart from what is wrong with the file
	err := in.reader.Manifest(at, func(seal *segment.Seal, fault *event.Refusal) error {
		if fault == nil {
			fault = in.belongs(seal)
		}
		if fault != nil {
			in.refuseAt(path, fault)
			return in.ctx.Err()
		}
		failed = in.segment(seal)
		return failed
	})
	switch {
	case failed != nil:
		return failed
	case in.ctx.Err() != nil:
		return in.ctx.Err()
	case err != nil:
		in.refuseAt(path, err)
	}
	in.reader.CheckSnapshots(at, in.refuse)
	in.count.End(at)
	return in.ctx.Err()
}

// segment takes one segment: adopted where its kit may and all in it is sound, else line by line at the door.
func (in *intaking) segment(seal *segment.Seal) error {
	if err := in.ctx.Err(); err != nil {
		return err
	}
	path := in.reader.ObjectPath(seal.Hash)
	events, lines, err := in.reader.Segment(seal)
	if err != nil && lines == nil {
		in.refuseAt(path, err)
		return nil
	}
	sound := err == nil
	for i, bad := range in.c.verifier.VerifyBatch(events, nil) {
		sound = sound && bad == nil
		if bad == nil {
			in.count.Add(events[i].Scope.Policy, events[i].Hash())
		}
	}
	if err != nil {
		in.refuseAt(path, err)
	}
	if !sound || !in.mayAdopt(seal, events) {
		return in.hand(path, lines)
	}
	if !in.c.spaces.enter(seal.Space) {
		return in.hand(path, lines) // the door has the words for it
	}
	entries := make([]store.Entry, len(events))
	now := in.c.now().Unix()
	for i, e := range events {
		entries[i] = store.Entry{Event: e, Hash: e.Hash(), Received: now}
	}
	in.batch = append(in.batch, store.Adoption{Seal: seal, Entries: entries})
	in.events += len(events)
	if in.bytes += int(seal.Size); in.events < adoptEvents && in.bytes < adoptBytes {
		return nil
	}
	return in.flush()
}

// mayAdopt reports whether a segment is adopted under its seal: the space grants its kit that until the last of its events,
// and the space takes events that are not signed if there are any.
func (in *intaking) mayAdopt(seal *segment.Seal, events []*event.Event) bool {
	rules := in.rules
	if rules == nil {
		rules = in.c.SpaceRules(seal.Space)
	}
	if rules.Certified() && !rules.Granted(seal.Key, scope.RoleKit, "", events[len(events)-1].Clock.T) {
		return false
	}
	logged, signed := 0, true
	for _, e := range events {
		signed = signed && e.Signed()
		if rules.Certified() && e.Layer == event.SpaceLog {
			logged++
		}
	}
	if in.logged += logged; logged > 0 && in.logged > scope.MaxLog {
		return false // the door bounds a log, and tells the new from the known
	}
	return signed || rules.Root().Unsigned
}

// flush stores the batch.
func (in *intaking) flush() error {
	if len(in.batch) == 0 {
		return nil
	}
	adopted, err := in.c.adopt(in.ctx, in.batch)
	if err != nil {
		return err
	}
	for i, a := range adopted {
		if a.Kept {
			in.done.Adopted++
		}
		for j, o := range a.Outcomes {
			if o.Status == store.Taken {
				in.done.Taken++
			} else {
				in.done.Known++
			}
			in.takeMedia(in.batch[i].Entries[j].Event)
		}
	}
	in.batch, in.events, in.bytes = in.batch[:0], 0, 0
	return nil
}

// hand hands lines in at the door. What was adopted before comes first.
func (in *intaking) hand(path string, lines [][]byte) error {
	if err := in.flush(); err != nil {
		return err
	}
	verdicts, err := in.c.Admit(in.ctx, lines)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		switch v.Status {
		case door.Taken:
			in.done.Taken++
		case door.Known:
			in.done.Known++
		default:
			in.refuse(depot.Refusal{Path: path, Line: v.Index + 1, EventID: v.EventID, Status: "refused",
				Refusal: event.Refusal{Rule: v.Rule, Field: v.Field, File: v.File, Message: v.Message}})
			continue
		}
		if e, err := event.Parse(lines[v.Index]); err == nil {
			in.takeMedia(e)
		}
	}
	return nil
}

// takeMedia takes the blob that an event names, where the folder has it and this kit does not.
func (in *intaking) takeMedia(e *event.Event) {
	file, ok := e.File()
	if !ok {
		return
	}
	sum := digest.Sum(file.Hash)
	here, err := in.c.blobs.Open(sum)
	if err == nil {
		here.Close()
		return
	}
	withdrawn := errors.As(err, new(*blob.Withdrawal))
	bytes, length, err := in.reader.Object(sum)
	if errors.Is(err, fs.ErrNotExist) {
		return // it did not travel
	}
	if err == nil && withdrawn {
		bytes.Close()
		in.done.note("the blob " + sum.String() + " was withdrawn here, and is not taken")
		return
	}
	if err == nil {
		defer bytes.Close()
		if length != file.Size {
			err = &event.Refusal{Rule: "size", Message: "has another size than its event says"}
		} else {
			err = in.c.blobs.Put(sum, file.Type, file.Size, bytes)
		}
	}
	if err != nil {
		in.refuseAt(in.reader.ObjectPath(sum), err)
		return
	}
	in.done.Media++
}
