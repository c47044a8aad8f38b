package digest

import "slices"

// A Tree is a tile's radix tree kept in memory: a hash is added in the time of one path, and the root is as quickly at
// hand again. It gives the digests that Root and Find give. The zero Tree is empty. It is not safe for concurrent use.
type Tree struct {
	top node
}

// node is a leaf as long as branches is nil.
type node struct {
	count    int
	hashes   []Sum // of a leaf, ascending
	branches *[16]node
	digest   Sum
	known    bool // digest is that of the present content
}

// Len is how many hashes the tree holds.
func (t *Tree) Len() int { return t.top.count }

// Add adds a hash and reports whether it was not there before.
func (t *Tree) Add(h Sum) bool { return t.top.add(h, 0) }

// Root is the digest of what was added.
func (t *Tree) Root() Sum { return t.top.sum() }

// Branch is the root with its count.
func (t *Tree) Branch() Branch { return Branch{t.Root(), uint64(t.Len())} }

func (n *node) add(h Sum, depth int) bool {
	if n.branches != nil {
		if !n.branches[nibble(&h, depth)].add(h, depth+1) {
			return false
		}
		n.count++
		n.known = false
		return true
	}
	at, found := slices.BinarySearchFunc(n.hashes, h, compare)
	if found {
		return false
	}
	n.hashes = slices.Insert(n.hashes, at, h)
	n.count++
	n.known = false
	if n.count > MaxLeaf {
		n.branches = new([16]node)
		for _, h := range n.hashes {
			n.branches[nibble(&h, depth)].add(h, depth+1)
		}
		n.hashes = nil
	}
	return true
}

func (n *node) sum() Sum {
	if n.known {
		return n.digest
	}
	switch {
	case n.branches != nil:
		var below [16]Sum
		for i := range n.branches {
			below[i] = n.branches[i].sum()
		}
		n.digest = inner(&below)
	case n.count > 0:
		n.digest = leaf(n.hashes)
	default:
		n.digest = Sum{}
	}
	n.known = true
	return n.digest
}
