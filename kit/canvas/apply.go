package canvas

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// pendingWrite is an event that waits for its node's create.
type pendingWrite struct {
	event *event.Event
	stamp *Stamp
}

// apply folds one event with the clock that counts and names what it changed.
func (c *Canvas) apply(t *tileState, e *event.Event, clock event.Clock, uncertain bool) []string {
	if refusal := c.rules.Check(e); refusal != nil {
		c.witness(e, refusal)
		delete(t.missing, e.ID)
		return nil
	}
	t.digest.Store(nil)
	stamp := &Stamp{
		Event: strings.Clone(e.ID), Clock: clock, effective: c.rules.Effective(clock), Time: e.Timestamp,
		By: c.author(e), Derived: e.Scope.Authority == "derived", Uncertain: uncertain,
	}
	changed, waits := c.effect(t, e, stamp)
	if !waits {
		delete(t.missing, e.ID)
	}
	return changed
}

func (c *Canvas) effect(t *tileState, e *event.Event, stamp *Stamp) (changed []string, waits bool) {
	switch e.Operation {
	case event.CreateNode:
		return c.create(t, e, stamp), false
	case event.SensorReading:
		if !e.BearsNode {
			return c.reading(t, e, stamp), false
		}
	}
	if !writes(e) {
		return nil, false
	}
	n := t.node(e.Node)
	if !n.created {
		n.more().waiting = append(n.more().waiting, pendingWrite{e, stamp})
		return nil, true
	}
	return c.writeNode(t, n, e, stamp), false
}

// writes reports whether an event writes to a node that is there.
func writes(e *event.Event) bool {
	switch e.Operation {
	case event.UpdateTransform, event.SetProperties, event.SetGeometry, event.SetMedia, event.LinkNodes,
		event.UnlinkNodes, event.DeleteNode, event.Merge:
		return true
	case event.SensorReading:
		return e.BearsNode
	}
	return false
}

func (t *tileState) node(id string) *Node {
	n := t.nodes[id]
	if n == nil {
		n = &Node{ID: strings.Clone(id), Tile: t.tile}
		t.nodes[n.ID] = n
	}
	return n
}

func (t *tileState) empty() bool {
	if len(t.sensors) > 0 {
		return false
	}
	for _, n := range t.nodes {
		if n.created {
			return false
		}
	}
	return true
}

func (c *Canvas) create(t *tileState, e *event.Event, stamp *Stamp) []string {
	n := t.node(e.ID)
	if n.created {
		return nil
	}
	stamp.Event = n.ID
	n.created = true
	n.Layer, n.Type = c.name(e.Layer), c.name(e.NodeType)
	n.Stamp = stamp
	n.Scope = c.scope(e.Scope)
	count := 0
	c.each(e, func(string, string) { count++ })
	n.registers = make(registers, 0, count)
	c.each(e, func(name, value string) {
		n.registers.at(name).insert(Write{Value: strings.Clone(value), Stamp: stamp})
	})
	var waiting []pendingWrite
	if n.extra != nil {
		waiting, n.extra.waiting = n.extra.waiting, nil
	}
	// Least first: what a write names as seen is then there before it, whatever came in when.
	slices.SortFunc(waiting, func(a, b pendingWrite) int { return a.stamp.compare(b.stamp) })
	changed := []string{n.ID}
	for _, p := range waiting {
		changed = append(changed, c.writeNode(t, n, p.event, p.stamp)...)
		delete(t.missing, p.event.ID)
	}
	// A claim may rank above the write that answers it, and so come after it.
	for _, p := range waiting {
		c.answer(n, p.event)
	}
	slices.Sort(changed)
	return slices.Compact(changed)
}

// each calls yield for each register that the event writes by its payload.
func (c *Canvas) each(e *event.Event, yield func(name, value string)) {
	for _, v := range [...]struct{ name, value string }{
		{Position, e.Position}, {Rotation, e.Rotation}, {Scale, e.Scale}, {Geometry, e.Geometry},
	} {
		if v.value != "" {
			yield(v.name, v.value)
		}
	}
	if e.Properties == "" {
		return
	}
	e.EachProperty(func(name, value string) bool {
		yield(c.prefixed(PropertyPrefix, name), value)
		return true
	})
}

// writeNode folds a write to a node that is there.
func (c *Canvas) writeNode(t *tileState, n *Node, e *event.Event, stamp *Stamp) []string {
	w := Write{Stamp: stamp}
	if e.Layer != n.Layer {
		c.witness(e, &event.Refusal{Rule: "exclusion", Field: "layer_id", File: scope.BuiltIn, Message: "the node stands in layer " + n.Layer})
		return nil
	}
	may := c.may(n, w.By.Principal, e.Key, w.effective)
	var written []string
	write := func(name, value string) {
		w.Value = strings.Clone(value)
		c.writeRegister(t, n, name, w, e.Previous, may)
		written = append(written, name)
	}
	changed := []string{n.ID}
	switch e.Operation {
	case event.SetMedia:
		write(c.prefixed(MediaPrefix, e.Slot), e.Media)
	case event.DeleteNode:
		write(Deleted, "true")
	case event.Merge:
		into := strings.Clone(e.IntoNode)
		write(Merged, `{"into_node":"`+into+`","into_tile":"`+e.IntoTile.String()+`"}`)
		if may {
			c.alias(into, n.ID)
			changed = append(changed, into)
		}
	case event.SensorReading:
		w.Unit = c.name(e.Unit)
		write(c.prefixed(SensorPrefix, e.Sensor), e.Value)
	case event.LinkNodes:
		link := Link{ID: w.Event, ToNode: strings.Clone(e.ToNode), ToTile: e.ToTile, Type: c.name(e.LinkType)}
		if !may {
			write(LinkPrefix+link.ID, linkText(link))
			break
		}
		if n.more().links == nil {
			n.extra.links = make(map[string]Link)
		}
		n.extra.links[link.ID] = link
	case event.UnlinkNodes:
		if !may {
			write("unlinked", quoted(e.Links))
			break
		}
		if n.more().unlinked == nil {
			n.extra.unlinked = make(map[string]struct{})
		}
		for _, id := range e.Links {
			n.extra.unlinked[strings.Clone(id)] = struct{}{}
		}
	default:
		c.each(e, write)
	}
	if may {
		n.settle(e.Previous)
		c.remember(t, n, written, stamp, e.Previous)
	}
	return changed
}

// alias remembers that a merge of the node id into another one was written.
func (c *Canvas) alias(into, id string) {
	if c.aliases[into] == nil {
		c.aliases[into] = make(map[string]struct{})
	}
	c.aliases[into][id] = struct{}{}
}

// answer settles the claims that an event about the node names, if its writer may.
func (c *Canvas) answer(n *Node, e *event.Event) {
	if e.Layer == n.Layer && c.May(n, e) {
		n.settle(e.Previous)
	}
}

// remember keeps in mind which events a write named that are not here yet: should one come, it was replaced, or the claim
// was answered, before.
func (c *Canvas) remember(t *tileState, n *Node, registers []string, by *Stamp, previous []string) {
	for _, id := range previous {
		if _, seen := c.seen[keyOf(id)]; seen {
			continue
		}
		t.missing[strings.Clone(id)] = append(t.missing[id], reference{n, registers, by})
	}
}

// May reports whether the writer of e may write to n; otherwise what it says is a claim.
func (c *Canvas) May(n *Node, e *event.Event) bool {
	return c.may(n, e.Principal(), e.Key, c.rules.Effective(e.Clock))
}

func (c *Canvas) may(n *Node, principal, key string, effective event.Clock) bool {
	return principal == n.By.Principal || c.rules.Granted(key, scope.RoleWrite, n.Layer, effective.T)
}

// writeRegister writes w to a register of n, or to its claims where the writer may not, and marks what w replaces.
func (c *Canvas) writeRegister(t *tileState, n *Node, name string, w Write, previous []string, may bool) {
	into := &n.registers
	if !may {
		into = &n.more().claims
	}
	r := into.at(name)
	if may && strings.HasPrefix(name, SensorPrefix) {
		// A series: the greatest reading is the sensor's, whoever took it.
		if len(r.writes) == 0 {
			r.writes = []Write{w}
		} else if r.writes[0].compare(w.Stamp) < 0 {
			r.writes[0] = w
		}
	} else if at, changed := r.insert(w); changed {
		for _, ref := range t.missing[w.Event] {
			if ref.node == n && (!may || slices.Contains(ref.registers, name) && ref.by.compare(at.Stamp) > 0) {
				at.replaced = true
			}
		}
	}
	if !may {
		return // a claim replaces nothing
	}
	for _, id := range previous {
		n.registers.at(name).replace(id, w.Stamp)
	}
}

func (c *Canvas) reading(t *tileState, e *event.Event, stamp *Stamp) []string {
	w := Write{Value: strings.Clone(e.Value), Unit: c.name(e.Unit), Stamp: stamp}
	key := sensorKey{w.By.Principal, w.By.Actor, c.name(e.Sensor)}
	s := t.sensors[key]
	switch {
	case s == nil:
		s = &Sensor{Tile: t.tile, By: w.By, Name: key.name}
		t.sensors[key] = s
	case s.Latest.compare(stamp) >= 0:
		return nil
	}
	s.Latest, s.Layer = w, c.name(e.Layer)
	s.Scope = c.scope(e.Scope)
	return []string{SensorID(s)}
}

// SensorIDPrefix begins the id of a sensor that belongs to no node.
const SensorIDPrefix = "sensor:"

// SensorID names a sensor that belongs to no node: sensor: and 16 characters that stand for principal, actor, name and
// tile.
func SensorID(s *Sensor) string {
	sum := sha256.Sum256([]byte(s.By.Principal + "\x00" + s.By.Actor + "\x00" + s.Name + "\x00" + s.Tile.String()))
	return SensorIDPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

// Subjects are the nodes that an event is about, as far as the event alone shows.
func Subjects(e *event.Event) []string {
	switch {
	case e.Operation == event.CreateNode:
		return []string{e.ID}
	case e.Operation == event.Merge:
		return []string{e.Node, e.IntoNode}
	case e.Node != "":
		return []string{e.Node}
	case e.Operation == event.SensorReading:
		return []string{SensorID(&Sensor{Tile: e.Tile, By: &Author{Principal: e.Principal(), Actor: e.Actor}, Name: e.Sensor})}
	}
	return nil
}

func (c *Canvas) author(e *event.Event) *Author {
	key := authorKey{actor: e.Actor}
	if e.Signed() {
		key.principal = e.Key
	}
	if a := c.authors[key]; a != nil {
		return a
	}
	return c.authorOf(strings.Clone(e.Principal()), strings.Clone(e.Actor), e.Signed())
}

// authorOf keeps one copy of each author. The key of a v0 event's is apart from those of all keys.
func (c *Canvas) authorOf(principal, actor string, signed bool) *Author {
	a := &Author{Principal: principal, Actor: actor}
	if signed {
		a.Key = strings.TrimPrefix(principal, "key:")
	}
	key := authorKey{a.Key, actor}
	if known := c.authors[key]; known != nil {
		return known
	}
	c.authors[key] = a
	return a
}

// scope keeps one copy of each combination of scope fields.
func (c *Canvas) scope(s event.Scope) *event.Scope {
	kept := c.scopes[s]
	if kept == nil {
		kept = &event.Scope{Realm: c.name(s.Realm), Authority: c.name(s.Authority), Boundary: c.name(s.Boundary), Policy: c.name(s.Policy)}
		c.scopes[*kept] = kept
	}
	return kept
}

// name keeps one copy of a name.
func (c *Canvas) name(s string) string {
	if kept, ok := c.names[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	c.names[s] = s
	return s
}

// prefixed is name for prefix and s, without building the text when it is known.
func (c *Canvas) prefixed(prefix, s string) string {
	var room [160]byte
	b := append(append(room[:0], prefix...), s...)
	if kept, ok := c.names[string(b)]; ok {
		return kept
	}
	s = string(b)
	c.names[s] = s
	return s
}
