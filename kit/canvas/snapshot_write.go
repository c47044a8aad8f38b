package canvas

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/maps/tile"
)

// Snapshot saves a tile. known tells whether an event is among those that were added, or that were in what was loaded: what a
// write names as seen and is known needs no remembering. ok is false for a tile that takes no snapshot: it holds v0 events
// whose clocks depend on each other, or a content that lost its id to another; it is folded from its events each time.
// The canvas is only read.
func (c *Canvas) Snapshot(at tile.Tile, known func(id string) bool) (s Snapshot, ok bool, err error) {
	t := c.tiles[at]
	if t == nil || t.odd || c.plan.entangled[at] || t.last.id == "" {
		return s, false, nil
	}
	pack, err := packer()
	if err != nil {
		return s, false, err
	}
	line, err := json.Marshal(c.head(t))
	if err != nil {
		return s, false, err
	}
	w := &snapshotWriter{canvas: c, tile: t, known: known}
	w.collect()
	w.write()
	body := append(line, '\n')
	for i := range w.cols {
		body = binary.AppendUvarint(body, uint64(len(w.cols[i])))
		body = append(body, w.cols[i]...)
	}
	return Snapshot{
		Tile: at, Event: t.last.id, Clock: t.last.clock, Events: t.events, State: c.TileDigest(at),
		File: pack.EncodeAll(body, make([]byte, 0, len(body)/2)), Uncertain: w.uncertain(),
	}, true, nil
}

// Missing calls yield for each id that writes of a tile name and that is not known to be here.
func (c *Canvas) Missing(at tile.Tile, yield func(id string)) {
	if t := c.tiles[at]; t != nil {
		for id := range t.missing {
			yield(id)
		}
	}
}

// Unsaved are the tiles that events were added to since they were saved or loaded, in the order of Tiles.
func (c *Canvas) Unsaved() (tiles []tile.Tile) {
	for at, t := range c.tiles {
		if t.events != t.saved || t.odd {
			tiles = append(tiles, at)
		}
	}
	slices.SortFunc(tiles, func(a, b tile.Tile) int { return cmp.Compare(a.Key(), b.Key()) })
	return tiles
}

// Events is how many events of a tile were added, those of what was loaded among them.
func (c *Canvas) Events(at tile.Tile) int {
	if t := c.tiles[at]; t != nil {
		return t.events
	}
	return 0
}

// Saved says that the first so many events of a tile are saved.
func (c *Canvas) Saved(at tile.Tile, events int) {
	if t := c.tiles[at]; t != nil {
		t.saved = events
	}
}

// Unsave says that nothing is saved.
func (c *Canvas) Unsave() {
	for _, t := range c.tiles {
		t.saved = 0
	}
}

// Forget lets go of the ids of events that are not nodes, where there are many: past finds them when they are asked for. From
// then on no event may be added twice.
func (c *Canvas) Forget() {
	nodes := 0
	for _, t := range c.tiles {
		nodes += len(t.nodes)
	}
	if c.past == nil || len(c.seen) < 2*nodes+64 {
		return
	}
	c.seen = make(map[seenKey]tile.Tile, nodes)
	for at, t := range c.tiles {
		for id, n := range t.nodes {
			if n.created {
				c.seen[keyOf(id)] = at
			}
		}
	}
}

// snapshotWriter fills the columns.
type snapshotWriter struct {
	canvas *Canvas
	tile   *tileState
	known  func(id string) bool
	cols   [columns][]byte
	totals totals

	nodes   []*Node
	sensors []*Sensor
	stamps  []*Stamp
	names   map[string]uint64
	authors map[*Author]uint64
	scopes  map[*event.Scope]uint64
	numbers map[*Stamp]uint64 // of stamps
	places  map[*Node]uint64  // of nodes
	waiting []pendingWrite
	missing []missingOne
}

// missingOne is a reference with the id that is missing.
type missingOne struct {
	id string
	reference
}

func (w *snapshotWriter) number(col int, values ...uint64) {
	for _, v := range values {
		w.cols[col] = binary.AppendUvarint(w.cols[col], v)
	}
}

func (w *snapshotWriter) text(col int, s string) {
	w.number(col, uint64(len(s)))
	w.cols[col] = append(w.cols[col], s...)
}

func (w *snapshotWriter) id(id string) {
	if !event.Reserved(id) {
		w.cols[colKinds] = append(w.cols[colKinds], 1)
		w.text(colOddIDs, id)
		return
	}
	key := keyOf(id)
	w.cols[colKinds] = append(w.cols[colKinds], 0)
	w.cols[colIDs] = append(w.cols[colIDs], key[:]...)
}

// collect finds all that is written, and puts it in order.
func (w *snapshotWriter) collect() {
	w.names, w.authors = map[string]uint64{"": 0}, make(map[*Author]uint64)
	w.scopes, w.numbers, w.places = make(map[*event.Scope]uint64), make(map[*Stamp]uint64), make(map[*Node]uint64)
	for _, n := range w.tile.nodes {
		if n.created {
			w.collectNode(n)
		} else if n.extra != nil {
			w.waiting = append(w.waiting, n.extra.waiting...)
		}
	}
	for _, s := range w.tile.sensors {
		w.sensors = append(w.sensors, s)
		w.name(s.Name, s.Layer)
		w.scope(s.Scope)
		w.stamp(s.Latest.Stamp)
		w.name(s.Latest.Unit)
	}
	for id, list := range w.tile.missing {
		if w.known(id) {
			continue
		}
		for _, ref := range list {
			w.missing = append(w.missing, missingOne{id, ref})
			w.name(ref.registers...)
			w.stamp(ref.by)
		}
	}
	for id := range w.tile.witnessed {
		r := w.canvas.witnesses[id].Refusal
		w.name(r.Rule, r.Field, r.File, r.Message)
	}
	w.sort()
}

func (w *snapshotWriter) collectNode(n *Node) {
	w.nodes = append(w.nodes, n)
	w.stamp(n.Stamp)
	w.name(n.Layer, n.Type)
	w.scope(n.Scope)
	w.collectRegisters(n.registers)
	if n.extra != nil {
		w.collectRegisters(n.extra.claims)
		for _, l := range n.extra.links {
			w.name(l.Type)
		}
	}
}

func (w *snapshotWriter) collectRegisters(rs registers) {
	for i := range rs {
		w.name(rs[i].name)
		for j := range rs[i].writes {
			w.stamp(rs[i].writes[j].Stamp)
			w.name(rs[i].writes[j].Unit)
		}
	}
}

func (w *snapshotWriter) name(names ...string) {
	for _, s := range names {
		w.names[s] = 0
	}
}

func (w *snapshotWriter) scope(s *event.Scope) {
	if _, ok := w.scopes[s]; !ok {
		w.scopes[s] = 0
		w.name(s.Realm, s.Authority, s.Boundary, s.Policy)
	}
}

func (w *snapshotWriter) stamp(s *Stamp) {
	if _, ok := w.numbers[s]; !ok {
		w.numbers[s] = 0
		w.stamps = append(w.stamps, s)
		if _, ok := w.authors[s.By]; !ok {
			w.authors[s.By] = 0
			w.name(s.By.Principal, s.By.Actor)
		}
	}
}

func (w *snapshotWriter) sort() {
	slices.SortFunc(w.stamps, func(a, b *Stamp) int { return cmp.Or(a.Clock.Compare(b.Clock), strings.Compare(a.Event, b.Event)) })
	for i, s := range w.stamps {
		w.numbers[s] = uint64(i)
	}
	slices.SortFunc(w.nodes, func(a, b *Node) int { return cmp.Compare(w.numbers[a.Stamp], w.numbers[b.Stamp]) })
	for i, n := range w.nodes {
		w.places[n] = uint64(i)
	}
	slices.SortFunc(w.sensors, func(a, b *Sensor) int {
		return cmp.Or(strings.Compare(a.By.Principal, b.By.Principal), strings.Compare(a.By.Actor, b.By.Actor), strings.Compare(a.Name, b.Name))
	})
	slices.SortFunc(w.waiting, func(a, b pendingWrite) int {
		return cmp.Or(a.stamp.Clock.Compare(b.stamp.Clock), strings.Compare(a.stamp.Event, b.stamp.Event))
	})
	slices.SortFunc(w.missing, func(a, b missingOne) int {
		return cmp.Or(strings.Compare(a.id, b.id), cmp.Compare(w.numbers[a.by], w.numbers[b.by]), cmp.Compare(w.places[a.node], w.places[b.node]))
	})
	for i, s := range slices.Sorted(maps.Keys(w.names)) {
		w.names[s] = uint64(i)
		w.text(colNames, s)
	}
	authors := slices.SortedFunc(maps.Keys(w.authors), func(a, b *Author) int {
		return cmp.Or(strings.Compare(a.Principal, b.Principal), strings.Compare(a.Actor, b.Actor))
	})
	for i, a := range authors {
		w.authors[a] = uint64(i)
		signed := uint64(0)
		if a.Key != "" {
			signed = 1
		}
		w.number(colAuthors, w.names[a.Principal], w.names[a.Actor], signed)
	}
	scopes := slices.SortedFunc(maps.Keys(w.scopes), func(a, b *event.Scope) int {
		return cmp.Or(strings.Compare(a.Realm, b.Realm), strings.Compare(a.Authority, b.Authority),
			strings.Compare(a.Boundary, b.Boundary), strings.Compare(a.Policy, b.Policy))
	})
	for i, s := range scopes {
		w.scopes[s] = uint64(i)
		w.number(colScopes, w.names[s.Realm], w.names[s.Authority], w.names[s.Boundary], w.names[s.Policy])
	}
}

func (w *snapshotWriter) write() {
	before := int64(0)
	for _, s := range w.stamps {
		w.number(colClocks, uint64(s.Clock.T-before), uint64(s.Clock.D), uint64(s.Clock.T-s.Time))
		before = s.Clock.T
		derived := uint64(0)
		if s.Derived {
			derived = 1
		}
		w.number(colWriters, 2*w.authors[s.By]+derived)
		w.id(s.Event)
	}
	last := uint64(0)
	for _, n := range w.nodes {
		w.writeNode(n, last)
		last = w.numbers[n.Stamp]
	}
	for _, s := range w.sensors {
		w.number(colSensors, w.names[s.Name], w.names[s.Layer], w.scopes[s.Scope])
		w.writeOne(&s.Latest, 0, false)
	}
	for _, p := range w.waiting {
		w.text(colWaiting, p.event.Text)
	}
	for _, m := range w.missing {
		w.id(m.id)
		w.number(colMissing, w.places[m.node], w.numbers[m.by], uint64(len(m.registers)))
		for _, name := range m.registers {
			w.number(colMissing, w.names[name])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.tile.witnessed)) {
		w.id(id)
		w.writeWitness(w.canvas.witnesses[id])
	}
	for _, id := range w.legacyIDs() {
		w.id(id)
		hash := w.canvas.legacy[id]
		w.cols[colLegacy] = append(w.cols[colLegacy], hash[:]...)
	}
	n := &w.totals
	n.events, n.nodes, n.sensors, n.missing = len(w.stamps), len(w.nodes), len(w.sensors), len(w.missing)
	n.witnesses = len(w.tile.witnessed)
	n.each(func(v *int) { w.number(colTotals, uint64(*v)) })
}

func (w *snapshotWriter) writeWitness(l scope.Witness) {
	w.number(colWitnesses, w.names[l.Rule], w.names[l.Field], w.names[l.File], w.names[l.Message])
}

// legacyIDs are the v0 ids of the tile, sorted: whose content has effect must be known when another one comes.
func (w *snapshotWriter) legacyIDs() (ids []string) {
	if w.tile.legacy == nil {
		return nil
	}
	ids = slices.Sorted(maps.Keys(w.tile.legacy))
	w.totals.legacy = len(ids)
	return ids
}

func (w *snapshotWriter) writeNode(n *Node, last uint64) {
	x := n.extra
	if x == nil {
		x = &extra{}
	}
	first := w.numbers[n.Stamp]
	w.number(colNodes, first-last, w.names[n.Layer], w.names[n.Type], w.scopes[n.Scope],
		uint64(len(n.registers)), uint64(len(x.claims)), uint64(len(x.links)), uint64(len(x.unlinked)))
	w.writeRegisters(n.registers, first)
	w.writeRegisters(x.claims, first)
	for _, id := range slices.Sorted(maps.Keys(x.links)) {
		l := x.links[id]
		w.id(id)
		w.id(l.ToNode)
		w.number(colLinks, l.ToTile.Key(), w.names[l.Type])
		w.totals.links++
	}
	for _, id := range slices.Sorted(maps.Keys(x.unlinked)) {
		w.id(id)
	}
}

func (w *snapshotWriter) writeRegisters(rs registers, first uint64) {
	for i := range rs {
		w.number(colRegisters, w.names[rs[i].name])
		w.totals.registers++
		writes := rs[i].writes
		if len(writes) > 1 {
			// The order in which they came in means nothing.
			writes = slices.Clone(writes)
			slices.SortFunc(writes, func(a, b Write) int { return cmp.Compare(w.numbers[a.Stamp], w.numbers[b.Stamp]) })
		}
		for j := range writes {
			w.writeOne(&writes[j], first, j < len(writes)-1)
		}
	}
}

func (w *snapshotWriter) writeOne(one *Write, first uint64, more bool) {
	flags := byte(0)
	if one.replaced {
		flags |= writeReplaced
	}
	if more {
		flags |= writeMore
	}
	if one.Unit != "" {
		flags |= writeUnit
		w.number(colUnits, w.names[one.Unit])
	}
	w.cols[colWrites] = append(w.cols[colWrites], flags)
	distance := int64(w.numbers[one.Stamp]) - int64(first)
	w.number(colEvents, uint64(distance<<1^distance>>63))
	w.number(colLengths, uint64(len(one.Value)))
	w.cols[colValues] = append(w.cols[colValues], one.Value...)
	w.totals.writes++
}

// uncertain are the bits of the events in their order, with those of the waiting behind them.
func (w *snapshotWriter) uncertain() []byte {
	bits := make([]byte, (len(w.stamps)+len(w.waiting)+7)/8)
	any := false
	mark := func(i int, s *Stamp) {
		if s.Uncertain {
			any = true
			bits[i/8] |= 1 << (i % 8)
		}
	}
	for i, s := range w.stamps {
		mark(i, s)
	}
	for i, p := range w.waiting {
		mark(len(w.stamps)+i, p.stamp)
	}
	if !any {
		return nil
	}
	return bits
}
