package demo

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
)

// nodesOf are the flood's nodes at its end by title (or, for gauges, name), deleted and merged ones too.
func nodesOf(t *testing.T, m made, c *canvas.Canvas) map[string]*canvas.Node {
	t.Helper()
	nodes := map[string]*canvas.Node{}
	for _, at := range c.Tiles() {
		c.Nodes(at, func(n *canvas.Node) {
			title := n.Register(canvas.PropertyPrefix + "title")
			if title.Drawn == nil {
				title = n.Register(canvas.PropertyPrefix + "name")
			}
			if title.Drawn == nil {
				t.Fatalf("%s has no title", m.byID[n.ID].Text)
			}
			nodes[strings.Trim(title.Drawn.Value, `"`)] = n
		})
	}
	return nodes
}

func value(n *canvas.Node, register string) string {
	if n == nil {
		return "no such node"
	}
	if r := n.Register(register); r.Drawn != nil {
		return r.Drawn.Value
	}
	return ""
}

// What a person should be able to find on the map, and nothing by accident: where two reports differ and where somebody
// claims something, it is told so.
func TestTheStoryAtItsEnd(t *testing.T) {
	m := flood(t)
	c := folded(t, m)
	nodes := nodesOf(t, m, c)
	var differ, claims, deleted, merged []string
	for title, n := range nodes {
		n.Registers("", func(r canvas.Register) {
			for _, o := range r.Others {
				differ = append(differ, title+" "+r.Name+" "+r.Drawn.Value+" "+o.Value)
			}
		})
		for _, claim := range n.Claims() {
			if claim.By.Actor != claim.By.Principal {
				t.Errorf("%s: a claim by %s", title, claim.By.Actor)
			}
			claims = append(claims, title+" "+claim.Register+" "+claim.Value)
		}
		if n.Deleted() {
			deleted = append(deleted, title)
		}
		if into := n.MergedInto(); into != "" {
			merged = append(merged, title)
			if into != nodes["Wiesengass underpass flooded"].ID || !slices.Equal(c.Aliases(into), []string{n.ID}) {
				t.Errorf("%s is merged into %s", title, into)
			}
		}
	}
	slices.Sort(claims)
	for _, list := range []struct {
		what      string
		got, want []string
	}{
		{"reports differ", differ, []string{"Wiesengass underpass flooded property:depth_m 0.7 0.4"}},
		{"claims", claims, []string{`Seepage at the foot of the dike property:state "gone"`, `Seepage at the foot of the dike property:text "I do not see any water there now."`}},
		{"deleted", deleted, []string{"Driftwood against the bridge pier"}},
		{"merged", merged, []string{"Underpass full of water"}},
	} {
		if !slices.Equal(list.got, list.want) {
			t.Errorf("%s: %q, want %q", list.what, list.got, list.want)
		}
	}
	for _, want := range []struct{ title, register, value string }{
		{"Flood warning: Rhine, Balzers to Bangs", "property:level", "2"},
		{"Rhine bridge Ruggell–Salez", "property:state", `"open"`},
		{"Footbridge Schaan–Buchs", "property:state", `"closed"`},
		{"Seepage at the foot of the dike", "property:state", `"held"`},
		{"600 sandbags at the seepage", "property:state", `"met"`},
		{"Gauge Triesen", "property:text", "null"},
		{"Gauge Triesen", "property:alarm_m", "4.18"},
		{"SAL, Saal am Lindaplatz, Schaan", "property:free", "37"},
		{"Boat 1, Ruggell", "position", "[9.5302,47.25]"},
	} {
		if got := value(nodes[want.title], want.register); got != want.value {
			t.Errorf("%s: %s is %s, want %s", want.title, want.register, got, want.value)
		}
	}
	if links := nodes["Two pumps for the substation"].Links(); len(links) != 1 || links[0].ToNode != nodes["Pump trailer, 5,000 l/min"].ID {
		t.Errorf("links %+v", links)
	}
}

// Every operation with an effect is in the story, and somebody's clock is slow.
func TestTheStoryShowsWhatEventsCanDo(t *testing.T) {
	count := map[string]int{}
	slow, otherTile := 0, 0
	for _, e := range flood(t).events {
		count[e.Operation]++
		if e.Clock.T > e.Timestamp {
			slow++
		}
		if e.Operation == event.LinkNodes && e.ToTile != e.Tile {
			otherTile++
		}
	}
	for _, operation := range []string{
		event.CreateNode, event.UpdateTransform, event.SetProperties, event.SetGeometry, event.LinkNodes, event.UnlinkNodes,
		event.DeleteNode, event.Merge, event.SensorReading, event.SetMedia,
	} {
		if count[operation] == 0 {
			t.Errorf("no %s", operation)
		}
	}
	if slow != 1 || otherTile == 0 {
		t.Errorf("%d events by a slow clock, %d links to another tile", slow, otherTile)
	}
}

// readingsOf are a station's levels in metres by time, in order.
func readingsOf(m made, node string) (times []int64, levels []float64) {
	for _, e := range m.events {
		if e.Operation == event.SensorReading && e.Node == node {
			v, _ := strconv.ParseFloat(e.Value, 64)
			times, levels = append(times, e.Timestamp), append(levels, v)
		}
	}
	return times, levels
}

// The gauges stand in the river, and the flood comes down it: each rises past warning, crests and falls past warning no
// earlier than the one above it, and Bangs hours after Balzers.
func TestTheFloodComesDownTheRiver(t *testing.T) {
	m := flood(t)
	river := riverLine(t, m)
	var gauges []*event.Event
	for _, e := range m.events {
		if e.Operation == event.CreateNode && e.Layer == "gauges" {
			gauges = append(gauges, e)
		}
	}
	if len(gauges) != 8 {
		t.Fatalf("%d gauges", len(gauges))
	}
	slices.SortFunc(gauges, func(a, b *event.Event) int {
		_, x, _ := a.Anchor()
		_, y, _ := b.Anchor()
		return int((x - y) * 1e7)
	})
	var before, first [3]int64
	for i, g := range gauges {
		lon, lat, _ := g.Anchor()
		if d := distanceToLine(lon, lat, river); d > 5 {
			t.Errorf("%s is %.0f m from the river", g.Properties, d)
		}
		var p struct {
			Warning float64 `json:"warning_m"`
			Alarm   float64 `json:"alarm_m"`
		}
		if err := json.Unmarshal([]byte(g.Properties), &p); err != nil {
			t.Fatal(err)
		}
		times, levels := readingsOf(m, g.ID)
		if len(times) < 90 || times[len(times)-1]-times[0] != 48*3600 {
			t.Fatalf("%s: %d readings", g.Properties, len(times))
		}
		crest := slices.Index(levels, slices.Max(levels))
		up := slices.IndexFunc(levels, func(v float64) bool { return v >= p.Warning })
		down := crest + slices.IndexFunc(levels[crest:], func(v float64) bool { return v < p.Warning })
		if levels[crest] < p.Alarm || levels[crest] > 6 || up <= 0 || down <= crest {
			t.Errorf("%s: crest %.2f m, reading %d, %d, %d", g.Properties, levels[crest], up, crest, down)
		}
		now := [3]int64{times[up], times[crest], times[down]}
		for k := range now {
			if i > 0 && now[k] < before[k] {
				t.Errorf("%s is ahead of the gauge above it by %d s", g.Properties, before[k]-now[k])
			}
		}
		if i == 0 {
			first = now
		}
		before = now
		for k := 1; k < len(levels); k++ {
			if rate := math.Abs(levels[k]-levels[k-1]) / float64(times[k]-times[k-1]) * 3600; rate > 0.7 {
				t.Errorf("%s changes by %.2f m an hour", g.Properties, rate)
			}
		}
	}
	if lag := before[1] - first[1]; lag < 2*3600 || lag > 5*3600 {
		t.Errorf("the crest takes %d s from Balzers to Bangs", lag)
	}
}

func riverLine(t *testing.T, m made) [][]float64 {
	t.Helper()
	for _, e := range m.events {
		if e.Operation == event.CreateNode && e.Layer == "warnings" {
			var g struct {
				Coordinates [][]float64 `json:"coordinates"`
			}
			if err := json.Unmarshal([]byte(e.Geometry), &g); err != nil {
				t.Fatal(err)
			}
			return g.Coordinates
		}
	}
	t.Fatal("no river")
	return nil
}

// distanceToLine is in metres, on a plane that is good enough for one valley.
func distanceToLine(lon, lat float64, line [][]float64) float64 {
	kx, ky := 111_320*math.Cos(lat*math.Pi/180), 111_320.0
	best := math.Inf(1)
	for i := 1; i < len(line); i++ {
		ax, ay := (line[i-1][0]-lon)*kx, (line[i-1][1]-lat)*ky
		bx, by := (line[i][0]-lon)*kx, (line[i][1]-lat)*ky
		along := -(ax*(bx-ax) + ay*(by-ay)) / ((bx-ax)*(bx-ax) + (by-ay)*(by-ay))
		along = math.Max(0, math.Min(1, along))
		best = math.Min(best, math.Hypot(ax+along*(bx-ax), ay+along*(by-ay)))
	}
	return best
}

// All of it lies where it says: in the valley, between the gauges' ends.
func TestTheFloodIsInTheValley(t *testing.T) {
	for _, e := range flood(t).events {
		lon, lat, ok := e.Anchor()
		if ok && (lon < 9.46 || lon > 9.56 || lat < 47.04 || lat > 47.29) {
			t.Errorf("%v, %v: %s", lon, lat, e.Text)
		}
	}
}

func TestScenesAreChecked(t *testing.T) {
	for line, want := range map[string]string{
		`{`: "",
		`{"ref":"a","by":"nobody","at":"2026-06-12T06:00:00Z"}`:                                       `nobody is called "nobody"`,
		`{"ref":"a","by":"eoc","at":"noon"}`:                                                          "at: ",
		`{"by":"eoc","at":"2026-06-12T06:00:00Z"}`:                                                    "ref: ",
		`{"ref":"","by":"eoc","at":"2026-06-12T06:00:00Z"}`:                                           "is taken, or empty",
		`{"ref":"a","by":"eoc","at":"2026-06-12T06:00:00Z","operation":"delete_node","node_id":"@b"}`: `node_id: "@b" refers to nothing`,
		`{"ref":"a","by":"eoc","at":"2026-06-12T06:00:00Z","operation":"create_node","layer_id":"notes","tile":"z14/x8624/y5756","transform":{}}`: "payload: transform",
	} {
		b := newBuilder("test")
		b.people = floodPeople
		s, err := readScene([]byte(line))
		if err == nil {
			err = b.play(s)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
