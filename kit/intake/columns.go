package intake

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// columnNames are the headers, in lower case, by which the columns with a meaning are found, the best first.
var columnNames = struct{ lon, lat, altitude, wkt, kind, layer, sensor, value, unit []string }{
	lon:      []string{"lon", "lng", "long", "longitude", "x"},
	lat:      []string{"lat", "latitude", "y"},
	altitude: []string{"alt", "altitude", "ele", "elevation", "z"},
	wkt:      []string{"wkt", "geometry", "geom", "the_geom"},
	kind:     []string{"node_type", "type", "category"},
	layer:    []string{"layer", "layer_id"},
	sensor:   []string{"sensor"},
	value:    []string{"value"},
	unit:     []string{"unit", "units"},
}

// columns are the header of a CSV file: where what stands, -1 where it does not.
type columns struct {
	lon, lat, altitude, wkt, kind, layer, sensor, value, unit int
	// names are those under which the other columns become properties, "" for the columns above.
	names []string
	// headers are as they stand in the file.
	headers []string
}

// readColumns finds the columns by their headers. What Options say for all rows is not looked for: such a column is a
// property like any other.
func readColumns(header []string, o Options) columns {
	c := columns{names: make([]string, len(header)), headers: make([]string, len(header))}
	lower := make([]string, len(header))
	for i, h := range header {
		c.headers[i] = strings.TrimSpace(h)
		lower[i] = strings.ToLower(c.headers[i])
	}
	var taken []int
	find := func(names []string) int {
		for _, name := range names {
			if i := slices.Index(lower, name); i >= 0 {
				taken = append(taken, i)
				return i
			}
		}
		return -1
	}
	c.lon, c.lat, c.altitude = find(columnNames.lon), find(columnNames.lat), find(columnNames.altitude)
	if c.lon < 0 || c.lat < 0 {
		// Half a position is none, and x, y or z alone may be anything.
		c.lon, c.lat, c.altitude, taken = -1, -1, -1, nil
	}
	c.wkt, c.kind, c.layer = find(columnNames.wkt), -1, -1
	if o.NodeType == "" {
		c.kind = find(columnNames.kind)
	}
	if o.Layer == "" {
		c.layer = find(columnNames.layer)
	}
	c.sensor, c.value, c.unit = find(columnNames.sensor), find(columnNames.value), find(columnNames.unit)
	if c.sensor < 0 || c.value < 0 {
		taken = slices.DeleteFunc(taken, func(i int) bool { return i == c.sensor || i == c.value || i == c.unit })
		c.sensor, c.value, c.unit = -1, -1, -1
	}
	c.nameOthers(lower, taken, strings.ToLower(o.TimeField))
	return c
}

// nameOthers names the properties: by the header, name and title in lower case, as views look for them; a column
// without header by its number, a header's second column by a number behind it.
func (c *columns) nameOthers(lower []string, taken []int, timeField string) {
	for i, name := range c.headers {
		switch {
		case slices.Contains(taken, i), timeField != "" && lower[i] == timeField, timeField == "" && slices.Contains(timeFields, lower[i]):
			continue
		case lower[i] == "name" || lower[i] == "title":
			name = lower[i]
		case name == "":
			name = "column " + strconv.Itoa(i+1)
		}
		unique := name
		for n := 2; slices.Contains(c.names[:i], unique); n++ {
			unique = name + " " + strconv.Itoa(n)
		}
		c.names[i] = unique
	}
}

// sniffComma tells the separator by the header: the candidate that stands in it most often, outside quotes.
func sniffComma(header []byte) byte {
	counts := map[byte]int{}
	quoted := false
	for _, c := range bytes.TrimPrefix(header, byteOrderMark) {
		switch {
		case c == '"':
			quoted = !quoted
		case !quoted:
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}
