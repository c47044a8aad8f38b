package geojson

import (
	"slices"
	"strings"

	"fieldkit/kit/canvas"
)

// maxMerges is how many merges are followed from one node.
const maxMerges = 64

// Target follows merges from a node to the one that stands for it, which is itself where it was not merged. Nothing is lost
// on the way: where the last name is of a node that is not here, the last one that is here stands for it; where merges lead
// in a circle, the smallest id of the circle; where they lead too far, or to what was deleted by nobody who may delete the
// node too, the node itself.
func Target(c *canvas.Canvas, n *canvas.Node) *canvas.Node {
	if n.MergedInto() == "" {
		return n
	}
	chain := []*canvas.Node{n}
	stands := n
	for {
		next := c.Node(stands.MergedInto())
		if next == nil {
			break
		}
		if at := slices.Index(chain, next); at >= 0 {
			circle := chain[at:]
			stands = slices.MinFunc(circle, func(a, b *canvas.Node) int { return strings.Compare(a.ID, b.ID) })
			chain = chain[:at+1]
			break
		}
		if len(chain) > maxMerges {
			return n
		}
		chain, stands = append(chain, next), next
	}
	for _, merged := range slices.Backward(chain) {
		if stands != merged && stands.Deleted() && !c.GoneWith(stands, merged) {
			stands = merged
		}
	}
	return stands
}

// Aliases are the other nodes that the node of this id stands for, sorted.
func Aliases(c *canvas.Canvas, id string) []string {
	return slices.DeleteFunc(merged(c, id), func(alias string) bool {
		n := c.Node(alias)
		return n == nil || Target(c, n).ID != id
	})
}

// merged are the nodes that were merged into the node of this id, at first hand or through each other, sorted.
func merged(c *canvas.Canvas, id string) []string {
	next := c.Aliases(id)
	if len(next) == 0 {
		return nil
	}
	var all []string
	seen := map[string]bool{id: true}
	for ; len(next) > 0; next = next[1:] {
		if !seen[next[0]] {
			seen[next[0]] = true
			all = append(all, next[0])
			next = append(next, c.Aliases(next[0])...)
		}
	}
	slices.Sort(all)
	return all
}

// Names are all nodes that merges join to the node of this id, and that one first: what a change of one of them may
// change on the map.
func Names(c *canvas.Canvas, id string) []string {
	names := []string{id}
	for n := c.Node(id); n != nil && len(names) <= maxMerges; {
		into := n.MergedInto()
		if into == "" || slices.Contains(names, into) {
			break
		}
		names, n = append(names, into), c.Node(into)
	}
	ahead := len(names)
	for _, a := range merged(c, id) {
		if !slices.Contains(names[:ahead], a) {
			names = append(names, a)
		}
	}
	return names
}
