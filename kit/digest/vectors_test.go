package digest

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"fieldkit/maps/tile"
)

// vector is one file of kit/testdata/vectors/digest; kind says which members it has.
type vector struct {
	Comment string `json:"comment"`
	Kind    string `json:"kind"`
	// radix: the hashes, or the numbers [a, b) whose decimal text is hashed to give them.
	Hashes  []string `json:"hashes"`
	Numbers [2]int   `json:"numbers"`
	Root    string   `json:"root"`
	Nodes   []struct {
		Path     string   `json:"path"`
		Digest   string   `json:"digest"`
		Count    uint64   `json:"count"`
		Hashes   []string `json:"hashes"`
		Children []branch `json:"children"`
	} `json:"nodes"`
	// quad: numbers as above for each tile with events.
	Tiles  map[string][2]int `json:"tiles"`
	Expect map[string]struct {
		branch
		Own      branch    `json:"own"`
		Children [4]branch `json:"children"`
	} `json:"expect"`
	// kit
	Worlds []struct {
		Space  string `json:"space"`
		Policy string `json:"policy"`
		branch
	} `json:"worlds"`
	// lora
	Policy string `json:"policy"`
	Size   int    `json:"size"`
	Fits   bool   `json:"fits"`
}

type branch struct {
	Digest string `json:"digest"`
	Count  uint64 `json:"count"`
}

func (b branch) is(got Branch) bool { return b.Digest == got.Digest.String() && b.Count == got.Count }

func TestVectors(t *testing.T) {
	files, err := filepath.Glob("../testdata/vectors/digest/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	kinds := make(map[string]int)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		kinds[v.Kind]++
		t.Run(filepath.Base(file), func(t *testing.T) {
			switch v.Kind {
			case "radix":
				v.radix(t)
			case "quad":
				v.quad(t)
			case "kit":
				v.kit(t)
			case "lora":
				if got := FitsLoRa(v.Policy, v.Size); got != v.Fits {
					t.Errorf("fits is %v", got)
				}
			default:
				t.Errorf("kind %q", v.Kind)
			}
		})
	}
	for _, kind := range []string{"radix", "quad", "kit", "lora"} {
		if kinds[kind] == 0 {
			t.Errorf("no vector of kind %s", kind)
		}
	}
}

func (v vector) radix(t *testing.T) {
	hashes := numbered(v.Numbers)
	for _, text := range v.Hashes {
		hashes = append(hashes, parse(t, text))
	}
	var tree Tree
	for _, h := range hashes {
		tree.Add(h)
	}
	slices.SortFunc(hashes, compare)
	if got := Root(hashes).String(); got != v.Root {
		t.Errorf("root is %s, want %s", got, v.Root)
	}
	if got := tree.Root().String(); got != v.Root {
		t.Errorf("the tree's root is %s, want %s", got, v.Root)
	}
	if len(v.Nodes) == 0 {
		t.Error("no nodes")
	}
	for _, want := range v.Nodes {
		var path []byte
		for _, c := range want.Path {
			n, err := strconv.ParseUint(string(c), 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			path = append(path, byte(n))
		}
		got := Find(hashes, path)
		if (branch{want.Digest, want.Count}) != (branch{got.Digest.String(), got.Count}) {
			t.Errorf("node %q is %+v", want.Path, got.Branch)
		}
		if len(got.Hashes) != len(want.Hashes) || len(got.Children) != len(want.Children) {
			t.Fatalf("node %q has %d hashes and %d children", want.Path, len(got.Hashes), len(got.Children))
		}
		for i, h := range want.Hashes {
			if got.Hashes[i] != parse(t, h) {
				t.Errorf("node %q, hash %d is %s", want.Path, i, got.Hashes[i])
			}
		}
		for i, c := range want.Children {
			if !c.is(got.Children[i]) {
				t.Errorf("node %q, child %d is %+v", want.Path, i, got.Children[i])
			}
		}
	}
}

func (v vector) quad(t *testing.T) {
	own := make(map[tile.Tile]Branch)
	for name, numbers := range v.Tiles {
		hashes := numbered(numbers)
		slices.SortFunc(hashes, compare)
		own[parseTile(t, name)] = Branch{Root(hashes), uint64(len(hashes))}
	}
	if len(v.Expect) == 0 {
		t.Error("expects nothing")
	}
	for name, want := range v.Expect {
		got := Quad(own, parseTile(t, name))
		if !want.is(got.Branch) {
			t.Errorf("%s is %+v, want %+v", name, got.Branch, want.branch)
		}
		if !want.Own.is(got.Own) {
			t.Errorf("%s has of its own %+v", name, got.Own)
		}
		for i := range want.Children {
			if !want.Children[i].is(got.Children[i]) {
				t.Errorf("%s, child %d is %+v", name, i, got.Children[i])
			}
		}
	}
}

func (v vector) kit(t *testing.T) {
	var worlds []World
	for _, w := range v.Worlds {
		worlds = append(worlds, World{w.Space, w.Policy, Branch{parse(t, w.Digest), w.Count}})
	}
	for range 2 {
		if got := Kit(worlds).String(); got != v.Root {
			t.Errorf("root is %s, want %s", got, v.Root)
		}
		slices.Reverse(worlds)
	}
}

func numbered(n [2]int) (hashes []Sum) {
	for i := n[0]; i < n[1]; i++ {
		hashes = append(hashes, sha256.Sum256([]byte(strconv.Itoa(i))))
	}
	return hashes
}

func parse(t *testing.T, text string) Sum {
	s, ok := ParseSum(text)
	if !ok {
		t.Fatalf("%q is no sum", text)
	}
	return s
}

func parseTile(t *testing.T, name string) tile.Tile {
	at, err := tile.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
