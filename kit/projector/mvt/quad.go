package mvt

import (
	"cmp"
	"slices"
	"strings"

	"fieldkit/maps/tile"
)

// quad is a quadtree of points: a node at depth z is a tile of zoom z. Walked through, points come in Morton order, those
// of one spot by id: whatever was put in and taken out before.
type quad struct {
	count    int
	leaf     []*Thing // in order, where there are no children
	children *[4]quad
}

const (
	leafSize = 32
	maxDepth = 32
)

func compareThings(a, b *Thing) int {
	return cmp.Or(cmp.Compare(morton(a.x, a.y), morton(b.x, b.y)), strings.Compare(a.ID, b.ID))
}

// child is which of a node's children at that depth a point belongs to.
func child(x, y uint32, depth int) int {
	shift := maxDepth - 1 - depth
	return int(x>>shift&1 | y>>shift&1<<1)
}

func (q *quad) insert(t *Thing, depth int) {
	for ; ; depth++ {
		q.count++
		if q.children == nil {
			if len(q.leaf) < leafSize || depth == maxDepth {
				i, _ := slices.BinarySearchFunc(q.leaf, t, compareThings)
				q.leaf = slices.Insert(q.leaf, i, t)
				return
			}
			q.split(depth)
		}
		q = &q.children[child(t.x, t.y, depth)]
	}
}

func (q *quad) split(depth int) {
	q.children = new([4]quad)
	for _, t := range q.leaf {
		c := &q.children[child(t.x, t.y, depth)]
		c.count++
		c.leaf = append(c.leaf, t)
	}
	q.leaf = nil
}

func (q *quad) remove(t *Thing, depth int) {
	for ; ; depth++ {
		q.count--
		if q.count == 0 {
			*q = quad{}
			return
		}
		if q.children == nil {
			i, _ := slices.BinarySearchFunc(q.leaf, t, compareThings)
			q.leaf = slices.Delete(q.leaf, i, i+1)
			return
		}
		q = &q.children[child(t.x, t.y, depth)]
	}
}

// in appends the points of a tile.
func (q *quad) in(at tile.Tile, list []*Thing) []*Thing {
	for depth := range int(at.Z) {
		if q.children == nil {
			for _, t := range q.leaf {
				if tileAt(t.x, t.y, at.Z) == at {
					list = append(list, t)
				}
			}
			return list
		}
		shift := int(at.Z) - 1 - depth
		q = &q.children[at.X>>shift&1|at.Y>>shift&1<<1]
	}
	return q.all(slices.Grow(list, q.count))
}

func (q *quad) all(list []*Thing) []*Thing {
	if q.children == nil {
		return append(list, q.leaf...)
	}
	for i := range q.children {
		list = q.children[i].all(list)
	}
	return list
}
