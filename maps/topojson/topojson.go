// Package topojson reads TopoJSON: geometries that share their lines, so that a border between two countries is stored,
// and simplified, once.
//
// Source: the TopoJSON format specification, version 1.0 (github.com/topojson/topojson-specification).
package topojson

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// A Topology is a decoded file. Positions are as in the file, for geography degrees of longitude and latitude.
type Topology struct {
	// Arcs are the shared lines, each of at least two positions.
	Arcs []orb.LineString
	// Objects are the file's named geometries.
	Objects map[string]*Geometry
}

// A Geometry is a node of an object. What it holds depends on its Type.
type Geometry struct {
	Type       string // one of GeoJSON's seven types, or "" for a null geometry
	ID         string // "" if absent; numbers as they are written
	Properties map[string]any
	// Points are those of a Point or MultiPoint.
	Points []orb.Point
	// Lines are those of a LineString or MultiLineString.
	Lines []Path
	// Polygons are those of a Polygon or MultiPolygon, each a list of rings, the outer first.
	Polygons [][]Path
	// Members are those of a GeometryCollection.
	Members []*Geometry
}

// A Path is a line made of at least one arc, end to end: i is Arcs[i] forwards, ^i is Arcs[i] backwards. The last
// position of each arc is the first of the next. Decode checks that the arcs exist, not that they meet.
type Path []int

// maxDepth is how deep collections may lie in each other.
const maxDepth = 16

type file struct {
	Type      string
	Transform *struct{ Scale, Translate [2]float64 }
	Arcs      [][][]float64
	Objects   map[string]json.RawMessage
}

type object struct {
	Type        string
	ID          json.RawMessage
	Properties  map[string]any
	Coordinates json.RawMessage
	Arcs        json.RawMessage
	Geometries  []json.RawMessage
}

// Decode reads a file, with quantized or plain positions.
func Decode(data []byte) (*Topology, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("topojson: %w", err)
	}
	if f.Type != "Topology" {
		return nil, fmt.Errorf("topojson: type is %.40q, not Topology", f.Type)
	}
	d := decoder{file: &f, arcs: make([]orb.LineString, len(f.Arcs))}
	for i, arc := range f.Arcs {
		line, err := d.line(arc)
		if err != nil {
			return nil, fmt.Errorf("topojson: arc %d: %w", i, err)
		}
		d.arcs[i] = line
	}
	out := &Topology{Arcs: d.arcs, Objects: map[string]*Geometry{}}
	for name, raw := range f.Objects {
		geometry, err := d.geometry(raw, 0)
		if err != nil {
			return nil, fmt.Errorf("topojson: object %.40q: %w", name, err)
		}
		out.Objects[name] = geometry
	}
	return out, nil
}

type decoder struct {
	file *file
	arcs []orb.LineString
}

// line reads an arc: with a transform each position is the difference from the one before (specification, 2.1.3).
func (d *decoder) line(arc [][]float64) (orb.LineString, error) {
	if len(arc) < 2 {
		return nil, errors.New("has fewer than two positions")
	}
	out := make(orb.LineString, len(arc))
	var sum orb.Point
	for i, position := range arc {
		if len(position) < 2 {
			return nil, errors.New("has a position of fewer than two numbers")
		}
		if d.file.Transform == nil {
			sum = orb.Point{}
		}
		sum[0] += position[0]
		sum[1] += position[1]
		p, err := d.place(sum)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

// place turns a quantized position into a real one.
func (d *decoder) place(p orb.Point) (orb.Point, error) {
	if t := d.file.Transform; t != nil {
		p = orb.Point{p[0]*t.Scale[0] + t.Translate[0], p[1]*t.Scale[1] + t.Translate[1]}
	}
	if math.IsInf(p[0], 0) || math.IsInf(p[1], 0) || math.IsNaN(p[0]) || math.IsNaN(p[1]) {
		return p, errors.New("has a position that is not finite")
	}
	return p, nil
}

func (d *decoder) geometry(raw json.RawMessage, depth int) (*Geometry, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("collections lie more than %d deep", maxDepth)
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, err
	}
	g := &Geometry{Type: o.Type, Properties: o.Properties, ID: identifier(o.ID)}
	var err error
	switch o.Type {
	case "":
	case "Point":
		var one []float64
		if err = json.Unmarshal(o.Coordinates, &one); err == nil {
			g.Points, err = d.points([][]float64{one})
		}
	case "MultiPoint":
		var all [][]float64
		if err = json.Unmarshal(o.Coordinates, &all); err == nil {
			g.Points, err = d.points(all)
		}
	case "LineString":
		var one Path
		if err = json.Unmarshal(o.Arcs, &one); err == nil {
			g.Lines = []Path{one}
		}
	case "MultiLineString":
		err = json.Unmarshal(o.Arcs, &g.Lines)
	case "Polygon":
		var one []Path
		if err = json.Unmarshal(o.Arcs, &one); err == nil {
			g.Polygons = [][]Path{one}
		}
	case "MultiPolygon":
		err = json.Unmarshal(o.Arcs, &g.Polygons)
	case "GeometryCollection":
		for _, member := range o.Geometries {
			m, err := d.geometry(member, depth+1)
			if err != nil {
				return nil, err
			}
			g.Members = append(g.Members, m)
		}
	default:
		return nil, fmt.Errorf("type is %.40q, not one of a geometry", o.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Type, err)
	}
	return g, d.checkPaths(g)
}

func (d *decoder) points(coordinates [][]float64) ([]orb.Point, error) {
	out := make([]orb.Point, len(coordinates))
	for i, position := range coordinates {
		if len(position) < 2 {
			return nil, errors.New("has a position of fewer than two numbers")
		}
		p, err := d.place(orb.Point{position[0], position[1]})
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

// checkPaths refuses references to arcs that are not there.
func (d *decoder) checkPaths(g *Geometry) error {
	paths := slices.Clone(g.Lines)
	for _, rings := range g.Polygons {
		paths = append(paths, rings...)
	}
	for _, path := range paths {
		if len(path) == 0 {
			return fmt.Errorf("%s: a line without arcs", g.Type)
		}
		for _, ref := range path {
			if index := max(ref, ^ref); index >= len(d.arcs) {
				return fmt.Errorf("%s: there is no arc %d", g.Type, ref)
			}
		}
	}
	return nil
}

// identifier is an id as text: a string's content, or a number as it is written.
func identifier(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
