package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"fieldkit/kit/depot"
	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

func sortedNames(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

// How much of segments is adopted in one transaction, about.
const (
	adoptEvents = 4096
	adoptBytes  = 4 << 20
)

// Import takes in what is at a path in directory form: a space's folder, or several in one. Segments by kits that the
// space grants that are adopted with their seals; the events of others come in at the door, as if the operator handed them
// in. Everything that is wrong is refused by itself and the rest taken. The error is of the store or ctx; done again, it
// goes on where it ended.
func (c *Coordinator) Import(ctx context.Context, path string, report Report) error {
	folders, err := depot.Find(path)
	if err != nil {
		return err
	}
	if len(folders) == 0 {
		return fmt.Errorf("%s holds no exported space: there is no space.json in it nor in a folder of it", path)
	}
	c.carrying.Lock()
	defer c.carrying.Unlock()
	for _, folder := range folders {
		if err := c.importSpace(ctx, folder, report); err != nil {
			return err
		}
	}
	return nil
}

// spaceFile is what says which space a folder is of.
const spaceFile = "space.json"

// intaking is the import of one folder.
type intaking struct {
	c      *Coordinator
	ctx    context.Context
	reader *depot.Reader
	report Report
	done   Carried
	space  string       // "" until a file says it
	rules  *scope.Rules // of a space that certifies itself, as they are once the log in the folder is taken
	count  *depot.Count
	logged int  // events of the space's log, here and adopted
	broken bool // something is missing or damaged, so that the figures cannot fit
	batch  []store.Adoption
	bytes  int
	events int
}

func (c *Coordinator) importSpace(ctx context.Context, folder string, report Report) error {
	r, err := depot.Open(folder)
	if err != nil {
		return err
	}
	defer r.Close()
	in := &intaking{c: c, ctx: ctx, reader: r, report: report, count: depot.NewCount(), done: Carried{Folder: folder, Status: "imported"}}
	vouched := true
	err = r.Check(ctx, func(f depot.Refusal) {
		vouched = vouched && f.Path != r.Path(spaceFile)
		in.refuse(f)
	})
	if err != nil {
		return err
	}
	said, err := r.Space()
	switch {
	case err != nil && vouched:
		in.refuseFile(spaceFile, err)
	case err == nil && vouched:
		in.space = said.Space // else the seals say it, which are signed
	}
	in.bootstrap()
	if err := r.Tiles(in.tile, in.refuse); err != nil {
		return err
	}
	if err := in.flush(); err != nil {
		return err
	}
	if said != nil && !in.broken {
		if policy := in.count.Differs(said); policy != "" {
			in.refuseFile(spaceFile, &event.Refusal{Rule: "digest", Field: "trees",
				Message: "the " + policy + " events that are here are not those that it counts: the export is not whole"})
		}
	}
	in.takeScope()
	in.done.Space = in.space
	report.Carried(in.done)
	return nil
}

// refuse reports a file or a line that is not taken.
func (in *intaking) refuse(r depot.Refusal) {
	in.done.Refused++
	in.broken = in.broken || r.Line == 0
	in.report.Refused(r)
}

func (in *intaking) refuseFile(name string, err error) {
	in.refuseAt(in.reader.Path(name), err)
}

func (in *intaking) refuseAt(path string, err error) {
	in.refuse(depot.Refusal{Path: path, Status: "refused", Refusal: *depot.Explain(err)})
}

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
	sum, mediaType, size, ok := media(e)
	if !ok || in.c.blobs == nil {
		return
	}
	if here, err := in.c.blobs.Open(sum); err == nil {
		here.Close()
		return
	}
	blob, length, err := in.reader.Object(sum)
	if errors.Is(err, fs.ErrNotExist) {
		return // it did not travel
	}
	if err == nil {
		defer blob.Close()
		if length != size {
			err = &event.Refusal{Rule: "size", Message: "has another size than its event says"}
		} else {
			err = in.c.blobs.Put(sum, mediaType, size, blob)
		}
	}
	if err != nil {
		in.refuseAt(in.reader.ObjectPath(sum), err)
		return
	}
	in.done.Media++
}

// bootstrap finds out what the space's log says once the one in the folder is taken: who may seal stands in it, and it may
// be new here. Its events vouch for themselves: only those by the root key, or a key that it makes admin, have effect.
func (in *intaking) bootstrap() {
	if in.space == "" {
		_ = in.reader.Manifest(tile.Tile{}, func(seal *segment.Seal, fault *event.Refusal) error {
			if fault == nil {
				in.space = seal.Space
			}
			return nil
		})
	}
	if _, certified := event.SelfCertified(in.space); !certified {
		return
	}
	log := scope.NewLog(in.space)
	err := in.c.store.Events(in.ctx, store.Query{Space: in.space, Layer: event.SpaceLog, Tile: &tile.Tile{}}, func(r store.Row) error {
		e, err := event.Decode(r.Text)
		if err == nil && log.Add(e) {
			in.logged++
		}
		return err
	})
	if err != nil {
		return // what cannot be read now falls to the door
	}
	in.rules, _ = log.Rules()
	size := in.logged
	// Whoever is made admin may make others admin, in a segment that was read before.
	for range maxRounds {
		grown := false
		_ = in.reader.Manifest(tile.Tile{}, func(seal *segment.Seal, fault *event.Refusal) error {
			if fault != nil || seal.Space != in.space {
				return in.ctx.Err()
			}
			events, _, _ := in.reader.Segment(seal)
			for _, e := range events {
				if e.Layer == event.SpaceLog && e.Signed() && size < 2*scope.MaxLog &&
					in.rules.Granted(e.Key, scope.RoleAdmin, event.SpaceLog, e.Clock.T) && in.c.verifier.Verify(e) == nil && log.Add(e) {
					grown = true
					size++
				}
			}
			return in.ctx.Err()
		})
		if !grown {
			return
		}
		in.rules, _ = log.Rules()
	}
}

// maxRounds bounds how often a log is read for admins that admins made; whom it does not find by then, the door does.
const maxRounds = 8

// takeScope keeps the scope files of a space that does not certify itself, if this kit has none of it: an operator's own word
// stands.
func (in *intaking) takeScope() {
	if _, certified := event.SelfCertified(in.space); certified || in.space == "" {
		return // they are in its log
	}
	files, err := in.reader.Scope()
	if len(files) == 0 {
		return // none, or a fault that was reported
	}
	if _, parsed := scope.Parse(in.space, files); err == nil {
		err = parsed
	}
	if err != nil {
		in.refuseFile(scope.RootFile, &event.Refusal{Rule: "scope_file", Message: "the scope files are not taken: " + err.Error()})
		return
	}
	note, err := in.c.files.keep(in.space, files)
	if err != nil {
		note = "the scope files of the space could not be kept: " + err.Error()
	}
	if note != "" {
		in.done.note(note)
	}
}
