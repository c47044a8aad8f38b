// Package canvas folds the events of a space into its state (kit/SPEC.md, section 7; white paper 7). State is a
// function of the set of events: order, batches and duplicates change nothing. It is pure; nothing in it is safe for
// concurrent use while events are added.
package canvas

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/maps/tile"
)

// Version names the rules of the fold; digests of states are comparable within one version.
const Version = 1

// A Canvas is the folded state of one space.
type Canvas struct {
	space string
	plan  *plan
	rules *scope.Rules
	tiles map[tile.Tile]*tileState
	// seen has the events that were added, with the tile each stands in, and the nodes of what was loaded.
	seen      map[seenKey]tile.Tile
	past      Past
	legacy    map[string][32]byte // v0 ids and the content that has effect
	authors   map[authorKey]*Author
	scopes    map[event.Scope]*event.Scope
	names     map[string]string // one copy of each name of a register, layer, type
	witnesses map[string]scope.Witness
	doubled   map[string]scope.Witness // of v0 ids that have another content, without effect, beside the one that may have
	logged    []scope.Witness          // of the space log
	// aliases are the nodes that a merge into the node of that id was written to.
	aliases map[string]map[string]struct{}
	dirty   map[*tileState]struct{}
	// certified says that the space certifies itself; unread that its log has events which rules do not know yet.
	certified, unread bool
	stale             bool
	events            int
}

type authorKey struct{ principal, actor string }

// plan is what must be known of the whole set of events before the first is folded. It is found while folding; when it
// grows, what was folded is stale.
type plan struct {
	log *scope.Log
	// entangled tiles hold v0 events with parents, whose clocks depend on others: their events are kept.
	entangled map[tile.Tile]bool
	// chosen is the content that has effect under a v0 id that has several.
	chosen map[string][32]byte
}

// tileState is the fold's unit.
type tileState struct {
	tile    tile.Tile
	nodes   map[string]*Node
	sensors map[sensorKey]*Sensor
	// missing are the ids named in previous_events that are not here yet, and the writes that name them.
	missing map[string][]reference
	kept    []keptEvent // of an entangled tile: all
	// witnessed are the events of the tile that have a line among the canvas's witnesses.
	witnessed map[string]struct{}
	legacy    map[string]struct{} // its v0 events whose content has effect
	// events is how many were added to the tile, and before it was loaded; last is the last of them in the trace's order.
	events int
	last   lastEvent
	// saved is what events was when the tile was saved or loaded; odd says that it holds a content that lost its id to
	// another, and so takes no snapshot.
	saved int
	odd   bool
	// digest is the tile's state digest once somebody asked for it, nil again when something changes. Readers may ask at
	// the same time.
	digest atomic.Pointer[[32]byte]
}

// lastEvent is the last event of a tile in the order of the trace, by the clock that it bears itself.
type lastEvent struct {
	clock event.Clock
	id    string
}

type keptEvent struct {
	event     *event.Event
	uncertain bool
}

// reference remembers that a write to registers of a node saw an event that is not here yet.
type reference struct {
	node      *Node
	registers []string
	by        *Stamp // its rank
}

// Past tells of events that are in what was loaded: the tile in which the event of that id stands. What has been added
// since, the canvas knows itself.
type Past func(id string) (at tile.Tile, ok bool)

// Change says what an event changed.
type Change struct {
	// Nodes are the ids of nodes to look at again; a sensor without a node is named by SensorID.
	Nodes []string
	// Known is true when the event was here already.
	Known bool
}

// New returns the empty canvas of a space.
func New(space string) *Canvas {
	return newCanvas(space, &plan{log: scope.NewLog(space), entangled: make(map[tile.Tile]bool), chosen: make(map[string][32]byte)})
}

func newCanvas(space string, p *plan) *Canvas {
	c := &Canvas{
		space: space, plan: p,
		tiles: make(map[tile.Tile]*tileState), seen: make(map[seenKey]tile.Tile), legacy: make(map[string][32]byte),
		authors: make(map[authorKey]*Author), names: make(map[string]string), scopes: make(map[event.Scope]*event.Scope),
		witnesses: make(map[string]scope.Witness), doubled: make(map[string]scope.Witness), aliases: make(map[string]map[string]struct{}),
		dirty: make(map[*tileState]struct{}),
	}
	c.rules, c.logged = p.log.Rules()
	_, c.certified = event.SelfCertified(space)
	return c
}

// Add folds one event of the canvas's space. uncertain says that its time is far from the clock of the kit that took
// it; it is shown, and enters no state. When Stale is true afterwards, the canvas must be restarted.
func (c *Canvas) Add(e *event.Event, uncertain bool) Change {
	if e.Space != c.space {
		return Change{Known: true}
	}
	if e.Layer == event.SpaceLog && c.certified && e.Signed() {
		return c.addLog(e)
	}
	key := keyOf(e.ID)
	if !e.Signed() {
		if known := c.addLegacy(e); known {
			return Change{Known: true}
		}
	} else if _, known := c.seen[key]; known {
		return Change{Known: true}
	}
	c.readLog()
	c.seen[key] = e.Tile
	c.events++
	t := c.tile(e.Tile)
	t.count(e)
	if !e.Signed() {
		t.keepID(e.ID)
	}
	if e.Layer == event.SpaceLog {
		if !c.stale {
			refusal := event.Refusal{Rule: "space_log", Field: "space_id", File: scope.BuiltIn, Message: "the space does not certify itself: its log has no effect"}
			if c.certified {
				refusal.Field, refusal.Message = "signature", "the space log takes signed events only"
			}
			c.witness(e, &refusal)
		}
		return Change{}
	}
	if !e.Signed() && len(e.Previous) > 0 && !c.plan.entangled[e.Tile] {
		c.plan.entangled[e.Tile] = true
		c.stale = c.stale || t.events > 1
	}
	if c.stale {
		return Change{}
	}
	if c.plan.entangled[e.Tile] {
		t.kept = append(t.kept, keptEvent{e, uncertain})
		c.dirty[t] = struct{}{}
		return Change{Nodes: Subjects(e)}
	}
	return Change{Nodes: c.apply(t, e, e.Clock, uncertain)}
}

// Stale reports that something arrived by which earlier events fold differently: a change of the space's rules, or v0
// events whose order depends on it. The owner then calls Restart and adds all events again.
func (c *Canvas) Stale() bool {
	c.readLog()
	return c.stale
}

// Remember has the canvas ask past for events that it was not given itself.
func (c *Canvas) Remember(past Past) { c.past = past }

// Restart returns an empty canvas that knows what this one found out about the whole.
func (c *Canvas) Restart() *Canvas {
	next := newCanvas(c.space, c.plan)
	next.past = c.past
	return next
}

// Settle folds what Add has put off. It is to be called after adding and before reading.
func (c *Canvas) Settle() {
	c.readLog()
	for t := range c.dirty {
		c.refold(t)
	}
	clear(c.dirty)
}

// Fold makes the canvas of a space from all its events, which each calls as often as needed.
func Fold(space string, each func(add func(e *event.Event, uncertain bool)) error) (*Canvas, error) {
	for c := New(space); ; c = c.Restart() {
		if err := each(func(e *event.Event, uncertain bool) { c.Add(e, uncertain) }); err != nil {
			return nil, err
		}
		if !c.Stale() {
			c.Settle()
			return c, nil
		}
	}
}

func (c *Canvas) addLog(e *event.Event) Change {
	if !c.plan.log.Add(e) {
		return Change{Known: true}
	}
	c.unread = true
	return Change{}
}

// readLog makes rules of the log, once for all the events that it got since.
func (c *Canvas) readLog() {
	if !c.unread {
		return
	}
	c.unread = false
	before, _ := c.rules.LogDigest()
	c.rules, c.logged = c.plan.log.Rules()
	if after, _ := c.rules.LogDigest(); after != before && c.events > 0 {
		c.stale = true
	}
}

func (c *Canvas) tile(at tile.Tile) *tileState {
	t := c.tiles[at]
	if t == nil {
		t = &tileState{tile: at}
		t.reset()
		c.tiles[at] = t
	}
	return t
}

func (t *tileState) reset() {
	t.nodes = make(map[string]*Node)
	t.sensors = make(map[sensorKey]*Sensor)
	t.missing = make(map[string][]reference)
}

// keepID remembers a v0 event.
func (t *tileState) keepID(id string) {
	if t.legacy == nil {
		t.legacy = make(map[string]struct{})
	}
	t.legacy[strings.Clone(id)] = struct{}{}
}

// count takes note of an event of the tile that was not here before.
func (t *tileState) count(e *event.Event) {
	t.events++
	if c := e.Clock.Compare(t.last.clock); t.last.id == "" || c > 0 || c == 0 && e.ID > t.last.id {
		t.last = lastEvent{e.Clock, strings.Clone(e.ID)}
	}
}

// Space is the id of the canvas's space.
func (c *Canvas) Space() string { return c.space }

// Rules are those that the fold goes by.
func (c *Canvas) Rules() *scope.Rules { return c.rules }

// Tiles are the tiles that hold something, in Morton order, coarser zooms first.
func (c *Canvas) Tiles() []tile.Tile {
	tiles := make([]tile.Tile, 0, len(c.tiles))
	for at, t := range c.tiles {
		if !t.empty() {
			tiles = append(tiles, at)
		}
	}
	slices.SortFunc(tiles, func(a, b tile.Tile) int {
		switch ka, kb := a.Key(), b.Key(); {
		case ka < kb:
			return -1
		case ka > kb:
			return 1
		}
		return 0
	})
	return tiles
}

// Nodes calls yield for each node of a tile that was created, by id, deleted ones too.
func (c *Canvas) Nodes(at tile.Tile, yield func(*Node)) {
	t := c.tiles[at]
	if t == nil {
		return
	}
	for _, id := range sortedKeys(t.nodes) {
		if n := t.nodes[id]; n.created {
			yield(n)
		}
	}
}

// Sensors calls yield for each sensor of a tile that belongs to no node, by principal, actor, name.
func (c *Canvas) Sensors(at tile.Tile, yield func(*Sensor)) {
	t := c.tiles[at]
	if t == nil {
		return
	}
	for _, k := range t.sensorKeys() {
		yield(t.sensors[k])
	}
}

// Node finds a created node by id, nil when there is none.
func (c *Canvas) Node(id string) *Node {
	at, ok := c.seen[keyOf(id)]
	if !ok || c.tiles[at] == nil {
		return nil
	}
	if n := c.tiles[at].nodes[id]; n != nil && n.created {
		return n
	}
	return nil
}

// Sensor finds a sensor by its SensorID.
func (c *Canvas) Sensor(id string) *Sensor {
	for _, t := range c.tiles {
		for _, s := range t.sensors {
			if SensorID(s) == id {
				return s
			}
		}
	}
	return nil
}

// Aliases are the nodes that were merged into the node of this id, sorted.
func (c *Canvas) Aliases(id string) []string {
	var aliases []string
	for a := range c.aliases[id] {
		if n := c.Node(a); n != nil && n.MergedInto() == id {
			aliases = append(aliases, a)
		}
	}
	slices.Sort(aliases)
	return aliases
}

// Witnesses are the lines of all events that have no effect, by event id.
func (c *Canvas) Witnesses() []scope.Witness {
	lines := slices.Clone(c.logged)
	lines = slices.AppendSeq(lines, maps.Values(c.witnesses))
	lines = slices.AppendSeq(lines, maps.Values(c.doubled))
	for _, t := range c.tiles {
		lines = append(lines, c.astray(t)...)
	}
	slices.SortFunc(lines, func(a, b scope.Witness) int { return strings.Compare(a.EventID+" "+a.Rule, b.EventID+" "+b.Rule) })
	return lines
}

// astray are the lines of writes that wait in vain: what they name stands elsewhere or is no node. Others wait rightly.
func (c *Canvas) astray(t *tileState) (lines []scope.Witness) {
	for id, n := range t.nodes {
		if n.created || n.extra == nil {
			continue
		}
		if _, seen := c.where(id); !seen && !c.plan.log.Has(id) {
			continue
		}
		refusal := event.Refusal{Rule: "consistency", Field: "node_id", File: scope.BuiltIn, Message: "names an event that creates no node"}
		if elsewhere := c.Node(id); elsewhere != nil {
			refusal = event.Refusal{Rule: "exclusion", Field: "tile", File: scope.BuiltIn, Message: "the node stands in " + elsewhere.Tile.String()}
		}
		for _, p := range n.extra.waiting {
			lines = append(lines, scope.Witness{EventID: p.stamp.Event, Refusal: refusal})
		}
	}
	return lines
}

// Witness is the line of one event, if it has one.
func (c *Canvas) Witness(id string) (scope.Witness, bool) {
	if w, ok := c.witnesses[id]; ok {
		return w, true
	}
	for _, w := range c.logged {
		if w.EventID == id {
			return w, true
		}
	}
	if at, ok := c.where(id); ok && c.tiles[at] != nil {
		for _, w := range c.astray(c.tiles[at]) {
			if w.EventID == id {
				return w, true
			}
		}
	}
	w, ok := c.doubled[id]
	return w, ok
}

// where is the tile that the event of this id stands in, if it is here.
func (c *Canvas) where(id string) (tile.Tile, bool) {
	at, ok := c.seen[keyOf(id)]
	if !ok && c.past != nil {
		return c.past(id)
	}
	return at, ok
}

func (c *Canvas) witness(e *event.Event, r *event.Refusal) {
	c.witnessed(c.tile(e.Tile), scope.Witness{EventID: strings.Clone(e.ID), Refusal: *r})
}

func (c *Canvas) witnessed(t *tileState, w scope.Witness) {
	c.witnesses[w.EventID] = w
	if t.witnessed == nil {
		t.witnessed = make(map[string]struct{})
	}
	t.witnessed[w.EventID] = struct{}{}
}
