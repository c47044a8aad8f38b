package intake

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestGPXFile(t *testing.T) {
	text, err := os.ReadFile("testdata/tour.gpx")
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, GPX, string(text), options())
	if got.err != nil || len(got.refused) > 0 || len(got.events) != 4 {
		t.Fatalf("%d events, %v, %v", len(got.events), got.refused, got.err)
	}
	for i, want := range []struct {
		kind, position, geometry, properties string
		timestamp                            int64
	}{
		{"waypoint", "[9.5221,47.1391,455.2]", "", `{"description":"From below","link":"https://example.org/v","name":"Vaduz & castle","symbol":"Flag"}`, 1781158259},
		{"waypoint", "[9.6,47.1]", "", `{"name":"No time"}`, 1781150400},
		{"route", "", `{"coordinates":[[9.5,47.1],[9.6,47.2]],"type":"LineString"}`, `{"name":"Down"}`, 1781150400},
		{"hiking", "", `{"coordinates":[[9.5,47.1,500],[9.5001,47.1001,501]],"type":"LineString"}`, `{"name":"Up"}`, 1781154000},
	} {
		e := got.events[i]
		if e.NodeType != want.kind || e.Position != want.position || e.Geometry != want.geometry || e.Properties != want.properties || e.Timestamp != want.timestamp {
			t.Errorf("%d: %s", i, e.Text)
		}
	}
}

func gpxText(inside string) string {
	return "<?xml version=\"1.0\"?>\n<gpx version=\"1.1\">\n" + inside + "\n</gpx>\n"
}

func TestGPX10(t *testing.T) {
	got := read(t, GPX, `<gpx version="1.0" xmlns="http://www.topografix.com/GPX/1/0"><time>1970-01-01T00:01:00Z</time>`+
		`<wpt lat="47.1" lon="9.5"><url>https://example.org/</url><urlname>x</urlname></wpt></gpx>`, options())
	if len(got.events) != 1 || got.events[0].Timestamp != 60 || got.events[0].Properties != `{"link":"https://example.org/"}` {
		t.Errorf("%v, %v, %v", got.events, got.refused, got.err)
	}
}

// A track longer than an event holds is cut into pieces that share their ends; nothing of it is lost.
func TestGPXLongTrack(t *testing.T) {
	var b strings.Builder
	const n = 2000
	for i := range n {
		fmt.Fprintf(&b, `<trkpt lat="%.7f" lon="%.7f"><ele>%d</ele><time>2026-06-11T%02d:%02d:%02dZ</time></trkpt>`,
			47+float64(i)/1e4, 9.5+float64(i)/1e5, i, i/3600, i/60%60, i%60)
	}
	got := read(t, GPX, gpxText("<trk><name>Long</name><trkseg>"+b.String()+"</trkseg></trk>"), options())
	if got.err != nil || len(got.refused) > 0 || len(got.events) < 3 || got.counts.Items != 1 {
		t.Fatalf("%d events, %v, %v", len(got.events), got.refused, got.err)
	}
	points, last := 0, ""
	for i, e := range got.events {
		if want := fmt.Sprintf(`{"name":"Long","part":%d,"parts":%d}`, i+1, len(got.events)); e.Properties != want {
			t.Errorf("piece %d: %s, want %s", i, e.Properties, want)
		}
		if i > 0 && (!strings.HasPrefix(e.Geometry, `{"coordinates":[`+last) || e.Timestamp <= got.events[i-1].Timestamp) {
			t.Errorf("piece %d begins elsewhere, or no later", i)
		}
		coordinates := strings.TrimSuffix(e.Geometry, `],"type":"LineString"}`)
		points += strings.Count(coordinates, "[") - 1
		last = coordinates[strings.LastIndexByte(coordinates, '['):]
	}
	if want := n + len(got.events) - 1; points != want {
		t.Errorf("%d points, want %d", points, want)
	}
}

func TestGPXBrokenItems(t *testing.T) {
	const good = `<wpt lat="47.1" lon="9.5"/>` + "\n"
	point := func(lat, lon string) string { return `<trkpt lat="` + lat + `" lon="` + lon + `"/>` }
	for name, c := range map[string]struct{ text, want string }{
		"latitude 91":       {`<wpt lat="91" lon="9"/>`, "2 wpt.lat position"},
		"NaN":               {`<wpt lat="47" lon="NaN"/>`, "2 wpt.lon position"},
		"no latitude":       {`<wpt lon="9"/>`, "2 wpt.lat position"},
		"decimal comma":     {`<wpt lat="47,1" lon="9,5"/>`, "2 wpt.lon position"},
		"elevation":         {`<wpt lat="47" lon="9"><ele>high</ele></wpt>`, "2 wpt.ele position"},
		"a long type":       {`<wpt lat="47" lon="9"><type>` + strings.Repeat("x", 129) + `</type></wpt>`, "2 node_type payload"},
		"over 16 KiB":       {`<wpt lat="47" lon="9"><desc>` + strings.Repeat("x", 17_000) + `</desc></wpt>`, "2 size"},
		"before 1970":       {`<wpt lat="47" lon="9"><time>1912-04-14T23:40:00Z</time></wpt>`, "2 timestamp range"},
		"a point of a line": {"<trk><trkseg>" + point("47", "9") + point("47", "190") + point("47", "9") + "</trkseg></trk>", "2 trkpt[1].lon position"},
		"a line of one":     {"<trk><trkseg>" + point("47", "9") + "</trkseg></trk>", "2 geometry.coordinates payload"},
		"an empty route":    {"<rte><name>none</name></rte>", "2 geometry.coordinates payload"},
	} {
		got := read(t, GPX, gpxText(good+c.text+"\n"+good), options())
		if r := refusals(got.refused); got.err != nil || len(got.events) != 2 || !slices.Equal(r, []string{c.want}) {
			t.Errorf("%s: %d events, refused %q, want %q, %v", name, len(got.events), r, c.want, got.err)
		}
		if len(got.refused) == 1 && got.refused[0].Line != 4 {
			t.Errorf("%s: line %d", name, got.refused[0].Line)
		}
	}
}

func TestGPXBrokenFiles(t *testing.T) {
	const good = `<wpt lat="47.1" lon="9.5"/>` + "\n"
	for name, c := range map[string]struct {
		text   string
		events int
		want   string
	}{
		"empty":            {"", 0, "the file ends too early"},
		"something else":   {"<kml></kml>", 0, "the outermost element is not gpx"},
		"not XML":          {"{}", 0, "the file ends too early"},
		"cut":              {gpxText(good + good)[:85], 1, "line 4, byte 85: "},
		"not closed right": {gpxText(good + "<wpt lat='1' lon='2'></gpx>"), 1, "line 4, byte "},
		"not UTF-8":        {gpxText(good + "<wpt lat='1' lon='2'><name>\xff</name></wpt>"), 1, "invalid UTF-8"},
		"an entity":        {gpxText(good + "<wpt lat='1' lon='2'><name>&lol;</name></wpt>"), 1, "invalid character entity &lol;"},
		"no end":           {gpxText(good + "<wpt lat='1' lon='2'><desc>" + strings.Repeat("x", 3*maxItem)), 1, "or does not end"},
		"Latin-1":          {`<?xml version="1.0" encoding="ISO-8859-1"?><gpx/>`, 0, "ISO-8859-1"},
	} {
		got := read(t, GPX, c.text, options())
		if got.err == nil || !strings.Contains(got.err.Error(), c.want) || !strings.HasPrefix(got.err.Error(), "line ") || len(got.events) != c.events || len(got.refused) > 0 {
			t.Errorf("%s: %d events, %v, %v", name, len(got.events), got.refused, got.err)
		}
	}
}
