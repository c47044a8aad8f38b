package tile

import (
	"fmt"

	"github.com/paulmach/orb"
)

// MaxCover is the largest number of tiles Cover returns.
const MaxCover = 4096

// Cover returns the tiles of zoom z that hold a point of the geometry, by ascending key. Lines are straight in the
// projection; polygons are filled by the even-odd rule, holes left out. Points on an edge count as in At. A geometry that
// needs more than MaxCover tiles is an error, and costs no more to find out than one that needs just as many.
func Cover(g orb.Geometry, z uint8) ([]Tile, error) {
	if z > MaxZoom {
		return nil, fmt.Errorf("tile: z is %d, more than %d", z, MaxZoom)
	}
	c := cover{z: z, found: map[Tile]struct{}{}}
	if err := c.add(g); err != nil {
		return nil, err
	}
	out := make([]Tile, 0, len(c.found))
	for t := range c.found {
		out = append(out, t)
	}
	sortByKey(out)
	return out, nil
}

// A segment joins two points of the unit square.
type segment struct{ x1, y1, x2, y2 float64 }

type cover struct {
	z     uint8
	found map[Tile]struct{}
	// rings are the outlines of the polygon at hand; none for a line.
	rings []segment
}

func (c *cover) add(g orb.Geometry) error {
	switch g := g.(type) {
	case orb.Point:
		return c.mark(At(g.Lon(), g.Lat(), c.z))
	case orb.MultiPoint:
		for _, p := range g {
			if err := c.add(p); err != nil {
				return err
			}
		}
	case orb.LineString:
		return c.addPaths(false, g)
	case orb.MultiLineString:
		for _, line := range g {
			if err := c.add(line); err != nil {
				return err
			}
		}
	case orb.Ring:
		return c.addPaths(true, orb.LineString(g))
	case orb.Polygon:
		paths := make([]orb.LineString, len(g))
		for i, ring := range g {
			paths[i] = orb.LineString(ring)
		}
		return c.addPaths(true, paths...)
	case orb.MultiPolygon:
		for _, polygon := range g {
			if err := c.add(polygon); err != nil {
				return err
			}
		}
	case orb.Collection:
		for _, member := range g {
			if err := c.add(member); err != nil {
				return err
			}
		}
	case orb.Bound:
		return c.add(g.ToPolygon())
	default:
		return fmt.Errorf("tile: no cover of a geometry of type %T", g)
	}
	return nil
}

func (c *cover) mark(t Tile) error {
	c.found[t] = struct{}{}
	if len(c.found) > MaxCover {
		return fmt.Errorf("tile: the geometry covers more than %d tiles at zoom %d", MaxCover, c.z)
	}
	return nil
}

func (c *cover) addPaths(filled bool, paths ...orb.LineString) error {
	var segments []segment
	for _, path := range paths {
		for i, p := range path {
			// Vertices are marked by At's own arithmetic, so that a line's ends are never lost to rounding.
			if err := c.mark(At(p.Lon(), p.Lat(), c.z)); err != nil {
				return err
			}
			next := (i + 1) % len(path)
			if next == 0 && !filled {
				break
			}
			x1, y1 := project(p.Lon(), p.Lat())
			x2, y2 := project(path[next].Lon(), path[next].Lat())
			segments = append(segments, segment{x1, y1, x2, y2})
		}
	}
	c.rings = nil
	if filled {
		c.rings = segments
	}
	return c.descend(Tile{}, segments)
}

// descend marks what lies in t. Of the tiles alive at one zoom each has a child that is, so they are never more than
// those at the next: MaxCover at every zoom bounds the work, and counting at the last zoom is enough.
func (c *cover) descend(t Tile, segments []segment) error {
	var here []segment
	for _, s := range segments {
		if s.meets(t) {
			here = append(here, s)
		}
	}
	if len(here) == 0 {
		if c.inside(t) {
			return c.markAll(t)
		}
		return nil
	}
	if t.Z == c.z {
		return c.mark(t)
	}
	for _, child := range t.Children() {
		if err := c.descend(child, here); err != nil {
			return err
		}
	}
	return nil
}

// markAll marks every tile of the cover's zoom in t, a tile without outline in it.
func (c *cover) markAll(t Tile) error {
	down := c.z - t.Z
	if 1<<(2*down) > MaxCover {
		return fmt.Errorf("tile: the geometry covers more than %d tiles at zoom %d", MaxCover, c.z)
	}
	for key := t.Key() << (2 * down); key < (t.Key()+1)<<(2*down); key++ {
		leaf, err := FromKey(key)
		if err != nil {
			return err
		}
		if err := c.mark(leaf); err != nil {
			return err
		}
	}
	return nil
}

// inside reports whether the middle of t is in the polygon: a ray to the west crosses its outline an odd number of times.
func (c *cover) inside(t Tile) bool {
	side := float64(t.side())
	x, y := (float64(t.X)+0.5)/side, (float64(t.Y)+0.5)/side
	in := false
	for _, s := range c.rings {
		if (s.y1 > y) != (s.y2 > y) && s.x1+(y-s.y1)/(s.y2-s.y1)*(s.x2-s.x1) < x {
			in = !in
		}
	}
	return in
}

// meets reports whether the segment has a point in the tile, whose west and north edges belong to it and whose east and
// south edges do not, save at the end of the world (Liang and Barsky, 1984, with half-open intervals).
func (s segment) meets(t Tile) bool {
	side := float64(t.side())
	w := window{hi: 1}
	return w.cut(s.x1, s.x2-s.x1, float64(t.X)/side, float64(t.X+1)/side, t.X+1 == t.side()) &&
		w.cut(s.y1, s.y2-s.y1, float64(t.Y)/side, float64(t.Y+1)/side, t.Y+1 == t.side())
}

// A window is the stretch lo..hi of a segment that is still in question; its ends may be excluded.
type window struct {
	lo, hi         float64
	loOpen, hiOpen bool
}

// cut narrows the window to where from + r·delta is in [low, high), or in [low, high] if closed.
func (w *window) cut(from, delta, low, high float64, closed bool) bool {
	if delta == 0 {
		return from >= low && (from < high || closed && from == high)
	}
	lo, hi := (low-from)/delta, (high-from)/delta
	loOpen, hiOpen := false, !closed
	if delta < 0 {
		lo, hi = hi, lo
		loOpen, hiOpen = hiOpen, loOpen
	}
	if lo > w.lo || lo == w.lo && loOpen {
		w.lo, w.loOpen = lo, loOpen
	}
	if hi < w.hi || hi == w.hi && hiOpen {
		w.hi, w.hiOpen = hi, hiOpen
	}
	return w.lo < w.hi || w.lo == w.hi && !w.loOpen && !w.hiOpen
}
