package tile

import (
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
)

// MaxLatitude, in degrees, is where web mercator ends north and south: 2·atan(e^π) − 90°, which makes the world square.
const MaxLatitude = 85.05112877980659

// At returns the tile of zoom z (MaxZoom where z is more) that holds a position in degrees of WGS 84. A point on an
// edge belongs to the tile east or south of it. Latitudes past MaxLatitude belong to the first or last row, longitudes
// outside [-180, 180) to the first or last column; NaN counts as 0.
//
// Like all projections here it rests on math.Sin and math.Log, whose last bit may differ between processors: a position
// within 10⁻⁹ degrees of an edge may fall on either side. Nothing that is hashed may be computed by it a second time.
func At(lonDeg, latDeg float64, z uint8) Tile {
	z = min(z, MaxZoom)
	x, y := project(lonDeg, latDeg)
	side := float64(uint32(1) << z)
	last := uint32(1)<<z - 1
	return Tile{Z: z, X: min(uint32(x*side), last), Y: min(uint32(y*side), last)}
}

// project maps degrees to the unit square, x eastwards and y southwards, both in [0, 1].
func project(lonDeg, latDeg float64) (x, y float64) {
	if math.IsNaN(lonDeg) {
		lonDeg = 0
	}
	if math.IsNaN(latDeg) {
		latDeg = 0
	}
	x = math.Min(math.Max(lonDeg, -180), 180)/360 + 0.5
	sin := math.Sin(math.Min(math.Max(latDeg, -MaxLatitude), MaxLatitude) * math.Pi / 180)
	y = 0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)
	return x, math.Min(math.Max(y, 0), 1)
}

// Bounds returns the tile's edges in degrees: Min is its south-west corner, Max its north-east.
func (t Tile) Bounds() orb.Bound {
	return maptile.New(t.X, t.Y, maptile.Zoom(t.Z)).Bound()
}

// ContainsPosition reports whether a position in degrees lies in the tile or within slackDeg degrees of it, measured
// along longitude and latitude apart. Longitude wraps at the antimeridian; the first and last row reach to the poles.
// Positions outside ±180, ±90 and NaN are in no tile.
func (t Tile) ContainsPosition(lonDeg, latDeg, slackDeg float64) bool {
	if !(math.Abs(lonDeg) <= 180 && math.Abs(latDeg) <= 90) {
		return false
	}
	b := t.Bounds()
	if t.Y > 0 && latDeg > b.Max.Lat()+slackDeg {
		return false
	}
	if t.Y < t.side()-1 && latDeg < b.Min.Lat()-slackDeg {
		return false
	}
	for _, lon := range [3]float64{lonDeg, lonDeg - 360, lonDeg + 360} {
		if lon >= b.Min.Lon()-slackDeg && lon <= b.Max.Lon()+slackDeg {
			return true
		}
	}
	return false
}
