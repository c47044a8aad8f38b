// Package outline cuts the world's outline, land, borders and the names of countries, into vector tiles: what the map
// shows where no other pack has anything.
//
// It reads the topology that the npm package world-atlas makes of Natural Earth's countries. Everything is computed in
// the plane of web mercator, in which the world is the unit square, x eastwards from the antimeridian, y southwards.
package outline

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"fieldkit/maps/topojson"

	"github.com/paulmach/orb"
)

// A World is an outline ready to be cut.
type World struct {
	// arcs are the topology's, in the plane; one that crosses the antimeridian goes on beyond the square.
	arcs []orb.LineString
	// land is polygons, each a list of rings, the outer first.
	land [][]topojson.Path
	// borders are the arcs between two countries.
	borders []int
	// labels are by rank.
	labels []label
}

// New reads the objects "land" and "countries" of a topology in degrees.
func New(t *topojson.Topology) (*World, error) {
	land, countries := t.Objects["land"], t.Objects["countries"]
	if land == nil || countries == nil {
		return nil, errors.New("outline: the topology has no objects land and countries")
	}
	w := &World{arcs: make([]orb.LineString, len(t.Arcs))}
	for i, arc := range t.Arcs {
		w.arcs[i] = project(arc)
	}
	for _, g := range leaves(land) {
		w.land = append(w.land, g.Polygons...)
	}
	for _, g := range leaves(countries) {
		name, _ := g.Properties["name"].(string)
		if name == "" || len(g.Polygons) == 0 {
			return nil, fmt.Errorf("outline: country %q has no name or no polygon", g.ID)
		}
		w.labels = append(w.labels, w.label(name, g.Polygons))
	}
	slices.SortStableFunc(w.labels, func(a, b label) int {
		return cmp.Or(cmp.Compare(b.area, a.area), cmp.Compare(a.name, b.name))
	})
	w.borders = borders(leaves(countries), len(t.Arcs))
	return w, nil
}

// leaves are the geometries of a collection, however deep.
func leaves(g *topojson.Geometry) []*topojson.Geometry {
	if g.Type != "GeometryCollection" {
		return []*topojson.Geometry{g}
	}
	var out []*topojson.Geometry
	for _, member := range g.Members {
		out = append(out, leaves(member)...)
	}
	return out
}

// borders are the arcs that two countries share.
func borders(countries []*topojson.Geometry, arcs int) []int {
	owner := make([]int, arcs)
	var out []int
	for i, country := range countries {
		for _, polygon := range country.Polygons {
			for _, ring := range polygon {
				for _, ref := range ring {
					switch arc := max(ref, ^ref); owner[arc] {
					case 0:
						owner[arc] = i + 1
					case i + 1, -1:
					default:
						owner[arc] = -1
						out = append(out, arc)
					}
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// maxLatitude is where the plane is cut off: well outside of the square, and finite.
const maxLatitude = 89

// project brings a line of degrees into the plane. Where it crosses the antimeridian, where two positions are more than
// half the world apart, it goes on beyond the square, so that it stays in one piece.
func project(line orb.LineString) orb.LineString {
	out := make(orb.LineString, len(line))
	for i, p := range line {
		sin := math.Sin(math.Min(math.Max(p.Lat(), -maxLatitude), maxLatitude) * math.Pi / 180)
		x := p.Lon()/360 + 0.5
		if i > 0 {
			x += math.Round(out[i-1][0] - x)
		}
		out[i] = orb.Point{x, 0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)}
	}
	return out
}

// poleMargin is how far outside of the square a ring around a pole is closed.
const poleMargin = 0.25

// ring joins arcs into a ring in one piece. A ring that does not come back to where it began has gone round a pole, and
// is closed beyond the edge of the map.
func ring(arcs []orb.LineString, path topojson.Path) orb.Ring {
	var out orb.Ring
	for _, ref := range path {
		arc := slices.Clone(arcs[max(ref, ^ref)])
		if ref < 0 {
			slices.Reverse(arc)
		}
		if len(out) > 0 {
			shift := math.Round(out[len(out)-1][0] - arc[0][0])
			for i := range arc {
				arc[i][0] += shift
			}
			arc = arc[1:]
		}
		out = append(out, arc...)
	}
	first, last := out[0], out[len(out)-1]
	if math.Round(last[0]-first[0]) != 0 {
		pole := -poleMargin
		if meanY(out) > 0.5 {
			pole = 1 + poleMargin
		}
		out = append(out, orb.Point{last[0], pole}, orb.Point{first[0], pole}, first)
	}
	out[len(out)-1] = first
	return out
}

func meanY(points []orb.Point) float64 {
	sum := 0.0
	for _, p := range points {
		sum += p[1]
	}
	return sum / float64(len(points))
}

// polygon joins rings, moves holes beside their outer ring, and the whole so that it begins in the square. Rings outside
// of the map are left out: Antarctica has one at latitude −90°, which in the object "countries" even stands first. It
// returns nil if nothing is left.
func polygon(arcs []orb.LineString, paths []topojson.Path) orb.Polygon {
	var out orb.Polygon
	for _, path := range paths {
		r := ring(arcs, path)
		b := r.Bound()
		if len(r) < 4 || b.Min[1] > 1 || b.Max[1] < 0 {
			continue
		}
		if len(out) == 0 {
			shift(r, -math.Floor(b.Min[0]))
		} else {
			shift(r, math.Round(out[0].Bound().Center()[0]-b.Center()[0]))
		}
		out = append(out, r)
	}
	return out
}

func shift(points []orb.Point, dx float64) {
	for i := range points {
		points[i][0] += dx
	}
}
