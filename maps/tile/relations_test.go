package tile

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAncestry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tile := tiles().Draw(t, "tile")
		z := rapid.Uint8Range(0, MaxZoom).Draw(t, "z")
		walked := tile
		for walked.Z > z {
			walked, _ = walked.Parent()
		}
		if got := tile.Ancestor(z); got != walked || !got.Contains(tile) {
			t.Fatalf("the ancestor of %v at %d is %v, walked to %v", tile, z, got, walked)
		}
		if tile.Z == MaxZoom {
			return
		}
		for i, child := range tile.Children() {
			parent, ok := child.Parent()
			if !ok || parent != tile || child.Key() != tile.Key()<<2+uint64(i) {
				t.Fatalf("child %d of %v is %v", i, tile, child)
			}
			if !tile.Contains(child) || child.Contains(tile) {
				t.Fatalf("%v and its child %v: containment", tile, child)
			}
		}
	})
}

func TestWholeWorldHasNoParent(t *testing.T) {
	if got, ok := (Tile{}).Parent(); ok {
		t.Errorf("the parent of the world is %v", got)
	}
}

func TestNeighbours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tile := tiles().Draw(t, "tile")
		near := tile.Neighbours()
		if !slices.IsSortedFunc(near, func(a, b Tile) int { return int(int64(a.Key()) - int64(b.Key())) }) {
			t.Fatalf("not by key: %v", near)
		}
		want := 8
		switch {
		case tile.Z == 0:
			want = 0
		case tile.Z == 1:
			want = 3
		case tile.Y == 0 || tile.Y == tile.side()-1:
			want = 5
		}
		if len(near) != want {
			t.Fatalf("%v has %d neighbours, not %d: %v", tile, len(near), want, near)
		}
		for _, n := range near {
			if !n.Valid() || n == tile || !slices.Contains(n.Neighbours(), tile) || !Adjacent(n, tile) {
				t.Fatalf("%v is no neighbour of %v", n, tile)
			}
		}
	})
}

func TestAdjacent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := tiles().Draw(t, "a")
		// Half of the draws stay close, or hardly any pair would be adjacent.
		b := tiles().Draw(t, "b")
		if rapid.Bool().Draw(t, "close") && a.Z > 0 {
			b = rapid.SampledFrom(a.Neighbours()).Draw(t, "neighbour")
			if b.Z < MaxZoom {
				b = rapid.SampledFrom(append(b.Neighbours(), b.Children()[0], b)).Draw(t, "further")
			}
		}
		z := min(a.Z, b.Z)
		want := a.Ancestor(z) == b.Ancestor(z) || slices.Contains(a.Ancestor(z).Neighbours(), b.Ancestor(z))
		if Adjacent(a, b) != want || Adjacent(b, a) != want {
			t.Fatalf("Adjacent(%v, %v) = %v, and %v the other way; want %v", a, b, Adjacent(a, b), Adjacent(b, a), want)
		}
	})
}

func TestAdjacentAcrossTheAntimeridian(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"z14/x0/y5740", "z14/x16383/y5741", true},
		{"z14/x0/y5740", "z14/x16382/y5740", false},
		{"z14/x0/y0", "z14/x0/y16383", false}, // north and south pole
		{"z14/x8624/y5740", "z10/x539/y358", true},
		{"z14/x8624/y5740", "z0/x0/y0", true},
		{"z1/x0/y0", "z1/x1/y1", true},
	} {
		a, err1 := Parse(c.a)
		b, err2 := Parse(c.b)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if got := Adjacent(a, b); got != c.want {
			t.Errorf("Adjacent(%v, %v) = %v", a, b, got)
		}
	}
}
