package store

import (
	"bytes"
	"database/sql/driver"
	"slices"
	"sort"

	"fieldkit/kit/digest"
	"fieldkit/maps/tile"
)

// treeMin is the number of events from which a tile's hashes are kept in memory as a tree, so that one more does not
// mean reading them all again.
const treeMin = 256

// world is the tree of a space and a policy as far as it was computed. Only the computation that holds digests.mu
// touches it.
type world struct {
	home  home // its cell is not used
	lora  bool
	cells []int64 // tiles with events of their own, ascending
	// branches are those that are known: of a tile with all below it under its cell, and of a tile's own events under
	// the negative of its cell.
	branches map[int64]digest.Branch
	trees    map[int64]*digest.Tree // own events of large tiles, by cell
	digests  *digests
}

// touch takes in one event more. w may be nil: a world that nobody asked for.
func (w *world) touch(t *touched) {
	if w == nil {
		return
	}
	if at, ok := slices.BinarySearch(w.cells, t.home.cell); !ok {
		w.cells = slices.Insert(w.cells, at, t.home.cell)
	}
	if tree := w.trees[t.home.cell]; tree != nil && tree.Add(t.hash) {
		w.digests.hashes++
	}
	delete(w.branches, -t.home.cell)
	at, err := tileOf(t.home.cell)
	if err != nil {
		return // only cells of tiles come in
	}
	for {
		delete(w.branches, cellOf(at))
		parent, ok := at.Parent()
		if !ok {
			return
		}
		at = parent
	}
}

// tile is all that is told of a tile.
func (w *world) tile(c *conn, at tile.Tile) (t digest.Tile, err error) {
	inside := within(w.cells, at)
	if t.Own, err = w.own(c, cellOf(at), inside); err != nil {
		return t, err
	}
	if t.Children, err = w.children(c, at, inside); err != nil {
		return t, err
	}
	t.Branch = digest.Join(t.Own, t.Children)
	return t, nil
}

// within are those of the cells that lie in a tile, its own among them.
func within(cells []int64, at tile.Tile) []int64 {
	first, last := spanOf(at)
	begin := sort.Search(len(cells), func(i int) bool { return cells[i] >= first })
	end := sort.Search(len(cells), func(i int) bool { return cells[i] > last })
	return cells[begin:end]
}

// children are the branches of a tile's children; inside are the cells in it.
func (w *world) children(c *conn, at tile.Tile, inside []int64) (branches [4]digest.Branch, err error) {
	if at.Z == tile.MaxZoom || len(inside) == 0 {
		return branches, nil
	}
	for i, child := range at.Children() {
		if branches[i], err = w.branch(c, child, within(inside, child)); err != nil {
			return branches, err
		}
	}
	return branches, nil
}

// branch is a tile's digest with all below it; inside are the cells in it.
func (w *world) branch(c *conn, at tile.Tile, inside []int64) (b digest.Branch, err error) {
	if len(inside) == 0 {
		return b, nil
	}
	cell := cellOf(at)
	if known, ok := w.branches[cell]; ok {
		return known, nil
	}
	if len(inside) == 1 {
		// One tile alone: up to here each tile above it has one child, and none of them needs to be remembered.
		b, err = w.own(c, inside[0], inside)
		if err == nil {
			b, err = lift(b, inside[0], at)
		}
	} else {
		var own digest.Branch
		var below [4]digest.Branch
		if own, err = w.own(c, cell, inside); err == nil {
			below, err = w.children(c, at, inside)
		}
		b = digest.Join(own, below)
	}
	if err == nil {
		w.branches[cell] = b
	}
	return b, err
}

// lift is the branch of the tile at, in which nothing is but b, of the tile with this cell.
func lift(b digest.Branch, cell int64, at tile.Tile) (digest.Branch, error) {
	t, err := tileOf(cell)
	if err != nil {
		return b, err
	}
	for t != at {
		parent, ok := t.Parent()
		if !ok {
			return b, nil // cannot be: at holds the cell
		}
		var children [4]digest.Branch
		children[t.X&1|t.Y&1<<1] = b
		b, t = digest.Join(digest.Branch{}, children), parent
	}
	return b, nil
}

// own is the branch of a tile's own events; inside are the cells in it.
func (w *world) own(c *conn, cell int64, inside []int64) (b digest.Branch, err error) {
	if _, ok := slices.BinarySearch(inside, cell); !ok {
		return b, nil
	}
	if known, ok := w.branches[-cell]; ok {
		return known, nil
	}
	if tree := w.trees[cell]; tree != nil {
		b = tree.Branch()
		w.branches[-cell] = b
		return b, nil
	}
	query := `SELECT e.hash FROM event_tile AS x CROSS JOIN event AS e ON e.seq = x.seq
		WHERE x.space = ? AND x.policy = ? AND x.cell = ?`
	args := []driver.Value{w.home.space, w.home.policy, cell}
	if w.lora {
		query += " AND octet_length(e.text) <= ?"
		args = append(args, int64(digest.MaxLoRa))
	}
	var hashes []digest.Sum
	err = c.each(query, args, func(row []driver.Value) error {
		hash, err := hashOf(row[0])
		hashes = append(hashes, hash)
		return err
	})
	if err != nil {
		return b, err
	}
	for _, e := range w.digests.trailing[home{w.home.space, w.home.policy, cell}] {
		if !w.lora || e.size <= digest.MaxLoRa {
			hashes = append(hashes, e.hash)
		}
	}
	if n := len(hashes); n >= treeMin && w.digests.hashes+n <= maxHashes {
		tree := new(digest.Tree)
		for _, h := range hashes {
			tree.Add(h)
		}
		w.trees[cell] = tree
		w.digests.hashes += n
		b = tree.Branch()
	} else {
		slices.SortFunc(hashes, func(a, b digest.Sum) int { return bytes.Compare(a[:], b[:]) })
		b = digest.Branch{Digest: digest.Root(hashes), Count: uint64(n)}
	}
	w.branches[-cell] = b
	return b, nil
}
