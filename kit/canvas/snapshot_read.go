package canvas

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/maps/tile"
)

// Load puts a tile as a snapshot saved it into a canvas that has nothing of the tile yet; the space's log is to be added before.
// Afterwards the canvas is as if all events that the snapshot was made of had been added: they must not be added again. The
// error is ErrUnfit where the tile is to be folded from its events instead. A file must be one that Snapshot made, as its
// hash vouches for: what it says is believed, and so are its State and Uncertain; its other members are not looked at. After an
// error nothing has changed.
func (c *Canvas) Load(s Snapshot) error {
	c.readLog()
	h, cols, err := openSnapshot(s.File)
	if err != nil {
		return err
	}
	at, err := tile.Parse(h.Tile)
	switch {
	case err != nil:
		return fmt.Errorf("snapshot: %w", err)
	case h.Space != c.space || !event.ValidID(h.Event) || h.Events < 1:
		return errors.New("snapshot: it is of " + h.Space)
	case c.tiles[at] != nil && c.tiles[at].events > 0:
		return errors.New("snapshot: the canvas has events of " + h.Tile)
	case c.plan.entangled[at]:
		return ErrUnfit
	}
	t := &tileState{tile: at, events: h.Events, saved: h.Events}
	t.reset()
	want := c.head(t)
	if h.Fold != want.Fold || h.Log != want.Log {
		return ErrUnfit
	}
	l := &snapshotLoader{canvas: c, tile: t, uncertain: s.Uncertain}
	if err := l.open(&cols); err != nil {
		return err
	}
	l.read()
	if !l.sound() {
		return errors.New("snapshot: the columns do not fit together")
	}
	if s.State != ([32]byte{}) {
		t.digest.Store(&s.State)
	}
	t.last = lastEvent{event.Clock{T: h.Clock[0], D: h.Clock[1]}, h.Event}
	return c.adopt(l)
}

// adopt makes what was read part of the canvas.
func (c *Canvas) adopt(l *snapshotLoader) error {
	for id, hash := range l.legacy {
		if chosen, ok := c.plan.chosen[id]; ok && chosen != hash {
			return ErrUnfit
		}
	}
	for id, hash := range l.legacy {
		if has, ok := c.legacy[id]; ok && has != hash {
			// The other content is here already: as when both are added.
			c.plan.chosen[id] = smaller(has, hash)
			c.stale = true
		}
		c.legacy[id] = hash
		l.tile.keepID(id)
	}
	at := l.tile.tile
	if old := c.tiles[at]; old != nil {
		l.tile.odd = old.odd
		for id := range old.witnessed {
			c.witnessed(l.tile, c.witnesses[id])
		}
	}
	c.tiles[at] = l.tile
	c.events += l.tile.events
	for i := range l.nodes {
		n := &l.nodes[i]
		c.seen[l.keys[i]] = at
		l.tile.nodes[n.ID] = n
		if r := n.registers.get(Merged); r != nil {
			for j := range r.writes {
				into, _ := readMerged(r.writes[j].Value)
				c.alias(into, n.ID)
			}
		}
	}
	for _, w := range l.witnesses {
		c.witnessed(l.tile, w)
	}
	for i, e := range l.waiting {
		stamp := &Stamp{Event: strings.Clone(e.ID), Clock: e.Clock, effective: c.rules.Effective(e.Clock), Time: e.Timestamp,
			By: c.author(e), Derived: e.Scope.Authority == "derived", Uncertain: l.isUncertain(len(l.stamps) + i)}
		c.effect(l.tile, e, stamp)
	}
	return nil
}

func smaller(a, b [32]byte) [32]byte {
	if string(a[:]) < string(b[:]) {
		return a
	}
	return b
}

// snapshotLoader reads the columns into room made for all at once.
type snapshotLoader struct {
	canvas    *Canvas
	tile      *tileState
	uncertain []byte
	r         [columns]reader
	totals    totals

	names     []string
	authors   []*Author
	scopes    []*event.Scope
	stamps    []Stamp
	keys      []seenKey // of the nodes
	stampKeys []seenKey // of the stamps, where all are of signed events
	nodes     []Node
	registers []register
	writes    []Write
	values    string
	waiting   []*event.Event
	witnesses []scope.Witness
	legacy    map[string][32]byte
	bad       bool
}

// open makes room. No total is believed that its column has no bytes for.
func (l *snapshotLoader) open(cols *[columns][]byte) error {
	for i := range cols {
		l.r[i] = reader{b: cols[i]}
	}
	head := &l.r[colTotals]
	l.totals.each(func(n *int) { *n = head.size() })
	n := &l.totals
	for _, limit := range [...]struct{ total, col int }{{n.events, colWriters}, {n.nodes, colNodes}, {n.registers, colRegisters},
		{n.writes, colWrites}, {n.links, colLinks}, {n.sensors, colSensors}, {n.missing, colMissing}, {n.witnesses, colWitnesses}, {n.legacy, colLegacy}} {
		if head.bad || limit.total > len(cols[limit.col]) {
			return errors.New("snapshot: the totals are more than there is")
		}
	}
	if n.registers > n.writes {
		return errors.New("snapshot: a register without a write")
	}
	l.stamps, l.nodes, l.keys = make([]Stamp, n.events), make([]Node, n.nodes), make([]seenKey, n.nodes)
	l.registers, l.writes = make([]register, n.registers), make([]Write, n.writes)
	l.tile.nodes = make(map[string]*Node, n.nodes)
	l.values = string(cols[colValues])
	return nil
}

func (l *snapshotLoader) read() {
	c := l.canvas
	for r := &l.r[colNames]; r.more(); {
		l.names = append(l.names, c.name(string(r.bytes(r.size()))))
	}
	for r := &l.r[colAuthors]; r.more(); {
		principal, actor, signed := l.name(r), l.name(r), r.u() == 1
		l.authors = append(l.authors, c.authorOf(principal, actor, signed))
	}
	for r := &l.r[colScopes]; r.more(); {
		l.scopes = append(l.scopes, c.scope(event.Scope{Realm: l.name(r), Authority: l.name(r), Boundary: l.name(r), Policy: l.name(r)}))
	}
	l.readStamps()
	l.readNodes()
	for range l.totals.sensors {
		l.readSensor()
	}
	for r := &l.r[colWaiting]; r.more(); {
		e, err := event.Decode(string(r.bytes(r.size())))
		if err != nil {
			l.bad = true
			return
		}
		l.waiting = append(l.waiting, e)
	}
	for range l.totals.missing {
		l.readMissing()
	}
	r := &l.r[colWitnesses]
	for range l.totals.witnesses {
		l.witnesses = append(l.witnesses, scope.Witness{EventID: l.id(), Refusal: event.Refusal{Rule: l.name(r), Field: l.name(r), File: l.name(r), Message: l.name(r)}})
	}
	if l.totals.legacy > 0 {
		l.legacy = make(map[string][32]byte, l.totals.legacy)
	}
	for range l.totals.legacy {
		var hash [32]byte
		id := l.id()
		copy(hash[:], l.r[colLegacy].bytes(32))
		l.legacy[id] = hash
	}
}

func (l *snapshotLoader) readStamps() {
	clocks, writers := &l.r[colClocks], &l.r[colWriters]
	rules := l.canvas.rules
	window := rules.Root().Window
	bounded := window.From != nil || window.To != nil
	texts := l.idTexts(len(l.stamps))
	t := int64(0)
	for i := range l.stamps {
		s := &l.stamps[i]
		t += int64(clocks.u())
		s.Clock = event.Clock{T: t, D: int64(clocks.u())}
		s.Time = t - int64(clocks.u())
		s.effective = s.Clock
		if bounded {
			s.effective = rules.Effective(s.Clock)
		}
		writer := writers.u()
		s.Derived = writer&1 == 1
		if writer /= 2; writer >= uint64(len(l.authors)) {
			l.bad = true
			return
		}
		s.By = l.authors[writer]
		if texts != "" {
			s.Event = texts[36*i : 36*i+36]
		} else {
			s.Event = l.id()
		}
	}
	if l.uncertain != nil {
		for i := range l.stamps {
			l.stamps[i].Uncertain = l.isUncertain(i)
		}
	}
}

// idTexts spells the first n ids, all together, where all are of signed events; "" where they are not.
func (l *snapshotLoader) idTexts(n int) string {
	kinds, ids := &l.r[colKinds], &l.r[colIDs]
	if len(kinds.b) < n || len(ids.b) < 20*n {
		return ""
	}
	for _, k := range kinds.b[:n] {
		if k != 0 {
			return ""
		}
	}
	kinds.i = n
	l.stampKeys = make([]seenKey, n)
	room := make([]byte, 36*n)
	for i := range l.stampKeys {
		key := (*seenKey)(ids.b[20*i:])
		l.stampKeys[i] = *key
		key.spell((*[36]byte)(room[36*i:]))
	}
	ids.i = 20 * n
	return unsafe.String(unsafe.SliceData(room), len(room))
}

func (l *snapshotLoader) readNodes() {
	r := &l.r[colNodes]
	create, usedRegisters, usedWrites := uint64(0), 0, 0
	for i := range l.nodes {
		n := &l.nodes[i]
		create += r.u()
		n.Tile, n.Layer, n.Type, n.created = l.tile.tile, l.name(r), l.name(r), true
		where := r.u()
		if create >= uint64(len(l.stamps)) || where >= uint64(len(l.scopes)) {
			l.bad = true
			return
		}
		n.Scope, n.Stamp = l.scopes[where], &l.stamps[create]
		n.ID = n.Event
		if l.stampKeys != nil {
			l.keys[i] = l.stampKeys[create]
		} else {
			l.keys[i] = keyOf(n.ID)
		}
		registers, claims, links, unlinked := r.size(), r.size(), r.size(), r.size()
		n.registers = l.readRegisters(registers, create, &usedRegisters, &usedWrites)
		if claims > 0 {
			n.more().claims = l.readRegisters(claims, create, &usedRegisters, &usedWrites)
		}
		if links > 0 && !l.bad {
			n.more().links = l.readLinks(links)
		}
		if unlinked > 0 && !l.bad {
			n.more().unlinked = make(map[string]struct{})
			for range unlinked {
				if l.bad = l.bad || l.r[colKinds].bad; l.bad {
					return
				}
				n.extra.unlinked[l.id()] = struct{}{}
			}
		}
		if l.bad {
			return
		}
	}
	l.registers, l.writes = l.registers[usedRegisters:], l.writes[usedWrites:]
}

func (l *snapshotLoader) readRegisters(count int, create uint64, usedRegisters, usedWrites *int) registers {
	names, flags, events, lengths := &l.r[colRegisters], &l.r[colWrites], &l.r[colEvents], &l.r[colLengths]
	if count > len(l.registers)-*usedRegisters {
		l.bad = true
		return nil
	}
	rs := l.registers[*usedRegisters : *usedRegisters+count : *usedRegisters+count]
	*usedRegisters += count
	for i := range rs {
		rs[i].name = l.name(names)
		begin := *usedWrites
		for more := true; more; *usedWrites++ {
			if *usedWrites >= len(l.writes) || l.bad {
				l.bad = true
				return nil
			}
			more = l.readWrite(&l.writes[*usedWrites], flags.byte(), create, events.u(), lengths.u())
		}
		rs[i].writes = l.writes[begin:*usedWrites:*usedWrites]
	}
	return rs
}

// readWrite fills in a write and says whether another one of its register follows.
func (l *snapshotLoader) readWrite(w *Write, flags byte, first, distance, length uint64) (more bool) {
	number := first + (distance>>1 ^ -(distance & 1))
	if number >= uint64(len(l.stamps)) || length > uint64(len(l.values)) {
		l.bad = true
		return false
	}
	w.Stamp = &l.stamps[number]
	w.Value, l.values = l.values[:length], l.values[length:]
	w.replaced = flags&writeReplaced != 0
	if flags&writeUnit != 0 {
		w.Unit = l.name(&l.r[colUnits])
	}
	return flags&writeMore != 0
}

func (l *snapshotLoader) readLinks(count int) map[string]Link {
	r := &l.r[colLinks]
	links := make(map[string]Link)
	for range count {
		link := Link{ID: l.id(), ToNode: l.id()}
		at, err := tile.FromKey(r.u())
		link.ToTile, link.Type = at, l.name(r)
		if l.bad = l.bad || err != nil || r.bad; l.bad {
			return nil
		}
		links[link.ID] = link
	}
	return links
}

func (l *snapshotLoader) readSensor() {
	r := &l.r[colSensors]
	s := &Sensor{Tile: l.tile.tile, Name: l.name(r), Layer: l.name(r)}
	where := r.u()
	if len(l.writes) > 0 {
		l.readWrite(&s.Latest, l.r[colWrites].byte(), 0, l.r[colEvents].u(), l.r[colLengths].u())
	}
	if l.bad = l.bad || where >= uint64(len(l.scopes)) || s.Latest.Stamp == nil; l.bad {
		return
	}
	l.writes = l.writes[1:]
	s.Scope, s.By = l.scopes[where], s.Latest.By
	l.tile.sensors[sensorKey{s.By.Principal, s.By.Actor, s.Name}] = s
}

func (l *snapshotLoader) readMissing() {
	r := &l.r[colMissing]
	id, node, by, count := l.id(), r.u(), r.u(), r.size()
	if l.bad = l.bad || r.bad || node >= uint64(len(l.nodes)) || by >= uint64(len(l.stamps)) || count > len(r.b)-r.i; l.bad {
		return
	}
	ref := reference{node: &l.nodes[node], by: &l.stamps[by]}
	for range count {
		ref.registers = append(ref.registers, l.name(r))
	}
	l.tile.missing[id] = append(l.tile.missing[id], ref)
}

// id is the next one in the columns of ids.
func (l *snapshotLoader) id() string {
	if l.r[colKinds].byte() == 1 {
		odd := &l.r[colOddIDs]
		return string(odd.bytes(odd.size()))
	}
	var text [36]byte
	if b := l.r[colIDs].bytes(20); b != nil {
		(*seenKey)(b).spell(&text)
	}
	return string(text[:])
}

func (l *snapshotLoader) name(r *reader) string {
	i := r.u()
	if i >= uint64(len(l.names)) {
		l.bad = true
		return ""
	}
	return l.names[i]
}

func (l *snapshotLoader) isUncertain(i int) bool {
	return i/8 < len(l.uncertain) && l.uncertain[i/8]>>(i%8)&1 == 1
}

// sound reports whether every column was read to its end, and none beyond.
func (l *snapshotLoader) sound() bool {
	for i := range l.r {
		if l.r[i].bad || l.r[i].more() && i != colValues {
			return false
		}
	}
	return !l.bad && l.values == "" && len(l.registers) == 0 && len(l.writes) == 0
}

// spell writes the id of a signed event: base32 of RFC 4648 in small letters, 8 for 5 bytes.
func (k *seenKey) spell(to *[36]byte) {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	copy(to[:4], "evt-")
	for i, at := 0, 4; i < 20; i, at = i+5, at+8 {
		bits := uint64(k[i])<<32 | uint64(k[i+1])<<24 | uint64(k[i+2])<<16 | uint64(k[i+3])<<8 | uint64(k[i+4])
		out := (*[8]byte)(to[at:])
		out[0], out[1], out[2], out[3] = letters[bits>>35&31], letters[bits>>30&31], letters[bits>>25&31], letters[bits>>20&31]
		out[4], out[5], out[6], out[7] = letters[bits>>15&31], letters[bits>>10&31], letters[bits>>5&31], letters[bits&31]
	}
}
