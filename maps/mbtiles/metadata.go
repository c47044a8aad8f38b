package mbtiles

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"fieldkit/maps/tile"

	"github.com/paulmach/orb"
)

// Limits on metadata. Names and texts end up on a map; past these lengths nobody wrote them to be read there.
const (
	maxMetadataRows  = 512
	maxTextBytes     = 4096
	maxVectorLayers  = 256
	maxLayerFields   = 512
	metadataMaxBytes = 4 << 20
)

// Metadata is what a pack says of itself. Fields that are absent or make no sense are zero.
type Metadata struct {
	Name, Description, Version string
	// Attribution is HTML by the specification, and untrusted.
	Attribution string
	// Type is "overlay" or "baselayer".
	Type string
	// MediaType is the type of the tiles once their encoding is undone.
	MediaType string
	// Bounds are degrees of WGS 84; nil where unknown.
	Bounds *orb.Bound
	// Center is where a map of the pack may open; nil where unknown.
	Center *Center
	// MinZoom and MaxZoom are from the metadata, else from the tiles.
	MinZoom, MaxZoom uint8
	// VectorLayers are those of the "json" row; none for images.
	VectorLayers []VectorLayer

	zoomsKnown bool
}

// Center is a position in degrees and a zoom.
type Center struct {
	Lon, Lat float64
	Zoom     uint8
}

// A VectorLayer describes a layer of vector tiles: its name and, for each attribute, what it is.
type VectorLayer struct {
	ID          string            `json:"id"`
	Description string            `json:"description,omitempty"`
	MinZoom     *uint8            `json:"minzoom,omitempty"`
	MaxZoom     *uint8            `json:"maxzoom,omitempty"`
	Fields      map[string]string `json:"fields"`
}

// Format returns the specification's word for the tiles: pbf, png, jpg or webp; else the media type.
func (m Metadata) Format() string {
	for word, mediaType := range formats {
		if mediaType == m.MediaType {
			return word
		}
	}
	return m.MediaType
}

// formats has one word for each type, so that Format does not depend on the order of a map.
var formats = map[string]string{"pbf": VectorTile, "png": PNG, "jpg": JPEG, "webp": WebP, "avif": AVIF, "gif": GIF}

// readMetadata returns the rows as text, the first of each name. What is too much is left out.
func readMetadata(ctx context.Context, db *sql.DB) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT coalesce(CAST(name AS TEXT), ''), coalesce(substr(CAST(value AS TEXT), 1, ?), '')
		FROM metadata LIMIT ?`, metadataMaxBytes, maxMetadataRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return out, err
		}
		if _, seen := out[name]; !seen {
			out[name] = value
		}
	}
	return out, rows.Err()
}

// parseMetadata reads the rows (MBTiles 1.3, "Metadata"), and reports what is missing or makes no sense.
func parseMetadata(rows map[string]string, report *report) Metadata {
	text := func(name string) string {
		value := rows[name]
		if !utf8.ValidString(value) {
			report.wrong("metadata."+name, "is not UTF-8")
			value = strings.ToValidUTF8(value, "�")
		}
		if len(value) > maxTextBytes {
			report.wrong("metadata."+name, "is %d bytes long; cut to %d", len(value), maxTextBytes)
			value = strings.ToValidUTF8(value[:maxTextBytes], "")
		}
		return strings.TrimSpace(value)
	}
	m := Metadata{
		Name: text("name"), Description: text("description"), Version: text("version"),
		Attribution: text("attribution"), Type: text("type"), MediaType: text("format"),
	}
	if m.Name == "" {
		report.wrong("metadata.name", "is absent; the specification asks for it")
	}
	if m.Attribution == "" {
		report.wrong("metadata.attribution", "is absent: the map cannot say whose data it shows")
	}
	m.parseZooms(rows, report)
	m.parseBounds(rows["bounds"], report)
	m.parseCenter(rows["center"], report)
	m.parseLayers(rows["json"], report)
	return m
}

func (m *Metadata) parseZooms(rows map[string]string, report *report) {
	read := func(name string) (uint8, bool) {
		value := strings.TrimSpace(rows[name])
		if value == "" {
			report.wrong("metadata."+name, "is absent; taken from the tiles")
			return 0, false
		}
		z, err := strconv.ParseFloat(value, 64)
		if err != nil || z != math.Trunc(z) || z < 0 || z > tile.MaxZoom {
			report.wrong("metadata."+name, "is %.40q, not a whole number from 0 to %d", value, tile.MaxZoom)
			return 0, false
		}
		return uint8(z), true
	}
	low, ok1 := read("minzoom")
	high, ok2 := read("maxzoom")
	switch {
	case !ok1 || !ok2:
	case low > high:
		report.wrong("metadata.minzoom", "is %d, more than maxzoom %d", low, high)
	default:
		m.MinZoom, m.MaxZoom, m.zoomsKnown = low, high, true
	}
}

func (m *Metadata) parseBounds(value string, report *report) {
	if strings.TrimSpace(value) == "" {
		return
	}
	n, ok := numbers(value, 4)
	if !ok {
		report.wrong("metadata.bounds", "is %.60q, not four numbers west,south,east,north", value)
		return
	}
	west, south, east, north := n[0], n[1], n[2], n[3]
	switch {
	case !isPosition(west, south) || !isPosition(east, north):
		report.wrong("metadata.bounds", "is out of range: %.60q; longitudes are within ±180, latitudes within ±90", value)
	case west > east || south > north:
		report.wrong("metadata.bounds", "is the wrong way round: %.60q; the order is west,south,east,north", value)
	default:
		m.Bounds = &orb.Bound{Min: orb.Point{west, south}, Max: orb.Point{east, north}}
	}
}

func (m *Metadata) parseCenter(value string, report *report) {
	if strings.TrimSpace(value) == "" {
		return
	}
	n, ok := numbers(value, 3)
	if !ok || !isPosition(n[0], n[1]) || n[2] < 0 || n[2] > tile.MaxZoom {
		report.wrong("metadata.center", "is %.60q, not longitude,latitude,zoom", value)
		return
	}
	m.Center = &Center{Lon: n[0], Lat: n[1], Zoom: uint8(n[2])}
}

// parseLayers reads the row "json", which vector tiles must have: a JSON object with the key vector_layers.
func (m *Metadata) parseLayers(value string, report *report) {
	if strings.TrimSpace(value) == "" {
		return
	}
	var row struct {
		Layers []struct {
			ID, Description  string
			MinZoom, MaxZoom *float64
			Fields           map[string]any
		} `json:"vector_layers"`
	}
	if err := json.Unmarshal([]byte(value), &row); err != nil {
		report.wrong("metadata.json", "is not the JSON it should be: %v", err)
		return
	}
	if len(row.Layers) > maxVectorLayers {
		report.wrong("metadata.json", "has %d vector_layers; cut to %d", len(row.Layers), maxVectorLayers)
		row.Layers = row.Layers[:maxVectorLayers]
	}
	for i, given := range row.Layers {
		if given.ID == "" || len(given.ID) > maxTextBytes || len(given.Fields) > maxLayerFields {
			report.wrong("metadata.json", "vector layer %d has no id, or its id or fields are too long; left out", i)
			continue
		}
		layer := VectorLayer{
			ID: given.ID, MinZoom: zoomOrNil(given.MinZoom), MaxZoom: zoomOrNil(given.MaxZoom), Fields: map[string]string{},
		}
		if len(given.Description) <= maxTextBytes {
			layer.Description = given.Description
		}
		for name, kind := range given.Fields {
			// TileJSON 3.0.0, 3.3.2: a description, which some writers give as another type; the name is what counts.
			layer.Fields[name], _ = kind.(string)
		}
		m.VectorLayers = append(m.VectorLayers, layer)
	}
}

func zoomOrNil(z *float64) *uint8 {
	if z == nil || *z < 0 || *z > tile.MaxZoom {
		return nil
	}
	whole := uint8(*z)
	return &whole
}

// numbers reads count finite numbers with commas between them.
func numbers(s string, count int) ([]float64, bool) {
	parts := strings.Split(s, ",")
	if len(parts) != count {
		return nil, false
	}
	out := make([]float64, count)
	for i, part := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

func isPosition(lon, lat float64) bool { return math.Abs(lon) <= 180 && math.Abs(lat) <= 90 }

// settleFormat compares the declared format with a tile of the pack, and believes the tile.
func (p *Pack) settleFormat(sample []byte, report *report) {
	declared := p.meta.MediaType
	mediaType, known := formats[declared]
	switch {
	case declared == "jpeg":
		mediaType, known = JPEG, true
	case !known && isServable(declared):
		mediaType = declared
	}
	actual := Sniff(sample)
	switch {
	case declared == "":
		report.wrong("metadata.format", "is absent; the tiles look like %s", orUnknown(actual))
	case mediaType == "":
		report.wrong("metadata.format", "is %.40q, which no map draws; the tiles look like %s", declared, orUnknown(actual))
	case sample == nil:
	case actual == "" && known:
		report.wrong("metadata.format", "says %s, but the first tile is not: it begins with % x", declared, sample[:min(len(sample), 8)])
	case actual != "" && actual != mediaType:
		report.wrong("metadata.format", "says %s, but the first tile is %s; served as what it is", declared, actual)
	}
	switch {
	case sample != nil && actual != "":
		p.meta.MediaType = actual
	case mediaType != "":
		p.meta.MediaType = mediaType
	default:
		p.meta.MediaType = Unknown
	}
	if p.meta.MediaType == VectorTile && len(p.meta.VectorLayers) == 0 {
		report.wrong("metadata.json", "names no vector_layers; the specification asks for them")
	}
	if p.meta.MediaType != VectorTile {
		p.meta.VectorLayers = nil
	}
}

// isServable admits the media types that a browser can only draw, never run: a pack must not put a page or a script on
// the kit's origin. SVG is a document with scripts.
func isServable(mediaType string) bool {
	subtype, ok := strings.CutPrefix(mediaType, "image/")
	return ok && subtype != "" && !strings.HasPrefix(subtype, "svg") && strings.Trim(subtype, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

func orUnknown(mediaType string) string {
	if mediaType == "" {
		return "nothing known"
	}
	return mediaType
}
