package intake

import (
	"os"
	"strings"
	"testing"
)

// fuzz reads whatever comes, twice: no panic, only events that hold to the rules (checkEvent, and event.Sign's own), and
// the same ones both times. Seeds are the files in testdata and what the tests have found hard.
func fuzz(f *testing.F, format Format, file string, seeds ...string) {
	text, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range append(seeds, string(text)) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		one, two := read(t, format, text, options()), read(t, format, text, options())
		if len(one.events) != len(two.events) || len(one.refused) != len(two.refused) || (one.err == nil) != (two.err == nil) {
			t.Fatalf("%d and %d events, %v, %v", len(one.events), len(two.events), one.err, two.err)
		}
		for i, e := range one.events {
			if e.Text != two.events[i].Text {
				t.Fatalf("%s\n%s", e.Text, two.events[i].Text)
			}
		}
		if one.counts.Items < one.counts.Refused {
			t.Fatalf("%+v", one.counts)
		}
	})
}

func FuzzGeoJSON(f *testing.F) {
	good := feature1(somewhere + `,"properties":{"a":NaN,"time":1}`)
	fuzz(f, GeoJSON, "testdata/hut.geojson", collection(good, `{"a":[1}`), good+"\n{\n"+good, "\x1e"+good, `{"features":[{},]}`,
		`{"type":"GeometryCollection","geometries":[{"type":"MultiPoint","coordinates":[[1e-9,2e1,3]]}]}`,
		collection(feature1(`"geometry":{"type":"Polygon","coordinates":[[[9,47],[9,48],[8,48],[9,47.0]]]}`)), strings.Repeat(`{"a":[`, 40))
}

func FuzzCSV(f *testing.F) {
	fuzz(f, CSV, "testdata/gauges.csv", "lon,lat,wkt\n1,2,\"POINT(1 2)\"\n", "a;b\n\"1\n2\"x;3\n", "\xef\xbb\xbfx\ty\n1\t2\n",
		"sensor,value\ns,NaN\ns,-0\n", "wkt\n\"GEOMETRYCOLLECTION ZM (POLYGON((1 2 3 4,5 6 7 8)))\"\n", "time,name\n1e9,\n", "\"\n\"\n\"")
}

func FuzzGPX(f *testing.F) {
	fuzz(f, GPX, "testdata/tour.gpx", gpxText(`<wpt lat="1e1" lon="-0"/>`), gpxText("<trk><trkseg><trkpt/></trkseg><trkseg/></trk><rte/>"),
		"<gpx><!--", `<gpx><wpt lat="1" lon="2"><link/><link href="a"/>&lt;</wpt>`)
}
