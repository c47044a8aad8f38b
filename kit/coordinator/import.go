package coordinator

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"fieldkit/kit/depot"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
)

func sortedNames(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

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
