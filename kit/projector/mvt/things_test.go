package mvt

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/paulmach/orb"
	orbmvt "github.com/paulmach/orb/encoding/mvt"
	orbjson "github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"

	"fieldkit/kit/projector/geojson"
	"fieldkit/maps/tile"
)

// feature is one as the canvas draws it. geometry is raw GeoJSON, or "lon,lat" for a point.
func feature(id, layer, geometry string, props ...string) *geojson.Feature {
	if !strings.HasPrefix(geometry, "{") && geometry != "" {
		geometry = `{"type":"Point","coordinates":[` + geometry + `]}`
	}
	f := &geojson.Feature{Type: "Feature", ID: id, Geometry: jsontext.Value(geometry), Properties: geojson.Properties{
		Layer: layer, Title: "Title of " + id, NodeType: "hazard", Policy: "public", Props: make(map[string]jsontext.Value),
	}}
	for i := 0; i+1 < len(props); i += 2 {
		f.Properties.Props[props[i]] = jsontext.Value(props[i+1])
	}
	return f
}

func indexOf(features ...*geojson.Feature) *Index {
	var x Index
	for _, f := range features {
		x.Put(NewThing(f))
	}
	return &x
}

// decoded is a tile as orb reads it, in degrees.
func decoded(t testing.TB, data []byte, at tile.Tile) map[string][]*orbjson.Feature {
	t.Helper()
	layers, err := orbmvt.Unmarshal(data)
	if err != nil {
		t.Fatalf("%v: %v", at, err)
	}
	out := make(map[string][]*orbjson.Feature)
	for _, l := range layers {
		if l.Version != 2 || l.Extent != Extent {
			t.Fatalf("%v: layer %s of version %d, extent %d", at, l.Name, l.Version, l.Extent)
		}
		if _, twice := out[l.Name]; twice || len(l.Features) == 0 {
			t.Fatalf("%v: layer %s twice or empty", at, l.Name)
		}
		ids := make(map[any]bool)
		for _, f := range l.Features {
			if ids[f.ID] || f.ID == nil {
				t.Fatalf("%v: layer %s has the id %v twice", at, l.Name, f.ID)
			}
			ids[f.ID] = true
		}
		l.ProjectToWGS84(maptile.New(at.X, at.Y, maptile.Zoom(at.Z)))
		out[l.Name] = l.Features
	}
	return out
}

// parts are the features of a tile by id of the thing and part, clusters by their count.
func parts(t testing.TB, x *Index, at tile.Tile) map[string]*orbjson.Feature {
	t.Helper()
	out := make(map[string]*orbjson.Feature)
	for layer, features := range decoded(t, x.Tile(at, Options{}), at) {
		for _, f := range features {
			name := fmt.Sprint(layer, "/", f.Properties["id"])
			if f.Properties["cluster"] == true {
				name = fmt.Sprint(layer, "×", f.Properties["count"])
			}
			if part, ok := f.Properties["part"]; ok {
				name += fmt.Sprint("/", part)
			}
			out[name] = f
		}
	}
	return out
}

// near reports whether two points are one within so many units of a tile of that zoom.
func near(a, b orb.Point, z uint8, units float64) bool {
	p, q := project(a), project(b)
	return math.Hypot(p[0]-q[0], p[1]-q[1]) <= units*unit(z)*1.0001
}
