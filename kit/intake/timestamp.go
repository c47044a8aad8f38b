package intake

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// timeFields are the names under which data usually has its time, the best first.
var timeFields = []string{"time", "timestamp", "datetime", "date", "updated", "created"}

// timeLayouts are RFC 3339 and its relatives; those without a zone count as UTC. time.Parse takes fractions of a second
// after the seconds of any of them.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
}

const (
	// secondsUpTo is where a number stops being seconds (year 5138) and begins to be milliseconds (1973).
	secondsUpTo = 1e11
	// numbersFrom is the least number (1973) that a field not called time or timestamp may mean as seconds: below it lie
	// years, and dates written as 20180207.
	numbersFrom = 1e8
)

// parseTime reads a time as data has it: seconds or milliseconds since 1970, RFC 3339, or a date. Fractions of a second
// are cut off. anyNumber takes numbers below numbersFrom for seconds too. The result may lie outside what an event may
// bear.
func parseTime(text string, anyNumber bool) (seconds int64, ok bool) {
	text = strings.TrimSpace(text)
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		if strings.ContainsAny(text, "xXpPiInN_") { // hexadecimal, Inf, NaN
			return 0, false
		}
		switch magnitude := math.Abs(v); {
		case magnitude >= 1e18, magnitude < numbersFrom && !anyNumber:
			return 0, false
		case magnitude >= secondsUpTo:
			return int64(math.Floor(v / 1000)), true
		}
		return int64(math.Floor(v)), true
	}
	upper := strings.ToUpper(text)
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, upper); err == nil {
			return t.Unix(), true
		}
	}
	return 0, false
}

// timeOf finds an item's time: in the field that Options name, where it must be readable, else under the usual names,
// else Options.Time. value gives the text of a field by its name in lower case, "" where there is none. strict refuses
// an unreadable time under a usual name instead of passing over it: a reading without its time says something false.
func (im *importer) timeOf(value func(name string) string, strict bool) (int64, error) {
	if im.TimeField != "" {
		text := value(strings.ToLower(im.TimeField))
		if text == "" {
			return im.Time, nil
		}
		seconds, ok := parseTime(text, true)
		if !ok {
			return 0, refuse("range", im.TimeField, quote(text)+" is not a time: seconds or milliseconds since 1970, RFC 3339, or a date")
		}
		return seconds, nil
	}
	for _, name := range timeFields {
		text := value(name)
		if text == "" {
			continue
		}
		if seconds, ok := parseTime(text, name == "time" || name == "timestamp"); ok {
			return seconds, nil
		}
		if strict {
			return 0, refuse("range", name, quote(text)+" is not a time: seconds or milliseconds since 1970, RFC 3339, or a date")
		}
	}
	return im.Time, nil
}

// quote keeps a message short, whatever came in.
func quote(s string) string {
	if len(s) > 40 {
		return strconv.Quote(s[:40]) + "…"
	}
	return strconv.Quote(s)
}
