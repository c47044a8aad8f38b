package demo

import "fieldkit/kit/intake"

const floodTitle = "Rhine flood – exercise"

// floodBegins is 2026-06-12T00:00:00+02:00, when the space's window opens; the log is six hours older than the rest.
const (
	floodBegins = 1781215200
	floodDawn   = floodBegins + 6*3600
)

// floodFiles are the scope files that the space log sets. The layer of the gauges takes no more than a gauge does.
var floodFiles = map[string]string{
	".ulp-root": `title = "` + floodTitle + `"
exercise = true

[window]
from = 2026-06-12T00:00:00+02:00
`,
	"gauges/.ulp-scope": `operations = ["create_node", "sensor_reading", "set_properties"]
authority = "source"
`,
}

func buildFlood(b *builder) error {
	b.people = floodPeople
	if err := b.certify(floodRoot, floodBegins, floodFiles); err != nil {
		return err
	}
	for _, f := range []struct {
		name   string
		format intake.Format
		by     string
		as     intake.Options
	}{
		{"rhine.geojson", intake.GeoJSON, "eoc", intake.Options{Layer: "warnings", NodeType: "warning", Time: floodDawn}},
		{"roads.geojson", intake.GeoJSON, "eoc", intake.Options{Layer: "roads", NodeType: "road", Time: floodDawn}},
		{"places.geojson", intake.GeoJSON, "eoc", intake.Options{Layer: "resources", NodeType: "resource", Time: floodDawn}},
		{"gauges.csv", intake.CSV, "gauges", intake.Options{}},
	} {
		by, err := b.person(f.by)
		if err != nil {
			return err
		}
		if err := b.takeFile(f.name, f.format, f.as, by); err != nil {
			return err
		}
	}
	return b.tell("story.jsonl")
}
