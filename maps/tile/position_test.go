package tile

import (
	"math"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"pgregory.net/rapid"
)

func TestAtIsInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lon := rapid.Float64Range(-180, 180).Draw(t, "lon")
		lat := rapid.Float64Range(-90, 90).Draw(t, "lat")
		z := rapid.Uint8Range(0, MaxZoom).Draw(t, "z")
		tile := At(lon, lat, z)
		if !tile.Valid() || tile.Z != z || !tile.ContainsPosition(lon, lat, 1e-9) {
			t.Fatalf("%v (%v) does not hold %v, %v", tile, tile.Bounds(), lon, lat)
		}
		if z > 0 && At(lon, lat, z-1) != tile.Ancestor(z-1) {
			t.Fatalf("at %v, %v zooms %d and %d do not nest", lon, lat, z-1, z)
		}
	})
}

// orb's own At is a second opinion wherever it does not clamp.
func TestAtAgreesWithMaptile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := tiles().Draw(t, "tile")
		b := want.Bounds()
		east := rapid.Float64Range(0.001, 0.999).Draw(t, "east")
		north := rapid.Float64Range(0.01, 0.99).Draw(t, "north")
		p := orb.Point{
			b.Min.Lon() + east*(b.Max.Lon()-b.Min.Lon()),
			b.Min.Lat() + north*(b.Max.Lat()-b.Min.Lat()),
		}
		theirs := maptile.At(p, maptile.Zoom(want.Z))
		if got := At(p.Lon(), p.Lat(), want.Z); got != want || math.Abs(p.Lat()) < 85.05 && (theirs.X != got.X || theirs.Y != got.Y) {
			t.Fatalf("%v is in %v; At says %v, maptile %v", p, want, got, theirs)
		}
	})
}

func TestAtEdges(t *testing.T) {
	for _, c := range []struct {
		lon, lat float64
		z        uint8
		want     string
	}{
		{9.5215, 47.141, 14, "z14/x8625/y5753"}, // Vaduz
		{0, 0, 1, "z1/x1/y1"},                   // an edge belongs to the tile east and south of it
		{-180, 0, 3, "z3/x0/y4"},
		{180, 0, 3, "z3/x7/y4"},
		{0, 90, 4, "z4/x8/y0"},
		{0, -90, 4, "z4/x8/y15"},
		{0, 85.0512, 22, "z22/x2097152/y0"},
		{0, -85.0512, 22, "z22/x2097152/y4194303"},
		{720, 1e308, 2, "z2/x3/y0"},
		{math.Inf(-1), math.Inf(-1), 2, "z2/x0/y3"},
		{math.NaN(), math.NaN(), 2, "z2/x2/y2"},
		{0, 0, 255, "z22/x2097152/y2097152"},
	} {
		if got := At(c.lon, c.lat, c.z).String(); got != c.want {
			t.Errorf("At(%v, %v, %d) = %s, want %s", c.lon, c.lat, c.z, got, c.want)
		}
	}
}

func TestContainsPosition(t *testing.T) {
	edge := Tile{Z: 3, X: 7, Y: 0}
	for _, c := range []struct {
		tile            Tile
		lon, lat, slack float64
		want            bool
	}{
		{Tile{}, 180, 90, 0, true},
		{Tile{}, 180.0001, 0, 1, false},
		{Tile{}, 0, 90.0001, 1, false},
		{Tile{}, math.NaN(), 0, 1, false},
		{edge, 179, 89.9, 0, true}, // the first row reaches to the pole
		{edge, -179.9999999, 85, 1e-6, true},
		{edge, -179.9999999, 85, 0, false},
		{Tile{Z: 3, X: 0, Y: 0}, 179.9999999, 85, 1e-6, true},
		{Tile{Z: 1, X: 1, Y: 1}, -0.0000005, 0.0000005, 1e-6, true},
		{Tile{Z: 1, X: 1, Y: 1}, -0.000002, 0, 1e-6, false},
		{Tile{Z: 1, X: 1, Y: 1}, 1, 0.000002, 1e-6, false},
		{Tile{Z: 1, X: 1, Y: 0}, 1, -0.000002, 1e-6, false},
	} {
		if got := c.tile.ContainsPosition(c.lon, c.lat, c.slack); got != c.want {
			t.Errorf("%v holds %v, %v within %v: %v", c.tile, c.lon, c.lat, c.slack, got)
		}
	}
}
