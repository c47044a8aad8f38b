package canvastest

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"fieldkit/kit/event"
)

type object = map[string]any

// value is what one event says of one register.
type value struct {
	said
	register string
	json     json.RawMessage
	unit     string
}

// values are the registers that an event writes, were it by somebody who may not: then a link is a register too.
func values(s said) (list []value) {
	add := func(register string, v json.RawMessage) {
		list = append(list, value{said: s, register: register, json: v})
	}
	switch s.Operation {
	case "create_node", "update_transform", "set_properties", "set_geometry":
		for name, v := range s.body.Transform {
			add(name, v)
		}
		for name, v := range s.body.Properties {
			add("property:"+name, v)
		}
		if s.body.Geometry != nil {
			add("geometry", s.body.Geometry)
		}
	case "set_media":
		slot := s.body.Slot
		if slot == "" {
			slot = "photo"
		}
		add("media:"+slot, s.body.Media)
	case "delete_node":
		add("deleted", json.RawMessage("true"))
	case "merge":
		add("merged", raw(object{"into_node": s.body.IntoNode, "into_tile": orTile(s.body.IntoTile, s)}))
	case "sensor_reading":
		list = append(list, value{said: s, register: "sensor:" + s.body.Sensor, json: s.body.Value, unit: s.body.Unit})
	case "link_nodes":
		add("link:"+s.ID, raw(link(s)))
	case "unlink_nodes":
		add("unlinked", raw(s.body.Links))
	}
	return list
}

func link(s said) object {
	l := object{"to_node": s.body.ToNode, "to_tile": orTile(s.body.ToTile, s)}
	if s.body.LinkType != "" {
		l["link_type"] = s.body.LinkType
	}
	return l
}

func orTile(at string, s said) string {
	if at == "" {
		return s.Tile.String()
	}
	return at
}

// states writes down the canonical state of each tile.
func (m *Model) states() {
	tiles := map[string]object{}
	tile := func(name string) object {
		if tiles[name] == nil {
			tiles[name] = object{"fold": 1, "space": m.space, "tile": name}
			if m.log.certified {
				tiles[name]["space_log"] = hashText(m.log.digest)
			}
		}
		return tiles[name]
	}
	nodes := map[string]object{}
	for id, n := range m.Nodes {
		name := n.Create.Tile.String()
		if nodes[name] == nil {
			nodes[name] = object{}
			tile(name)["nodes"] = nodes[name]
		}
		nodes[name][id] = m.node(n)
	}
	latest := map[string]value{}
	for _, s := range m.chosen {
		if s.Operation == "sensor_reading" && !s.BearsNode {
			key := strings.Join([]string{s.Tile.String(), s.Principal(), s.Actor, s.body.Sensor}, "\x00")
			if before, ok := latest[key]; !ok || s.outranks(before.said) {
				latest[key] = values(s)[0]
			}
		}
	}
	for _, key := range sorted(latest) {
		v := latest[key]
		t := tile(v.Tile.String())
		list, _ := t["sensors"].([]any)
		w := written(v)
		w["sensor"] = v.body.Sensor
		t["sensors"] = append(list, w)
	}
	digests := object{}
	for name, state := range tiles {
		m.Tiles[name] = string(raw(state))
		digests[name] = hashText(sha256.Sum256([]byte(m.Tiles[name])))
	}
	m.Digest = sha256.Sum256(raw(object{"fold": 1, "space": m.space, "tiles": digests}))
}

func (m *Model) node(n *Node) object {
	var create said
	for _, s := range m.chosen {
		if s.Event == n.Create {
			create = s
		}
	}
	out := object{"by": create.Principal(), "actor": create.Actor, "clock": clock(create.clock), "layer": create.Layer, "scope": create.Scope}
	if create.body.Type != "" {
		out["type"] = create.body.Type
	}
	by := map[string][]value{} // of those who may, by register
	claims := map[string]value{}
	links, unlinked, answered := object{}, map[string]bool{}, map[string]bool{}
	for _, v := range values(create) {
		by[v.register] = append(by[v.register], v)
	}
	for _, s := range n.Writes {
		if !m.may(n, s) {
			for _, v := range values(s) {
				key := v.register + "\x00" + v.Principal()
				if before, ok := claims[key]; !ok || v.outranks(before.said) {
					claims[key] = v
				}
			}
			continue
		}
		for _, id := range s.Previous {
			answered[id] = true
		}
		switch s.Operation {
		case "link_nodes":
			links[s.ID] = link(s)
		case "unlink_nodes":
			for _, id := range s.body.Links {
				unlinked[id] = true
			}
		default:
			for _, v := range values(s) {
				by[v.register] = append(by[v.register], v)
			}
		}
	}
	group := func(name, register string, w object) {
		if out[name] == nil {
			out[name] = object{}
		}
		out[name].(object)[register] = w
	}
	for register, all := range by {
		if sensor, ok := strings.CutPrefix(register, "sensor:"); ok {
			group("sensors", sensor, written(slices.MaxFunc(all, rank)))
			continue
		}
		w := seen(all)
		switch register {
		case "deleted":
			n.Deleted = true
			out[register] = w
		case "merged":
			n.Into = drawn(all).body.IntoNode
			out[register] = w
		default:
			group("registers", register, w)
		}
	}
	var latest *said
	changed := func(s said) {
		if latest == nil || s.counts.Compare(latest.counts) > 0 || s.counts == latest.counts && s.ID > latest.ID {
			latest, n.Changed = &s, s.ID
		}
	}
	for register, all := range by {
		for _, v := range all {
			if !slices.ContainsFunc(all, func(o value) bool {
				return o.outranks(v.said) && (o.Principal() == v.Principal() || strings.HasPrefix(register, "sensor:"))
			}) {
				changed(v.said)
			}
		}
	}
	for _, c := range claims {
		changed(c.said)
	}
	for id := range unlinked {
		delete(links, id)
	}
	if len(links) > 0 {
		out["links"] = links
	}
	var standing []any
	for _, key := range sorted(claims) {
		if c := claims[key]; !answered[c.ID] {
			w := written(c)
			w["register"] = c.register
			standing = append(standing, w)
		}
	}
	if len(standing) > 0 {
		out["claims"] = standing
	}
	return out
}

func rank(a, b value) int {
	switch {
	case a.ID == b.ID:
		return 0
	case a.outranks(b.said):
		return 1
	}
	return -1
}

// live are the writes to a register that nothing has replaced, greatest first.
func live(all []value) (list []value) {
	for _, w := range all {
		if !slices.ContainsFunc(all, func(by value) bool {
			return by.outranks(w.said) && (by.Principal() == w.Principal() || slices.Contains(by.Previous, w.ID))
		}) {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b value) int { return rank(b, a) })
	return list
}

func drawn(all []value) value { return live(all)[0] }

func seen(all []value) object {
	list := live(all)
	w := written(list[0])
	var others []any
	for _, o := range list[1:] {
		if string(o.json) != string(list[0].json) {
			others = append(others, written(o))
		}
	}
	if len(others) > 0 {
		w["others"] = others
	}
	return w
}

func written(v value) object {
	w := object{"value": v.json, "event": v.ID, "by": v.Principal(), "actor": v.Actor, "clock": clock(v.clock)}
	if v.unit != "" {
		w["unit"] = v.unit
	}
	if v.Scope.Authority == "derived" {
		w["authority"] = "derived"
	}
	return w
}

func clock(c event.Clock) []int64 { return []int64{c.T, c.D} }

// raw is the canonical JSON of v.
func raw(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err == nil {
		text, err = event.Canonicalize(text)
	}
	if err != nil {
		panic(err)
	}
	return text
}
