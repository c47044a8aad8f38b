package store

import (
	"encoding/base32"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"fieldkit/maps/tile"
)

func TestIDKeyIsWhatTheIDSpells(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var b [20]byte
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		id := "evt-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
		if got, want := idKey(id), int64(binary.BigEndian.Uint64(b[:])); got != want {
			t.Errorf("%s has the key %x, want %x", id, got, want)
		}
	}
	if idKey("evt-001") == idKey("evt-002") {
		t.Error("two ids have one key")
	}
}

// Cells order a tile among its descendants, and name one tile each.
func TestCells(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	random := func() tile.Tile {
		z := uint8(r.IntN(tile.MaxZoom + 1))
		return tile.Tile{Z: z, X: r.Uint32N(1 << z), Y: r.Uint32N(1 << z)}
	}
	for range 2000 {
		a, b := random(), random()
		if r.IntN(2) == 0 {
			b = a
			for range r.IntN(5) {
				if b.Z < tile.MaxZoom {
					b = b.Children()[r.IntN(4)]
				}
			}
		}
		if back, err := tileOf(cellOf(a)); err != nil || back != a {
			t.Fatalf("%s came back as %s, %v", a, back, err)
		}
		first, last := spanOf(a)
		if inside := first <= cellOf(b) && cellOf(b) <= last; inside != a.Contains(b) {
			t.Fatalf("%s in %s: %v by cells", b, a, inside)
		}
		if (cellOf(a) == cellOf(b)) != (a == b) {
			t.Fatalf("%s and %s have cells %x and %x", a, b, cellOf(a), cellOf(b))
		}
	}
	for _, cell := range []int64{0, -1, 2, 1 << 45, 1 << 46, 1 << 60, 3 << 43} {
		if at, err := tileOf(cell); err == nil {
			t.Errorf("%x is the cell of %s", cell, at)
		}
	}
}
