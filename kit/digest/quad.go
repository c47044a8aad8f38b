package digest

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sort"

	"fieldkit/maps/tile"
)

// Join is the digest and count of a tile, made of its own events and of its four children, in the order of
// tile.Tile.Children. Where no child holds an event it is the tile's own.
func Join(own Branch, children [4]Branch) Branch {
	total := own.Count
	for _, c := range children {
		total += c.Count
	}
	if total == own.Count {
		return own
	}
	b := make([]byte, 0, 1+32+8+4*(32+8))
	b = append(b, tileMark)
	b = append(b, own.Digest[:]...)
	b = binary.BigEndian.AppendUint64(b, own.Count)
	for _, c := range children {
		b = append(b, c.Digest[:]...)
		b = binary.BigEndian.AppendUint64(b, c.Count)
	}
	return Branch{sha256.Sum256(b), total}
}

// A Tile is what is known of a tile: the digest of all that is in and below it, its own events, its children.
type Tile struct {
	Branch
	Own      Branch
	Children [4]Branch
}

// Quad computes a tile's digest from scratch. own has the root and count of each tile with events of its own; those
// outside at are passed over.
func Quad(own map[tile.Tile]Branch, at tile.Tile) Tile {
	var inside []placed
	for t, b := range own {
		if at.Contains(t) && b.Count > 0 {
			inside = append(inside, placed{t, corner(t), b})
		}
	}
	slices.SortFunc(inside, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.corner, b.corner), cmp.Compare(a.tile.Z, b.tile.Z))
	})
	return quad(inside, at)
}

// placed is a tile with events. Sorted by corner, then zoom, a tile comes before its descendants, and they stand
// together.
type placed struct {
	tile   tile.Tile
	corner uint64
	own    Branch
}

// corner is the place of the tile's north-west corner on the Morton curve of the deepest zoom.
func corner(t tile.Tile) uint64 {
	return (t.Key() ^ 1<<(2*t.Z)) << (2 * (tile.MaxZoom - t.Z))
}

func quad(inside []placed, at tile.Tile) (q Tile) {
	if len(inside) > 0 && inside[0].tile == at {
		q.Own = inside[0].own
		inside = inside[1:]
	}
	if len(inside) > 0 { // so at is not at the deepest zoom
		for i, child := range at.Children() {
			end := corner(child) + 1<<(2*(tile.MaxZoom-child.Z))
			n := sort.Search(len(inside), func(i int) bool { return inside[i].corner >= end })
			if n > 0 {
				q.Children[i] = quad(inside[:n], child).Branch
			}
			inside = inside[n:]
		}
	}
	q.Branch = Join(q.Own, q.Children)
	return q
}
