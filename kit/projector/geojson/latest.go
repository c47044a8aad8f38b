package geojson

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/canvas"
)

// Latest are the n things that changed last, the latest first: less work than Each where there are many.
func Latest(c *canvas.Canvas, want Filter, n int) []Feature {
	type thing struct {
		changed int64
		id      string
		node    *canvas.Node
		sensor  *canvas.Sensor
	}
	var things []thing
	text := strings.ToLower(want.Text)
	for _, at := range c.Tiles() {
		if want.Tile != nil && !want.Tile.Contains(at) {
			continue
		}
		c.Nodes(at, func(n *canvas.Node) {
			if want.Layer != "" && n.Layer != want.Layer || n.Deleted() || Target(c, n) != n || want.Bound != nil && !want.holds(geometryOf(c, n)) {
				return
			}
			// What it stands for speaks for it too.
			said, changed := says(n, text), changedAt(n)
			for _, id := range Aliases(c, n.ID) {
				alias := c.Node(id)
				said, changed = said || says(alias, text), max(changed, changedAt(alias))
			}
			if said {
				things = append(things, thing{changed, n.ID, n, nil})
			}
		})
		c.Sensors(at, func(s *canvas.Sensor) {
			if want.Layer != "" && s.Layer != want.Layer || text != "" && !contains(text, s.Name, s.Layer) {
				return
			}
			if geometry, _ := place(nil, nil, at); want.holds(geometry) {
				things = append(things, thing{s.Latest.Time, canvas.SensorID(s), nil, s})
			}
		})
	}
	slices.SortFunc(things, func(a, b thing) int {
		return cmp.Or(cmp.Compare(b.changed, a.changed), strings.Compare(a.id, b.id))
	})
	var features []Feature
	for _, t := range things[:min(n, len(things))] {
		if t.sensor != nil {
			features = append(features, Sensor(c, t.sensor))
		} else {
			features = append(features, AnyNode(c, t.node, want.Own...))
		}
	}
	return features
}

// changedAt is the time of the last write to a node.
func changedAt(n *canvas.Node) int64 {
	if last, ok := n.Changed(); ok {
		return last.Time
	}
	return n.Time
}

// says reports whether a node's layer, type or a property of text holds a text in small letters.
func says(n *canvas.Node, text string) bool {
	if text == "" || contains(text, n.Layer, n.Type) {
		return true
	}
	found := false
	n.Registers(canvas.PropertyPrefix, func(r canvas.Register) {
		if found || r.Drawn == nil || r.Drawn.Value == "" || r.Drawn.Value[0] != '"' {
			return
		}
		if s, err := jsontext.AppendUnquote(nil, r.Drawn.Value); err == nil {
			found = contains(text, string(s))
		}
	})
	return found
}

func contains(text string, in ...string) bool {
	return slices.ContainsFunc(in, func(s string) bool { return strings.Contains(strings.ToLower(s), text) })
}
