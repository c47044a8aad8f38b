package mvt

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/simplify"
)

// Commands of a geometry: section 4.3.1 of the specification.
const (
	moveTo    = 1
	lineTo    = 2
	closePath = 7
)

// tolerance is how far a line may be simplified away from where it ran, in units of the tile: a quarter of a pixel.
const tolerance = 2

type coordinate struct{ x, y int32 }

// coordinates is a line in units of the tile.
type coordinates []coordinate

// shape writes what a tile shows of a thing's lines or areas: nothing where nothing is left of them in it.
func (e *encoder) shape(s *shaped) {
	e.geometry = e.geometry[:0]
	kind, at := byte(typeLine), coordinate{}
	box := buffered(e.at)
	var g orb.Geometry = s.shape.geometry
	switch whole := g.(type) {
	case orb.MultiPoint:
		kind = typePoint
		e.points(whole)
	case orb.MultiLineString:
		if !inside(box, s.shape.bound) {
			whole = clip.MultiLineString(box, whole)
		}
		if e.at.Z < MaxZoom && whole != nil {
			whole = simplify.DouglasPeucker(tolerance * unit(e.at.Z)).MultiLineString(clone(whole))
		}
		for _, line := range whole {
			e.line(line, &at)
		}
	case orb.MultiPolygon:
		kind = typeArea
		if !inside(box, s.shape.bound) {
			whole = clip.MultiPolygon(box, orb.Clone(whole).(orb.MultiPolygon))
		} else if e.at.Z < MaxZoom {
			whole = orb.Clone(whole).(orb.MultiPolygon)
		}
		if e.at.Z < MaxZoom && whole != nil {
			whole = simplify.DouglasPeucker(tolerance * unit(e.at.Z)).MultiPolygon(whole)
		}
		for _, p := range whole {
			e.polygon(p, &at)
		}
	}
	if len(e.geometry) == 0 {
		return
	}
	e.thing(s.thing)
	e.pair(keyPart, shapeValue, false)
	e.write(s.thing.hash<<2|s.shape.part, kind)
}

func clone(m orb.MultiLineString) orb.MultiLineString { return orb.Clone(m).(orb.MultiLineString) }

func inside(box, b orb.Bound) bool {
	return box.Min[0] <= b.Min[0] && box.Min[1] <= b.Min[1] && b.Max[0] <= box.Max[0] && b.Max[1] <= box.Max[1]
}

// points writes those that lie in the tile.
func (e *encoder) points(list orb.MultiPoint) {
	e.coordinates = e.coordinates[:0]
	for _, p := range list {
		x, y := within(p)
		if tileAt(x, y, e.at.Z) == e.at {
			e.coordinates = append(e.coordinates, coordinate{e.local(x, e.at.X), e.local(y, e.at.Y)})
		}
	}
	if n := len(e.coordinates); n > 0 {
		e.geometry = appendVarint(e.geometry, uint32(n)<<3|moveTo)
		at := coordinate{}
		e.run(e.coordinates, &at)
	}
}

// rounded is a line in units of the tile, without repeated points.
func (e *encoder) rounded(list []orb.Point) coordinates {
	u := unit(e.at.Z)
	x0, y0 := float64(e.at.X)*Extent*u, float64(e.at.Y)*Extent*u
	e.coordinates = e.coordinates[:0]
	for _, p := range list {
		c := coordinate{int32(math.Round((p[0] - x0) / u)), int32(math.Round((p[1] - y0) / u))}
		if n := len(e.coordinates); n == 0 || e.coordinates[n-1] != c {
			e.coordinates = append(e.coordinates, c)
		}
	}
	return e.coordinates
}

func (e *encoder) line(list orb.LineString, at *coordinate) {
	c := e.rounded(list)
	if len(c) < 2 {
		return
	}
	e.path(c, at)
}

// path moves to the first and draws to the others.
func (e *encoder) path(c coordinates, at *coordinate) {
	e.geometry = append(e.geometry, 1<<3|moveTo)
	e.run(c[:1], at)
	e.geometry = appendVarint(e.geometry, uint32(len(c)-1)<<3|lineTo)
	e.run(c[1:], at)
}

func (e *encoder) run(c coordinates, at *coordinate) {
	for _, next := range c {
		e.geometry = appendVarint(appendVarint(e.geometry, zigzag(next.x-at.x)), zigzag(next.y-at.y))
		*at = next
	}
}

// polygon writes the rings that have an area, the outer one clockwise as seen, the holes the other way round
// (section 4.3.3.3).
func (e *encoder) polygon(p orb.Polygon, at *coordinate) {
	for i, ring := range p {
		c := e.rounded(ring)
		if n := len(c); n > 1 && c[0] == c[n-1] {
			c = c[:n-1]
		}
		area := c.twiceArea()
		if len(c) < 3 || area == 0 {
			if i == 0 {
				return // no hole without a rim
			}
			continue
		}
		if (area > 0) != (i == 0) {
			slices.Reverse(c)
		}
		e.path(c, at)
		e.geometry = append(e.geometry, 1<<3|closePath)
	}
}

// twiceArea is the surveyor's formula: positive where the ring runs clockwise as seen, y being southwards.
func (c coordinates) twiceArea() (sum int64) {
	for i, p := range c {
		q := c[(i+1)%len(c)]
		sum += int64(p.x)*int64(q.y) - int64(q.x)*int64(p.y)
	}
	return sum
}
