package depot

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"strconv"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Check holds the folder to its own list, but for the objects, which whoever takes them holds to their names, and refuses what is
// in it and not of the form. The error is of reading, or ctx's.
func (r *Reader) Check(ctx context.Context, refused func(Refusal)) error {
	say := func(name string, fault *event.Refusal) {
		refused(Refusal{Path: r.Path(name), Status: "refused", Refusal: *fault})
	}
	malformed := false
	err := r.sums(func(sum digest.Sum, name string, k kind, _ string) error {
		switch k {
		case other, sumsKind:
			if !malformed {
				say(sumsFile, refuse("form", "", "a line, or more, is not the sum of a file of the form"))
			}
			malformed = true
			return ctx.Err()
		case objectKind:
			if objectPath(sum) != name {
				say(sumsFile, refuse("sum", "", "lists an object under another sum than its name"))
				return ctx.Err()
			}
			if _, err := r.root.Lstat(name); err != nil {
				say(name, Explain(err))
			}
			return ctx.Err()
		}
		most := int64(maxSmall)
		if k == manifestKind {
			most = maxManifest
		}
		there, err := hashFile(r.root, name, most)
		if err == nil && there != sum {
			err = refuse("sum", "", "is not what SHA256SUMS says: it was changed or is not whole")
		}
		if err != nil {
			say(name, Explain(err))
		}
		return ctx.Err()
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		say(sumsFile, refuse("whole", "", "is not there: the export did not come to its end, or has lost it; what is there is looked at all the same"))
	case err != nil && ctx.Err() == nil:
		say(sumsFile, Explain(err))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.strays(ctx, say)
}

// strays looks for what is not of the form.
func (r *Reader) strays(ctx context.Context, say func(string, *event.Refusal)) error {
	return fs.WalkDir(r.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			say(name, Explain(err))
			return ctx.Err()
		}
		k, _ := classify(name)
		switch {
		case d.IsDir() || dropped(d.Name()):
		case !d.Type().IsRegular():
			say(name, refuse("link", "", "is a link or no file: it is not followed"))
		case k == other:
			say(name, refuse("extra", "", "is no file of the form: it is left alone"))
		}
		return ctx.Err()
	})
}

// CheckSnapshots holds a tile's snapshots to their names. They are made of the events, so nobody takes them.
func (r *Reader) CheckSnapshots(at tile.Tile, refused func(Refusal)) {
	folder := tilePath(at) + "/" + snapshots
	entries, err := fs.ReadDir(r.root.FS(), folder)
	if err != nil {
		return // none, or a fault that Check has met
	}
	for _, e := range entries {
		name := folder + "/" + e.Name()
		if k, _ := classify(name); k != descriptorKind {
			continue
		}
		raw, err := r.read(name, maxSmall)
		var sums [2]digest.Sum
		if err == nil {
			sums[0], sums[1], err = parseDescriptor(raw)
		}
		if err != nil {
			refused(Refusal{Path: r.Path(name), Status: "refused", Refusal: *Explain(err)})
			continue
		}
		for _, sum := range sums {
			data, err := r.read(objectPath(sum), maxSnapshot)
			if err == nil && sha256.Sum256(data) != sum {
				err = refuse("hash", "", "is not what its name says: it was changed or is not whole")
			}
			if err != nil {
				refused(Refusal{Path: r.ObjectPath(sum), Status: "refused", Refusal: *Explain(err)})
			}
		}
	}
}

// A Count finds out what digests the events have that are taken from a folder.
type Count struct{ census census }

// NewCount begins to count.
func NewCount() *Count { return &Count{newCensus()} }

// Add counts an event of the tile at hand; one that was counted before does not count again.
func (c *Count) Add(policy string, hash digest.Sum) { c.census.add(policy, hash) }

// End ends a tile.
func (c *Count) End(at tile.Tile) { c.census.end(at) }

// Differs says for which policy the events are others than space.json says, "" where they are the same.
func (c *Count) Differs(s *Space) (policy string) {
	said := make(map[string]digest.Branch)
	for _, w := range s.Trees {
		said[w.Policy] = w.Branch
	}
	for _, w := range c.census.trees(s.Space) {
		if said[w.Policy] != w.Branch {
			return w.Policy
		}
		delete(said, w.Policy)
	}
	for policy := range said {
		return policy
	}
	return ""
}
