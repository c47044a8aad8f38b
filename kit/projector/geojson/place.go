package geojson

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/paulmach/orb"

	"fieldkit/kit/canvas"
	"fieldkit/maps/tile"
)

// tileCentreZoom is the coarsest tile (about 150 km) whose centre may stand for a thing without a position of its own;
// a dot in the middle of an ocean would be a lie.
const tileCentreZoom = 8

// place chooses where a thing is drawn: by its geometry, else its position, else its tile.
func place(geometry *canvas.Write, position jsontext.Value, at tile.Tile) (jsontext.Value, string) {
	if geometry != nil && geometry.Value != "null" {
		return jsontext.Value(geometry.Value), "geometry"
	}
	if position != nil {
		return jsontext.Value(`{"type":"Point","coordinates":` + string(position) + `}`), "position"
	}
	if at.Z < tileCentreZoom {
		return jsontext.Value("null"), ""
	}
	centre := at.Bounds().Center()
	b := append([]byte(`{"type":"Point","coordinates":[`), shortest(centre.Lon())...)
	b = append(append(b, ','), shortest(centre.Lat())...)
	return append(b, "]}"...), "tile"
}

// shortest writes degrees with at most 6 decimals: about the width of a hand.
func shortest(degrees float64) []byte {
	return strconv.AppendFloat(nil, float64(int64(degrees*1e6))/1e6, 'f', -1, 64)
}

// EachPlace calls yield for each thing of a canvas that is drawn, with its layer and where it lies, if it lies anywhere:
// less work than Each where only that is asked.
func EachPlace(c *canvas.Canvas, yield func(layer string, bound orb.Bound, placed bool)) {
	for _, at := range c.Tiles() {
		offer := func(layer string, geometry jsontext.Value) {
			bound, placed := Bound(geometry)
			yield(layer, bound, placed)
		}
		c.Nodes(at, func(n *canvas.Node) {
			if !n.Deleted() && Target(c, n) == n {
				offer(n.Layer, geometryOf(c, n))
			}
		})
		c.Sensors(at, func(s *canvas.Sensor) {
			geometry, _ := place(nil, nil, at)
			offer(s.Layer, geometry)
		})
	}
}

// geometryOf is where the thing that a node stands for is drawn.
func geometryOf(c *canvas.Canvas, n *canvas.Node) jsontext.Value {
	at := n
	if n.Register(canvas.Position).Drawn == nil && n.Register(canvas.Geometry).Drawn == nil {
		at = groupOf(c, n, Aliases(c, n.ID)).placed()
	}
	var position jsontext.Value
	if drawn := at.Register(canvas.Position).Drawn; drawn != nil && drawn.Value != "null" {
		position = jsontext.Value(drawn.Value)
	}
	geometry, _ := place(at.Register(canvas.Geometry).Drawn, position, n.Tile)
	return geometry
}

// Bound is the bounding box of a raw geometry in degrees; ok is false where it has none.
func Bound(geometry jsontext.Value) (b orb.Bound, ok bool) {
	if geometry.Kind() != '{' {
		return b, false
	}
	// By the type's own member alone: others may stand there and mean nothing.
	var g struct {
		Type        string         `json:"type"`
		Coordinates jsontext.Value `json:"coordinates"`
		Geometries  jsontext.Value `json:"geometries"`
	}
	if json.Unmarshal(geometry, &g) != nil {
		return b, false
	}
	if g.Type != "GeometryCollection" {
		return boundOf(g.Coordinates)
	}
	var members []jsontext.Value
	if json.Unmarshal(g.Geometries, &members) != nil {
		return b, false
	}
	for _, member := range members {
		if one, has := Bound(member); has {
			if ok {
				one = one.Union(b)
			}
			b, ok = one, true
		}
	}
	return b, ok
}

// boundOf reads positions out of nested arrays.
func boundOf(coordinates jsontext.Value) (b orb.Bound, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(coordinates))
	var position [2]float64
	read := 0 // numbers of the innermost array
	for {
		token, err := d.ReadToken()
		if err != nil {
			return b, ok
		}
		switch token.Kind() {
		case '[':
			read = 0
		case '0':
			if read < 2 {
				if position[read], err = token.Float(); err != nil {
					return b, false
				}
			}
			if read++; read != 2 {
				continue
			}
			if point := (orb.Point{position[0], position[1]}); ok {
				b = b.Extend(point)
			} else {
				b, ok = point.Bound(), true
			}
		}
	}
}
