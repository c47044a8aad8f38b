package geojson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/paulmach/orb"

	"fieldkit/kit/canvas"
	"fieldkit/maps/tile"
)

// Filter says which features are wanted; its zero value wants all.
type Filter struct {
	// Bound in degrees; nil wants all, those without a place too. One whose west is greater than its east reaches over the
	// antimeridian (RFC 7946, section 5.2).
	Bound *orb.Bound
	// Tile wants things of this home tile and those below it.
	Tile *tile.Tile
	// Layer wants things of one layer.
	Layer string
	// Text wants, of Latest, things whose layer, type or a property of text holds this, in capitals or not.
	Text string
	// Own are keys whose thumbnails and previews count without a grant: this kit's.
	Own []string
}

// Each calls yield for the features of a canvas in the order of tiles and ids, until it returns false.
func Each(c *canvas.Canvas, want Filter, yield func(Feature) bool) {
	for _, at := range c.Tiles() {
		if want.Tile != nil && !want.Tile.Contains(at) {
			continue
		}
		if !EachOf(c, at, want, yield) {
			return
		}
	}
}

// EachOf is Each for one tile; it reports whether yield wants more.
func EachOf(c *canvas.Canvas, at tile.Tile, want Filter, yield func(Feature) bool) bool {
	more := true
	c.Nodes(at, func(n *canvas.Node) {
		// The place first: it is much less work than all the rest.
		if !more || want.Layer != "" && n.Layer != want.Layer || want.Bound != nil && !want.holds(geometryOf(c, n)) {
			return
		}
		if f, drawn := Node(c, n, want.Own...); drawn {
			more = yield(f)
		}
	})
	c.Sensors(at, func(s *canvas.Sensor) {
		if !more || want.Layer != "" && s.Layer != want.Layer {
			return
		}
		if f := Sensor(c, s); want.holds(f.Geometry) {
			more = yield(f)
		}
	})
	return more
}

func (want Filter) holds(geometry jsontext.Value) bool {
	if want.Bound == nil {
		return true
	}
	bound, ok := Bound(geometry)
	if !ok {
		return false
	}
	box := *want.Bound
	if box.Min.Lon() <= box.Max.Lon() {
		return box.Intersects(bound)
	}
	west, east := box, box
	west.Max[0], east.Min[0] = 180, -180
	return west.Intersects(bound) || east.Intersects(bound)
}

// Marshal writes a feature, map keys sorted.
func Marshal(f *Feature) ([]byte, error) { return json.Marshal(f, json.Deterministic(true)) }
