package intake

import "testing"

func TestParseTime(t *testing.T) {
	const noon = 1781175600 // 2026-06-11T11:00:00Z
	for text, want := range map[string]int64{
		"1781175600":                noon,
		"1781175600.9":              noon,
		"1781175600999":             noon,
		"1.781175600999E12":         noon,
		"2026-06-11T11:00:00Z":      noon,
		"2026-06-11T13:00:00+02:00": noon,
		"2026-06-11t11:00:00.75z":   noon,
		"2026-06-11 13:00:00+02:00": noon,
		"2026-06-11T13:00+02:00":    noon,
		"2026-06-11T11:00:00":       noon,
		"2026-06-11 11:00":          noon,
		" 2026-06-11 11:00:00.123 ": noon,
		"2026-06-11":                noon - 11*3600,
		"1969-12-31T23:59:59.5Z":    -1,
		"-86400001":                 -86400001,
	} {
		if got, ok := parseTime(text, true); got != want || !ok {
			t.Errorf("%s: %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "yesterday", "NaN", "Inf", "0x7fffffff", "1e300", "2026-13-01", "2026-06-31", "11.06.2026", "06/11/2026", "12:00", "2026", "20260611"} {
		if got, ok := parseTime(text, false); ok {
			t.Errorf("%s is taken for %d", text, got)
		}
	}
}

func TestTimeOfAnItem(t *testing.T) {
	for _, c := range []struct {
		name, properties string
		set              func(*Options)
		want             int64
		refused          string
	}{
		{"the best name", `{"updated":1781175700,"TIME":1781175600}`, nil, 1781175600, ""},
		{"milliseconds", `{"time":1517966773840}`, nil, 1517966773, ""},
		{"text", `{"Date":"2026-06-11"}`, nil, 1781136000, ""},
		{"small numbers are seconds under time", `{"time":60}`, nil, 60, ""},
		{"a year is no time", `{"date":1884}`, nil, 0, ""},
		{"what cannot be read is passed over", `{"time":"night","created":"2026-06-11"}`, nil, 1781136000, ""},
		{"none, no option", `{}`, nil, 0, ""},
		{"none, option", `{}`, func(o *Options) { o.Time = 77 }, 77, ""},
		{"named", `{"time":1,"seen":"1970-01-02"}`, func(o *Options) { o.TimeField = "Seen" }, 86400, ""},
		{"named and not there", `{"time":1}`, func(o *Options) { o.TimeField, o.Time = "seen", 5 }, 5, ""},
		{"named and unreadable", `{"seen":"soon"}`, func(o *Options) { o.TimeField = "seen" }, 0, "1 seen range"},
		{"before 1970", `{"time":"1906-04-18T05:12:00Z"}`, nil, 0, "1 timestamp range"},
		{"after 9999", `{"time":253402300800000}`, nil, 0, "1 timestamp range"},
	} {
		o := options()
		if c.set != nil {
			c.set(&o)
		}
		got := read(t, GeoJSON, `{"type":"Feature","geometry":null,"properties":`+c.properties+`}`, o)
		if c.refused != "" {
			if r := refusals(got.refused); len(r) != 1 || r[0] != c.refused {
				t.Errorf("%s: refused %v", c.name, r)
			}
			continue
		}
		if len(got.events) != 1 || got.events[0].Timestamp != c.want {
			t.Errorf("%s: %v, %v", c.name, got.events, got.refused)
		}
	}
}
