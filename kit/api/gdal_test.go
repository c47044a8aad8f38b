//go:build gdal

// Tiles as another reader has them: GDAL's MVT driver, of Debian's gdal-bin. `make gdal` runs it, and `make test` runs that.
package api

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	orbjson "github.com/paulmach/orb/geojson"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// gdal runs one of GDAL's programs.
func gdal(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: run apt-get install -y --no-install-recommends gdal-bin", err)
	}
	out, err := exec.CommandContext(t.Context(), path, arguments...).Output()
	if err != nil {
		var said string
		if exit, ok := err.(*exec.ExitError); ok {
			said = string(exit.Stderr)
		}
		t.Fatalf("%s %v: %v: %s", name, arguments, err, said)
	}
	return string(out)
}

// gdalTile fetches a tile and reads a layer of it in degrees.
func (k *kit) gdalTile(t *testing.T, at tile.Tile) (layers map[string]*orbjson.FeatureCollection, path string) {
	t.Helper()
	r := k.get("/api/v1/spaces/camp/tiles/" + at.Plain() + ".mvt")
	if r.StatusCode != 200 {
		t.Fatal(r)
	}
	path = filepath.Join(t.TempDir(), strings.ReplaceAll(at.Plain(), "/", "-")+".mvt")
	if err := os.WriteFile(path, r.body, 0o644); err != nil {
		t.Fatal(err)
	}
	where := []string{"-oo", fmt.Sprint("Z=", at.Z), "-oo", fmt.Sprint("X=", at.X), "-oo", fmt.Sprint("Y=", at.Y), "-oo", "CLIP=NO"}
	layers = make(map[string]*orbjson.FeatureCollection)
	for line := range strings.Lines(gdal(t, "ogrinfo", append(where, "-ro", "-q", path)...)) {
		_, name, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " (")
		text := gdal(t, "ogr2ogr", append(where, "-f", "GeoJSON", "-t_srs", "EPSG:4326", "-lco", "COORDINATE_PRECISION=9", "/vsistdout/", path, name)...)
		features, err := orbjson.UnmarshalFeatureCollection([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, text)
		}
		layers[name] = features
	}
	return layers, path
}

// TestGDALReadsTheState: what GDAL reads of tiles is the GeoJSON state: the same things in the same layers with typed
// properties, within a unit of the tile of where they are.
func TestGDALReadsTheState(t *testing.T) {
	k := newKit(t, Config{})
	var events []*event.Event
	area := []any{[]any{[]any{9.5, 47.1}, []any{9.52, 47.1}, []any{9.52, 47.12}, []any{9.5, 47.12}, []any{9.5, 47.1}},
		[]any{[]any{9.505, 47.105}, []any{9.505, 47.11}, []any{9.51, 47.11}, []any{9.51, 47.105}, []any{9.505, 47.105}}}
	for i := range 60 {
		lon, lat := 9.5+float64(i%10)*0.0019, 47.1+float64(i/10)*0.0031
		over := over(standing(math.Round(lon*1e7)/1e7, math.Round(lat*1e7)/1e7), fields{"timestamp": start + i, "layer_id": []string{"hazards", "needs.of_all-1"}[i%2],
			"node_type": "hazard", "properties": fields{"title": fmt.Sprintf("Straße %d · 桥", i), "severity": 1 + i%4, "state": "open"}})
		switch i {
		case 7:
			over["geometry"] = fields{"type": "LineString", "coordinates": []any{[]any{9.5, 47.1}, []any{9.51, 47.11}, []any{9.53, 47.1}}}
		case 8:
			over["geometry"] = fields{"type": "Polygon", "coordinates": area}
		case 9:
			over["properties"] = fields{"title": "Quake", "mag": 4.25}
		}
		events = append(events, sign(t, key(2), over))
	}
	k.take(events...)
	state, err := orbjson.UnmarshalFeatureCollection(k.get("/api/v1/spaces/camp/state").body)
	if err != nil || len(state.Features) != 60 {
		t.Fatal(len(state.Features), err)
	}
	var positions map[string]orb.Point = make(map[string]orb.Point)
	for _, f := range state.Features {
		p := f.Properties["position"].([]any)
		positions[f.ID.(string)] = orb.Point{p[0].(float64), p[1].(float64)}
	}
	const zoom = 15
	unit := 360 / math.Exp2(zoom) / 4096 // degrees of longitude
	asked, seen, shapes := make(map[tile.Tile]bool), make(map[string]bool), make(map[string]bool)
	for _, p := range positions {
		at := tile.At(p.Lon(), p.Lat(), zoom)
		if asked[at] {
			continue
		}
		asked[at] = true
		layers, _ := k.gdalTile(t, at)
		for layer, features := range layers {
			for _, f := range features.Features {
				id, _ := f.Properties["id"].(string)
				if f.Properties["part"] == "shape" {
					shapes[f.Geometry.GeoJSONType()] = true
					continue
				}
				i := 0
				for i < len(state.Features) && state.Features[i].ID != id {
					i++
				}
				if i == len(state.Features) || seen[id] {
					t.Fatalf("%v: %q is not in the state, or twice", at, id)
				}
				seen[id] = true
				s := state.Features[i]
				got, want := f.Geometry.(orb.Point), positions[id]
				if math.Abs(got[0]-want[0]) > unit*1.01 || math.Abs(got[1]-want[1]) > unit*1.01 {
					t.Errorf("%s is at %v, want %v", id, got, want)
				}
				props, _ := s.Properties["props"].(map[string]any)
				if s.Properties["layer"] != layer || f.Properties["title"] != s.Properties["title"] || props["severity"] != f.Properties["severity"] ||
					props["mag"] != f.Properties["mag"] || props["state"] != f.Properties["state"] {
					t.Errorf("%s: %v, want %v", id, f.Properties, s.Properties)
				}
			}
		}
	}
	if len(seen) != len(state.Features) {
		t.Errorf("%d things, want %d", len(seen), len(state.Features))
	}
	if !shapes["LineString"] && !shapes["MultiLineString"] || !shapes["Polygon"] && !shapes["MultiPolygon"] {
		t.Errorf("shapes: %v", shapes)
	}
	k.gdalTypes(t, tile.At(9.5, 47.1, zoom))
	k.gdalClusters(t, tile.At(9.51, 47.11, 9), len(state.Features))
}

// gdalTypes looks at what GDAL says the fields are, and that ids fit.
func (k *kit) gdalTypes(t *testing.T, at tile.Tile) {
	_, path := k.gdalTile(t, at)
	said := gdal(t, "ogrinfo", "-ro", "-al", "-oo", fmt.Sprint("Z=", at.Z), "-oo", fmt.Sprint("X=", at.X), "-oo", fmt.Sprint("Y=", at.Y), path)
	for _, field := range []string{"id: String", "title: String", "severity: Integer", "state: String", "mvt_id: Integer64"} {
		if !strings.Contains(said, field) {
			t.Errorf("no field %s: %s", field, said)
		}
	}
}

// gdalClusters: from afar GDAL's clusters count all.
func (k *kit) gdalClusters(t *testing.T, at tile.Tile, want int) {
	layers, _ := k.gdalTile(t, at)
	sum := 0
	for _, features := range layers {
		for _, f := range features.Features {
			switch n, ok := f.Properties["count"].(float64); {
			case f.Properties["part"] == "shape":
			case ok && f.Properties["cluster"] == true:
				sum += int(n)
			default:
				sum++
			}
		}
	}
	if text, _ := json.Marshal(layers); sum != want {
		t.Errorf("%v counts %d, want %d: %s", at, sum, want, text)
	}
}
