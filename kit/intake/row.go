package intake

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// A table is a CSV file being read.
type table struct {
	*importer
	columns
	// decimalComma takes 47,14 for a number: where the comma does not separate fields, it may separate decimals.
	decimalComma bool
	stations     map[station]stationNode
}

// A station is what readings have in common: its layer, name and place.
type station struct{ layer, name, place string }

type stationNode struct {
	id   string
	tile tile.Tile
}

// A row gives one node, or where it has a sensor one reading, and the first of a station that station's node too.
func (t *table) row(fields []string) error {
	if refusal := checkText(fields, t.headers); refusal != nil {
		return refusal
	}
	if len(fields) < len(t.headers) || strings.Join(fields[len(t.headers):], "") != "" {
		return refuse("syntax", "", "has "+strconv.Itoa(len(fields))+" fields, the header "+strconv.Itoa(len(t.headers)))
	}
	cell := func(column int) string {
		if column < 0 {
			return ""
		}
		return fields[column]
	}
	isReading := cell(t.sensor) != ""
	at, err := t.place(cell)
	if err != nil {
		return err
	}
	timestamp, err := t.timeOf(func(name string) string {
		i := slices.IndexFunc(t.headers, func(h string) bool { return strings.ToLower(h) == name })
		return cell(i)
	}, isReading)
	if err != nil {
		return err
	}
	layer := cell(t.layer)
	if layer != "" && !event.ValidName(layer) {
		return refuse("name", t.headers[t.columns.layer], quote(layer)+" is no layer: 1 to 128 of A-Z a-z 0-9 . _ -, not beginning with . or -")
	}
	n := node{layer: t.layerOf(layer), timestamp: timestamp, place: at}
	name := ""
	for i, property := range t.names {
		if property == "" || fields[i] == "" {
			continue
		}
		value := cellValue(fields[i])
		if property == "name" || property == "title" {
			// A name that looks like a number is a name.
			value = appendQuoted(nil, fields[i])
			name = fields[i]
		}
		n.properties = append(n.properties, member{property, value})
	}
	if !isReading {
		n.kind = t.kindOf(cell(t.kind), "feature")
		_, err := t.signNode(n)
		return err
	}
	value, err := t.readingValue(cell(t.value))
	if err != nil {
		return err
	}
	n.kind = t.kindOf(cell(t.kind), "sensor")
	s, err := t.stationOf(n, name)
	if err != nil {
		return err
	}
	return t.signReading(reading{
		node: s.id, layer: n.layer, tile: s.tile, timestamp: timestamp,
		sensor: cell(t.sensor), value: value, unit: cell(t.unit),
	})
}

// stationOf finds the node of a reading, or makes it of the first row. Without name and place there is none: the
// reading is its actor's sensor.
func (t *table) stationOf(n node, name string) (stationNode, error) {
	key := station{n.layer, name, string(n.place.position) + string(n.place.geometry)}
	if key.name == "" && key.place == "" {
		return stationNode{}, nil
	}
	if s, ok := t.stations[key]; ok {
		return s, nil
	}
	id, err := t.signNode(n)
	if err != nil {
		return stationNode{}, err
	}
	s := stationNode{id, n.place.tile}
	t.stations[key] = s
	return s, nil
}

// place reads a row's WKT, else its longitude and latitude; a row with neither has no place.
func (t *table) place(cell func(int) string) (place, error) {
	where := surveyor{zoom: t.HomeZoom}
	if text := cell(t.wkt); text != "" {
		geometry, err := parseWKT(text)
		if err != nil {
			return place{}, refuse("payload", t.headers[t.wkt], err.Error())
		}
		return where.survey(geometry)
	}
	if cell(t.lon) == "" && cell(t.lat) == "" {
		return place{}, nil
	}
	columns := []int{t.lon, t.lat}
	if cell(t.altitude) != "" {
		columns = append(columns, t.altitude)
	}
	var numbers []string
	for i, column := range columns {
		number, refusal := coordinate(t.headers[column], i, t.point(cell(column)))
		if refusal != nil {
			return place{}, refusal
		}
		numbers = append(numbers, number)
	}
	where.visit(numbers[0], numbers[1])
	where.place.position = appendPosition(nil, numbers)
	return where.place, nil
}

// point gives a number its decimal point, where the file may have written a comma.
func (t *table) point(text string) string {
	if t.decimalComma && strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
		return strings.Replace(text, ",", ".", 1)
	}
	return text
}

// readingValue is a reading as JSON: a number, true or false, or text.
func (t *table) readingValue(text string) (jsontext.Value, error) {
	if text == "" {
		return nil, refuse("payload", t.headers[t.value], "is empty")
	}
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case "nan", "inf", "infinity":
		return nil, refuse("number", t.headers[t.value], quote(text)+" is not a number")
	}
	return cellValue(t.point(text)), nil
}

// cellValue is a cell as JSON: numbers and truth values as such, all else as text.
func cellValue(text string) jsontext.Value {
	if isJSONNumber(text) || text == "true" || text == "false" {
		return jsontext.Value(text)
	}
	return appendQuoted(nil, text)
}

// checkText refuses text that is not UTF-8, by its column's header.
func checkText(fields, headers []string) *event.Refusal {
	for i, f := range fields {
		if !utf8.ValidString(f) {
			field := ""
			if i < len(headers) {
				field = headers[i]
			}
			return refuse("utf8", field, "is not UTF-8; save the file as UTF-8")
		}
	}
	return nil
}
