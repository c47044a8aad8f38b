package canvas

import (
	"slices"
	"strings"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// Names of registers; those of properties, media and sensors bear a prefix.
const (
	Position = "position"
	Rotation = "rotation"
	Scale    = "scale"
	Geometry = "geometry"
	Deleted  = "deleted"
	Merged   = "merged"

	PropertyPrefix = "property:"
	MediaPrefix    = "media:"
	SensorPrefix   = "sensor:"
	LinkPrefix     = "link:"
)

// A Node is a thing on the canvas, as folded from its events.
type Node struct {
	// ID is the id of its create_node.
	ID    string
	Tile  tile.Tile
	Layer string
	Type  string
	Scope *event.Scope
	// Stamp is that of its create.
	*Stamp

	created   bool
	registers registers
	// extra is nil for the many nodes that have none of it.
	extra *extra
}

// extra is what few nodes have.
type extra struct {
	claims   registers
	links    map[string]Link
	unlinked map[string]struct{}
	waiting  []pendingWrite // before the node's create came; nil afterwards
}

// more gives room for what few nodes have.
func (n *Node) more() *extra {
	if n.extra == nil {
		n.extra = &extra{}
	}
	return n.extra
}

// A Link leads from a node to another.
type Link struct {
	ID     string
	ToNode string
	ToTile tile.Tile
	Type   string
}

// A Claim is what somebody says of a node that is another's.
type Claim struct {
	Register string
	*Write
}

// Register gives what is to be seen of the register of that name; Drawn is nil when nothing was written.
func (n *Node) Register(name string) Register {
	if r := n.registers.get(name); r != nil {
		return r.see()
	}
	return Register{Name: name}
}

// Registers calls yield for each register whose name begins with prefix, by name.
func (n *Node) Registers(prefix string, yield func(Register)) {
	for i := range n.registers {
		if strings.HasPrefix(n.registers[i].name, prefix) {
			yield(n.registers[i].see())
		}
	}
}

// Deleted reports whether the node has a tombstone.
func (n *Node) Deleted() bool { return n.registers.get(Deleted) != nil }

// MergedInto is the node that this one is another name of, "" when of none.
func (n *Node) MergedInto() string {
	r := n.registers.get(Merged)
	if r == nil {
		return ""
	}
	into, _ := readMerged(r.see().Drawn.Value)
	return into
}

// Links are the node's links by id.
func (n *Node) Links() []Link {
	if n.extra == nil {
		return nil
	}
	links := make([]Link, 0, len(n.extra.links))
	for id, l := range n.extra.links {
		if _, gone := n.extra.unlinked[id]; !gone {
			links = append(links, l)
		}
	}
	slices.SortFunc(links, func(a, b Link) int { return strings.Compare(a.ID, b.ID) })
	return links
}

// Claims are what others say of the node and nobody who may has answered, by register, principal.
func (n *Node) Claims() []Claim {
	if n.extra == nil {
		return nil
	}
	var claims []Claim
	for i := range n.extra.claims {
		r := &n.extra.claims[i]
		for j := range r.writes {
			if !r.writes[j].replaced {
				claims = append(claims, Claim{r.name, &r.writes[j]})
			}
		}
	}
	slices.SortFunc(claims, func(a, b Claim) int {
		if c := strings.Compare(a.Register, b.Register); c != 0 {
			return c
		}
		return strings.Compare(a.By.Principal, b.By.Principal)
	})
	return claims
}

// settle marks the claims of these events as answered: who may write to the node has seen them. What rank a claim gave
// itself does not matter: a clock at the end of time must not make it stand for ever.
func (n *Node) settle(events []string) {
	if n.extra == nil {
		return
	}
	for i := range n.extra.claims {
		for j := range n.extra.claims[i].writes {
			if w := &n.extra.claims[i].writes[j]; slices.Contains(events, w.Event) {
				w.replaced = true
			}
		}
	}
}

// Changed is the latest write to the node, claims included: what changed last. It is never nil for a node that was
// created with nothing said about it but its being there: then ok is false.
func (n *Node) Changed() (last *Write, ok bool) {
	all := [2]registers{n.registers}
	if n.extra != nil {
		all[1] = n.extra.claims
	}
	for _, rs := range all {
		for i := range rs {
			for j := range rs[i].writes {
				if w := &rs[i].writes[j]; last == nil || w.Later(last) {
					last = w
				}
			}
		}
	}
	return last, last != nil
}

// A Sensor is an actor's sensor that belongs to no node.
type Sensor struct {
	Tile   tile.Tile
	Layer  string
	By     *Author
	Name   string
	Scope  *event.Scope
	Latest Write
}

type sensorKey struct{ principal, actor, name string }
