// Package mvt projects a canvas into vector tiles (Mapbox Vector Tile Specification 2.1; SPEC.md): a layer for each
// layer of the space, its things gathered into clusters where they lie close. It takes things as kit/projector/geojson
// draws them. It is pure; an Index may be read by several at once, but not while it is changed.
package mvt

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"fieldkit/kit/projector/geojson"
	"fieldkit/maps/tile"
)

// A Thing is what tiles show of a feature. It does not change.
type Thing struct {
	// ID is the feature's.
	ID    string
	Layer string
	// hash is 51 bits of SHA-256 of ID: with two more, an integer that every reader holds exactly.
	hash uint64
	// placed things have a point (x, y), in units of 2^-32 of the world's side from its north-west corner.
	placed bool
	x, y   uint32
	// tags are the properties: the key's number, the length of the value, the value as it stands in a tile.
	tags   string
	shapes []shape

	quake, danger   bool
	severity, alarm int
	magnitude       float64
}

// keys are the names of properties. What a tile says of itself (clusters) comes last.
var keys = [...]string{
	keyID: "id", keyTitle: "title", keyKind: "kind", keyType: "node_type", keySeverity: "severity", keyState: "state",
	keyDone: "done", keyMag: "mag", keyLevel: "level", keyReading: "reading", keyUnit: "unit", keyAlarm: "alarm",
	keyUncertain: "uncertain", keyDerived: "derived", keyDisputed: "disputed", keyPolicy: "policy", keyPart: "part",
	keyCluster: "cluster", keyCount: "count", keyHazards: "hazards", keyZoom: "zoom",
	keyWest: "west", keySouth: "south", keyEast: "east", keyNorth: "north",
}

const (
	keyID = iota
	keyTitle
	keyKind
	keyType
	keySeverity
	keyState
	keyDone
	keyMag
	keyLevel
	keyReading
	keyUnit
	keyAlarm
	keyUncertain
	keyDerived
	keyDisputed
	keyPolicy
	keyPart
	keyCluster
	keyCount
	keyHazards
	keyZoom
	keyWest
	keySouth
	keyEast
	keyNorth
	keyCountOf
)

// Fields are the properties of features, with their types as TileJSON has them.
func Fields() map[string]string {
	fields := make(map[string]string, len(keys))
	for key, name := range keys {
		switch key {
		case keySeverity, keyMag, keyLevel, keyReading, keyCount, keyHazards, keyZoom, keyWest, keySouth, keyEast, keyNorth:
			fields[name] = "Number"
		case keyDone, keyUncertain, keyDerived, keyDisputed, keyCluster:
			fields[name] = "Boolean"
		default:
			fields[name] = "String"
		}
	}
	return fields
}

// maxText is how much of a title or state a tile shows, in bytes.
const maxText = 200

// NewThing takes what tiles show from a feature. A feature without a place is a thing that is in no tile.
func NewThing(f *geojson.Feature) *Thing {
	p := &f.Properties
	sum := sha256.Sum256([]byte(f.ID))
	t := &Thing{ID: f.ID, Layer: p.Layer, hash: binary.BigEndian.Uint64(sum[:]) >> 13}
	t.place(f)
	kind, state := kindOf(p), state(p)
	done := finishedState.MatchString(state)
	severity := severity(p)
	t.quake = kind == "quake"
	var b tags
	b.text(keyID, f.ID)
	b.text(keyTitle, shorten(p.Title))
	b.text(keyKind, kind)
	if p.NodeType != "" {
		b.text(keyType, shorten(p.NodeType))
	}
	if severity > 0 {
		b.whole(keySeverity, severity)
	}
	if state != "" {
		b.text(keyState, shorten(state))
	}
	b.flag(keyDone, done)
	if t.quake {
		t.magnitude, _ = magnitude(p)
		b.real(keyMag, t.magnitude)
	}
	if level := warningLevel(p); level > 0 {
		b.whole(keyLevel, level)
	}
	if value, unit, alarm, ok := mainReading(p); ok {
		b.real(keyReading, value)
		if unit != "" {
			b.text(keyUnit, shorten(unit))
		}
		b.text(keyAlarm, alarms[alarm])
		t.alarm = alarm
	}
	b.flag(keyUncertain, p.TimeUncertain)
	b.flag(keyDerived, p.Authority == "derived")
	b.flag(keyDisputed, len(p.Others) > 0 || len(p.Claims) > 0)
	if p.Policy != "" && p.Policy != "public" {
		b.text(keyPolicy, shorten(p.Policy))
	}
	t.tags = string(b)
	if !done {
		t.severity = severity
		t.danger = kind == "hazard" || kind == "fire" || kind == "closure"
	}
	return t
}

// Tile is the tile of that zoom in which the thing's point lies; ok is false where it has no place.
func (t *Thing) Tile(z uint8) (at tile.Tile, ok bool) {
	return tileAt(t.x, t.y, z), t.placed
}

// Shaped reports whether lines or areas are drawn of the thing, beside its point.
func (t *Thing) Shaped() bool { return len(t.shapes) > 0 }

// In reports whether a tile shows something of the thing, or counts it.
func (t *Thing) In(at tile.Tile) bool {
	if t.placed && tileAt(t.x, t.y, at.Z) == at {
		return true
	}
	box := buffered(at)
	for i := range t.shapes {
		if box.Intersects(t.shapes[i].bound) {
			return true
		}
	}
	return false
}

// same reports whether nothing differs for a tile. Shapes are not compared.
func (t *Thing) same(o *Thing) bool {
	return t.Layer == o.Layer && t.placed == o.placed && t.x == o.x && t.y == o.y && t.tags == o.tags && len(t.shapes)+len(o.shapes) == 0
}

// tags gathers properties.
type tags []byte

func (b *tags) add(key int, value []byte) {
	*b = binary.AppendUvarint(append(*b, byte(key)), uint64(len(value)))
	*b = append(*b, value...)
}

func (b *tags) text(key int, s string) { b.add(key, textValue(nil, s)) }

func (b *tags) whole(key, n int) { b.add(key, wholeValue(nil, uint64(n))) }

func (b *tags) real(key int, v float64) { b.add(key, realValue(nil, v)) }

// flag says what is so; what is not goes without saying.
func (b *tags) flag(key int, yes bool) {
	if yes {
		b.add(key, trueValue)
	}
}

// Values of the specification's section 4.1: a message of one field.
func textValue(b []byte, s string) []byte {
	return append(binary.AppendUvarint(append(b, 1<<3|2), uint64(len(s))), s...)
}

func realValue(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(b, 3<<3|1), math.Float64bits(v))
}

func wholeValue(b []byte, n uint64) []byte { return binary.AppendUvarint(append(b, 5<<3), n) }

var trueValue = []byte{7 << 3, 1}

// shorten keeps tiles small; the whole text is the feature's.
func shorten(s string) string {
	if len(s) <= maxText {
		return s
	}
	cut := maxText
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
