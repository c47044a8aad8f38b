package demo

import (
	"bytes"
	"compress/gzip"

	"fieldkit/kit/intake"
)

const quakesTitle = "Earthquakes of a week – exercise"

// quakesBegin is 2018-01-30T00:00:00Z: a day before the first of the week's earthquakes.
const quakesBegin = 1517270400

var quakesFiles = map[string]string{
	".ulp-root": `title = "` + quakesTitle + `"
exercise = true

[window]
from = 2018-01-30T00:00:00Z
`,
}

func buildQuakes(b *builder) error {
	b.people = quakesPeople
	if err := b.certify(quakesRoot, quakesBegin, quakesFiles); err != nil {
		return err
	}
	packed, err := data.ReadFile("data/earthquakes.json.gz")
	if err != nil {
		return err
	}
	text, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	return b.take(text, "earthquakes.json", intake.GeoJSON, intake.Options{Layer: "quakes"}, b.people[0])
}
