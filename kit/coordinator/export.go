package coordinator

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"fieldkit/kit/blob"
	"fieldkit/kit/depot"
	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/segment"
	"fieldkit/maps/tile"
)

// Export writes all spaces in their directory form (kit/SPEC.md, "Directory form") into the folder out, each as soon as the one
// before it is on the disk. What came in at the door is sealed first. A space whose place is taken by what this kit does not
// have is refused, and the others go on; the error is of the store, the disk or ctx, and leaves a folder that is not whole.
func (c *Coordinator) Export(ctx context.Context, out string, report Report) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	if out == c.data || out == c.files.root {
		return fmt.Errorf("%s is the kit's own folder: export into another one", out)
	}
	c.carrying.Lock()
	defer c.carrying.Unlock()
	if _, err := c.store.SealAll(ctx); err != nil {
		return err
	}
	spaces, err := c.store.Spaces(ctx)
	if err != nil {
		return err
	}
	if len(spaces) == 0 {
		return errors.New("the kit has no events: there is nothing to export")
	}
	for _, s := range spaces {
		done, err := c.exportSpace(ctx, out, s.Space, report)
		var no *event.Refusal
		switch {
		case errors.As(err, &no):
			report.Refused(depot.Refusal{Path: depot.FolderName(s.Space), Status: "refused", Refusal: *no})
		case err != nil:
			return err
		default:
			report.Carried(done)
		}
	}
	return nil
}

func (c *Coordinator) exportSpace(ctx context.Context, out, space string, report Report) (done Carried, err error) {
	if err := c.yields(ctx, filepath.Join(out, depot.FolderName(space)), space); err != nil {
		return done, err
	}
	w, err := depot.Create(out, space)
	if err != nil {
		return done, err
	}
	defer w.Discard()
	done = Carried{Space: space, Folder: w.Folder, Status: "exported"}
	// So that each tile has a snapshot of its tip.
	if err := c.saveSpace(ctx, space); err != nil && ctx.Err() == nil {
		done.note("what was folded could not be saved: " + err.Error())
	}
	tiles, err := c.store.Tiles(ctx, space)
	if err != nil {
		return done, err
	}
	for _, at := range tiles {
		if err := c.exportTile(ctx, w, space, at, &done); err != nil {
			return done, err
		}
	}
	files, notes := c.scopeFiles(space)
	done.Notes = append(done.Notes, notes...)
	for _, name := range sortedNames(files) {
		if err := w.Scope(name, files[name]); err != nil {
			return done, err
		}
	}
	in, err := w.Finish(func(path string) {
		done.note(filepath.Join(w.Folder, path) + " is not part of the export, and was left alone")
	})
	if err != nil {
		return done, err
	}
	done.Events, done.Tiles, done.Segments = in.Events, in.Tiles, in.Segments
	return done, nil
}

func (c *Coordinator) exportTile(ctx context.Context, w *depot.Writer, space string, at tile.Tile, done *Carried) error {
	t := w.Tile(at)
	// What is loose first: an event that a segment takes meanwhile is then found in both.
	var loose []*segment.Segment
	for _, policy := range policies {
		lines, err := c.store.Loose(ctx, space, at, policy)
		if err != nil {
			return err
		}
		some, err := lists(space, at, policy, lines)
		if err != nil {
			return err
		}
		loose = append(loose, some...)
	}
	seals, err := c.store.Manifest(ctx, space, at)
	if err != nil {
		return err
	}
	for _, text := range seals {
		seal, err := segment.ParseSeal([]byte(text))
		if err != nil {
			return fmt.Errorf("the manifest of %s in %s: %w", at, space, err)
		}
		data, err := c.store.Segment(ctx, seal.Hash)
		if err != nil {
			return err
		}
		if err := c.exportSegment(w, t, seal, data, done); err != nil {
			return err
		}
	}
	for _, g := range loose {
		if err := c.exportSegment(w, t, g.SealLoose(c.key), g.Bytes, done); err != nil {
			return err
		}
	}
	if c.snapshots != nil {
		list, err := c.snapshots.Snapshots(ctx, space, at)
		if err != nil {
			return err
		}
		for _, s := range list {
			if err := t.Snapshot(s); err != nil {
				return err
			}
		}
	}
	return t.End()
}

func (c *Coordinator) exportSegment(w *depot.Writer, t *depot.TileWriter, seal *segment.Seal, data []byte, done *Carried) error {
	var events []*event.Event
	for line := range strings.Lines(string(data)) {
		e, err := event.Decode(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return fmt.Errorf("segment %s: %w", seal.Hash, err)
		}
		events = append(events, e)
	}
	if err := t.Segment(seal, data, events); err != nil {
		return err
	}
	for _, e := range events {
		file, ok := e.File()
		if !ok {
			continue
		}
		bytes, err := c.blobs.Open(file.Hash)
		if errors.As(err, new(*blob.Withdrawal)) {
			if ok, err = w.Withhold(file.Hash); err != nil {
				return err
			} else if ok {
				done.note("the blob " + digest.Sum(file.Hash).String() + " was withdrawn here, and is taken away from the earlier export")
			}
			continue
		}
		if err != nil {
			continue // not here
		}
		ok, err = w.Media(file.Hash, bytes, file.Size)
		bytes.Close()
		switch {
		case errors.Is(err, syscall.EFBIG):
			done.note("the blob " + digest.Sum(file.Hash).String() + " is larger than a file can be there, and is left out")
		case err != nil:
			return err
		case ok:
			done.Media++
		default:
			done.note("the blob " + digest.Sum(file.Hash).String() + " is damaged or of another size than its event says, and is left out")
		}
	}
	return nil
}

// lists makes lists of loose events, which come in the order of the trace. Contents that claim one place in it, an
// equivocation, go into different lists.
func lists(space string, at tile.Tile, policy string, lines []segment.Line) (made []*segment.Segment, err error) {
	for len(lines) > 0 {
		var now, later []segment.Line
		size := int64(0)
		for i, l := range lines {
			if segment.Full(len(now), size) {
				later = append(later, lines[i:]...)
				break
			}
			if n := len(now); n > 0 && now[n-1].Compare(l) == 0 {
				later = append(later, l)
				continue
			}
			now, size = append(now, l), size+int64(len(l.Text))+1
		}
		g, err := segment.Build(space, at, policy, now)
		if err != nil {
			return nil, err
		}
		made, lines = append(made, g), later
	}
	return made, nil
}

// scopeFiles are the scope files of a space as they hold here: of its log, or as they lie in the data folder. What no
// reader would take is left out, with a note.
func (c *Coordinator) scopeFiles(space string) (files map[string]string, notes []string) {
	if _, certified := event.SelfCertified(space); certified {
		return c.SpaceRules(space).Files(), nil
	}
	files, err := readScopeFiles(filepath.Join(c.files.root, space))
	if err != nil {
		return nil, []string{"the scope files of the space cannot be read, and are left out: " + err.Error()}
	}
	for _, name := range sortedNames(files) {
		if err := scope.CheckFile(name, files[name]); err != nil {
			delete(files, name)
			notes = append(notes, "the scope file "+name+" is wrong, and is left out: "+err.Error())
		}
	}
	return files, notes
}
