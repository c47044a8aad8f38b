// Package tile names the pieces of the earth's surface that the rest of the kit stores, syncs and draws by: web-mercator
// tiles, a quadtree of squares in which zoom z has 2^z columns and as many rows, row 0 in the north.
//
// Sources: OpenStreetMap wiki, "Slippy map tilenames" (numbering, projection and its limit of latitude); G. M. Morton,
// "A computer oriented geodetic data base", IBM 1966 (the order of keys). The package does no I/O. Tiles compare with
// == and may be map keys.
package tile

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// MaxZoom is the deepest zoom a Tile may have: about 10 m a side at the equator. A key then takes 45 bits.
const MaxZoom = 22

// A Tile is one square of the quadtree: zoom Z, column X from the antimeridian eastwards, row Y from the north down.
// The zero Tile is the whole world.
type Tile struct {
	Z    uint8
	X, Y uint32
}

// New returns the tile z/x/y, or an error that names the number out of range.
func New(z uint8, x, y uint32) (Tile, error) {
	t := Tile{Z: z, X: x, Y: y}
	switch {
	case z > MaxZoom:
		return Tile{}, fmt.Errorf("tile: z is %d, more than %d", z, MaxZoom)
	case x >= t.side():
		return Tile{}, fmt.Errorf("tile: x is %d, more than %d, the last column at zoom %d", x, t.side()-1, z)
	case y >= t.side():
		return Tile{}, fmt.Errorf("tile: y is %d, more than %d, the last row at zoom %d", y, t.side()-1, z)
	}
	return t, nil
}

// Parse reads the white paper's form, "z14/x8624/y5740": decimal numbers without leading zeros, in range for the zoom.
func Parse(s string) (Tile, error) { return parse(s, "z", "x", "y") }

// ParsePlain reads the form of tile URLs, "14/8624/5740", by the same rules as Parse.
func ParsePlain(s string) (Tile, error) { return parse(s, "", "", "") }

func parse(s, zMark, xMark, yMark string) (Tile, error) {
	zPart, rest, ok1 := strings.Cut(s, "/")
	xPart, yPart, ok2 := strings.Cut(rest, "/")
	if !ok1 || !ok2 {
		return Tile{}, fmt.Errorf("tile: %s is not of the form %sZ/%sX/%sY", quote(s), zMark, xMark, yMark)
	}
	var n [3]uint32
	for i, part := range [3]struct{ name, mark, text string }{
		{"z", zMark, zPart}, {"x", xMark, xPart}, {"y", yMark, yPart},
	} {
		digits, ok := strings.CutPrefix(part.text, part.mark)
		if !ok {
			return Tile{}, fmt.Errorf("tile: %s is not of the form %sZ/%sX/%sY", quote(s), zMark, xMark, yMark)
		}
		v, ok := decimal(digits)
		if !ok {
			return Tile{}, fmt.Errorf("tile: %s of %s is not a decimal number without sign or leading zeros", part.name, quote(s))
		}
		n[i] = v
	}
	if n[0] > MaxZoom {
		return Tile{}, fmt.Errorf("tile: z is %d, more than %d", n[0], MaxZoom)
	}
	return New(uint8(n[0]), n[1], n[2])
}

// decimal reads at most 10 digits. Numbers past 2^32-1 are refused with the malformed ones: no tile has them.
func decimal(s string) (uint32, bool) {
	if s == "" || len(s) > 10 || (s[0] == '0' && len(s) > 1) {
		return 0, false
	}
	var v uint64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + uint64(s[i]-'0')
	}
	return uint32(v), v <= 1<<32-1
}

// quote keeps an error line short, whatever came in.
func quote(s string) string {
	if len(s) > 40 {
		return strconv.Quote(s[:40]) + "…"
	}
	return strconv.Quote(s)
}

// String returns the white paper's form, "z14/x8624/y5740".
func (t Tile) String() string {
	return fmt.Sprintf("z%d/x%d/y%d", t.Z, t.X, t.Y)
}

// Plain returns the form of tile URLs, "14/8624/5740".
func (t Tile) Plain() string {
	return fmt.Sprintf("%d/%d/%d", t.Z, t.X, t.Y)
}

// Valid reports whether the tile exists: zoom at most MaxZoom, column and row below 2^Z. Every other method expects a
// valid tile; New, Parse, ParsePlain, FromKey and At return no other.
func (t Tile) Valid() bool {
	return t.Z <= MaxZoom && t.X < t.side() && t.Y < t.side()
}

// MarshalText is String; a tile that is not valid is an error.
func (t Tile) MarshalText() ([]byte, error) {
	if _, err := New(t.Z, t.X, t.Y); err != nil {
		return nil, err
	}
	return []byte(t.String()), nil
}

// UnmarshalText is Parse.
func (t *Tile) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// side is the number of columns, and of rows, at the tile's zoom.
func (t Tile) side() uint32 { return 1 << t.Z }

// Key returns the tile as one number: a 1, then the bits of Y and X interleaved (Morton order, Y above X). Keys are
// unique over all zooms, at least 1, below 2^45; shifting one right by 2 gives the parent's, so the descendants of a
// tile k at n levels below are the range [k<<2n, (k+1)<<2n).
func (t Tile) Key() uint64 {
	return 1<<(2*t.Z) | spread(t.X) | spread(t.Y)<<1
}

// FromKey is the inverse of Key.
func FromKey(key uint64) (Tile, error) {
	length := bits.Len64(key)
	if length%2 == 0 || length > 2*MaxZoom+1 {
		return Tile{}, fmt.Errorf("tile: %#x is not the key of a tile", key)
	}
	z := uint8(length / 2)
	morton := key &^ (1 << (2 * z))
	return Tile{Z: z, X: gather(morton), Y: gather(morton >> 1)}, nil
}

// spread moves bit i of v to bit 2i; gather is its inverse. The masks halve the distance to move at each step
// (H. S. Warren, Hacker's Delight, 7-2).
func spread(v uint32) uint64 {
	w := uint64(v)
	w = (w | w<<16) & 0x0000ffff0000ffff
	w = (w | w<<8) & 0x00ff00ff00ff00ff
	w = (w | w<<4) & 0x0f0f0f0f0f0f0f0f
	w = (w | w<<2) & 0x3333333333333333
	return (w | w<<1) & 0x5555555555555555
}

func gather(w uint64) uint32 {
	w &= 0x5555555555555555
	w = (w | w>>1) & 0x3333333333333333
	w = (w | w>>2) & 0x0f0f0f0f0f0f0f0f
	w = (w | w>>4) & 0x00ff00ff00ff00ff
	w = (w | w>>8) & 0x0000ffff0000ffff
	return uint32(w | w>>16)
}
