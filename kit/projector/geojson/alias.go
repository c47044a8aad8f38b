package geojson

import (
	"slices"
	"strings"

	"fieldkit/kit/canvas"
)

// maxMerges is how many merges are followed from one node: who merges farther hides only what is its own.
const maxMerges = 64

// Target follows merges from a node to the one that it is another name of, which is itself where it was not merged.
// Nothing is lost on the way: where the last name is of a node that is not here, the last one that is here stands for
// it; where merges lead in a circle, the smallest id of the circle stands for all.
func Target(c *canvas.Canvas, n *canvas.Node) *canvas.Node {
	into := n.MergedInto()
	for chain := []*canvas.Node{n}; into != "" && len(chain) <= maxMerges; into = n.MergedInto() {
		next := c.Node(into)
		if next == nil {
			return n
		}
		if at := slices.Index(chain, next); at >= 0 {
			return slices.MinFunc(chain[at:], func(a, b *canvas.Node) int { return strings.Compare(a.ID, b.ID) })
		}
		chain, n = append(chain, next), next
	}
	return n
}

// Aliases are the nodes that are other names of a node, at first hand or through each other, sorted.
func Aliases(c *canvas.Canvas, id string) []string {
	var aliases []string
	seen := map[string]bool{id: true}
	for next := c.Aliases(id); len(next) > 0; next = next[1:] {
		if !seen[next[0]] {
			seen[next[0]] = true
			aliases = append(aliases, next[0])
			next = append(next, c.Aliases(next[0])...)
		}
	}
	slices.Sort(aliases)
	return aliases
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
	for _, a := range Aliases(c, id) {
		if !slices.Contains(names[:ahead], a) {
			names = append(names, a)
		}
	}
	return names
}
