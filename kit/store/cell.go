package store

import (
	"fmt"
	"math/bits"

	"fieldkit/maps/tile"
)

// cellOf numbers tiles so that those in a tile are one range around it: the Morton digits of the path, a 1, zeros up
// to the deepest zoom (as S2 numbers its cells, s2geometry.io/devguide/s2cell_hierarchy).
func cellOf(t tile.Tile) int64 {
	depth := 2 * uint(t.Z)
	morton := t.Key() ^ 1<<depth
	return int64((morton<<1 | 1) << (2*tile.MaxZoom - depth))
}

// tileOf is the inverse of cellOf.
func tileOf(cell int64) (tile.Tile, error) {
	zeros := uint(bits.TrailingZeros64(uint64(cell)))
	if cell <= 0 || zeros > 2*tile.MaxZoom || zeros%2 != 0 {
		return tile.Tile{}, fmt.Errorf("store: %w: %#x is not the cell of a tile", ErrBroken, cell)
	}
	t, err := tile.FromKey(uint64(cell)>>(zeros+1) | 1<<(2*tile.MaxZoom-zeros))
	if err != nil {
		return tile.Tile{}, fmt.Errorf("store: %w: %w", ErrBroken, err)
	}
	return t, nil
}

// spanOf is the range of the cells of t and of all tiles in it, both ends included.
func spanOf(t tile.Tile) (first, last int64) {
	cell := cellOf(t)
	half := int64(1)<<(2*(tile.MaxZoom-uint(t.Z))) - 1
	return cell - half, cell + half
}

var policies = [...]string{"public", "private", "redacted"}

// policyNumber is how a policy is stored; -1 for another word.
func policyNumber(policy string) int64 {
	for i, p := range policies {
		if p == policy {
			return int64(i)
		}
	}
	return -1
}

func policyName(number int64) string {
	if number < 0 || number >= int64(len(policies)) {
		return "unknown"
	}
	return policies[number]
}

// TileOf is the tile of a cell as the tables have it; the error is ErrBroken.
func TileOf(cell int64) (tile.Tile, error) { return tileOf(cell) }

// PolicyName is the policy of a number as the tables have it.
func PolicyName(number int64) string { return policyName(number) }
