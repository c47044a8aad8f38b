package outline

import (
	"math"

	"fieldkit/maps/topojson"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/planar"
)

// A label is a country's name at a point well inside its largest part.
type label struct {
	name string
	at   orb.Point
	// area is the largest part's share of the globe.
	area float64
	// extent is the square root of that part's area on the map.
	extent float64
}

func (w *World) label(name string, polygons [][]topojson.Path) label {
	out := label{name: name}
	var largest orb.Polygon
	for _, paths := range polygons {
		p := polygon(w.arcs, paths)
		if p == nil {
			continue
		}
		if area := globeArea(p[0]); area > out.area {
			largest, out.area = p, area
		}
	}
	if largest == nil {
		return out
	}
	// What lies beyond the edge of the map towards a pole is no place for a name.
	largest = clip.Polygon(orb.Bound{Min: orb.Point{-1, 0}, Max: orb.Point{3, 1}}, largest)
	out.extent = math.Sqrt(math.Abs(planar.Area(largest[0])))
	out.at = innermost(largest)
	out.at[0] -= math.Floor(out.at[0])
	return out
}

// globeArea is a ring's share of the globe: its area in the plane of longitude and sine of latitude, where equal areas
// are equal (Lambert's cylinder).
func globeArea(r orb.Ring) float64 {
	equal := make(orb.Ring, len(r))
	for i, p := range r {
		equal[i] = orb.Point{p[0], math.Tanh((0.5-p[1])*2*math.Pi) / 2}
	}
	return math.Abs(planar.Area(equal))
}

// innermost is about the point of a polygon that is furthest from its outline: the best of a grid, then of finer ones
// around the best.
func innermost(p orb.Polygon) orb.Point {
	const steps, rounds = 16, 4
	b := p.Bound()
	best, bestDepth := b.Center(), math.Inf(-1)
	for range rounds {
		width, height := b.Max[0]-b.Min[0], b.Max[1]-b.Min[1]
		for i := range steps {
			for j := range steps {
				at := orb.Point{
					b.Min[0] + (float64(i)+0.5)/steps*width,
					b.Min[1] + (float64(j)+0.5)/steps*height,
				}
				if !planar.PolygonContains(p, at) {
					continue
				}
				if depth := depth(p, at); depth > bestDepth {
					best, bestDepth = at, depth
				}
			}
		}
		half := orb.Point{width / steps, height / steps}
		b = orb.Bound{
			Min: orb.Point{best[0] - half[0], best[1] - half[1]},
			Max: orb.Point{best[0] + half[0], best[1] + half[1]},
		}
	}
	return best
}

// depth is the distance of a point from a polygon's outline.
func depth(p orb.Polygon, at orb.Point) float64 {
	least := math.Inf(1)
	for _, r := range p {
		for i := range len(r) - 1 {
			least = math.Min(least, planar.DistanceFromSegmentSquared(r[i], r[i+1], at))
		}
	}
	return math.Sqrt(least)
}
