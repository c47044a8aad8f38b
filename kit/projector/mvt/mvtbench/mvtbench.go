// Package mvtbench measures how fast a vector tile is made of things, against orb's plain way of making the same tile.
package mvtbench

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/paulmach/orb"
	orbmvt "github.com/paulmach/orb/encoding/mvt"
	orbjson "github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/projector/mvt"
	"fieldkit/kit/scope"
	"fieldkit/maps/tile"
)

// A Result is a line of the benchmark report.
type Result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // tiles a second, by this kit
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"` // tiles a second, by orb
	Ratio float64 `json:"ratio"` // Value / Limit
	Goal  float64 `json:"goal"`  // the least Ratio
	OK    bool    `json:"ok"`
}

const (
	things  = 1000
	goal    = 1.0
	pairs   = 5
	turns   = 40
	stretch = 10 * time.Millisecond
)

// Options are those of the page's tiles.
var Options = mvt.Options{Together: true}

// Lon and Lat are the middle of the benchmark's things, in degrees.
const Lon, Lat = 9.5205, 47.1405

// place is where the i-th of n things stands: strewn over one tile of zoom 15, deterministic.
func place(i, n int) (lon, lat float64) {
	b := tile.At(Lon, Lat, mvt.MaxZoom).Bounds()
	across, along := math.Mod(float64(i)*0.6180339887498949, 1), (float64(i)+0.5)/float64(n)
	round := func(v float64) float64 { return math.Round(v*1e7) / 1e7 }
	return round(b.Min.Lon() + (0.01+0.98*across)*(b.Max.Lon()-b.Min.Lon())), round(b.Min.Lat() + (0.01+0.98*along)*(b.Max.Lat()-b.Min.Lat()))
}

var states = [...]string{"open", "under way", "gone"}

func feature(i int) *geojson.Feature {
	lon, lat := place(i, things)
	id := fmt.Sprintf("evt-%032d", i)
	return &geojson.Feature{Type: "Feature", ID: id, Geometry: jsontext.Value(fmt.Sprintf(`{"type":"Point","coordinates":[%v,%v]}`, lon, lat)),
		Properties: geojson.Properties{Layer: "hazards", NodeType: "hazard", Title: "Hazard " + strconv.Itoa(i), Policy: "public", Props: map[string]jsontext.Value{
			"title": jsontext.Value(`"Hazard ` + strconv.Itoa(i) + `"`), "severity": jsontext.Value(strconv.Itoa(1 + i%4)), "state": jsontext.Value(`"` + states[i%3] + `"`),
		}}}
}

// Events are create events of n things around the middle, as canonical JSON lines.
func Events(space string, n int) ([][]byte, error) {
	signer := event.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	invariants, err := json.Marshal(scope.InvariantNames())
	if err != nil {
		return nil, err
	}
	lines := make([][]byte, n)
	for i := range lines {
		lon, lat := place(i, n)
		lon, lat = math.Round((Lon+(lon-Lon)*8)*1e7)/1e7, math.Round((Lat+(lat-Lat)*8)*1e7)/1e7
		e, err := signer.Sign([]byte(fmt.Sprintf(`{"timestamp":%d,"space_id":%q,"layer_id":"layer%d","operation":"create_node","node_type":"hazard","transform":{"position":[%s,%s]},`+
			`"properties":{"title":"Thing %d","severity":%d},"previous_events":[],"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"public"},"preserves_invariants":%s}`,
			1781300000+i, space, i%6, strconv.FormatFloat(lon, 'f', -1, 64), strconv.FormatFloat(lat, 'f', -1, 64), i, 1+i%4, invariants)))
		if err != nil {
			return nil, err
		}
		lines[i] = []byte(e.Text)
	}
	return lines, nil
}

// Run measures interleaved pairs and reports the one whose ratio is the median.
func Run(ctx context.Context) (Result, error) { return run(ctx, pairs, turns, stretch) }

func run(ctx context.Context, pairs, turns int, stretch time.Duration) (Result, error) {
	r := Result{Name: "mvt", Unit: "tiles/s of 1,000 things", Goal: goal}
	at := tile.At(Lon, Lat, mvt.MaxZoom)
	var index mvt.Index
	for i := range things {
		index.Put(mvt.NewThing(feature(i)))
	}
	ours := func() error {
		if len(index.Tile(at, Options)) == 0 {
			return fmt.Errorf("mvtbench: the tile is empty")
		}
		return nil
	}
	original, err := plainFeatures(index.Tile(at, Options))
	if err != nil {
		return r, err
	}
	plain := func() error { return plainTile(original, at) }
	type pair struct{ value, limit float64 }
	var measured []pair
	for range pairs {
		runtime.GC()
		var rates [2][]float64
		for turn := range turns {
			if err := ctx.Err(); err != nil {
				return r, err
			}
			for i := range rates {
				which := (turn + i) % 2
				rate, err := rateOf([2]func() error{ours, plain}[which], stretch)
				if err != nil {
					return r, err
				}
				rates[which] = append(rates[which], rate)
			}
		}
		measured = append(measured, pair{median(rates[0]), median(rates[1])})
	}
	slices.SortFunc(measured, func(a, b pair) int { return cmp.Compare(a.value/a.limit, b.value/b.limit) })
	middle := measured[len(measured)/2]
	r.Value, r.Limit, r.Ratio = middle.value, middle.limit, middle.value/middle.limit
	r.OK = r.Ratio >= r.Goal
	return r, nil
}

// plainFeatures are the things of our tile as orb takes them, in degrees, with the same properties.
func plainFeatures(data []byte) ([]*orbjson.Feature, error) {
	layers, err := orbmvt.Unmarshal(data)
	if err != nil || len(layers) != 1 || len(layers[0].Features) != things {
		return nil, fmt.Errorf("mvtbench: the tile does not hold the things: %w", err)
	}
	byID := make(map[string]orb.Point)
	for i := range things {
		lon, lat := place(i, things)
		byID[feature(i).ID] = orb.Point{lon, lat}
	}
	for _, f := range layers[0].Features {
		id, _ := f.Properties["id"].(string)
		f.Geometry = byID[id]
	}
	return layers[0].Features, nil
}

func plainTile(features []*orbjson.Feature, at tile.Tile) error {
	collection := orbjson.NewFeatureCollection()
	for _, f := range features {
		one := *f // projecting replaces the geometry
		collection.Append(&one)
	}
	layers := orbmvt.NewLayers(map[string]*orbjson.FeatureCollection{"hazards": collection})
	layers.ProjectToTile(maptile.New(at.X, at.Y, maptile.Zoom(at.Z)))
	data, err := orbmvt.Marshal(layers)
	if err == nil && len(data) == 0 {
		err = fmt.Errorf("mvtbench: the tile is empty")
	}
	return err
}

func rateOf(work func() error, stretch time.Duration) (float64, error) {
	began, n := time.Now(), 0
	for time.Since(began) < stretch {
		if err := work(); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
