package geojson

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"fieldkit/kit/canvas"
)

// group is a node with those that were merged into it and were not deleted: what is drawn as one thing.
type group struct {
	c    *canvas.Canvas
	node *canvas.Node
	// lenders were merged by somebody who may write to the node: what it lacks is theirs. The others were merged into it by
	// strangers, and only say what they say.
	lenders, strangers []*canvas.Node
}

func groupOf(c *canvas.Canvas, n *canvas.Node, aliases []string) group {
	g := group{c: c, node: n}
	for _, id := range aliases {
		switch alias := c.Node(id); {
		case alias.Deleted():
		case g.lends(alias):
			g.lenders = append(g.lenders, alias)
		default:
			g.strangers = append(g.strangers, alias)
		}
	}
	return g
}

// lends reports whether each merge on the way from alias is by somebody who may write to the node.
func (g group) lends(alias *canvas.Node) bool {
	for ; alias != g.node; alias = g.c.Node(alias.MergedInto()) {
		if !g.c.MayAlso(g.node, alias.Register(canvas.Merged).Drawn) {
			return false
		}
	}
	return true
}

// whereabouts are registers that go together: a thing has one place, and two reports of it always differ by some metres.
var whereabouts = []string{canvas.Position, canvas.Geometry, canvas.Rotation, canvas.Scale}

// placed is the node that says where the thing is: the node itself, else the lender that says it with the greatest write.
func (g group) placed() *canvas.Node {
	said := func(n *canvas.Node) (w *canvas.Write) {
		for _, name := range whereabouts[:2] {
			if drawn := n.Register(name).Drawn; drawn != nil && (w == nil || drawn.Outranks(w)) {
				w = drawn
			}
		}
		return w
	}
	if len(g.lenders) == 0 || said(g.node) != nil {
		return g.node
	}
	from, greatest := g.node, (*canvas.Write)(nil)
	for _, lender := range g.lenders {
		if w := said(lender); w != nil && (greatest == nil || w.Outranks(greatest)) {
			from, greatest = lender, w
		}
	}
	return from
}

// A saying is what a register of one of several nodes says.
type saying struct {
	canvas.Register
	node *canvas.Node
}

// sayings are the registers of a node, those apart that say where the thing is.
func sayings(n *canvas.Node, yield func(saying)) {
	n.Registers("", func(r canvas.Register) {
		if r.Drawn != nil && !slices.Contains(whereabouts, r.Name) && !isDerivedSlot(r.Name) {
			yield(saying{r, n})
		}
	})
}

// described are the sayings of an alias that may be the thing's: that it was merged is its own affair.
func described(n *canvas.Node, yield func(saying)) {
	sayings(n, func(s saying) {
		if s.Name != canvas.Deleted && s.Name != canvas.Merged {
			yield(s)
		}
	})
}

// fold files what the nodes of a group say: each register as the node has it, else as the lenders do.
func (p *Properties) fold(g group) {
	if len(g.lenders)+len(g.strangers) == 0 {
		g.node.Registers("", func(r canvas.Register) {
			if r.Drawn != nil && !isDerivedSlot(r.Name) {
				p.add(g, saying{r, g.node})
			}
		})
		return
	}
	from := g.placed()
	for _, name := range whereabouts {
		if r := from.Register(name); r.Drawn != nil {
			p.add(g, saying{r, from})
		}
	}
	lent := make(map[string][]saying)
	for _, lender := range g.lenders {
		described(lender, func(s saying) { lent[s.Name] = append(lent[s.Name], s) })
	}
	drawn := make(map[string]*canvas.Write)
	draw := func(s saying) {
		p.add(g, s)
		drawn[s.Name] = s.Drawn
		if !strings.HasPrefix(s.Name, canvas.SensorPrefix) {
			p.differ(g, s, lent[s.Name])
		}
	}
	sayings(g.node, func(s saying) {
		if strings.HasPrefix(s.Name, canvas.SensorPrefix) {
			// A series: the latest reading is the thing's, whichever of its names it was told of.
			s = greatest(append(lent[s.Name], s))
		}
		draw(s)
	})
	for name, all := range lent {
		if drawn[name] == nil {
			draw(greatest(all))
		}
	}
	p.hear(g, drawn)
}

// hear files what strangers say otherwise than is drawn: of each principal the greatest on a register, so that nobody
// drowns a thing in what he merges into it.
func (p *Properties) hear(g group, drawn map[string]*canvas.Write) {
	type voice struct{ register, principal string }
	type words struct {
		*canvas.Write
		node *canvas.Node
	}
	heard := make(map[voice]words)
	for _, stranger := range g.strangers {
		described(stranger, func(s saying) {
			for _, w := range append([]*canvas.Write{s.Drawn}, s.Others...) {
				by := voice{s.Name, w.By.Principal}
				if before, ok := heard[by]; !ok || w.Outranks(before.Write) {
					heard[by] = words{w, stranger}
				}
			}
		})
	}
	for _, by := range slices.SortedFunc(maps.Keys(heard), func(a, b voice) int {
		return cmp.Or(strings.Compare(a.register, b.register), strings.Compare(a.principal, b.principal))
	}) {
		w, d := heard[by], drawn[by.register]
		if w.Value != "null" && (d == nil || d.Value != w.Value || d.Unit != w.Unit) {
			p.claim(g, by.register, w.Write, w.node)
		}
	}
}

// differ adds what the lenders say otherwise than s, greatest first.
func (p *Properties) differ(g group, s saying, lent []saying) {
	type other struct {
		*canvas.Write
		node *canvas.Node
	}
	var others []other
	for _, l := range lent {
		for _, w := range append([]*canvas.Write{l.Drawn}, l.Others...) {
			if l.node != s.node && w.Value != s.Drawn.Value {
				others = append(others, other{w, l.node})
			}
		}
	}
	slices.SortFunc(others, func(a, b other) int {
		if a.Outranks(b.Write) {
			return -1
		}
		return 1
	})
	for _, o := range others {
		p.other(g, s.Name, o.Write, o.node)
	}
}

func (p *Properties) other(g group, register string, w *canvas.Write, about *canvas.Node) {
	if p.Others == nil {
		p.Others = make(map[string][]Value)
	}
	p.Others[register] = append(p.Others[register], g.value(w, about))
}

func greatest(all []saying) saying {
	return slices.MaxFunc(all, func(a, b saying) int {
		if a.Drawn.Outranks(b.Drawn) {
			return 1
		}
		return -1
	})
}

// value is a write to one of the nodes; which, is said where it is not the one that stands for them.
func (g group) value(w *canvas.Write, about *canvas.Node) Value {
	v := value(g.c, w)
	if about != g.node {
		v.Node = about.ID
	}
	return v
}

func (p *Properties) claim(g group, register string, w *canvas.Write, about *canvas.Node) {
	p.Claims = append(p.Claims, Claim{register, g.value(w, about)})
}

// link files the links of the node and of its lenders that lead on, not to each other.
func (p *Properties) link(g group) {
	for _, n := range append([]*canvas.Node{g.node}, g.lenders...) {
		for _, l := range n.Links() {
			link := Link{ID: l.ID, ToNode: l.ToNode, ToTile: l.ToTile.String(), Type: l.Type}
			if n != g.node {
				if to := g.c.Node(l.ToNode); to != nil && Target(g.c, to) == g.node {
					continue
				}
				link.Node = n.ID
			}
			p.Links = append(p.Links, link)
		}
	}
}
