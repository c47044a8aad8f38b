package intake

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// A member is one member of a JSON object: its name, and its value as JSON.
type member struct {
	name  string
	value jsontext.Value
}

// A node is what becomes a create_node.
type node struct {
	kind       string
	layer      string
	timestamp  int64
	place      place
	properties []member
}

// A reading is what becomes a sensor_reading. The event names no previous events: a sensor's register takes the greatest
// write alone (kit/SPEC.md, section 7).
type reading struct {
	node      string // its event id, "" for a sensor without a node
	layer     string
	tile      tile.Tile
	timestamp int64
	sensor    string
	value     jsontext.Value
	unit      string
}

// object is a JSON object being written.
type object []byte

func (o *object) value(name string, value []byte) {
	if len(*o) == 0 {
		*o = append(*o, '{')
	} else {
		*o = append(*o, ',')
	}
	*o = append(append(appendQuoted(*o, name), ':'), value...)
}

func (o *object) text(name, text string) { o.value(name, appendQuoted(nil, text)) }

func (o *object) close() []byte {
	if len(*o) == 0 {
		return []byte("{}")
	}
	return append(*o, '}')
}

// appendQuoted appends s as a JSON string. What is not UTF-8 has been refused before; it would be replaced here.
func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func (im *importer) signNode(n node) (id string, err error) {
	o := im.envelope(event.CreateNode, n.layer, n.timestamp, n.place.tile, n.place.boundary())
	o.text("node_type", n.kind)
	if n.place.position != nil {
		var transform object
		transform.value("position", n.place.position)
		o.value("transform", transform.close())
	}
	if n.place.geometry != nil {
		o.value("geometry", n.place.geometry)
	}
	if len(n.properties) > 0 {
		var properties object
		for _, p := range n.properties {
			properties.value(p.name, p.value)
		}
		o.value("properties", properties.close())
	}
	return im.signDraft(o)
}

func (im *importer) signReading(r reading) error {
	o := im.envelope(event.SensorReading, r.layer, r.timestamp, r.tile, "interior")
	if r.node != "" {
		o.text("node_id", r.node)
	}
	o.text("sensor", r.sensor)
	o.value("value", r.value)
	if r.unit != "" {
		o.text("unit", r.unit)
	}
	_, err := im.signDraft(o)
	return err
}

func (im *importer) signDraft(o object) (id string, err error) {
	id, err = im.sign(o.close())
	if err == nil {
		im.counts.Events++
	}
	return id, err
}

// envelope begins a draft with what all have in common.
func (im *importer) envelope(operation, layer string, timestamp int64, home tile.Tile, boundary string) object {
	var o, scope object
	o.text("space_id", im.Space)
	o.text("layer_id", layer)
	if im.Actor != "" {
		o.text("actor_id", im.Actor)
	}
	o.text("operation", operation)
	o.value("timestamp", strconv.AppendInt(nil, timestamp, 10))
	scope.text("realm", "public")
	scope.text("authority", "source")
	scope.text("boundary", boundary)
	scope.text("policy", "public")
	o.value("scope", scope.close())
	o.value("preserves_invariants", []byte(`["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"]`))
	o.value("previous_events", []byte("[]"))
	o.text("tile", home.String())
	return o
}

// layerOf is Options.Layer, else what the data says where that can be a layer's name, else DefaultLayer. The space log
// cannot be named by data: it begins with a dot.
func (im *importer) layerOf(fromData string) string {
	switch {
	case im.Layer != "":
		return im.Layer
	case event.ValidName(fromData):
		return fromData
	}
	return DefaultLayer
}

// kindOf is Options.NodeType, else what the data says, else fallback.
func (im *importer) kindOf(fromData, fallback string) string {
	switch {
	case im.NodeType != "":
		return im.NodeType
	case fromData != "":
		return fromData
	}
	return fallback
}
