package tile

import (
	"cmp"
	"slices"
)

// Parent returns the tile one zoom up that holds this one, and false for the whole world, which has none.
func (t Tile) Parent() (Tile, bool) {
	if t.Z == 0 {
		return t, false
	}
	return Tile{Z: t.Z - 1, X: t.X >> 1, Y: t.Y >> 1}, true
}

// Ancestor returns the tile of zoom z that holds this one; the tile itself where z is not above it.
func (t Tile) Ancestor(z uint8) Tile {
	if z >= t.Z {
		return t
	}
	up := t.Z - z
	return Tile{Z: z, X: t.X >> up, Y: t.Y >> up}
}

// Children returns the four tiles one zoom down, by ascending key: north-west, north-east, south-west, south-east.
// Those of a tile at MaxZoom are not valid.
func (t Tile) Children() [4]Tile {
	z, x, y := t.Z+1, t.X*2, t.Y*2
	return [4]Tile{{z, x, y}, {z, x + 1, y}, {z, x, y + 1}, {z, x + 1, y + 1}}
}

// Contains reports whether u is this tile or lies in it.
func (t Tile) Contains(u Tile) bool {
	return u.Z >= t.Z && u.Ancestor(t.Z) == t
}

// Neighbours returns the tiles of the same zoom that touch this one by an edge or a corner, by ascending key: at most
// eight. Columns wrap at the antimeridian, rows end at the poles.
func (t Tile) Neighbours() []Tile {
	side := int64(t.side())
	out := make([]Tile, 0, 8)
	for dy := int64(-1); dy <= 1; dy++ {
		y := int64(t.Y) + dy
		if y < 0 || y >= side {
			continue
		}
		for dx := int64(-1); dx <= 1; dx++ {
			x := (int64(t.X) + dx + side) % side
			n := Tile{Z: t.Z, X: uint32(x), Y: uint32(y)}
			// At zooms 0 and 1 a step east and a step west arrive at the same column.
			if n != t && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	sortByKey(out)
	return out
}

// Adjacent reports whether two tiles are one and the same or neighbours, compared at the coarser of their zooms: a tile
// is adjacent to all its ancestors, and to all tiles in its neighbours. The relation is symmetric.
func Adjacent(a, b Tile) bool {
	z := min(a.Z, b.Z)
	a, b = a.Ancestor(z), b.Ancestor(z)
	dx, dy := distance(a.X, b.X), distance(a.Y, b.Y)
	return min(dx, a.side()-dx) <= 1 && dy <= 1
}

func distance(a, b uint32) uint32 {
	if a > b {
		return a - b
	}
	return b - a
}

func sortByKey(tiles []Tile) {
	slices.SortFunc(tiles, func(a, b Tile) int { return cmp.Compare(a.Key(), b.Key()) })
}
