// Package replaybench measures the fold: a trace of property events from canonical JSON lines, against only parsing the
// same lines with the JSON library in use.
package replaybench

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/event"
	"fieldkit/kit/replay"
	"fieldkit/kit/scope"
)

// A Result is a line of the benchmark report.
type Result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // events a second, folded
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"` // events a second, only parsed
	Ratio float64 `json:"ratio"` // Value / Limit, median of the pairs
	Goal  float64 `json:"goal"`  // the least Ratio
	OK    bool    `json:"ok"`
}

const (
	events = 100_000
	nodes  = 10_000
	keys   = 20
	goal   = 0.5
	pairs  = 5
)

// Trace makes a trace of n property events on nodes things in up to 1,024 tiles, as canonical JSON lines; deterministic.
func Trace(space string, n, nodes int) ([]byte, error) { return TraceIn(space, n, nodes, 1024) }

// TraceIn is Trace with all things in so many tiles.
func TraceIn(space string, n, nodes, tiles int) ([]byte, error) {
	var signers []*event.Signer
	for i := range keys {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = byte(i + 1)
		signers = append(signers, event.NewSigner(ed25519.NewKeyFromSeed(seed)))
	}
	type thing struct {
		id, tile string
		owner    int
	}
	var things []thing
	var out bytes.Buffer
	for i := range n {
		owner, payload := i%keys, ""
		where := fmt.Sprintf("z14/x%d/y%d", 8600+i%tiles%64, 5740+i%tiles/64%16)
		if i < nodes {
			payload = `"operation":"create_node","node_type":"hazard","properties":{"title":"Hazard ` + strconv.Itoa(i) + `"}`
		} else {
			t := things[i*7919%len(things)]
			owner, where = t.owner, t.tile
			payload = `"operation":"set_properties","node_id":"` + t.id + `","properties":{"p` + strconv.Itoa(i*2654435761>>7%12) + `":` + strconv.Itoa(i) + `}`
		}
		e, err := signers[owner].Sign([]byte(`{"timestamp":` + strconv.Itoa(1781300000+i) + `,"space_id":"` + space + `","layer_id":"hazards","tile":"` + where +
			`","previous_events":[],"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"public"},"preserves_invariants":` +
			invariants() + `,` + payload + `}`))
		if err != nil {
			return nil, err
		}
		if i < nodes {
			things = append(things, thing{e.ID, where, owner})
		}
		out.WriteString(e.Text)
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

func invariants() string {
	text, err := json.Marshal(scope.InvariantNames())
	if err != nil {
		return "[]" // names are plain text
	}
	return string(text)
}

// Run measures medians of interleaved pairs. Both sides use all cores for the lines.
func Run(ctx context.Context) (Result, error) {
	r := Result{Name: "replay", Unit: "events/s", Goal: goal}
	trace, err := Trace("bench", events, nodes)
	if err != nil {
		return r, err
	}
	var folded, parsed, ratios []float64
	for range pairs {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		a, err := fold(trace)
		if err != nil {
			return r, err
		}
		b, err := parse(trace)
		if err != nil {
			return r, err
		}
		folded, parsed, ratios = append(folded, a), append(parsed, b), append(ratios, a/b)
	}
	r.Value, r.Limit, r.Ratio = median(folded), median(parsed), median(ratios)
	r.OK = r.Ratio >= r.Goal
	return r, nil
}

func fold(trace []byte) (perSecond float64, err error) {
	runtime.GC()
	began := time.Now()
	t, err := replay.Read(bytes.NewReader(trace), replay.Options{Trusted: true})
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	if t.Events != events || t.Refused != 0 {
		return 0, fmt.Errorf("replay: %d events folded, %d refused", t.Events, t.Refused)
	}
	return events / took.Seconds(), nil
}

// parse reads the same lines with the same workers into what encoding/json calls any.
func parse(trace []byte) (perSecond float64, err error) {
	runtime.GC()
	began := time.Now()
	lines := make(chan [][]byte, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for batch := range lines {
				for _, line := range batch {
					var v any
					if e := json.Unmarshal(line, &v); e != nil {
						mu.Lock()
						err = e
						mu.Unlock()
					}
				}
			}
		})
	}
	for batch := range slices.Chunk(bytes.Split(bytes.TrimSpace(trace), []byte{'\n'}), 256) {
		lines <- batch
	}
	close(lines)
	group.Wait()
	return events / time.Since(began).Seconds(), err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
