package outline

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"slices"

	"fieldkit/maps/tile"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/planar"
	"github.com/paulmach/orb/simplify"
)

const (
	// extent is the width of a tile in its own units (MVT specification 2.1, 4.1).
	extent = 4096
	// margin is how far a tile's content goes beyond its edges, in its units, so that outlines do not show there.
	margin = 64
	// pixel is the units of a tile that a map draws as one pixel, at 512 pixels a tile.
	pixel = 8
	// labelPixels is how large a country must be on the map to bear its name; at maxZoom all do.
	labelPixels = 40
)

// A Tile is a tile of the outline: gzipped MVT.
type Tile struct {
	At   tile.Tile
	Data []byte
}

// Tiles cuts the tiles of zooms 0 to maxZoom, by zoom, then by key. Tiles with nothing but sea are left out.
func (w *World) Tiles(maxZoom uint8) ([]Tile, error) {
	var out []Tile
	for z := range maxZoom + 1 {
		c := cutter{world: w, maxZoom: maxZoom, zoom: z}
		if err := c.cut(tile.Tile{}, c.prepare()); err != nil {
			return nil, err
		}
		out = append(out, c.out...)
	}
	return out, nil
}

// A cutter makes the tiles of one zoom.
type cutter struct {
	world   *World
	zoom    uint8
	maxZoom uint8
	out     []Tile
}

// content is what lies in a tile, in the plane.
type content struct {
	land    orb.MultiPolygon
	borders orb.MultiLineString
}

// prepare simplifies the outline for the zoom, by arcs, so that neighbours stay neighbours, and lays copies of what
// crosses the antimeridian on the other side.
func (c *cutter) prepare() content {
	unit := math.Exp2(-float64(c.zoom)) / extent
	arcs := c.world.arcs
	if c.zoom < c.maxZoom {
		arcs = make([]orb.LineString, len(arcs))
		for i, arc := range c.world.arcs {
			arcs[i] = simplify.DouglasPeucker(pixel / 2 * unit).LineString(arc.Clone())
		}
	}
	var out content
	for _, paths := range c.world.land {
		p := polygon(arcs, paths)
		if p == nil || c.zoom < c.maxZoom && math.Abs(planar.Area(p[0])) < pixel*pixel*unit*unit {
			continue
		}
		for dx := -1.0; dx <= 1; dx++ {
			copied := p.Clone()
			for _, r := range copied {
				shift(r, dx)
			}
			out.land = append(out.land, copied)
		}
	}
	for _, i := range c.world.borders {
		for dx := -1.0; dx <= 1; dx++ {
			copied := arcs[i].Clone()
			shift(copied, dx)
			out.borders = append(out.borders, copied)
		}
	}
	return out
}

// cut clips the content to a tile and, above the zoom, goes on with its children. The clip works in place, so each child
// gets a copy.
func (c *cutter) cut(t tile.Tile, from content) error {
	side := math.Exp2(-float64(t.Z))
	x, y := float64(t.X)*side, float64(t.Y)*side
	window := orb.Bound{Min: orb.Point{x, y}, Max: orb.Point{x + side, y + side}}.Pad(side * margin / extent)
	var here content
	for _, p := range from.land {
		if p.Bound().Intersects(window) {
			if clipped := clip.Polygon(window, p.Clone()); clipped != nil {
				here.land = append(here.land, clipped)
			}
		}
	}
	for _, line := range from.borders {
		if line.Bound().Intersects(window) {
			here.borders = append(here.borders, clip.LineString(window, line.Clone())...)
		}
	}
	if len(here.land) == 0 && len(here.borders) == 0 && !c.hasLabels(t) {
		return nil
	}
	if t.Z == c.zoom {
		return c.finish(t, here)
	}
	for _, child := range t.Children() {
		if err := c.cut(child, here); err != nil {
			return err
		}
	}
	return nil
}

func (c *cutter) finish(t tile.Tile, here content) error {
	var layers mvt.Layers
	add := func(name string, features ...*geojson.Feature) {
		if len(features) > 0 {
			layers = append(layers, &mvt.Layer{Name: name, Version: 2, Extent: extent, Features: features})
		}
	}
	if land := toPolygons(t, here.land); len(land) > 0 {
		add("land", geojson.NewFeature(land))
	}
	if lines := toLines(t, here.borders); len(lines) > 0 {
		border := geojson.NewFeature(lines)
		border.Properties["admin_level"] = 2
		add("boundary", border)
	}
	add("country_label", c.labels(t)...)
	if len(layers) == 0 {
		return nil
	}
	plain, err := mvt.Marshal(layers)
	if err != nil {
		return fmt.Errorf("outline: tile %v: %w", t, err)
	}
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("outline: %w", err)
	}
	if _, err := zip.Write(plain); err != nil {
		return fmt.Errorf("outline: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("outline: %w", err)
	}
	c.out = append(c.out, Tile{t, packed.Bytes()})
	return nil
}

// toUnits brings a line of the plane into a tile's whole units, and drops what falls on the point before.
func toUnits(t tile.Tile, line []orb.Point) []orb.Point {
	scale := math.Exp2(float64(t.Z)) * extent
	var out []orb.Point
	for _, p := range line {
		q := orb.Point{math.Round(p[0]*scale) - float64(t.X)*extent, math.Round(p[1]*scale) - float64(t.Y)*extent}
		if len(out) == 0 || out[len(out)-1] != q {
			out = append(out, q)
		}
	}
	return out
}

func toLines(t tile.Tile, lines orb.MultiLineString) orb.MultiLineString {
	var out orb.MultiLineString
	for _, line := range lines {
		if units := toUnits(t, line); len(units) > 1 {
			out = append(out, units)
		}
	}
	return out
}

// toPolygons also winds rings as the specification asks (4.3.4.4): by the surveyor's formula, with y downwards, outer
// rings have a positive area and holes a negative one.
func toPolygons(t tile.Tile, polygons orb.MultiPolygon) orb.MultiPolygon {
	var out orb.MultiPolygon
	for _, p := range polygons {
		var rings orb.Polygon
		for i, r := range p {
			units := orb.Ring(toUnits(t, r))
			if len(units) > 1 && units[0] != units[len(units)-1] {
				units = append(units, units[0])
			}
			area := 0.0
			if len(units) >= 4 {
				area = surveyed(units)
			}
			if area == 0 {
				if i == 0 {
					break
				}
				continue
			}
			if area > 0 != (i == 0) {
				slices.Reverse(units)
			}
			rings = append(rings, units)
		}
		if len(rings) > 0 {
			out = append(out, rings)
		}
	}
	return out
}

// surveyed is twice the signed area of a closed ring; exact, because the units are whole.
func surveyed(r orb.Ring) float64 {
	sum := 0.0
	for i := range len(r) - 1 {
		sum += r[i][0]*r[i+1][1] - r[i+1][0]*r[i][1]
	}
	return sum
}

// shows reports whether a country bears its name at the cutter's zoom.
func (c *cutter) shows(l label) bool {
	return l.area > 0 && (c.zoom == c.maxZoom || l.extent*math.Exp2(float64(c.zoom))*extent/pixel >= labelPixels)
}

func isIn(t tile.Tile, p orb.Point) bool {
	side := math.Exp2(float64(t.Z))
	return math.Floor(p[0]*side) == float64(t.X) && math.Floor(p[1]*side) == float64(t.Y)
}

func (c *cutter) hasLabels(t tile.Tile) bool {
	return slices.ContainsFunc(c.world.labels, func(l label) bool { return c.shows(l) && isIn(t, l.at) })
}

// labels are the names in a tile, the largest countries first; rank 1 is the largest of all.
func (c *cutter) labels(t tile.Tile) []*geojson.Feature {
	var out []*geojson.Feature
	for i, l := range c.world.labels {
		if c.shows(l) && isIn(t, l.at) {
			points := toUnits(t, []orb.Point{l.at})
			feature := geojson.NewFeature(points[0])
			feature.Properties["name"] = l.name
			feature.Properties["rank"] = i + 1
			out = append(out, feature)
		}
	}
	return out
}
