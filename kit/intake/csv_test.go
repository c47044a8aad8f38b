package intake

import (
	"os"
	"slices"
	"strings"
	"testing"

	"fieldkit/kit/event"
)

func TestCSVReadings(t *testing.T) {
	text, err := os.ReadFile("testdata/gauges.csv")
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, CSV, string(text), options())
	if got.err != nil || len(got.refused) > 0 || got.counts.Items != 4 {
		t.Fatalf("%+v, %v, %v", got.counts, got.refused, got.err)
	}
	var operations []string
	for _, e := range got.events {
		operations = append(operations, e.Operation)
	}
	if want := []string{"create_node", "sensor_reading", "sensor_reading", "create_node", "sensor_reading", "sensor_reading"}; !slices.Equal(operations, want) {
		t.Fatal(operations)
	}
	balzers, first, second, ruggell, low := got.events[0], got.events[1], got.events[2], got.events[3], got.events[5]
	if balzers.Position != "[9.4784374,47.0474809]" || balzers.Properties != `{"name":"Balzers","river":"Rhein"}` || balzers.NodeType != "sensor" || balzers.Timestamp != 1781150400 {
		t.Error(balzers.Text)
	}
	for _, e := range []*event.Event{first, second} {
		if e.Node != balzers.ID || e.Tile != balzers.Tile || e.Layer != balzers.Layer || e.Sensor != "water_level" || e.Unit != "m" {
			t.Error(e.Text)
		}
	}
	if first.Value != "1.42" || second.Value != "1.47" || second.Timestamp != 1781152200 {
		t.Error(first.Text, second.Text)
	}
	if low.Node != ruggell.ID || low.Value != "false" || low.Unit != "" {
		t.Error(low.Text)
	}
}

func TestCSVRows(t *testing.T) {
	for name, c := range map[string]struct {
		text                           string
		position, geometry, properties string
	}{
		"commas":               {"lon,lat,name,beds\n9.5,47.1,Hut,80\n", "[9.5,47.1]", "", `{"beds":80,"name":"Hut"}`},
		"tabs, CR LF":          {"Name\tLatitude\tLongitude\r\nHut\t47.1\t9.5\r\n", "[9.5,47.1]", "", `{"name":"Hut"}`},
		"semicolons, commas":   {"x;y;z\n9,50;47,1;455,25\n", "[9.5,47.1,455.25]", "", ""},
		"mark and quotes":      {"\xef\xbb\xbf\"lng\",\"lat\",\"note, long\"\n9.5,47.1,\"a \"\"b\"\",\nc\"\n", "[9.5,47.1]", "", `{"note, long":"a \"b\",\nc"}`},
		"more decimals":        {"lon,lat\n9.512345678901,47.10000000000000001\n", "[9.5123457,47.1]", "", ""},
		"WKT":                  {"id,wkt\n7,\"LINESTRING (9.5 47.1, 9.6 47.2)\"\n", "", `{"coordinates":[[9.5,47.1],[9.6,47.2]],"type":"LineString"}`, `{"id":7}`},
		"WKT point":            {"geom;n\nPOINT Z (9.5 47.1 12);1\n", "[9.5,47.1,12]", "", `{"n":1}`},
		"no place":             {"name,n\nHut,1\n", "", "", `{"n":1,"name":"Hut"}`},
		"an empty place":       {"lon,lat,name\n,,Hut\n", "", "", `{"name":"Hut"}`},
		"x alone is a column":  {"x,name\n5,Hut\n", "", "", `{"name":"Hut","x":5}`},
		"value alone too":      {"value,name\n5,Hut\n", "", "", `{"name":"Hut","value":5}`},
		"what is a number":     {"a,b,c,d,e,f,g\n007,1e5,+41,1234567890123456,true,-1.5,NaN\n", "", "", `{"a":"007","b":100000,"c":"+41","d":"1234567890123456","e":true,"f":-1.5,"g":"NaN"}`},
		"a name is text":       {"name,n\n112,112\n", "", "", `{"n":112,"name":"112"}`},
		"headers twice, empty": {",a,a\n1,2,3\n", "", "", `{"a":2,"a 2":3,"column 1":1}`},
		"empty cells":          {"a,b,c\n,2,\n", "", "", `{"b":2}`},
		"empty rows":           {"a,b\n\n,\n1,2\n  ,  \n", "", "", `{"a":1,"b":2}`},
		"empty cells behind":   {"a,b\n1,2,,\n", "", "", `{"a":1,"b":2}`},
		"a quote inside":       {"a,b\n5\" pipe,2\n", "", "", `{"a":"5\" pipe","b":2}`},
		"no line break at end": {"a,b\n1,2", "", "", `{"a":1,"b":2}`},
		"longitude before x":   {"x,lon,lat\n1,9.5,47.1\n", "[9.5,47.1]", "", `{"x":1}`},
	} {
		got := read(t, CSV, c.text, options())
		if got.err != nil || len(got.refused) > 0 || len(got.events) != 1 {
			t.Errorf("%s: %d events, %v, %v", name, len(got.events), got.refused, got.err)
			continue
		}
		if e := got.events[0]; e.Position != c.position || e.Geometry != c.geometry || e.Properties != c.properties {
			t.Errorf("%s: %s", name, e.Text)
		}
	}
}

func TestCSVColumnsOfTheEnvelope(t *testing.T) {
	text := "layer,category,updated,seen,a\nhazards,flood,2026-06-11,60,1\n"
	got := read(t, CSV, text, options())
	if e := got.events[0]; e.Layer != "hazards" || e.NodeType != "flood" || e.Timestamp != 1781136000 || e.Properties != `{"a":1,"seen":60}` {
		t.Error(e.Text)
	}
	o := options()
	o.Layer, o.NodeType, o.TimeField = "mine", "thing", "Seen"
	got = read(t, CSV, text, o)
	if e := got.events[0]; e.Layer != "mine" || e.NodeType != "thing" || e.Timestamp != 60 || e.Properties != `{"a":1,"category":"flood","layer":"hazards","updated":"2026-06-11"}` {
		t.Error(e.Text)
	}
}

func TestCSVBrokenRows(t *testing.T) {
	const header = "name,lon,lat,ele,time,sensor,value,unit,layer\n"
	const good = "a,9.5,47.1,,2026-06-11,,,,\n"
	for name, c := range map[string]struct{ row, want string }{
		"no number":          {"b,east,47,,,,,,", "2 lon position"},
		"NaN":                {"b,9,NaN,,,,,,", "2 lat position"},
		"half a place":       {"b,9,,,,,,,", "2 lat position"},
		"latitude 91":        {"b,9,91,,,,,,", "2 lat position"},
		"no altitude":        {"b,9,47,high,,,,,", "2 ele position"},
		"too few fields":     {"b,9,47", "2 syntax"},
		"too many fields":    {"b,9,47,,,,,,,7", "2 syntax"},
		"not UTF-8":          {"Z\xfcrich,9,47,,,,,,", "2 name utf8"},
		"a layer's name":     {"b,9,47,,,,,,no good", "2 layer name"},
		"the space log":      {"b,9,47,,,,,,.ulp", "2 layer name"},
		"reading, no value":  {"b,9,47,,2026-06-11,level,,m,", "2 value payload"},
		"reading, NaN":       {"b,9,47,,2026-06-11,level,nan,m,", "2 value number"},
		"reading, infinite":  {"b,9,47,,2026-06-11,level,-Infinity,m,", "2 value number"},
		"reading, bad time":  {"b,9,47,,noon,level,1,m,", "2 time range"},
		"reading, long unit": {"b,9,47,,2026-06-11,level,1," + strings.Repeat("m", 33) + ",", "2 unit payload"},
		"an open quote":      {`"b,9,47,,,,,,`, "2 syntax"},
		"text behind quotes": {`"b"c,9,47,,,,,,`, "2 syntax"},
		"over 16 KiB":        {strings.Repeat("x", 17_000) + ",9,47,,,,,,", "2 size"},
		"over 2 MiB":         {strings.Repeat("x", maxItem) + ",9,47,,,,,,", "2 size"},
	} {
		got := read(t, CSV, header+good+c.row+"\n"+good+good, options())
		var nodes []*event.Event
		for _, e := range got.events {
			if e.Operation == event.CreateNode && e.NodeType == "feature" {
				nodes = append(nodes, e)
			}
		}
		if r := refusals(got.refused); got.err != nil || len(nodes) != 3 || !slices.Equal(r, []string{c.want}) {
			t.Errorf("%s: %d events, refused %q, want %q, %v", name, len(nodes), r, c.want, got.err)
		}
		if len(got.refused) == 1 && got.refused[0].Line != 3 {
			t.Errorf("%s: line %d", name, got.refused[0].Line)
		}
	}
}

// A quote that is opened and never closed costs its own row, and neither those behind it nor the memory.
func TestCSVOpenQuote(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b\n")
	for range 1000 {
		b.WriteString("1," + strings.Repeat("2", 300) + "\n")
	}
	text := b.String()
	if len(text) < 2*maxRow {
		t.Fatal("the rest of the file must not fit into a row")
	}
	got := read(t, CSV, strings.Replace(text, "1,2", "\"1,2", 1), options())
	if got.err != nil || len(got.events) != 999 || len(got.refused) != 1 {
		t.Errorf("%d events, %v, %v", len(got.events), got.refused, got.err)
	}
}

func TestCSVBrokenFiles(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":       {"", "the file is empty"},
		"lines alone": {"\n\r\n", "the file is empty"},
		"UTF-16":      {"\xff\xfea\x00", "line 1, byte 0: the text is UTF-16"},
		"Latin-1":     {"Gr\xf6sse,b\n1,2\n", "the header is not UTF-8"},
		"open header": {"\"a,b\n1,2\n", "the header cannot be read"},
	} {
		got := read(t, CSV, c.text, options())
		if got.err == nil || !strings.Contains(got.err.Error(), c.want) || len(got.events) > 0 {
			t.Errorf("%s: %d events, %v", name, len(got.events), got.err)
		}
	}
	if got := read(t, CSV, "lon,lat\n", options()); got.err != nil || got.counts.Items != 0 {
		t.Errorf("a header alone: %+v, %v", got.counts, got.err)
	}
}

// Rows that name no station are readings of the actor's own sensor, in the tile of the world.
func TestCSVReadingsWithoutStation(t *testing.T) {
	got := read(t, CSV, "timestamp,sensor,value\n60,rain,1.5\n120,rain,heavy\n", options())
	if len(got.events) != 2 || got.events[0].Node != "" || got.events[1].Value != `"heavy"` || got.events[1].Timestamp != 120 || got.events[1].Tile.String() != "z0/x0/y0" {
		t.Errorf("%v, %v", got.events, got.err)
	}
}

// A station is its name and its place: either alone tells two apart.
func TestCSVStations(t *testing.T) {
	got := read(t, CSV, "name,lon,lat,sensor,value\na,9,47,s,1\nb,9,47,s,2\na,9.1,47,s,3\na,9.00,47.0,s,4\n", options())
	nodes := map[string]bool{}
	for _, e := range got.events {
		if e.Operation == event.CreateNode {
			nodes[e.ID] = true
		} else if !nodes[e.Node] {
			t.Errorf("a reading before its node: %s", e.Text)
		}
	}
	if len(nodes) != 3 || got.events[6].Node != got.events[0].ID {
		t.Errorf("%d nodes", len(nodes))
	}
}
