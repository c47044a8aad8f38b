package mvt

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/projector/geojson"
)

// A kind is how a thing is recognised, as the page does it (dashboard/src/kinds/kinds.ts): a tile bears the kind's name,
// because the expressions that draw tiles know no regular ones. testdata/kinds.json is this table for the page's test.
type kind struct {
	ID    string `json:"id"`
	Match string `json:"match"`
	match *regexp.Regexp
}

// kinds in order: the first that matches is it.
var kinds = compiled(
	kind{ID: "closure", Match: `clos(ed|ure)|blocked|road_?block|barrier`},
	kind{ID: "gauge", Match: `gauge|water_?level|pegel`},
	kind{ID: "quake", Match: `quake|seismic`},
	kind{ID: "warning", Match: `^(flood_?)?(warning|alert)s?$`},
	kind{ID: "flood", Match: `flood|inundat|^areas?$`},
	kind{ID: "fire", Match: `^(wild)?fires?$|smoke`},
	kind{ID: "hazard", Match: `hazard|danger|slide|threat`},
	kind{ID: "need", Match: `^needs?$|request|wanted|help`},
	kind{ID: "shelter", Match: `shelter|evacuation|refuge`},
	kind{ID: "medical", Match: `hospital|pharmac|medical|doctor|clinic|first_?aid`},
	kind{ID: "unit", Match: `^units?$|team|crew|responder|patrol|fire.?station|police|heliport`},
	kind{ID: "place", Match: `^halls?$|school|building|camp`},
	kind{ID: "resource", Match: `resource|supply|supplies|depot|stock|sandbag|pump`},
	kind{ID: "person", Match: `person|people|missing|injured`},
	kind{ID: "road", Match: `^roads?$|bridge|street`},
	kind{ID: "sensor", Match: `sensor|station|weather|meter`},
	kind{ID: "note", Match: `note|comment|message|info`},
)

func compiled(list ...kind) []kind {
	for i := range list {
		list[i].match = regexp.MustCompile(list[i].Match)
	}
	return list
}

var (
	levelSensor   = regexp.MustCompile(`(?i)level|stage|pegel`)
	closedState   = regexp.MustCompile(`clos|block|impass`)
	finishedState = regexp.MustCompile(`^(gone|met|done|over|resolved|cleared|cancelled|under control|fulfilled)$`)
)

// kindOf recognises a thing: by what it says it is, else its node type, else its layer, else what it holds.
func kindOf(p *geojson.Properties) string {
	for _, name := range [...]string{"mag", "magnitude"} {
		if _, is := number(p.Props[name]); is {
			return "quake"
		}
	}
	said, _ := text(p.Props["kind"])
	for _, name := range [...]string{said, p.NodeType, p.Layer} {
		lower := strings.ToLower(name)
		for _, k := range kinds {
			if lower != "" && k.match.MatchString(lower) {
				return passable(k.ID, state(p))
			}
		}
	}
	for name := range p.Sensors {
		if levelSensor.MatchString(name) {
			return "gauge"
		}
	}
	if len(p.Sensors) > 0 {
		return "sensor"
	}
	return "other"
}

// passable: a road that is closed is a closure, and a closure that is open again is a road.
func passable(kind, state string) string {
	switch {
	case kind == "road" && closedState.MatchString(state):
		return "closure"
	case kind == "closure" && state == "open":
		return "road"
	}
	return kind
}

// state is the property of that name in lower case, "" without one.
func state(p *geojson.Properties) string {
	s, _ := text(p.Props["state"])
	return strings.ToLower(s)
}

func magnitude(p *geojson.Properties) (float64, bool) {
	if m, is := number(p.Props["mag"]); is || p.Props["mag"] != nil && p.Props["mag"].Kind() != 'n' {
		return m, is
	}
	return number(p.Props["magnitude"])
}

// severity is 1 (minor) to 4 (extreme), 0 without one.
func severity(p *geojson.Properties) int {
	raw := p.Props["severity"]
	if n, is := number(raw); is && n >= 1 {
		return int(math.Min(4, math.Floor(n+0.5)))
	}
	s, _ := text(raw)
	return 1 + slices.Index([]string{"minor", "moderate", "severe", "extreme"}, strings.ToLower(s))
}

// warningLevel is 1 (slight) to 5 (very great), 0 without one.
func warningLevel(p *geojson.Properties) int {
	if n, is := number(p.Props["level"]); is && n >= 1 {
		return int(math.Min(5, math.Floor(n+0.5)))
	}
	return 0
}

// Alarms of a gauge, the louder the greater.
var alarms = [...]string{"normal", "warning", "alarm"}

// mainReading is what stands for a thing with sensors: its level if it has one, else its first number. alarm is an index
// into alarms.
func mainReading(p *geojson.Properties) (value float64, unit string, alarm int, ok bool) {
	names := make([]string, 0, len(p.Sensors))
	for name := range p.Sensors {
		names = append(names, name)
	}
	slices.Sort(names)
	at := slices.IndexFunc(names, levelSensor.MatchString)
	if at < 0 {
		at = slices.IndexFunc(names, func(name string) bool { return p.Sensors[name].Value.Kind() == '0' })
	}
	if at < 0 {
		return 0, "", 0, false
	}
	reading := p.Sensors[names[at]]
	if value, ok = number(reading.Value); !ok {
		return 0, "", 0, false
	}
	if at, is := mark(p, "alarm"); is && value >= at {
		alarm = 2
	} else if at, is := mark(p, "warning"); is && value >= at {
		alarm = 1
	}
	return value, reading.Unit, alarm, true
}

// mark is the property of that name, with or without a unit behind it (warning_m).
func mark(p *geojson.Properties, name string) (float64, bool) {
	best := ""
	for key, raw := range p.Props {
		if (key == name || strings.HasPrefix(key, name+"_")) && raw.Kind() == '0' && (best == "" || key < best) {
			best = key
		}
	}
	return number(p.Props[best])
}

func number(raw jsontext.Value) (float64, bool) {
	if raw.Kind() != '0' {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	return n, err == nil
}

func text(raw jsontext.Value) (string, bool) {
	var s string
	return s, raw.Kind() == '"' && json.Unmarshal(raw, &s) == nil
}
