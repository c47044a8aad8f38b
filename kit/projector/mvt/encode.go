package mvt

import (
	"encoding/binary"
	"sync"

	"fieldkit/maps/tile"
)

// encoder writes the layers of a tile. Its buffers are used again for the next.
type encoder struct {
	at  tile.Tile
	out []byte

	features, feature, values, tags, geometry []byte
	keys                                      [keyCountOf]uint32 // of the layer, one more than the index; 0 where unused
	names                                     []byte
	used                                      uint32            // how many keys
	known                                     map[string]uint32 // values by their text, for those that come again
	n                                         uint32            // how many values
	coordinates                               coordinates
}

var encoders = sync.Pool{New: func() any { return &encoder{known: make(map[string]uint32)} }}

// Numbers of fields: sections 3 and 4 of the specification, vector_tile.proto.
const (
	tileLayers = 3<<3 | 2

	layerName     = 1<<3 | 2
	layerFeatures = 2<<3 | 2
	layerKeys     = 3<<3 | 2
	layerValues   = 4<<3 | 2
	layerExtent   = 5 << 3
	layerVersion  = 15 << 3

	featureID       = 1 << 3
	featureTags     = 2<<3 | 2
	featureType     = 3 << 3
	featureGeometry = 4<<3 | 2
)

// Types of geometry: section 4.3.4.
const (
	typePoint = 1 + iota
	typeLine
	typeArea
)

func (e *encoder) begin(at tile.Tile) { e.at, e.out = at, e.out[:0] }

func (e *encoder) layer(d *drawn) {
	e.features, e.values, e.names = e.features[:0], e.values[:0], e.names[:0]
	e.keys, e.used, e.n = [keyCountOf]uint32{}, 0, 0
	clear(e.known)
	for i := range d.shapes {
		e.shape(&d.shapes[i])
	}
	for _, t := range d.alone {
		e.alone(t)
	}
	for i := range d.clusters {
		e.cluster(d.name, &d.clusters[i])
	}
	if len(e.features) == 0 {
		return
	}
	extent, version := [3]byte{layerExtent}, [2]byte{layerVersion, 2}
	binary.PutUvarint(extent[1:], Extent)
	size := 1 + uvarintLen(uint64(len(d.name))) + len(d.name) + len(e.features) + len(e.names) + len(e.values) + len(extent) + len(version)
	e.out = binary.AppendUvarint(append(e.out, tileLayers), uint64(size))
	e.out = append(binary.AppendUvarint(append(e.out, layerName), uint64(len(d.name))), d.name...)
	e.out = append(append(append(e.out, e.features...), e.names...), e.values...)
	e.out = append(append(e.out, extent[:]...), version[:]...)
}

func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// pair adds a property. The text of a value that comes but once is not looked up among the others.
func (e *encoder) pair(key byte, value string, once bool) {
	if e.keys[key] == 0 {
		e.used++
		e.keys[key] = e.used
		name := keys[key]
		e.names = append(append(e.names, layerKeys, byte(len(name))), name...)
	}
	index, is := uint32(0), false
	if !once {
		index, is = e.known[value]
	}
	if !is {
		index = e.n
		e.n++
		e.values = append(binary.AppendUvarint(append(e.values, layerValues), uint64(len(value))), value...)
		if !once {
			e.known[value] = index
		}
	}
	e.tags = appendVarint(appendVarint(e.tags, e.keys[key]-1), index)
}

// appendVarint is binary.AppendUvarint, quicker for the small numbers of which tiles are made.
func appendVarint(b []byte, v uint32) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	if v < 1<<14 {
		return append(b, byte(v)|0x80, byte(v>>7))
	}
	return binary.AppendUvarint(b, uint64(v))
}

func (e *encoder) thing(t *Thing) {
	e.tags = e.tags[:0]
	for rest := t.tags; rest != ""; {
		key := rest[0]
		n, i := uint32(rest[1]), 2
		if n >= 0x80 { // values are shorter than 16 KiB: ids are of 128 characters, texts are shortened
			n, i = n&0x7f|uint32(rest[2])<<7, 3
		}
		value := rest[i : i+int(n)]
		rest = rest[i+int(n):]
		e.pair(key, value, key <= keyTitle)
	}
}

var (
	shapeValue   = string(textValue(nil, "shape"))
	signValue    = string(textValue(nil, "sign"))
	clusterValue = string(trueValue)
)

// alone writes the point of a thing.
func (e *encoder) alone(t *Thing) {
	e.thing(t)
	if len(t.shapes) > 0 {
		e.pair(keyPart, signValue, false)
	}
	e.point(t.x, t.y)
	e.write(t.hash<<2, typePoint)
}

func (e *encoder) cluster(layer string, c *cluster) {
	e.tags = e.tags[:0]
	e.pair(keyCluster, clusterValue, false)
	var value [16]byte
	whole := func(key byte, n int, always bool) {
		if n > 0 || always {
			e.pair(key, string(wholeValue(value[:0], uint64(n))), false)
		}
	}
	whole(keyCount, c.count, true)
	whole(keyHazards, c.hazards, true)
	whole(keySeverity, c.severity, false)
	if c.alarm > 0 {
		e.pair(keyAlarm, string(textValue(value[:0], alarms[c.alarm])), false)
	}
	if c.quake != nil {
		e.pair(keyKind, string(textValue(value[:0], "quake")), false)
		e.pair(keyMag, string(realValue(value[:0], c.quake.magnitude)), false)
	}
	whole(keyZoom, int(c.apart(e.at.Z)), false)
	west, south, east, north := c.bound()
	e.pair(keyWest, string(realValue(value[:0], west)), false)
	e.pair(keySouth, string(realValue(value[:0], south)), false)
	e.pair(keyEast, string(realValue(value[:0], east)), false)
	e.pair(keyNorth, string(realValue(value[:0], north)), false)
	e.point(c.x, c.y)
	e.write(c.id(seedOf(layer)), typePoint)
}

// seedOf is FNV-1a, so that clusters of several layers have several ids.
func seedOf(layer string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(layer) {
		h = (h ^ uint64(layer[i])) * 1099511628211
	}
	return h
}

func (e *encoder) point(x, y uint32) {
	e.geometry = append(e.geometry[:0], 1<<3|moveTo)
	e.geometry = appendVarint(appendVarint(e.geometry, zigzag(e.local(x, e.at.X))), zigzag(e.local(y, e.at.Y)))
}

// local is a coordinate in units of the tile; rounded down, so that no point leaves its tile.
func (e *encoder) local(v, tile uint32) int32 {
	if e.at.Z > 20 {
		return int32(uint64(v)<<(e.at.Z-20) - uint64(tile)*Extent)
	}
	return int32(uint64(v)>>(20-e.at.Z) - uint64(tile)*Extent)
}

func zigzag(v int32) uint32 { return uint32(v<<1) ^ uint32(v>>31) }

// write closes a feature whose tags and geometry stand.
func (e *encoder) write(id uint64, kind byte) {
	e.feature = binary.AppendUvarint(append(e.feature[:0], featureID), id)
	e.feature = append(appendVarint(append(e.feature, featureTags), uint32(len(e.tags))), e.tags...)
	e.feature = append(e.feature, featureType, kind, featureGeometry)
	e.feature = append(appendVarint(e.feature, uint32(len(e.geometry))), e.geometry...)
	e.features = append(appendVarint(append(e.features, layerFeatures), uint32(len(e.feature))), e.feature...)
}
