package tile

import (
	"encoding/json"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

// tiles draws any valid tile, all zooms alike.
func tiles() *rapid.Generator[Tile] {
	return rapid.Custom(func(t *rapid.T) Tile {
		z := rapid.Uint8Range(0, MaxZoom).Draw(t, "z")
		last := uint32(1)<<z - 1
		return Tile{z, rapid.Uint32Range(0, last).Draw(t, "x"), rapid.Uint32Range(0, last).Draw(t, "y")}
	})
}

func TestNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := tiles().Draw(t, "tile")
		if got, err := Parse(want.String()); err != nil || got != want {
			t.Fatalf("Parse(%q) = %v, %v", want.String(), got, err)
		}
		if got, err := ParsePlain(want.Plain()); err != nil || got != want {
			t.Fatalf("ParsePlain(%q) = %v, %v", want.Plain(), got, err)
		}
		text, err := json.Marshal(map[Tile]Tile{want: want})
		if err != nil {
			t.Fatal(err)
		}
		var back map[Tile]Tile
		if err := json.Unmarshal(text, &back); err != nil || back[want] != want {
			t.Fatalf("%s came back as %v, %v", text, back, err)
		}
	})
}

func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := tiles().Draw(t, "a"), tiles().Draw(t, "b")
		for _, tile := range []Tile{a, b} {
			key := tile.Key()
			if key == 0 || bits.Len64(key) > 45 {
				t.Fatalf("the key of %v is %#x", tile, key)
			}
			if got, err := FromKey(key); err != nil || got != tile {
				t.Fatalf("FromKey(%#x) = %v, %v", key, got, err)
			}
			if parent, ok := tile.Parent(); ok && parent.Key() != key>>2 {
				t.Fatalf("the parent of %v has key %#x, not %#x", tile, parent.Key(), key>>2)
			}
		}
		if (a == b) != (a.Key() == b.Key()) {
			t.Fatalf("%v and %v: keys %#x and %#x", a, b, a.Key(), b.Key())
		}
		below := b.Z >= a.Z && b.Key()>>(2*(b.Z-min(a.Z, b.Z))) == a.Key()
		if a.Contains(b) != below {
			t.Fatalf("%v contains %v: %v, but by their keys %v", a, b, a.Contains(b), below)
		}
	})
}

func TestFromKeyRefuses(t *testing.T) {
	for _, key := range []uint64{0, 2, 3, 8, 15, 1 << 45, 1 << 46, 1<<63 + 5} {
		if got, err := FromKey(key); err == nil {
			t.Errorf("FromKey(%#x) = %v", key, got)
		}
	}
}

func TestMarshalRefusesInvalid(t *testing.T) {
	for _, bad := range []Tile{{Z: 23}, {Z: 0, X: 1}, {Z: 3, Y: 8}, {Z: 255, X: 1 << 31}} {
		if bad.Valid() {
			t.Errorf("%v is valid", bad)
		}
		if text, err := bad.MarshalText(); err == nil {
			t.Errorf("%v marshals to %s", bad, text)
		}
	}
}
