// Package sample makes signed events as a kit in a flooded valley meets them: gauges, reports and their updates, 600 to
// 800 bytes each. The same arguments give the same events. It is for tests and benchmarks.
package sample

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// Start is the time of the first event, in seconds since 1970 UTC.
const Start = 1781300000

// Options say what to make. The zero value of each member stands for a usual one.
type Options struct {
	Space string // "rhine-flood"
	// Keys is how many authors there are: 20.
	Keys int
	// Seed makes other events.
	Seed uint64
}

// Events makes n events in the order they were written, a few seconds apart, on all cores.
func Events(n int, o Options) []*event.Event {
	if o.Space == "" {
		o.Space = "rhine-flood"
	}
	if o.Keys == 0 {
		o.Keys = 20
	}
	keys := make([]ed25519.PrivateKey, o.Keys)
	for i := range keys {
		seed := make([]byte, ed25519.SeedSize)
		binary.BigEndian.PutUint64(seed, o.Seed)
		seed[31] = byte(i + 1)
		keys[i] = ed25519.NewKeyFromSeed(seed)
	}
	events := make([]*event.Event, n)
	var work sync.WaitGroup
	cores := runtime.GOMAXPROCS(0)
	for core := range cores {
		work.Go(func() {
			for i := core; i < n; i += cores {
				events[i] = sign(keys[i%len(keys)], draft(i, o))
			}
		})
	}
	work.Wait()
	return events
}

// Lines are the events as they come over the wire.
func Lines(events []*event.Event) [][]byte {
	lines := make([][]byte, len(events))
	for i, e := range events {
		lines[i] = []byte(e.Text)
	}
	return lines
}

func sign(key ed25519.PrivateKey, draft string) *event.Event {
	e, err := event.NewSigner(key).Sign([]byte(draft))
	if err != nil {
		panic(fmt.Sprintf("sample: %v: %s", err, draft)) // a mistake here, not in what came in
	}
	return e
}

// V0 makes one v0 event, unsigned, with this id; value makes another content under it.
func V0(space, id string, timestamp int64, value int) *event.Event {
	text := fmt.Sprintf(`{"event_id":%q,"timestamp":%d,"space_id":%q,"layer_id":"gauges","actor_id":"node:esp32_A12",
		"operation":"sensor_reading","sensor":"water_level","value":%d,"tile":"z14/x8625/y5753",%s}`, id, timestamp, space, value, envelope("public"))
	e, err := event.Parse([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("sample: %v: %s", err, text))
	}
	return e
}

func envelope(policy string) string {
	return `"previous_events":[],"preserves_invariants":["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"],
		"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"` + policy + `"}`
}

var words = strings.Fields(`water over the road at bridge cellar flooded two people safe shelter open until evening pump
	needed generator running low on fuel dam holds level rising slowly falling again mud slide blocks lane to village
	school gym takes families with children please bring blankets dry clothes Brücke gesperrt Übergang frei`)

// draft is event i. Its numbers are drawn anew for each i, so that events can be made in any order.
func draft(i int, o Options) string {
	r := rand.New(rand.NewPCG(o.Seed, uint64(i)))
	policy := "public"
	switch r.IntN(20) {
	case 0:
		policy = "private"
	case 1:
		policy = "redacted"
	}
	// 15 by 25 kilometres of the Rhine valley; about half of all comes from twenty places on the river.
	lon, lat := 9.45+r.Float64()*0.2, 47.05+r.Float64()*0.22
	place := r.IntN(40)
	if place < 20 {
		lon, lat = 9.4912+float64(place)*0.0031, 47.0521+float64(place)*0.0107
	}
	position := fmt.Sprintf("[%.5f,%.5f]", lon, lat)
	head := fmt.Sprintf(`{"timestamp":%d,"space_id":%q,%s,`, Start+int64(i)*3+int64(r.IntN(3)), o.Space, envelope(policy))
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		return strings.TrimSpace(b.String())
	}
	switch k := r.IntN(10); {
	case k < 5 || place >= 20 && k < 6:
		return head + fmt.Sprintf(`"layer_id":"gauges","operation":"sensor_reading","sensor":"water_level","value":%.2f,"unit":"m","tile":%q}`,
			1+r.Float64()*4, tile.At(lon, lat, event.DefaultHomeZoom))
	case k < 8:
		return head + fmt.Sprintf(`"layer_id":"reports","operation":"create_node","node_type":"report","transform":{"position":%s},"properties":{"title":%q,"note":%q,"severity":%d}}`,
			position, text(4), text(9), 1+r.IntN(5))
	default:
		return head + fmt.Sprintf(`"layer_id":"hazards","operation":"create_node","node_type":"hazard","transform":{"position":%s},"properties":{"title":%q,"state":"open","people":%d}}`,
			position, text(6), r.IntN(40))
	}
}
