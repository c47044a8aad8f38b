package intake

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/event"
)

// geometryTypes are those of RFC 7946.
var geometryTypes = []string{"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}

// feature makes a node of a Feature, or of a geometry alone.
func (im *importer) feature(text jsontext.Value, usgs bool) error {
	if !text.IsValid() {
		return classify(text)
	}
	if text.Kind() != '{' {
		return refuse("type", "", "must be a Feature, an object")
	}
	all, err := membersOf(text)
	if err != nil {
		return err
	}
	kind, geometry, id := "", jsontext.Value("null"), jsontext.Value(nil)
	var properties []member
	for _, m := range all {
		switch m.name {
		case "type":
			kind = textOf(m.value)
		case "geometry":
			geometry = m.value
		case "id":
			id = m.value
		case "properties":
			switch m.value.Kind() {
			case '{':
				if properties, err = membersOf(m.value); err != nil {
					return err
				}
			case 'n':
			default:
				return refuse("type", "properties", "must be an object or null")
			}
		}
	}
	switch {
	case slices.Contains(geometryTypes, kind):
		geometry, properties, id = text, nil, nil
	case kind != "Feature":
		return refuse("type", "type", quote(kind)+" is neither Feature nor a geometry of GeoJSON")
	}
	properties = slices.DeleteFunc(properties, func(m member) bool { return m.value.Kind() == 'n' })
	f := feature{properties}
	return im.featureNode(f, geometry, id, usgs || f.isUSGS())
}

func (im *importer) featureNode(f feature, geometry, id jsontext.Value, usgs bool) error {
	where := surveyor{zoom: im.HomeZoom, setAside: usgs}
	at, err := where.survey(geometry)
	if err != nil {
		return err
	}
	timestamp, err := im.timeOf(f.text, false)
	if err != nil {
		return err
	}
	n := node{
		kind:      im.kindOf(f.first("node_type", "type", "category"), "feature"),
		layer:     im.layerOf(f.first("layer")),
		timestamp: timestamp,
		place:     at,
	}
	if where.depth != "" {
		f.add("depth_km", jsontext.Value(where.depth))
	}
	if k := id.Kind(); k == '"' || k == '0' {
		f.add("id", id)
	}
	n.properties = f.properties
	_, err = im.signNode(n)
	return nameNumber(err, f.properties)
}

// nameNumber names the property in a refusal for a number that no event may bear; the reader of events, which looks at
// numbers before anything else, does not.
func nameNumber(err error, properties []member) error {
	var refusal *event.Refusal
	if !errors.As(err, &refusal) || refusal.Rule != "number" || refusal.Field != "" {
		return err
	}
	for _, p := range properties {
		d := jsontext.NewDecoder(bytes.NewReader(p.value))
		for t, err := d.ReadToken(); err == nil; t, err = d.ReadToken() {
			if v, err := strconv.ParseFloat(t.String(), 64); t.Kind() == '0' && (err != nil || math.Abs(v) > 1<<53-1) {
				return refuse(refusal.Rule, "properties."+p.name+strings.ReplaceAll(string(d.StackPointer()), "/", "."), refusal.Message)
			}
		}
	}
	return err
}

// A feature's properties, none of them null.
type feature struct{ properties []member }

// add adds a property that the data does not have under that name.
func (f *feature) add(name string, value jsontext.Value) {
	if !slices.ContainsFunc(f.properties, func(m member) bool { return m.name == name }) {
		f.properties = append(f.properties, member{name, value})
	}
}

// text is the text of the first property of that name, which is in lower case while the data's may not be, if it is a
// string or a number.
func (f *feature) text(name string) string {
	for _, m := range f.properties {
		if strings.ToLower(m.name) != name {
			continue
		}
		switch m.value.Kind() {
		case '"':
			return textOf(m.value)
		case '0':
			return string(m.value)
		}
	}
	return ""
}

// first is the text of the first of these properties that is a string and not empty.
func (f *feature) first(names ...string) string {
	for _, name := range names {
		for _, m := range f.properties {
			if s := textOf(m.value); s != "" && strings.ToLower(m.name) == name {
				return s
			}
		}
	}
	return ""
}

// usgsHost is where the U.S. Geological Survey publishes earthquakes. Its feeds are GeoJSON but for one thing: the third
// coordinate is the depth in kilometres, positive downwards, where RFC 7946 (section 3.1.1) has the height in metres.
// See https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php.
const usgsHost = "://earthquake.usgs.gov/"

// isUSGS knows a feature of such a feed by its links, however it was taken out of the feed.
func (f *feature) isUSGS() bool {
	return strings.Contains(f.first("url"), usgsHost) || strings.Contains(f.first("detail"), usgsHost)
}

// isUSGS knows such a feed by its metadata.
func isUSGS(metadata jsontext.Value) bool {
	if metadata.Kind() != '{' || !metadata.IsValid() {
		return false
	}
	all, err := membersOf(metadata)
	f := feature{all}
	return err == nil && strings.Contains(f.first("url"), usgsHost)
}

// foreignCRS names a coordinate reference system other than WGS 84. RFC 7946 has no others, its predecessor of 2008 had
// a member crs, and files with it are about.
func foreignCRS(crs jsontext.Value) (name string, foreign bool) {
	if crs.Kind() != '{' || !crs.IsValid() {
		return "", false
	}
	all, err := membersOf(crs)
	for _, m := range all {
		if m.name == "properties" && m.value.Kind() == '{' {
			all, err = membersOf(m.value)
			name = (&feature{all}).first("name", "href")
		}
	}
	if err != nil || name == "" {
		return "", false
	}
	for _, same := range []string{"CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4979", "EPSG:4979"} {
		if strings.HasSuffix(strings.ToUpper(name), same) || strings.HasSuffix(strings.ToUpper(name), same+"H") {
			return "", false
		}
	}
	return name, true
}

// classify says why text is not JSON that an event may bear.
func classify(text jsontext.Value) error {
	if _, err := event.Canonicalize(text); err != nil {
		return err
	}
	return refuse("syntax", "", "not one JSON value")
}
