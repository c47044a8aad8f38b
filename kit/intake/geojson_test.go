package intake

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

func feature1(members string) string { return `{"type":"Feature",` + members + `}` }

func collection(features ...string) string {
	return `{"type":"FeatureCollection","features":[` + strings.Join(features, ",\n") + `]}`
}

const somewhere = `"geometry":{"type":"Point","coordinates":[9.5,47.1]}`

func TestGeoJSONFile(t *testing.T) {
	text, err := os.ReadFile("testdata/hut.geojson")
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, GeoJSON, string(text), options())
	if got.err != nil || len(got.events) != 4 || len(got.refused) > 0 {
		t.Fatalf("%d events, %v, %v", len(got.events), got.refused, got.err)
	}
	hut, trail, field, unplaced := got.events[0], got.events[1], got.events[2], got.events[3]
	if hut.Position != "[9.5512346,47.0891235,1964.5]" || hut.Geometry != "" || hut.NodeType != "feature" || hut.Layer != "import" || hut.Timestamp != 1781159400 {
		t.Errorf("hut: %s", hut.Text)
	}
	if want := `{"beds":80,"contact":{"phone":"+423 263 36 79","web":null},"id":"way/5","name":"Pfälzerhütte","time":"2026-06-11T08:30:00+02:00"}`; hut.Properties != want {
		t.Errorf("hut: %s", hut.Properties)
	}
	if trail.Geometry != `{"coordinates":[[9.5,47.1],[9.6,47.2]],"type":"LineString"}` || trail.Position != "" || trail.Layer != "trails" || trail.NodeType != "path" || trail.Scope.Boundary != "boundary" {
		t.Errorf("trail: %s", trail.Text)
	}
	if field.Scope.Boundary != "interior" || field.Properties != "" || strings.Contains(field.Geometry, "bbox") {
		t.Errorf("field: %s", field.Text)
	}
	if unplaced.Tile != (tile.Tile{}) || unplaced.Position != "" || unplaced.Geometry != "" {
		t.Errorf("without a place: %s", unplaced.Text)
	}
	if s := hut.Scope; s != (event.Scope{Realm: "public", Authority: "source", Boundary: "interior", Policy: "public"}) {
		t.Errorf("scope %+v", s)
	}
}

func TestGeoJSONForms(t *testing.T) {
	f := feature1(somewhere + `,"properties":{"name":"a"}`)
	g := feature1(somewhere + `,"properties":{"name":"b"}`)
	for name, c := range map[string]struct {
		text   string
		events int
	}{
		"collection":                    {collection(f, g), 2},
		"empty collection":              {collection(), 0},
		"type behind the features":      {`{"features":[` + f + `],"type":"FeatureCollection"}`, 1},
		"byte order mark":               {"\xef\xbb\xbf" + collection(f), 1},
		"feature":                       {f, 1},
		"geometry":                      {`{"type":"Point","coordinates":[9,47]}`, 1},
		"lines":                         {f + "\n" + g + "\n", 2},
		"lines, CR LF, blanks":          {f + "\r\n\r\n" + g, 2},
		"sequence":                      {"\x1e" + f + "\n\x1e" + g + "\n", 2},
		"sequence over several lines":   {"\x1e{\n" + f[1:] + "\n\x1e{\n" + g[1:] + "\n", 2},
		"one behind the other":          {f + g, 2},
		"two collections":               {collection(f) + collection(g), 2},
		"a property called features":    {feature1(somewhere + `,"properties":{"features":["wc"]}`), 1},
		"collection of one pretty line": {"{\"type\":\"FeatureCollection\",\"features\":[\n" + f + "\n]}", 1},
	} {
		got := read(t, GeoJSON, c.text, options())
		if got.err != nil || len(got.events) != c.events || len(got.refused) > 0 {
			t.Errorf("%s: %d events, %v, %v", name, len(got.events), got.refused, got.err)
		}
	}
}

// A broken item is refused with its number and the rule, and those around it are taken.
func TestGeoJSONBrokenItems(t *testing.T) {
	good := feature1(somewhere)
	many := make([]string, 257)
	for i := range many {
		many[i] = strconv.Quote("p"+strconv.Itoa(i)) + ":1"
	}
	for name, c := range map[string]struct{ text, want string }{
		"NaN":                {feature1(somewhere + `,"properties":{"mag":NaN}`), "2 properties.mag syntax"},
		"1e400":              {feature1(somewhere + `,"properties":{"mag":1e400}`), "2 properties.mag number"},
		"a long integer":     {feature1(somewhere + `,"properties":{"a":[{"b":9007199254740993}]}`), "2 properties.a.0.b number"},
		"twice one name":     {feature1(somewhere + `,"properties":{"a":1,"a":2}`), "2 properties.a duplicate_key"},
		"not UTF-8":          {feature1(somewhere + `,"properties":{"a":"` + "\xff" + `"}`), "2 utf8"},
		"lone surrogate":     {feature1(somewhere + `,"properties":{"a":"\ud800"}`), "2 properties.a utf8"},
		"trailing comma":     {feature1(somewhere + `,"properties":{"a":1,}`), "2 properties syntax"},
		"a long name":        {feature1(somewhere + `,"properties":{"` + strings.Repeat("é", 129) + `":1}`), "2 properties." + strings.Repeat("é", 29) + "… payload"},
		"an empty name":      {feature1(somewhere + `,"properties":{"":1}`), "2 properties. payload"},
		"257 properties":     {feature1(somewhere + `,"properties":{` + strings.Join(many, ",") + `}`), "2 properties payload"},
		"a long type":        {feature1(somewhere + `,"properties":{"type":"` + strings.Repeat("x", 129) + `"}`), "2 node_type payload"},
		"over 16 KiB":        {feature1(somewhere + `,"properties":{"a":"` + strings.Repeat("x", 17_000) + `"}`), "2 size"},
		"over 64 KiB":        {feature1(somewhere + `,"properties":{"a":"` + strings.Repeat("x", 70_000) + `"}`), "2 size"},
		"over 2 MiB":         {feature1(somewhere + `,"properties":{"a":"` + strings.Repeat("x", maxItem) + `"}`), "2 size"},
		"nested too deep":    {feature1(somewhere + `,"properties":{"a":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`), "2 depth"},
		"properties a list":  {feature1(somewhere + `,"properties":[1]`), "2 properties type"},
		"null":               {`null`, "2 type"},
		"a number":           {`17`, "2 type"},
		"no type":            {`{}`, "2 type type"},
		"a topology":         {`{"type":"Topology","objects":{}}`, "2 type type"},
		"longitude 181":      {feature1(`"geometry":{"type":"Point","coordinates":[181,47]}`), "2 geometry.coordinates[0] position"},
		"latitude 91":        {feature1(`"geometry":{"type":"Point","coordinates":[9,-90.00001]}`), "2 geometry.coordinates[1] position"},
		"altitude":           {feature1(`"geometry":{"type":"Point","coordinates":[9,47,1e8]}`), "2 geometry.coordinates[2] position"},
		"one coordinate":     {feature1(`"geometry":{"type":"Point","coordinates":[9]}`), "2 geometry.coordinates position"},
		"no coordinate":      {feature1(`"geometry":{"type":"Point","coordinates":[]}`), "2 geometry.coordinates position"},
		"text coordinate":    {feature1(`"geometry":{"type":"Point","coordinates":["9","47"]}`), "2 geometry.coordinates[0] position"},
		"null coordinate":    {feature1(`"geometry":{"type":"Point","coordinates":[9,null]}`), "2 geometry.coordinates[1] position"},
		"coordinates absent": {feature1(`"geometry":{"type":"Point"}`), "2 geometry.coordinates payload"},
		"a point as a line":  {feature1(`"geometry":{"type":"LineString","coordinates":[9,47]}`), "2 geometry.coordinates[0] payload"},
		"a line as a point":  {feature1(`"geometry":{"type":"Point","coordinates":[[9,47],[9,48]]}`), "2 geometry.coordinates[0] position"},
		"a line of one":      {feature1(`"geometry":{"type":"LineString","coordinates":[[9,47]]}`), "2 geometry.coordinates payload"},
		"an open ring":       {feature1(`"geometry":{"type":"Polygon","coordinates":[[[9,47],[9,48],[8,48],[9,47.1]]]}`), "2 geometry.coordinates[0] payload"},
		"an empty polygon":   {feature1(`"geometry":{"type":"Polygon","coordinates":[]}`), "2 geometry.coordinates payload"},
		"a circle":           {feature1(`"geometry":{"type":"Circle","coordinates":[9,47]}`), "2 geometry.type payload"},
		"geometry as text":   {feature1(`"geometry":"POINT(9 47)"`), "2 geometry payload"},
		"an empty set":       {feature1(`"geometry":{"type":"GeometryCollection","geometries":[]}`), "2 geometry.geometries payload"},
		"a set of sets":      {feature1(`"geometry":{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection","geometries":[]}]}`), "2 geometry.geometries[0].type payload"},
		"a broken set":       {feature1(`"geometry":{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[9,47]},{"type":"Point","coordinates":[9,470]}]}`), "2 geometry.geometries[1].coordinates[1] position"},
	} {
		for form, text := range map[string]string{
			"collection": collection(good, c.text, good),
			"lines":      good + "\n" + c.text + "\n" + good + "\n",
		} {
			got := read(t, GeoJSON, text, options())
			if r := refusals(got.refused); got.err != nil || len(got.events) != 2 || !slices.Equal(r, []string{c.want}) {
				t.Errorf("%s, %s: %d events, refused %q, want %q, %v", name, form, len(got.events), r, c.want, got.err)
			}
			if len(got.refused) == 1 && (got.refused[0].Line != 2 || len(got.refused[0].Message) < 10 || len(got.refused[0].Message) > 300) {
				t.Errorf("%s, %s: line %d, message %q", name, form, got.refused[0].Line, got.refused[0].Message)
			}
		}
	}
}

// A file that is broken as a whole gives what came before, and says where it breaks.
func TestGeoJSONBrokenFiles(t *testing.T) {
	good := feature1(somewhere)
	for name, c := range map[string]struct {
		text   string
		events int
		want   string
	}{
		"empty":                   {"", 0, "line 1, byte 0: the file holds no GeoJSON"},
		"white space":             {" \n ", 0, "line 2, byte 3: the file holds no GeoJSON"},
		"cut in a feature":        {collection(good, good)[:150], 1, "line 2, byte 150: the file ends within item 2"},
		"cut in a string":         {collection(good, `{"type":"Fea`)[:125], 1, "the file ends within item 2"},
		"cut behind a comma":      {`{"type":"FeatureCollection","features":[` + good + ",\n", 1, "line 2, byte 113: the file ends within the array of features"},
		"cut behind the array":    {collection(good)[:len(collection(good))-1], 1, "the file ends within an object"},
		"not closed right":        {collection(good, `{"a":[1}`, good), 1, "line 2, byte 121: item 2 closes a '[' with a '}'"},
		"a comma too many":        {collection(good, ``), 1, "']' where item 2 should begin"},
		"a comma missing":         {`{"features":[` + good + good + `]}`, 1, `'{' where a ',' should stand, between two features`},
		"brackets without end":    {collection(good, strings.Repeat("[", 20_000)), 1, "item 2 is nested deeper than 10000"},
		"an array of features":    {"[" + good + "]", 0, "'[' where an object"},
		"no features":             {`{"type":"FeatureCollection"}`, 0, "without an array of features"},
		"UTF-16":                  {"\xff\xfe{\x00", 0, "the text is UTF-16"},
		"Swiss coordinates":       {`{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2056"}},"features":[` + good + `]}`, 0, "EPSG::2056"},
		"something behind it":     {collection(good) + " , ", 1, "',' where an object"},
		"a web page":              {"<html>", 0, "'<' where an object"},
		"a member without a name": {`{:1}`, 0, "':' where a member's name should begin"},
	} {
		got := read(t, GeoJSON, c.text, options())
		if got.err == nil || !strings.Contains(got.err.Error(), c.want) || len(got.events) != c.events || len(got.refused) > 0 {
			t.Errorf("%s: %d events, %v, %v", name, len(got.events), got.refused, got.err)
		}
	}
}

func TestLayerAndType(t *testing.T) {
	f := feature1(somewhere + `,"properties":{"layer":"hazards","category":"flood"}`)
	for _, c := range []struct {
		text, layer, kind   string // options
		wantLayer, wantKind string
	}{
		{f, "", "", "hazards", "flood"},
		{f, "mine", "thing", "mine", "thing"},
		{feature1(somewhere + `,"properties":{"layer":".ulp"}`), "", "", "import", "feature"},
		{feature1(somewhere + `,"properties":{"layer":"no good","type":""}`), "", "", "import", "feature"},
		{feature1(somewhere + `,"properties":{"layer":-1,"type":7}`), "", "", "import", "feature"},
		{feature1(somewhere + `,"properties":{"type":"a","node_type":"b"}`), "", "", "import", "b"},
	} {
		o := options()
		o.Layer, o.NodeType, o.Actor = c.layer, c.kind, "user:alice"
		got := read(t, GeoJSON, c.text, o)
		if len(got.events) != 1 {
			t.Fatalf("%s: %v, %v", c.text, got.refused, got.err)
		}
		if e := got.events[0]; e.Layer != c.wantLayer || e.NodeType != c.wantKind || e.Actor != "user:alice" {
			t.Errorf("%s: %s %s %s", c.text, e.Layer, e.NodeType, e.Actor)
		}
	}
}

func TestHomeTile(t *testing.T) {
	for _, c := range []struct {
		geometry string
		zoom     uint8
		tile     string
		boundary string
	}{
		{`{"type":"Point","coordinates":[9.5,47.1]}`, 14, "z14/x8624/y5756", "interior"},
		{`{"type":"Point","coordinates":[9.5,47.1]}`, 0, "z0/x0/y0", "interior"},
		{`{"type":"Point","coordinates":[180,89.9]}`, 4, "z4/x15/y0", "interior"},
		{`{"type":"LineString","coordinates":[[9.5,47.1],[9.501,47.101]]}`, 10, "z10/x539/y359", "interior"},
		{`{"type":"LineString","coordinates":[[9.5,47.1],[9.501,47.101]]}`, 22, "z22/x2207835/y1473536", "boundary"},
		{`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[9.5,47.1]},{"type":"Point","coordinates":[10,47]}]}`, 14, "z14/x8624/y5756", "boundary"},
	} {
		o := options()
		o.HomeZoom = c.zoom
		got := read(t, GeoJSON, c.geometry, o)
		if len(got.events) != 1 || got.events[0].Tile.String() != c.tile || got.events[0].Scope.Boundary != c.boundary {
			t.Errorf("%s at zoom %d: %v, %v", c.geometry, c.zoom, got.refused, got.events[0].Text)
		}
	}
}

// The USGS gives a depth in kilometres where RFC 7946 has a height in metres.
func TestUSGSDepth(t *testing.T) {
	point := `"geometry":{"type":"Point","coordinates":[-118.6671667,34.4945,26.49]}`
	linked := `"properties":{"mag":2,"url":"https://earthquake.usgs.gov/earthquakes/eventpage/ci37868143","type":"earthquake"}`
	for name, c := range map[string]struct{ text, position, depth string }{
		"by the feature's link": {feature1(point + "," + linked), "[-118.6671667,34.4945]", "26.49"},
		"by the metadata":       {`{"type":"FeatureCollection","metadata":{"url":"https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_week.geojson"},"features":[` + feature1(point) + `]}`, "[-118.6671667,34.4945]", "26.49"},
		"above the sea":         {feature1(strings.Replace(point, "26.49", "-2.79", 1) + "," + linked), "[-118.6671667,34.4945]", "-2.79"},
		"no depth":              {feature1(somewhere + "," + linked), "[9.5,47.1]", ""},
		"another's":             {feature1(point + `,"properties":{"type":"earthquake","mag":2}`), "[-118.6671667,34.4945,26.49]", ""},
		"depth is there":        {feature1(point + "," + strings.Replace(linked, `"mag"`, `"depth_km":9,"mag"`, 1)), "[-118.6671667,34.4945]", "9"},
	} {
		got := read(t, GeoJSON, c.text, options())
		if len(got.events) != 1 {
			t.Fatalf("%s: %v, %v", name, got.refused, got.err)
		}
		depth := ""
		got.events[0].EachProperty(func(name, value string) bool {
			if name == "depth_km" {
				depth = value
			}
			return true
		})
		if got.events[0].Position != c.position || depth != c.depth {
			t.Errorf("%s: %s", name, got.events[0].Text)
		}
	}
}
