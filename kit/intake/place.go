package intake

import (
	"bytes"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// A place is where a node is: a position for a point, a geometry for all else, neither for what has no place, which
// lives in the tile of the whole world.
type place struct {
	position jsontext.Value
	geometry jsontext.Value
	tile     tile.Tile
	leaves   bool
}

func (p place) boundary() string {
	if p.leaves {
		return "boundary"
	}
	return "interior"
}

// A surveyor copies a geometry with its coordinates rounded, and learns where it lies. It keeps of RFC 7946 what an
// event may bear: no bbox, no foreign members, no fourth number of a position. What it copies is checked as an event
// afterwards; here only what cannot be copied is refused.
type surveyor struct {
	zoom    uint8
	located bool
	place   place
	// setAside keeps the third number of a Point out of the position, where it is no altitude: it is in depth then.
	setAside bool
	depth    string
}

// survey reads one geometry (valid JSON); null is no place.
func (s *surveyor) survey(geometry jsontext.Value) (place, error) {
	if geometry.Kind() == 'n' {
		return place{}, nil
	}
	kind, copied, err := s.geometry("geometry", geometry, true)
	if err != nil {
		return place{}, err
	}
	if kind == "Point" {
		s.place.position = copied
	} else {
		s.place.geometry = copied
	}
	return s.place, nil
}

// geometry copies one geometry; for a Point outside a collection it gives the bare position.
func (s *surveyor) geometry(field string, text jsontext.Value, top bool) (kind string, copied []byte, err error) {
	if text.Kind() != '{' {
		return "", nil, refuse("payload", field, "must be a GeoJSON geometry or null")
	}
	var coordinates, geometries jsontext.Value
	all, err := membersOf(text)
	if err != nil {
		return "", nil, err
	}
	for _, m := range all {
		switch m.name {
		case "type":
			kind = textOf(m.value)
		case "coordinates":
			coordinates = m.value
		case "geometries":
			geometries = m.value
		}
	}
	var o object
	o.text("type", kind)
	if kind == "GeometryCollection" && top {
		copied, err = s.collection(field+".geometries", geometries)
		if err != nil {
			return "", nil, err
		}
		o.value("geometries", copied)
		return kind, o.close(), nil
	}
	levels, ok := map[string]int{"Point": 1, "MultiPoint": 2, "LineString": 2, "MultiLineString": 3, "Polygon": 3, "MultiPolygon": 4}[kind]
	if !ok {
		return "", nil, refuse("payload", field+".type", quote(kind)+" is not a GeoJSON geometry that may stand here")
	}
	s.setAside = s.setAside && kind == "Point"
	copied, err = s.coordinates(jsontext.NewDecoder(bytes.NewReader(coordinates)), nil, field+".coordinates", levels)
	if err != nil || kind == "Point" && top {
		return kind, copied, err
	}
	o.value("coordinates", copied)
	return kind, o.close(), nil
}

func (s *surveyor) collection(field string, geometries jsontext.Value) ([]byte, error) {
	if geometries.Kind() != '[' {
		return nil, refuse("payload", field, "must be an array of geometries")
	}
	d := jsontext.NewDecoder(bytes.NewReader(geometries))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	out := []byte("[")
	for n := 0; d.PeekKind() != ']'; n++ {
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		_, copied, err := s.geometry(field+"["+strconv.Itoa(n)+"]", v, false)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out = append(out, ',')
		}
		out = append(out, copied...)
	}
	return append(out, ']'), nil
}

// coordinates copies an array of levels of nesting, the innermost of which is a position.
func (s *surveyor) coordinates(d *jsontext.Decoder, out []byte, field string, levels int) ([]byte, error) {
	if d.PeekKind() != '[' {
		return nil, refuse("payload", field, "must be an array")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if levels == 1 {
		return s.position(d, out, field)
	}
	out = append(out, '[')
	for n := 0; d.PeekKind() != ']'; n++ {
		if n > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = s.coordinates(d, out, field+"["+strconv.Itoa(n)+"]", levels-1); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return append(out, ']'), err
}

// position copies the rest of a position, whose bracket has been read.
func (s *surveyor) position(d *jsontext.Decoder, out []byte, field string) ([]byte, error) {
	var numbers []string
	for d.PeekKind() != ']' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		at := field + "[" + strconv.Itoa(len(numbers)) + "]"
		if t.Kind() != '0' {
			return nil, refuse("position", at, "must be a number")
		}
		number, refusal := coordinate(at, len(numbers), t.String())
		if refusal != nil && !(len(numbers) == 2 && s.setAside) {
			return nil, refusal
		}
		numbers = append(numbers, number)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if len(numbers) < 2 {
		return nil, refuse("position", field, "must have 2 or 3 numbers")
	}
	if len(numbers) > 2 && s.setAside {
		s.depth, numbers = numbers[2], numbers[:2]
	}
	s.visit(numbers[0], numbers[1])
	return appendPosition(out, numbers[:min(len(numbers), 3)]), nil
}

func appendPosition(out []byte, numbers []string) []byte {
	for i, n := range numbers {
		out = append(out, "[,,"[i])
		out = append(out, n...)
	}
	return append(out, ']')
}

// limits of a position's numbers, and what they are called.
var limits = []struct {
	magnitude float64
	name      string
}{{180, "longitude, ±180 degrees"}, {90, "latitude, ±90 degrees"}, {10_000_000, "altitude, ±10,000,000 m"}}

// coordinate gives number i of a position as an event may bear it; those behind the third are not looked at.
func coordinate(field string, i int, text string) (string, *event.Refusal) {
	rounded, ok := roundDecimal(text)
	if i >= len(limits) {
		return rounded, nil
	}
	if v, err := strconv.ParseFloat(rounded, 64); !ok || err != nil || math.Abs(v) > limits[i].magnitude {
		return "", refuse("position", field, quote(text)+" is no "+limits[i].name)
	}
	return rounded, nil
}

// visit notes the tile of one position: the first is the node's home. Two positions of one tile have all of the line
// between them in it, so the corners say whether a geometry leaves its tile.
func (s *surveyor) visit(lon, lat string) {
	x, _ := strconv.ParseFloat(lon, 64)
	y, _ := strconv.ParseFloat(lat, 64)
	at := tile.At(x, y, s.zoom)
	if !s.located {
		s.located, s.place.tile = true, at
	}
	s.place.leaves = s.place.leaves || at != s.place.tile
}

// membersOf takes a valid JSON object apart.
func membersOf(text jsontext.Value) ([]member, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var all []member
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		all = append(all, member{key, value.Clone()})
	}
	return all, nil
}

// textOf is the text of a JSON string, "" for other values.
func textOf(value jsontext.Value) string {
	if value.Kind() != '"' {
		return ""
	}
	b, err := jsontext.AppendUnquote(nil, []byte(value))
	if err != nil {
		return ""
	}
	return string(b)
}
