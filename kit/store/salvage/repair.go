package salvage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// errVanished says that the disk gave something and then did not give it again.
var errVanished = errors.New("what was read once cannot be read again: the disk fails; copy the data folder to another one first")

// A Result is how a data folder was found, and left.
type Result struct {
	// Damaged says that something was wrong with the database; Repaired that it was replaced by a sound one.
	Damaged, Repaired bool
	// Events is how many it has, or would have once repaired.
	Events int64
	// Lost is how many events are gone that were here, Rejected how many rows do not verify; they are in the quarantine.
	Lost, Rejected int64
	// Incomplete says that something that was here is gone, though it may not be known how much.
	Incomplete bool
	// Wanted are the segments of which only the seals are left.
	Wanted []store.Wanted
	// Quarantine is the folder, in the data folder, where the damaged database is kept; "" where nothing was replaced.
	Quarantine string
}

// Check looks at the data folder dir and calls find for each thing that is not as it must be, and for what of it is lost.
// It changes nothing, but that it ends a repair that was cut off. store.ErrLocked means that a running kit holds the folder.
func Check(ctx context.Context, dir string, find func(store.Finding)) (Result, error) {
	return open(dir, func(dir string) (Result, error) {
		result, v, err := survey(ctx, dir, find)
		if v != nil {
			v.image.close()
		}
		return result, err
	})
}

// Repair does what Check does, and where the database is damaged puts a new one in its place: with every event and every
// segment that verifies, in the order of their arrival, and with all that is derived from them. The damaged files go to a
// folder in quarantine named after now. A crash at any moment leaves the folder with the old database or with the new.
func Repair(ctx context.Context, dir string, now time.Time, find func(store.Finding)) (Result, error) {
	return open(dir, func(dir string) (Result, error) {
		result, v, err := survey(ctx, dir, find)
		if v != nil {
			defer v.image.close()
		}
		if err != nil {
			return result, err
		}
		if !result.Damaged {
			return result, store.Discard(store.NewPath(dir)) // what a repair that was killed left behind
		}
		wanted, err := store.Rebuild(ctx, store.NewPath(dir), store.Restoration{
			Events: v.restored, Seals: v.seals, Last: v.last, Lost: func(seq int64) int64 { return v.keys[seq] },
		})
		if err != nil {
			return result, err
		}
		// What is put in the place of a damaged file is held to the same.
		left := 0
		var first store.Finding
		if _, err := store.Inspect(ctx, store.NewPath(dir), func(f store.Finding) {
			if left++; left == 1 {
				first = f
			}
		}); err != nil {
			return result, err
		}
		if left > 0 {
			return result, fmt.Errorf("the repair makes no sound database, so the damaged one stays where it is: %d findings, the first: %s: %s", left, first.What, first.Message)
		}
		stamp, err := v.quarantine(dir, now)
		if err != nil {
			return result, err
		}
		if err := store.Replace(dir, stamp); err != nil {
			return result, err
		}
		result.Repaired, result.Wanted, result.Quarantine = true, wanted, filepath.Join(store.QuarantineName, stamp)
		result.Incomplete = result.Incomplete || len(wanted) > 0
		return result, nil
	})
}

// open takes the folder, ends a repair that was cut off, and runs f on the folder's absolute path.
func open(dir string, f func(dir string) (Result, error)) (Result, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Result{}, err
	}
	if !isKit(dir) {
		return Result{}, fmt.Errorf("%s is not a kit's data folder: %w", dir, os.ErrNotExist)
	}
	lock, err := store.Lock(dir)
	if err != nil {
		return Result{}, err
	}
	defer lock.Close()
	if err := store.Replaced(dir); err != nil {
		return Result{}, err
	}
	return f(dir)
}

// isKit reports whether a folder has anything of a kit in it.
func isKit(dir string) bool {
	for _, name := range [...]string{store.FileName, store.FileName + "-wal", keyName, store.QuarantineName} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// survey says what is wrong, and where it is the database, what can be salvaged of it.
func survey(ctx context.Context, dir string, find func(store.Finding)) (result Result, v *salvage, err error) {
	path := filepath.Join(dir, store.FileName)
	seen, err := store.Inspect(ctx, path, func(f store.Finding) {
		result.Damaged = true
		// Rows that do not verify may be there a second time, whole; a log that is too short is not.
		result.Incomplete = result.Incomplete || f.What == "log" && f.Remedy == store.Fetch
		find(f)
	})
	if err != nil {
		return result, nil, err
	}
	result.Events, result.Wanted = seen.Events, seen.Wanted
	inspectKey(dir, find)
	if !result.Damaged {
		return result, nil, nil
	}
	m, err := openImage(path)
	if err != nil {
		return result, nil, err
	}
	s, err := scan(ctx, m)
	if err == nil {
		v, err = s.order()
	}
	if err != nil {
		m.close()
		return result, nil, err
	}
	result.Events, result.Rejected, result.Lost = int64(len(v.events)), int64(len(v.bad)), v.tellLost(func(f store.Finding) {
		result.Incomplete = true
		find(f)
	})
	return result, v, nil
}

// tellLost says which events are gone, as far as that is known, and returns how many.
func (v *salvage) tellLost(find func(store.Finding)) (lost int64) {
	type where struct {
		space, tile, policy string
	}
	counts := make(map[where]int64)
	known := int64(0)
	inLost := func(seq int64) bool {
		_, ok := slices.BinarySearchFunc(v.lost, seq, func(s span, seq int64) int {
			switch {
			case s.last < seq:
				return -1
			case s.first > seq:
				return 1
			}
			return 0
		})
		return ok
	}
	for seq, h := range v.homes {
		at, err := store.TileOf(h.cell)
		if name := v.names[h.space]; err == nil && name != "" && inLost(seq) {
			counts[where{name, at.String(), store.PolicyName(h.policy)}]++
			known++
		}
	}
	for _, s := range v.lost {
		lost += s.last - s.first + 1
	}
	lost = max(0, lost-v.moved)
	list := make([]where, 0, len(counts))
	for w := range counts {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b where) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.tile, b.tile), cmp.Compare(a.policy, b.policy))
	})
	for _, w := range list {
		find(store.Finding{What: "lost", Rule: "lost", Space: w.space, Tile: w.tile, Policy: w.policy, Count: counts[w], Remedy: store.Fetch,
			Message: fmt.Sprintf("%d %s events of %s in %s are gone", counts[w], w.policy, w.space, w.tile)})
	}
	if lost > known {
		find(store.Finding{What: "lost", Rule: "lost", Count: lost - known, Remedy: store.Fetch,
			Message: fmt.Sprintf("%d arrivals are gone, and nothing says to which tiles they belonged", lost-known)})
	}
	spaces := make([]string, 0, len(v.counts))
	for name := range v.counts {
		spaces = append(spaces, name)
	}
	slices.Sort(spaces)
	for _, name := range spaces {
		if c := v.counts[name]; c.told > c.found && event.ValidName(name) {
			find(store.Finding{What: "lost", Rule: "figures", Space: name, Count: c.told - c.found, Remedy: store.Fetch,
				Message: fmt.Sprintf("of %d events of %s %d are left", c.told, name, c.found)})
		}
	}
	return lost
}
