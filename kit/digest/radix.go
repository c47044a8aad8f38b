package digest

import (
	"bytes"
	"crypto/sha256"
	"sort"
)

// Root is the digest of a tile's own events. hashes are their content hashes, ascending, each once.
func Root(hashes []Sum) Sum { return root(hashes, 0) }

// root is the digest of hashes that share their first depth nibbles.
func root(hashes []Sum, depth int) Sum {
	switch {
	case len(hashes) == 0:
		return Sum{}
	case len(hashes) <= MaxLeaf:
		return leaf(hashes)
	}
	var branches [16]Sum
	for i := range branches {
		n := split(hashes, depth, byte(i))
		branches[i] = root(hashes[:n], depth+1)
		hashes = hashes[n:]
	}
	return inner(&branches)
}

func leaf(hashes []Sum) Sum {
	var b [1 + MaxLeaf*32]byte
	b[0] = leafMark
	n := 1
	for i := range hashes {
		n += copy(b[n:], hashes[i][:])
	}
	return sha256.Sum256(b[:n])
}

func inner(branches *[16]Sum) Sum {
	var b [1 + 16*32]byte
	b[0] = nodeMark
	for i := range branches {
		copy(b[1+32*i:], branches[i][:])
	}
	return sha256.Sum256(b[:])
}

// split is how many of the hashes at the front have the nibble value at depth, given that none has a smaller one.
func split(hashes []Sum, depth int, value byte) int {
	return sort.Search(len(hashes), func(i int) bool { return nibble(&hashes[i], depth) > value })
}

// nibble is the depth-th half byte of h, the high one of each byte first.
func nibble(h *Sum, depth int) byte {
	if depth%2 == 0 {
		return h[depth/2] >> 4
	}
	return h[depth/2] & 15
}

// A Node is one node of the radix tree, as a walk that looks for differences asks for it.
type Node struct {
	Branch
	// Hashes are those of a leaf, ascending; nil for an inner node.
	Hashes []Sum
	// Children are the branches of an inner node by their nibble; nil for a leaf.
	Children []Branch
}

// Find returns the node that holds those of the hashes (ascending, each once) which begin with path, a list of nibbles.
// The node is the one the root was made with, however deep the tree is elsewhere; where the tree ends above path, it is
// what a tree of these hashes alone would have at that depth. A path is at most 64 nibbles of 0 to 15; another finds
// nothing.
func Find(hashes []Sum, path []byte) Node {
	for depth, value := range path {
		if depth >= 64 || value > 15 {
			return Node{}
		}
		if value > 0 {
			hashes = hashes[split(hashes, depth, value-1):]
		}
		hashes = hashes[:split(hashes, depth, value)]
	}
	n := Node{Branch: Branch{root(hashes, len(path)), uint64(len(hashes))}}
	if len(hashes) <= MaxLeaf {
		n.Hashes = hashes
		return n
	}
	n.Children = make([]Branch, 16)
	for i := range n.Children {
		count := split(hashes, len(path), byte(i))
		n.Children[i] = Branch{root(hashes[:count], len(path)+1), uint64(count)}
		hashes = hashes[count:]
	}
	return n
}

func compare(a, b Sum) int { return bytes.Compare(a[:], b[:]) }
