package tile

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"
)

func positions() *rapid.Generator[orb.Point] {
	return rapid.Custom(func(t *rapid.T) orb.Point {
		return orb.Point{rapid.Float64Range(-180, 180).Draw(t, "lon"), rapid.Float64Range(-85, 85).Draw(t, "lat")}
	})
}

// flat is a geometry in the unit square, for the second opinions below.
func flat(path []orb.Point) []orb.Point {
	out := make([]orb.Point, len(path))
	for i, p := range path {
		x, y := project(p.Lon(), p.Lat())
		out[i] = orb.Point{x, y}
	}
	return out
}

func at(p orb.Point, z uint8) Tile {
	side := float64(int(1) << z)
	return Tile{z, uint32(min(p[0]*side, side-1)), uint32(min(p[1]*side, side-1))}
}

// square is a tile's edges in the unit square, a hair wider.
func square(t Tile) orb.Bound {
	side := float64(t.side())
	x, y := float64(t.X)/side, float64(t.Y)/side
	return orb.Bound{Min: orb.Point{x, y}, Max: orb.Point{x + 1/side, y + 1/side}}.Pad(1e-12)
}

func TestCoverOfALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := orb.LineString(rapid.SliceOfN(positions(), 1, 6).Draw(t, "line"))
		z := rapid.Uint8Range(0, 7).Draw(t, "z")
		cover, err := Cover(line, z)
		if err != nil {
			t.Fatal(err)
		}
		drawn := orb.LineString(flat(line))
		for i := range len(drawn) - 1 {
			for step := range 997 {
				r := float64(step) / 997
				p := orb.Point{drawn[i][0] + r*(drawn[i+1][0]-drawn[i][0]), drawn[i][1] + r*(drawn[i+1][1]-drawn[i][1])}
				if want := at(p, z); !slices.Contains(cover, want) && !slices.ContainsFunc(cover, func(c Tile) bool { return square(c).Contains(p) }) {
					t.Fatalf("%v of the line is in %v, not in the cover", p, want)
				}
			}
		}
		for _, tile := range cover {
			if len(drawn) > 1 && clip.LineString(square(tile), drawn.Clone()) == nil {
				t.Fatalf("%v is in the cover and holds nothing of the line", tile)
			}
		}
	})
}

func TestCoverOfAPolygon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring := orb.Ring(rapid.SliceOfN(positions(), 3, 7).Draw(t, "ring"))
		ring = append(ring, ring[0])
		z := rapid.Uint8Range(0, 6).Draw(t, "z")
		cover, err := Cover(orb.Polygon{ring}, z)
		if err != nil {
			t.Fatal(err)
		}
		drawn := orb.Ring(flat(ring))
		in := map[Tile]bool{}
		for _, tile := range cover {
			in[tile] = true
		}
		side := float64(int(1) << z)
		for y := range uint32(side) {
			for x := range uint32(side) {
				tile := Tile{z, x, y}
				middle := orb.Point{(float64(x) + 0.5) / side, (float64(y) + 0.5) / side}
				outline := clip.LineString(square(tile), orb.LineString(drawn.Clone())) != nil
				inside := planar.RingContains(drawn, middle)
				if inside && !in[tile] {
					t.Fatalf("the middle of %v is in the polygon, the tile not in the cover", tile)
				}
				if in[tile] && !inside && !outline {
					t.Fatalf("%v is in the cover and not in the polygon", tile)
				}
			}
		}
	})
}

func TestCoverIsSortedAndNests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring := orb.Ring(rapid.SliceOfN(positions(), 3, 5).Draw(t, "ring"))
		var before []Tile
		for z := uint8(0); z <= 5; z++ {
			cover, err := Cover(orb.Collection{orb.Polygon{ring}, ring[0]}, z)
			if err != nil || len(cover) == 0 {
				t.Fatalf("zoom %d: %d tiles, %v", z, len(cover), err)
			}
			for i, tile := range cover {
				if i > 0 && cover[i-1].Key() >= tile.Key() {
					t.Fatalf("%v stands after %v", tile, cover[i-1])
				}
				if parent, ok := tile.Parent(); ok && !slices.Contains(before, parent) {
					t.Fatalf("%v is in the cover, its parent not", tile)
				}
			}
			before = cover
		}
	})
}

func TestCoverOfAPointIsAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := positions().Draw(t, "p")
		z := rapid.Uint8Range(0, MaxZoom).Draw(t, "z")
		for _, g := range []orb.Geometry{p, orb.MultiPoint{p}, orb.LineString{p, p}, orb.Ring{p, p, p}, orb.Bound{Min: p, Max: p}} {
			if cover, err := Cover(g, z); err != nil || len(cover) != 1 || cover[0] != At(p.Lon(), p.Lat(), z) {
				t.Fatalf("%T of %v: %v, %v", g, p, cover, err)
			}
		}
	})
}

func TestCoverLeavesHolesOut(t *testing.T) {
	outer := orb.Bound{Min: orb.Point{-170, -80}, Max: orb.Point{170, 80}}.ToRing()
	hole := orb.Bound{Min: orb.Point{-91, -67}, Max: orb.Point{91, 67}}.ToRing()
	cover, err := Cover(orb.MultiPolygon{{outer, hole}}, 4)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(cover, At(10, 10, 4)) || !slices.Contains(cover, At(120, 10, 4)) {
		t.Errorf("the hole is filled, or the rest is not: %v", cover)
	}
}

func TestCoverRefuses(t *testing.T) {
	world := orb.Bound{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}
	zigzag := make(orb.LineString, 1400) // what fits in an event of 16 KiB
	for i := range zigzag {
		zigzag[i] = orb.Point{-170 + float64(i)/5, math.Copysign(80, float64(i%2)-0.5)}
	}
	for _, c := range []struct {
		g    orb.Geometry
		z    uint8
		says string
	}{
		{world, MaxZoom, "more than 4096 tiles"},
		{world, 7, "more than 4096 tiles"},
		{zigzag, MaxZoom, "more than 4096 tiles"},
		{orb.Polygon{orb.Ring(zigzag)}, MaxZoom, "more than 4096 tiles"},
		{orb.Polygon{orb.Ring(zigzag)}, 9, "more than 4096 tiles"},
		{orb.Point{}, MaxZoom + 1, "z is 23"},
		{nil, 3, "geometry of type"},
		{orb.Collection{nil}, 3, "geometry of type"},
	} {
		start := time.Now()
		cover, err := Cover(c.g, c.z)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%T at %d: %d tiles, %v; want %q", c.g, c.z, len(cover), err, c.says)
		}
		t.Logf("%T at %d: refused after %v", c.g, c.z, time.Since(start))
	}
	if cover, err := Cover(world, 6); err != nil || len(cover) != 4096 {
		t.Errorf("the world at zoom 6: %d tiles, %v", len(cover), err)
	}
}
