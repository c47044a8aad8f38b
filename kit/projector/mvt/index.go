package mvt

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"fieldkit/maps/tile"
)

// An Index holds the things of a space so that those of a tile are found without looking at the others. What a change
// costs does not depend on how many things there are. The zero Index is empty.
type Index struct {
	things map[string]*Thing
	points quad
	layers map[string]*layer
}

// layer is what an index has of one layer of the space.
type layer struct {
	points int
	// shapes are the things with lines or areas, each in the tile of its smallest corner at the deepest zoom whose tiles
	// are not smaller than it is: so it lies in that tile and its neighbours to the east and south. One that has a copy
	// beyond the antimeridian stands there as well.
	shapes map[tile.Tile][]shaped
	// levels is how many tiles of each zoom shapes has.
	levels [MaxZoom + 1]int
}

type shaped struct {
	thing *Thing
	shape *shape
}

// Put takes a thing, in place of the one of the same id, which it returns; nil where there was none. changed is false
// where no tile differs.
func (x *Index) Put(t *Thing) (old *Thing, changed bool) {
	if x.things == nil {
		x.things, x.layers = make(map[string]*Thing), make(map[string]*layer)
	}
	if old = x.things[t.ID]; old != nil {
		if old.same(t) {
			return old, false
		}
		x.take(old)
	}
	x.things[t.ID] = t
	l := x.layers[t.Layer]
	if l == nil {
		l = &layer{shapes: make(map[tile.Tile][]shaped)}
		x.layers[t.Layer] = l
	}
	if t.placed {
		l.points++
		x.points.insert(t, 0)
	}
	for i := range t.shapes {
		home := homeOf(&t.shapes[i])
		if len(l.shapes[home]) == 0 {
			l.levels[home.Z]++
		}
		l.shapes[home] = append(l.shapes[home], shaped{t, &t.shapes[i]})
	}
	return old, true
}

// Remove takes the thing of that id out and returns it; nil where there is none.
func (x *Index) Remove(id string) (old *Thing) {
	if old = x.things[id]; old != nil {
		x.take(old)
	}
	return old
}

func (x *Index) take(t *Thing) {
	delete(x.things, t.ID)
	l := x.layers[t.Layer]
	if t.placed {
		l.points--
		x.points.remove(t, 0)
	}
	for i := range t.shapes {
		home := homeOf(&t.shapes[i])
		some, filed := l.shapes[home]
		if some = slices.DeleteFunc(some, func(s shaped) bool { return s.thing == t }); len(some) > 0 {
			l.shapes[home] = some
		} else if filed {
			delete(l.shapes, home)
			l.levels[home.Z]--
		}
	}
	if l.points == 0 && len(l.shapes) == 0 {
		delete(x.layers, t.Layer)
	}
}

// Len is how many things there are, those without a place among them.
func (x *Index) Len() int { return len(x.things) }

// Layers are the layers of which tiles show something, sorted.
func (x *Index) Layers() []string { return slices.Sorted(maps.Keys(x.layers)) }

// homeOf is the tile that a shape is filed under.
func homeOf(s *shape) tile.Tile {
	size := max(s.bound.Max[0]-s.bound.Min[0], s.bound.Max[1]-s.bound.Min[1])
	z := uint8(MaxZoom)
	for z > 0 && float64(uint64(1)<<(32-z)) < size {
		z--
	}
	x, y := clamped(s.bound.Min)
	return tileAt(x, y, z)
}

// clamped is the point of the world that is next to p.
func clamped(p orb.Point) (x, y uint32) {
	return uint32(min(max(p[0], 0), world-1)), uint32(min(max(p[1], 0), world-1))
}

// touching are the shapes that may be seen in a box, by id.
func (l *layer) touching(box orb.Bound) (list []shaped) {
	keep := func(some []shaped) {
		for _, s := range some {
			if box.Intersects(s.shape.bound) {
				list = append(list, s)
			}
		}
	}
	x0, y0 := clamped(box.Min)
	x1, y1 := clamped(box.Max)
	type span struct{ from, to tile.Tile }
	var spans []span
	probes := uint64(0)
	for z, n := range l.levels {
		if n > 0 {
			s := span{tileAt(x0, y0, uint8(z)), tileAt(x1, y1, uint8(z))}
			s.from.X -= min(s.from.X, 1)
			s.from.Y -= min(s.from.Y, 1)
			spans = append(spans, s)
			probes += uint64(s.to.X-s.from.X+1) * uint64(s.to.Y-s.from.Y+1)
		}
	}
	if probes > uint64(len(l.shapes)) {
		for _, some := range l.shapes {
			keep(some)
		}
	} else {
		for _, s := range spans {
			for y := s.from.Y; y <= s.to.Y; y++ {
				for x := s.from.X; x <= s.to.X; x++ {
					keep(l.shapes[tile.Tile{Z: s.from.Z, X: x, Y: y}])
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b shaped) int {
		return cmp.Or(strings.Compare(a.thing.ID, b.thing.ID), cmp.Compare(a.shape.part, b.shape.part), cmp.Compare(a.shape.bound.Min[0], b.shape.bound.Min[0]))
	})
	return list
}
