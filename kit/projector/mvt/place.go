package mvt

import (
	"math"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/paulmach/orb"

	"fieldkit/kit/projector/geojson"
	"fieldkit/maps/tile"
)

// world is the side of the world in the units of this package.
const world = 1 << 32

// A shape is what is drawn of a geometry beside a point: projected into units of the world, y southwards.
type shape struct {
	part     uint64 // of the feature's id
	geometry orb.Geometry
	bound    orb.Bound
}

// The lowest two bits of a feature's id: a thing may be several features of a tile.
const (
	partPoints = 1 + iota // 0 is its point
	partLine
	partArea
)

// project maps degrees to units of the world. Latitudes past the projection's end lie on the edge, as in maps/tile;
// longitudes may lie outside.
func project(p orb.Point) orb.Point {
	lon := math.Min(math.Max(p[0], -540), 540)
	lat := math.Min(math.Max(p[1], -tile.MaxLatitude), tile.MaxLatitude)
	sin := math.Sin(lat * math.Pi / 180)
	y := 0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)
	return orb.Point{(lon/360 + 0.5) * world, math.Min(math.Max(y, 0), 1) * world}
}

// degrees is the inverse of project for a point of the world, to 7 decimals.
func degrees(x, y uint32) (lon, lat float64) {
	lon = float64(x)/world*360 - 180
	lat = math.Atan(math.Sinh(math.Pi*(1-2*float64(y)/world))) * 180 / math.Pi
	return math.Round(lon*1e7) / 1e7, math.Round(lat*1e7) / 1e7
}

// within brings a projected point into the world: once round it, and the edges belong to the last tiles.
func within(p orb.Point) (x, y uint32) {
	if p[0] < 0 || p[0] > world {
		p[0] -= math.Floor(p[0]/world) * world
	}
	return uint32(math.Min(p[0], world-1)), uint32(math.Min(p[1], world-1))
}

func tileAt(x, y uint32, z uint8) tile.Tile {
	return tile.Tile{Z: z, X: uint32(uint64(x) >> (32 - z)), Y: uint32(uint64(y) >> (32 - z))}
}

// morton interleaves the bits of a point, y above x: points of one tile, of whatever zoom, are a range.
func morton(x, y uint32) uint64 { return spread(x) | spread(y)<<1 }

func spread(v uint32) uint64 {
	w := uint64(v)
	w = (w | w<<16) & 0x0000ffff0000ffff
	w = (w | w<<8) & 0x00ff00ff00ff00ff
	w = (w | w<<4) & 0x0f0f0f0f0f0f0f0f
	w = (w | w<<2) & 0x3333333333333333
	return (w | w<<1) & 0x5555555555555555
}

// place reads where a feature lies: its point, and its lines and areas.
func (t *Thing) place(f *geojson.Feature) {
	g := read(f.Geometry)
	if g == nil {
		return
	}
	anchor, ok := anchorOf(g)
	var position []float64
	if json.Unmarshal(f.Properties.Position, &position) == nil && len(position) >= 2 {
		anchor, ok = orb.Point{position[0], position[1]}, true
	}
	if ok {
		t.placed = true
		t.x, t.y = within(project(anchor))
	}
	var all shapes
	all.add(g)
	t.shapes = all.list()
}

// read makes a geometry of raw GeoJSON, nil where there is none or it is not well formed.
func read(raw jsontext.Value) orb.Geometry {
	if raw.Kind() != '{' {
		return nil
	}
	var g struct {
		Type        string           `json:"type"`
		Coordinates jsontext.Value   `json:"coordinates"`
		Geometries  []jsontext.Value `json:"geometries"`
	}
	if json.Unmarshal(raw, &g) != nil {
		return nil
	}
	switch g.Type {
	case "Point":
		var c position
		if json.Unmarshal(g.Coordinates, &c) == nil && len(c) >= 2 {
			return c.point()
		}
	case "MultiPoint":
		return orb.MultiPoint(points(decode[[]position](g.Coordinates)))
	case "LineString":
		return orb.LineString(points(decode[[]position](g.Coordinates)))
	case "MultiLineString":
		var m orb.MultiLineString
		for _, line := range decode[[][]position](g.Coordinates) {
			m = append(m, points(line))
		}
		return m
	case "Polygon":
		return polygon(decode[[][]position](g.Coordinates))
	case "MultiPolygon":
		var m orb.MultiPolygon
		for _, one := range decode[[][][]position](g.Coordinates) {
			m = append(m, polygon(one))
		}
		return m
	case "GeometryCollection":
		var c orb.Collection
		for _, member := range g.Geometries {
			if one := read(member); one != nil {
				c = append(c, one)
			}
		}
		return c
	}
	return nil
}

type position []float64

func (p position) point() orb.Point { return orb.Point{p[0], p[1]} }

func decode[T any](raw jsontext.Value) (v T) {
	if json.Unmarshal(raw, &v) != nil {
		var none T
		return none
	}
	return v
}

func points(list []position) []orb.Point {
	out := make([]orb.Point, 0, len(list))
	for _, p := range list {
		if len(p) >= 2 {
			out = append(out, p.point())
		}
	}
	return out
}

func polygon(rings [][]position) orb.Polygon {
	var p orb.Polygon
	for _, ring := range rings {
		p = append(p, points(ring))
	}
	return p
}

// anchorOf is where the sign of a geometry stands, as the page has it (dashboard/src/map/drawn.ts): a point itself, the
// middle of a line, the middle of an area.
func anchorOf(g orb.Geometry) (orb.Point, bool) {
	switch g := g.(type) {
	case orb.Point:
		return g, true
	case orb.MultiPoint:
		return at(g, 0)
	case orb.LineString:
		return at(g, len(g)/2)
	case orb.MultiLineString:
		if len(g) > 0 {
			return at(g[0], len(g[0])/2)
		}
	case orb.Polygon:
		if len(g) > 0 {
			return middle(g[0])
		}
	case orb.MultiPolygon:
		if len(g) > 0 && len(g[0]) > 0 {
			return middle(g[0][0])
		}
	case orb.Collection:
		if len(g) > 0 {
			return anchorOf(g[0])
		}
	}
	return orb.Point{}, false
}

func at(list []orb.Point, i int) (orb.Point, bool) {
	if i >= len(list) {
		return orb.Point{}, false
	}
	return list[i], true
}

// middle is the centroid by area (the shoelace formula); the first corner where the area is nothing.
func middle(ring orb.Ring) (orb.Point, bool) {
	if len(ring) == 0 {
		return orb.Point{}, false
	}
	first := ring[0]
	var twice, x, y float64
	for i := 1; i < len(ring); i++ {
		// Relative to the first corner: degrees far from 0 would lose the digits that matter.
		ax, ay := ring[i-1][0]-first[0], ring[i-1][1]-first[1]
		bx, by := ring[i][0]-first[0], ring[i][1]-first[1]
		cross := ax*by - bx*ay
		twice += cross
		x += (ax + bx) * cross
		y += (ay + by) * cross
	}
	if math.Abs(twice) < 1e-14 {
		return first, true
	}
	return orb.Point{first[0] + x/(3*twice), first[1] + y/(3*twice)}, true
}

// shapes gathers what a geometry holds beside single points.
type shapes struct {
	points orb.MultiPoint
	lines  orb.MultiLineString
	areas  orb.MultiPolygon
}

func (s *shapes) add(g orb.Geometry) {
	switch g := g.(type) {
	case orb.MultiPoint:
		s.points = append(s.points, projected(g)...)
	case orb.LineString:
		if len(g) >= 2 {
			s.lines = append(s.lines, projected(g))
		}
	case orb.MultiLineString:
		for _, line := range g {
			s.add(line)
		}
	case orb.Polygon:
		var p orb.Polygon
		for i, ring := range g {
			if len(ring) >= 4 && ring[0] == ring[len(ring)-1] {
				p = append(p, projected(ring))
			} else if i == 0 {
				return // no hole without a rim
			}
		}
		if len(p) > 0 {
			s.areas = append(s.areas, p)
		}
	case orb.MultiPolygon:
		for _, p := range g {
			s.add(p)
		}
	case orb.Collection:
		for _, member := range g {
			s.add(member)
		}
	}
}

func projected(list []orb.Point) []orb.Point {
	out := make([]orb.Point, len(list))
	for i, p := range list {
		out[i] = project(p)
	}
	return out
}

// list gives the shapes, each also on the other side of the antimeridian where it reaches over it.
func (s *shapes) list() (list []shape) {
	offer := func(part uint64, g orb.Geometry) {
		for _, shift := range [...]float64{0, world, -world} {
			if b := g.Bound(); shift != 0 && (b.Max[0]+shift <= 0 || b.Min[0]+shift >= world) {
				continue
			}
			moved := g
			if shift != 0 {
				moved = shifted(g, shift)
			}
			list = append(list, shape{part, moved, moved.Bound()})
		}
	}
	if len(s.points) > 0 {
		offer(partPoints, s.points)
	}
	if len(s.lines) > 0 {
		offer(partLine, s.lines)
	}
	if len(s.areas) > 0 {
		offer(partArea, s.areas)
	}
	return list
}

// shifted is a copy farther east.
func shifted(g orb.Geometry, by float64) orb.Geometry {
	g = orb.Clone(g)
	move := func(list []orb.Point) {
		for i := range list {
			list[i][0] += by
		}
	}
	switch g := g.(type) {
	case orb.MultiPoint:
		move(g)
	case orb.MultiLineString:
		for _, line := range g {
			move(line)
		}
	case orb.MultiPolygon:
		for _, p := range g {
			for _, ring := range p {
				move(ring)
			}
		}
	}
	return g
}
