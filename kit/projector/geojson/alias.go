package geojson

import (
	"slices"

	"fieldkit/kit/canvas"
)

// Target follows merges from a node to the one that it is another name of, which is itself where it was not merged.
// Nothing is lost on the way: where the last name is of a node that is not here, the last one that is here stands for
// it; where merges lead in a circle, the smallest id of the circle stands for all.
func Target(c *canvas.Canvas, n *canvas.Node) *canvas.Node {
	into := n.MergedInto()
	if into == "" {
		return n
	}
	for chain := []*canvas.Node{n}; ; into = n.MergedInto() {
		if into == "" {
			return n
		}
		next := c.Node(into)
		if next == nil {
			return n
		}
		if at := slices.Index(chain, next); at >= 0 {
			return slices.MinFunc(chain[at:], func(a, b *canvas.Node) int {
				if a.ID < b.ID {
					return -1
				}
				return 1
			})
		}
		chain, n = append(chain, next), next
	}
}

// Aliases are the nodes that are other names of a node, at first hand or through each other, sorted.
func Aliases(c *canvas.Canvas, id string) []string {
	var aliases []string
	for next := c.Aliases(id); len(next) > 0; next = next[1:] {
		if next[0] == id || slices.Contains(aliases, next[0]) {
			continue
		}
		aliases = append(aliases, next[0])
		next = append(next, c.Aliases(next[0])...)
	}
	slices.Sort(aliases)
	return aliases
}

// Names are all nodes that merges join to the node of this id, and that one first: what a change of one of them may
// change on the map.
func Names(c *canvas.Canvas, id string) []string {
	names := []string{id}
	n := c.Node(id)
	for n != nil {
		into := n.MergedInto()
		if into == "" || slices.Contains(names, into) {
			break
		}
		names, n = append(names, into), c.Node(into)
	}
	for _, a := range Aliases(c, id) {
		if !slices.Contains(names, a) {
			names = append(names, a)
		}
	}
	return names
}
