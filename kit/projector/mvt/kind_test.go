package mvt

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/projector/geojson"
)

var update = flag.Bool("update", false, "write testdata/kinds.json")

// TestTableForThePage holds the file to the table; the page's test holds the page to the file.
func TestTableForThePage(t *testing.T) {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(kinds); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/kinds.json"
	if *update {
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != text.String() {
		t.Errorf("%s is not the table: run with -update, and see to dashboard/src/kinds/kinds.ts; %v", path, err)
	}
}

// TestCases reads the cases that the page's test reads as well.
func TestCases(t *testing.T) {
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Layer    string
		NodeType string `json:"node_type"`
		Props    map[string]json.RawMessage
		Sensors  map[string]struct {
			Value json.RawMessage
			Unit  string
			Time  int64
		}
		Kind            string
		Severity, Level *int
		Mag, Reading    *float64
		Alarm           string
		Done            bool
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 20 {
		t.Fatal(len(cases), err)
	}
	for i, c := range cases {
		p := geojson.Properties{Layer: c.Layer, NodeType: c.NodeType, Props: map[string]jsontext.Value{}, Sensors: map[string]geojson.Reading{}}
		for name, raw := range c.Props {
			p.Props[name] = jsontext.Value(raw)
		}
		for name, r := range c.Sensors {
			p.Sensors[name] = geojson.Reading{Value: jsontext.Value(r.Value), Unit: r.Unit, Time: r.Time}
		}
		if got := kindOf(&p); got != c.Kind {
			t.Errorf("%d: the kind is %s, want %s", i, got, c.Kind)
		}
		if got := severity(&p); c.Severity != nil && got != *c.Severity || c.Severity == nil && got != 0 {
			t.Errorf("%d: severity %d", i, got)
		}
		if got := warningLevel(&p); c.Level != nil && got != *c.Level || c.Level == nil && got != 0 {
			t.Errorf("%d: level %d", i, got)
		}
		if got, ok := magnitude(&p); ok != (c.Mag != nil) || ok && got != *c.Mag {
			t.Errorf("%d: magnitude %v %v", i, got, ok)
		}
		value, _, alarm, ok := mainReading(&p)
		if ok != (c.Reading != nil) || ok && (value != *c.Reading || alarms[alarm] != c.Alarm) {
			t.Errorf("%d: reading %v %v %v", i, value, alarms[alarm], ok)
		}
		if got := finishedState.MatchString(state(&p)); got != c.Done {
			t.Errorf("%d: done %v", i, got)
		}
	}
}
