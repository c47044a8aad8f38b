package depot

import (
	"bytes"
	"slices"

	"fieldkit/kit/digest"
	"fieldkit/maps/tile"
)

// census counts the events of a space, a tile at a time, for its digests.
type census struct {
	own  map[string]map[tile.Tile]digest.Branch // of the tiles that are done, by policy
	here map[string][]digest.Sum                // of the tile at hand, by policy; one may stand there twice
}

func newCensus() census {
	return census{own: make(map[string]map[tile.Tile]digest.Branch), here: make(map[string][]digest.Sum)}
}

func (c *census) add(policy string, hash digest.Sum) { c.here[policy] = append(c.here[policy], hash) }

// settle puts the tile at hand in order.
func (c *census) settle() {
	for policy, hashes := range c.here {
		slices.SortFunc(hashes, compareSums)
		c.here[policy] = slices.Compact(hashes)
	}
}

// has reports whether an event of the tile at hand was counted; settle comes before it.
func (c *census) has(policy string, hash digest.Sum) bool {
	_, ok := slices.BinarySearchFunc(c.here[policy], hash, compareSums)
	return ok
}

// end closes a tile.
func (c *census) end(at tile.Tile) {
	c.settle()
	for policy, hashes := range c.here {
		if c.own[policy] == nil {
			c.own[policy] = make(map[tile.Tile]digest.Branch)
		}
		c.own[policy][at] = digest.Branch{Digest: digest.Root(hashes), Count: uint64(len(hashes))}
	}
	clear(c.here)
}

func compareSums(a, b digest.Sum) int { return bytes.Compare(a[:], b[:]) }

// trees are the space's digests, by policy.
func (c *census) trees(space string) (trees []digest.World) {
	for _, policy := range []string{"private", "public", "redacted"} {
		if own := c.own[policy]; len(own) > 0 {
			trees = append(trees, digest.World{Space: space, Policy: policy, Branch: digest.Quad(own, tile.Tile{}).Branch})
		}
	}
	return trees
}
