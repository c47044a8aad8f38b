package canvas

import (
	"fmt"
	"strings"
	"testing"

	"fieldkit/kit/event"
)

// propertyTrace makes a trace of property events: nodes, then writes to their properties.
func propertyTrace(b *testing.B, events, nodes int) []string {
	tr := newTrace("demo")
	var lines []string
	for i := range events {
		var e *event.Event
		if i < nodes {
			e = tr.add(b, author{actor: "user:alice"}, int64(1000+i), "create_node", map[string]any{"event_id": fmt.Sprintf("n-%d", i)})
		} else {
			e = tr.add(b, author{actor: "user:alice"}, int64(1000+i), "set_properties", map[string]any{
				"event_id": fmt.Sprintf("p-%d", i), "node_id": fmt.Sprintf("n-%d", i*7919%nodes),
				"properties": map[string]any{fmt.Sprintf("p%d", i%16): i},
			})
		}
		lines = append(lines, e.Text)
	}
	return lines
}

func BenchmarkReplay(b *testing.B) {
	lines := propertyTrace(b, 20000, 2000)
	b.SetBytes(int64(len(strings.Join(lines, "\n"))))
	for b.Loop() {
		c := New("demo")
		for _, line := range lines {
			e, err := event.Parse([]byte(line))
			if err != nil {
				b.Fatal(err)
			}
			c.Add(e, false)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/event")
}
