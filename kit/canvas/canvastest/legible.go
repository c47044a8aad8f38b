package canvastest

import (
	"fmt"
	"regexp"
	"strings"

	"fieldkit/kit/event"
)

var usual = regexp.MustCompile(`"preserves_invariants":\[[^]]*\],|"realm":"public",?|"policy":"public",|,"value":"[A-Za-z0-9_-]{86}"|"space_id":"[^"]*",`)

// Legible is a fault and the events that it is about, in the order they came in, for people: ids and keys as short names.
func Legible(fault string, events []*event.Event) string {
	var names []string
	for n := byte(1); n < 5; n++ {
		names = append(names, KeyText(Seed(n)), fmt.Sprint("K", n))
	}
	serial := map[string]bool{}
	for _, e := range events {
		if e.Signed() && !serial[e.ID] {
			serial[e.ID] = true
			names = append(names, e.ID, fmt.Sprint("e", len(serial)))
		}
	}
	text := fault + "\nof\n"
	for _, e := range events {
		text += usual.ReplaceAllString(e.Text, "") + "\n"
	}
	return strings.NewReplacer(names...).Replace(text)
}
