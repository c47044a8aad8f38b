// Package digest computes the Merkle digests by which two kits find out whether they hold the same events, and which
// ones they do not share: kit/SPEC.md, section 9. It is pure.
//
// Three levels lie on one another: a 16-ary radix tree over the content hashes of a tile's own events (Root, Node,
// Tree), the quadtree of tiles (Join, Quad), and one digest over all trees of a kit (Kit). Each level begins its hash
// with a byte of its own, so that no node of one can pass for a node of another.
package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// The bytes that a hash begins with.
const (
	leafMark = 0x00
	nodeMark = 0x01
	tileMark = 0x02
	kitMark  = 0x03
)

// MaxLeaf is how many hashes a leaf of the radix tree lists; with more it has 16 branches.
const MaxLeaf = 16

// MaxLoRa is the greatest length in bytes of a canonical event that is fit for LoRa.
const MaxLoRa = 1024

// LoRa names the tree over what is fit for LoRa; the others are named after their policy.
const LoRa = "lora"

// FitsLoRa reports whether an event of this policy and canonical length in bytes belongs to the LoRa tree.
func FitsLoRa(policy string, size int) bool { return policy == "public" && size <= MaxLoRa }

// A Sum is a SHA-256: a content hash or a digest made of them. The zero Sum is the digest of nothing.
type Sum [32]byte

// String is how sums are written: sha256: and 64 lower-case hex digits.
func (s Sum) String() string { return "sha256:" + hex.EncodeToString(s[:]) }

// MarshalText is String.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSum reads what String writes, and nothing else.
func ParseSum(text string) (s Sum, ok bool) {
	digits, ok := strings.CutPrefix(text, "sha256:")
	if !ok || len(digits) != 2*len(s) || strings.Trim(digits, "0123456789abcdef") != "" {
		return Sum{}, false
	}
	_, err := hex.Decode(s[:], []byte(digits))
	return s, err == nil
}

// A Branch is a set of events as its parent knows it: their digest and how many they are.
type Branch struct {
	Digest Sum    `json:"digest"`
	Count  uint64 `json:"count"`
}

// A World is the tree of one space and policy, known by the digest of z0/x0/y0.
type World struct {
	Space  string `json:"space"`
	Policy string `json:"policy"`
	Branch
}

// Kit is the root digest of a kit: over the worlds that have events, whatever their order here. The LoRa trees are
// parts of the public ones and are not among them.
func Kit(worlds []World) Sum {
	held := slices.DeleteFunc(slices.Clone(worlds), func(w World) bool { return w.Count == 0 || w.Policy == LoRa })
	slices.SortFunc(held, func(a, b World) int {
		if c := strings.Compare(a.Space, b.Space); c != 0 {
			return c
		}
		return strings.Compare(a.Policy, b.Policy)
	})
	h := sha256.New()
	h.Write([]byte{kitMark})
	var b []byte
	for _, w := range held {
		b = binary.BigEndian.AppendUint16(b[:0], uint16(len(w.Space)))
		b = append(b, w.Space...)
		b = append(b, byte(len(w.Policy)))
		b = append(b, w.Policy...)
		b = append(b, w.Digest[:]...)
		b = binary.BigEndian.AppendUint64(b, w.Count)
		h.Write(b)
	}
	var s Sum
	h.Sum(s[:0])
	return s
}
