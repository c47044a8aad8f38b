package digest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldkit/maps/tile"
)

// drawHashes draws hashes many of which begin alike, so that trees get deep; unsorted, each once.
func drawHashes(t *rapid.T, label string) []Sum {
	one := rapid.Custom(func(t *rapid.T) Sum {
		var h Sum
		shared := rapid.IntRange(0, 31).Draw(t, "shared")
		for i := shared; i < len(h); i++ {
			h[i] = rapid.Byte().Draw(t, "byte")
		}
		return h
	})
	return rapid.SliceOfNDistinct(one, 0, 120, func(h Sum) Sum { return h }).Draw(t, label)
}

func sorted(hashes []Sum) []Sum {
	s := slices.Clone(hashes)
	slices.SortFunc(s, compare)
	return s
}

func TestTreeEqualsFromScratchAfterEachStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tree Tree
		hashes := drawHashes(t, "hashes")
		for i, h := range hashes {
			if !tree.Add(h) {
				t.Fatalf("%s was there", h)
			}
			if i%7 == 0 && tree.Add(hashes[i/2]) {
				t.Fatal("added twice")
			}
			if got, want := tree.Root(), Root(sorted(hashes[:i+1])); got != want || tree.Len() != i+1 {
				t.Fatalf("after %d: %s of %d, want %s", i+1, got, tree.Len(), want)
			}
		}
	})
}

func TestOrderIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := drawHashes(t, "hashes")
		var a, b Tree
		for _, h := range hashes {
			a.Add(h)
		}
		for _, h := range rapid.Permutation(hashes).Draw(t, "order") {
			b.Add(h)
		}
		if a.Branch() != b.Branch() {
			t.Fatalf("%v and %v", a.Branch(), b.Branch())
		}
	})
}

func TestAnyChangeChangesTheRoot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := drawHashes(t, "hashes")
		if len(hashes) == 0 {
			return
		}
		root := Root(sorted(hashes))
		i := rapid.IntRange(0, len(hashes)-1).Draw(t, "which")
		bit := rapid.IntRange(0, 255).Draw(t, "bit")
		without := slices.Delete(slices.Clone(hashes), i, i+1)
		if Root(sorted(without)) == root {
			t.Fatal("one less has the same root")
		}
		changed := slices.Clone(hashes)
		changed[i][bit/8] ^= 1 << (bit % 8)
		if !slices.Contains(hashes, changed[i]) && Root(sorted(changed)) == root {
			t.Fatal("one changed has the same root")
		}
	})
}

// A walk by Find meets every hash once, and each child is the node that it says it is.
func TestFindWalksToEveryHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := sorted(drawHashes(t, "hashes"))
		var met []Sum
		var walk func(path []byte, want Branch)
		walk = func(path []byte, want Branch) {
			n := Find(hashes, path)
			if n.Branch != want {
				t.Fatalf("node %x is %v, its parent says %v", path, n.Branch, want)
			}
			met = append(met, n.Hashes...)
			for i, c := range n.Children {
				walk(append(slices.Clone(path), byte(i)), c)
			}
		}
		walk(nil, Branch{Root(hashes), uint64(len(hashes))})
		if !slices.Equal(met, hashes) {
			t.Fatalf("met %d of %d", len(met), len(hashes))
		}
	})
}

func TestFindRefusesPathsThatCannotBe(t *testing.T) {
	hashes := sorted(numbered([2]int{0, 40}))
	for _, path := range [][]byte{{16}, {255}, make([]byte, 65)} {
		if n := Find(hashes, path); n.Count != 0 || n.Hashes != nil || n.Children != nil {
			t.Errorf("path %x finds %+v", path, n)
		}
	}
}

func drawWorld(t *rapid.T) map[tile.Tile]Branch {
	own := make(map[tile.Tile]Branch)
	for range rapid.IntRange(0, 30).Draw(t, "tiles") {
		z := uint8(rapid.SampledFrom([]int{0, 1, 2, 3, 13, 14, 21, 22}).Draw(t, "z"))
		at := tile.Tile{Z: z, X: rapid.Uint32Range(0, 1<<z-1).Draw(t, "x"), Y: rapid.Uint32Range(0, 1<<z-1).Draw(t, "y")}
		own[at] = Branch{Sum{byte(len(own) + 1)}, uint64(rapid.IntRange(1, 9).Draw(t, "count"))}
	}
	return own
}

// What a parent says of a child is what the child says of itself, down to the tiles' own.
func TestQuadAgreesWithItsChildren(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		own := drawWorld(t)
		var met uint64
		var walk func(at tile.Tile) Branch
		walk = func(at tile.Tile) Branch {
			q := Quad(own, at)
			if q.Own != own[at] {
				t.Fatalf("%s has %v of its own, want %v", at, q.Own, own[at])
			}
			met += q.Own.Count
			if q.Branch != Join(q.Own, q.Children) {
				t.Fatalf("%s is not joined of its parts", at)
			}
			for i, c := range q.Children {
				if c.Count == 0 {
					if c.Digest != (Sum{}) {
						t.Fatalf("%s has an empty child with a digest", at)
					}
					continue
				}
				if got := walk(at.Children()[i]); got != c {
					t.Fatalf("%s says %v of child %d, which says %v", at, c, i, got)
				}
			}
			return q.Branch
		}
		root := walk(tile.Tile{})
		var total uint64
		for _, b := range own {
			total += b.Count
		}
		if met != total || root.Count != total {
			t.Fatalf("met %d, counted %d, of %d", met, root.Count, total)
		}
	})
}

func TestOneTileChangesTheWorld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		own := drawWorld(t)
		root := Quad(own, tile.Tile{}).Branch
		for at, b := range own {
			own[at] = Branch{Sum{255}, b.Count}
			if Quad(own, tile.Tile{}).Digest == root.Digest {
				t.Fatalf("another digest in %s has the same root", at)
			}
			own[at] = Branch{b.Digest, b.Count + 1}
			if len(own) > 1 && Quad(own, tile.Tile{}).Digest == root.Digest {
				t.Fatalf("another count in %s has the same root", at)
			}
			// Two tiles change places.
			for other, o := range own {
				if other != at && o != b {
					own[at], own[other] = o, b
					if Quad(own, tile.Tile{}).Digest == root.Digest {
						t.Fatalf("%s and %s exchanged have the same root", at, other)
					}
					own[other] = o
					break
				}
			}
			own[at] = b
		}
	})
}

func TestSumText(t *testing.T) {
	s := Root(numbered([2]int{0, 1}))
	if got, ok := ParseSum(s.String()); !ok || got != s {
		t.Errorf("%s came back as %s", s, got)
	}
	for _, text := range []string{
		"", "sha256:", s.String()[7:], strings.ToUpper(s.String()), s.String() + "0", s.String()[:70], "sha256:" + strings.Repeat("g", 64),
		"sha256:" + strings.Repeat("é", 32),
	} {
		if _, ok := ParseSum(text); ok {
			t.Errorf("%q passes for a sum", text)
		}
	}
	b, err := json.Marshal(Branch{s, 3})
	if err != nil || string(b) != `{"digest":"`+s.String()+`","count":3}` {
		t.Errorf("%s, %v", b, err)
	}
}

func FuzzParseSum(f *testing.F) {
	f.Add("sha256:" + strings.Repeat("0a", 32))
	f.Add("sha256:")
	f.Fuzz(func(t *testing.T, text string) {
		if s, ok := ParseSum(text); ok && s.String() != text {
			t.Errorf("%q came back as %q", text, s)
		}
	})
}

func BenchmarkRoot(b *testing.B) {
	hashes := sorted(numbered([2]int{0, 100_000}))
	b.ReportAllocs()
	for b.Loop() {
		Root(hashes)
	}
}
