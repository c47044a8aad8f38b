package event

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"fieldkit/maps/tile"
)

// Payload is what an operation says, SPEC.md section 5. A field that the operation does not use is zero, whatever the
// event bears under that name. Raw JSON is canonical; "" where absent.
type Payload struct {
	// Node is node_id; for create_node "" unless the event wrongly bears one (BearsNode).
	Node      string
	BearsNode bool
	NodeType  string
	// Position is raw JSON, as are the next two.
	Position, Rotation, Scale string
	// Properties is a raw JSON object, each name a register.
	Properties string
	// Geometry is raw GeoJSON, or null where it is cleared.
	Geometry string
	// Media is a raw JSON object or null; Slot is where it belongs.
	Media, Slot string
	ToNode      string
	ToTile      tile.Tile
	LinkType    string
	// Links are the ids of the links that unlink_nodes removes.
	Links    []string
	IntoNode string
	IntoTile tile.Tile
	Sensor   string
	// Value is a reading, raw JSON.
	Value, Unit string
}

// Limits of payloads.
const (
	maxProperties = 256
	maxUnlinks    = 64
	maxUnit       = 32
	maxMediaBytes = 1 << 40
)

// The operations with a payload of their own. Others are kept and relayed without effect.
const (
	CreateNode      = "create_node"
	UpdateTransform = "update_transform"
	SetProperties   = "set_properties"
	SetGeometry     = "set_geometry"
	SetMedia        = "set_media"
	LinkNodes       = "link_nodes"
	UnlinkNodes     = "unlink_nodes"
	DeleteNode      = "delete_node"
	Merge           = "merge"
	SensorReading   = "sensor_reading"
	SetPhysics      = "set_physics"
	PhysicsStep     = "physics_step"
	MacroPrefix     = "macro."
)

func (r *raw) keepPayload(m member) {
	switch m.name {
	case "node_id":
		r.node = m.value
	case "node_type":
		r.nodeType = m.value
	case "transform":
		r.transform = m.value
	case "properties":
		r.properties = m.value
	case "geometry":
		r.geometry = m.value
	case "media":
		r.media = m.value
	case "slot":
		r.slot = m.value
	case "to_node":
		r.toNode = m.value
	case "to_tile":
		r.toTile = m.value
	case "link_type":
		r.linkType = m.value
	case "links":
		r.links = m.value
	case "into_node":
		r.intoNode = m.value
	case "into_tile":
		r.intoTile = m.value
	case "sensor":
		r.sensor = m.value
	case "value":
		r.value = m.value
	case "unit":
		r.unit = m.value
	case "physics":
		r.physics = m.value
	case "params":
		r.params = m.value
	}
}

// payload reads what the operation says. That an operation on a node names one is scope's rule (consistency), so an
// absent node_id passes here.
func (e *Event) payload(r *raw) *Refusal {
	p := &e.Payload
	switch e.Operation {
	case CreateNode:
		return first(p.readNode(r), p.readNodeType(r), p.readTransform(r, false), p.readProperties(r, false), p.readGeometry(r, false))
	case UpdateTransform:
		return first(p.readNode(r), p.readTransform(r, true))
	case SetProperties:
		return first(p.readNode(r), p.readProperties(r, true))
	case SetGeometry:
		return first(p.readNode(r), p.readGeometry(r, true))
	case SetMedia:
		return first(p.readNode(r), p.readMedia(r))
	case LinkNodes:
		return first(p.readNode(r), p.readLink(r, e.Tile))
	case UnlinkNodes:
		return first(p.readNode(r), p.readUnlink(r))
	case DeleteNode:
		return p.readNode(r)
	case Merge:
		return first(p.readNode(r), p.readMerge(r, e.Tile))
	case SensorReading:
		return first(p.readNode(r), p.readReading(r))
	case SetPhysics:
		return first(p.readNode(r), object("physics", r.physics, true))
	case PhysicsStep:
		return first(p.readNode(r), object("physics", r.physics, false))
	}
	if strings.HasPrefix(e.Operation, MacroPrefix) {
		return object("params", r.params, false)
	}
	return nil
}

func first(refusals ...*Refusal) *Refusal {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}

func object(field, value string, required bool) *Refusal {
	if value == "" && !required {
		return nil
	}
	if !isObject(value) {
		return refuse("payload", field, "must be an object")
	}
	return nil
}

func readID(field, value string, into *string) *Refusal {
	if !isString(value) {
		return refuse("payload", field, "must be an event id")
	}
	if *into = unquote(value); !ValidID(*into) {
		return refuse("payload", field, "is not an event id")
	}
	return nil
}

func readText(field, value string, into *string) *Refusal {
	if !isString(value) {
		return refuse("payload", field, "must be a string")
	}
	*into = unquote(value)
	return checkName("payload", field, *into)
}

func readTile(field, value string, into *tile.Tile) *Refusal {
	if value == "" {
		return nil
	}
	if !isString(value) {
		return refuse("payload", field, "must be a tile, as z14/x8624/y5740")
	}
	t, err := tile.Parse(unquote(value))
	if err != nil {
		return refuse("payload", field, err.Error())
	}
	*into = t
	return nil
}

func (p *Payload) readNode(r *raw) *Refusal {
	if r.node == "" {
		return nil
	}
	p.BearsNode = true
	return readID("node_id", r.node, &p.Node)
}

func (p *Payload) readNodeType(r *raw) *Refusal {
	if r.nodeType == "" {
		return nil
	}
	return readText("node_type", r.nodeType, &p.NodeType)
}

func (p *Payload) readProperties(r *raw, required bool) (refusal *Refusal) {
	if r.properties == "" && !required {
		return nil
	}
	if !isObject(r.properties) {
		return refuse("payload", "properties", "must be an object")
	}
	p.Properties = r.properties
	n := 0
	members(r.properties, func(m member) bool {
		if n++; n > maxProperties {
			refusal = refuse("payload", "properties", "more than 256 names")
		} else if refusal = checkName("payload", "", m.name); refusal != nil {
			refusal.Field = "properties." + printable(m.name)
		}
		return refusal == nil
	})
	if refusal == nil && n == 0 && required {
		return refuse("payload", "properties", "names nothing")
	}
	return refusal
}

func (p *Payload) readMedia(r *raw) (refusal *Refusal) {
	p.Slot = "photo"
	if r.slot != "" {
		if refusal := readText("slot", r.slot, &p.Slot); refusal != nil {
			return refusal
		}
	}
	if p.Media = r.media; p.Media == "null" {
		return nil
	}
	if !isObject(p.Media) {
		return refuse("payload", "media", "must be an object with hash, type and size, or null")
	}
	var hash, kind, size string
	members(p.Media, func(m member) bool {
		switch m.name {
		case "hash":
			hash = m.value
		case "type":
			kind = m.value
		case "size":
			size = m.value
		}
		return true
	})
	if !isString(hash) || !validHash(unquote(hash)) {
		return refuse("payload", "media.hash", "must be sha256: and 64 lower-case hex digits")
	}
	if !isString(kind) || !validMediaType(unquote(kind)) {
		return refuse("payload", "media.type", "must be a media type, as image/jpeg")
	}
	if n, ok := integer(size); !ok || n < 0 || n > maxMediaBytes {
		return refuse("payload", "media.size", "must be a whole number of bytes, at most 2^40")
	}
	return nil
}

func validHash(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}

func validMediaType(s string) bool {
	kind, sub, ok := strings.Cut(s, "/")
	if !ok || kind == "" || sub == "" || len(s) > 128 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !alphanumeric(c) && !strings.ContainsRune("!#$&-^_.+", rune(c)) && i != len(kind) {
			return false
		}
	}
	return true
}

func (p *Payload) readLink(r *raw, home tile.Tile) *Refusal {
	p.ToTile = home
	if r.linkType != "" {
		if refusal := readText("link_type", r.linkType, &p.LinkType); refusal != nil {
			return refusal
		}
	}
	return first(readID("to_node", r.toNode, &p.ToNode), readTile("to_tile", r.toTile, &p.ToTile))
}

func (p *Payload) readUnlink(r *raw) (refusal *Refusal) {
	if p.Links, refusal = stringList("payload", "links", r.links, maxUnlinks); refusal != nil {
		refusal.Rule = "payload"
		return refusal
	}
	if len(p.Links) == 0 {
		return refuse("payload", "links", "names nothing")
	}
	for i, id := range p.Links {
		if !ValidID(id) {
			return refuse("payload", "links["+strconv.Itoa(i)+"]", "is not an event id")
		}
	}
	return nil
}

func (p *Payload) readMerge(r *raw, home tile.Tile) *Refusal {
	p.IntoTile = home
	return first(readID("into_node", r.intoNode, &p.IntoNode), readTile("into_tile", r.intoTile, &p.IntoTile))
}

func (p *Payload) readReading(r *raw) *Refusal {
	if refusal := readText("sensor", r.sensor, &p.Sensor); refusal != nil {
		return refusal
	}
	if p.Value = r.value; !isNumber(p.Value) && !isString(p.Value) && p.Value != "true" && p.Value != "false" {
		return refuse("payload", "value", "must be a number, a string or a boolean")
	}
	if r.unit == "" {
		return nil
	}
	if !isString(r.unit) {
		return refuse("payload", "unit", "must be a string")
	}
	if p.Unit = unquote(r.unit); p.Unit == "" || utf8.RuneCountInString(p.Unit) > maxUnit {
		return refuse("payload", "unit", "must be 1 to 32 characters")
	}
	return checkName("payload", "unit", p.Unit)
}

// EachProperty calls yield for each name and canonical JSON value of Properties, in canonical order.
func (p *Payload) EachProperty(yield func(name, value string) bool) {
	if p.Properties != "" {
		members(p.Properties, func(m member) bool { return yield(m.name, m.value) })
	}
}
