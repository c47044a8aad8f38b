// Package geojson projects a canvas into GeoJSON (RFC 7946): what the map draws and kit/API.md describes. It is pure.
package geojson

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
)

// A Feature is one node, or one sensor that belongs to no node, as drawn.
type Feature struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Geometry   jsontext.Value `json:"geometry"`
	Properties Properties     `json:"properties"`
}

// Properties are what is to be said of a thing beside its place. Absent members are empty or false.
type Properties struct {
	Layer        string                    `json:"layer"`
	NodeType     string                    `json:"node_type,omitempty"`
	Title        string                    `json:"title"`
	Props        map[string]jsontext.Value `json:"props,omitempty"`
	Tile         string                    `json:"tile"`
	PositionFrom string                    `json:"position_from,omitempty"`
	Position     jsontext.Value            `json:"position,omitempty"`
	Rotation     jsontext.Value            `json:"rotation,omitempty"`
	Scale        jsontext.Value            `json:"scale,omitempty"`
	By           string                    `json:"by"`
	Actor        string                    `json:"actor"`
	// Claimed says that nothing binds the actor's name to the key.
	Claimed       bool               `json:"claimed,omitzero"`
	Realm         string             `json:"realm"`
	Authority     string             `json:"authority"`
	Policy        string             `json:"policy"`
	Created       int64              `json:"created"`
	Changed       int64              `json:"changed"`
	TimeUncertain bool               `json:"time_uncertain,omitzero"`
	Sensors       map[string]Reading `json:"sensors,omitempty"`
	Media         map[string]Media   `json:"media,omitempty"`
	Links         []Link             `json:"links,omitempty"`
	Others        map[string][]Value `json:"others,omitempty"`
	Claims        []Claim            `json:"claims,omitempty"`
	// Aliases are the nodes that this one stands for, as they were merged into it; Merged is the node that stands for this.
	Aliases []string `json:"aliases,omitempty"`
	Merged  string   `json:"merged,omitempty"`
	// From says which alias a register's value is from, where this node has none of its own.
	From map[string]string `json:"from,omitempty"`
}

// A Reading is a sensor's latest.
type Reading struct {
	Value         jsontext.Value `json:"value"`
	Unit          string         `json:"unit,omitempty"`
	Time          int64          `json:"time"`
	TimeUncertain bool           `json:"time_uncertain,omitzero"`
}

// A Link leads to another node.
type Link struct {
	ID     string `json:"id"`
	ToNode string `json:"to_node"`
	ToTile string `json:"to_tile"`
	Type   string `json:"type,omitempty"`
	// Node is the alias whose link it is.
	Node string `json:"node,omitempty"`
}

// A Value is one of several that stand beside each other.
type Value struct {
	Value         jsontext.Value `json:"value"`
	Unit          string         `json:"unit,omitempty"`
	By            string         `json:"by"`
	Actor         string         `json:"actor"`
	Claimed       bool           `json:"claimed,omitzero"`
	Derived       bool           `json:"derived,omitzero"`
	Time          int64          `json:"time"`
	TimeUncertain bool           `json:"time_uncertain,omitzero"`
	Event         string         `json:"event"`
	// Node is the alias that it is said of.
	Node string `json:"node,omitempty"`
}

// A Claim is what somebody says of a thing that is another's.
type Claim struct {
	Register string `json:"register"`
	Value
}

// Node projects a node. ok is false where nothing is to be drawn: it was deleted or is another name of a node. own are keys
// whose thumbnails and previews count without a grant: this kit's.
func Node(c *canvas.Canvas, n *canvas.Node, own ...string) (f Feature, ok bool) {
	if n.Deleted() || Target(c, n) != n {
		return Feature{}, false
	}
	return AnyNode(c, n, own...), true
}

// Find projects the node or sensor of that id; ok is false where nothing is to be drawn. own as for Node.
func Find(c *canvas.Canvas, id string, own ...string) (f Feature, ok bool) {
	if n := c.Node(id); n != nil {
		return Node(c, n, own...)
	}
	if strings.HasPrefix(id, canvas.SensorIDPrefix) {
		if s := c.Sensor(id); s != nil {
			return Sensor(c, s), true
		}
	}
	return Feature{}, false
}

// AnyNode projects a node, whatever became of it. own as for Node.
func AnyNode(c *canvas.Canvas, n *canvas.Node, own ...string) Feature {
	p := Properties{
		Layer: n.Layer, NodeType: n.Type, Tile: n.Tile.String(), By: n.By.Principal, Actor: n.By.Actor,
		Claimed: claimed(c, n.By, n.Clock), Realm: n.Scope.Realm, Authority: n.Scope.Authority, Policy: n.Scope.Policy,
		Created: n.Time, Changed: n.Time, TimeUncertain: n.Uncertain, Aliases: Aliases(c, n.ID),
	}
	if target := Target(c, n); target != n {
		p.Merged = target.ID
	}
	g := groupOf(c, n, p.Aliases)
	p.fold(g)
	p.link(g)
	var last *canvas.Write
	for _, one := range slices.Concat([]*canvas.Node{n}, g.lenders, g.strangers) {
		if w, ok := one.Changed(); ok && (last == nil || w.Later(last)) {
			last = w
		}
		for _, claim := range one.Claims() {
			if isDerivedSlot(claim.Register) {
				continue
			}
			p.claim(g, claim.Register, claim.Write, one)
		}
	}
	if last != nil {
		p.Changed = last.Time
	}
	p.derive(c, slices.Concat([]*canvas.Node{n}, g.lenders, g.strangers), own)
	p.Title = p.title(n.Type)
	f := Feature{Type: "Feature", ID: n.ID, Properties: p}
	f.Geometry, f.Properties.PositionFrom = place(g.placed().Register(canvas.Geometry).Drawn, p.Position, n.Tile)
	return f
}

// Sensor projects a sensor that belongs to no node; it is drawn in the middle of its tile.
func Sensor(c *canvas.Canvas, s *canvas.Sensor) Feature {
	p := Properties{
		Layer: s.Layer, NodeType: "sensor", Title: s.Name, Tile: s.Tile.String(), By: s.By.Principal, Actor: s.By.Actor,
		Claimed: claimed(c, s.By, s.Latest.Clock), Realm: s.Scope.Realm, Authority: s.Scope.Authority, Policy: s.Scope.Policy,
		Created: s.Latest.Time, Changed: s.Latest.Time, TimeUncertain: s.Latest.Uncertain,
		Sensors: map[string]Reading{s.Name: reading(&s.Latest)},
	}
	f := Feature{Type: "Feature", ID: canvas.SensorID(s), Properties: p}
	f.Geometry, f.Properties.PositionFrom = place(nil, nil, s.Tile)
	return f
}

// add files one register where it belongs.
func (p *Properties) add(g group, r saying) {
	if r.node != g.node {
		if p.From == nil {
			p.From = make(map[string]string)
		}
		p.From[r.Name] = r.node.ID
	}
	p.TimeUncertain = p.TimeUncertain || r.Drawn.Uncertain
	raw := jsontext.Value(r.Drawn.Value)
	if name, ok := strings.CutPrefix(r.Name, canvas.SensorPrefix); ok {
		if p.Sensors == nil {
			p.Sensors = make(map[string]Reading)
		}
		p.Sensors[name] = reading(r.Drawn)
		return
	}
	for _, w := range r.Others {
		p.other(g, r.Name, w, r.node)
	}
	if r.Drawn.Value == "null" {
		return
	}
	switch r.Name {
	case canvas.Position:
		p.Position = raw
	case canvas.Rotation:
		p.Rotation = raw
	case canvas.Scale:
		p.Scale = raw
	}
	if name, ok := strings.CutPrefix(r.Name, canvas.PropertyPrefix); ok {
		if p.Props == nil {
			p.Props = make(map[string]jsontext.Value)
		}
		p.Props[name] = raw
	}
	if slot, ok := strings.CutPrefix(r.Name, canvas.MediaPrefix); ok {
		if f, ok := mediaFile(r.Drawn.Value); ok {
			if p.Media == nil {
				p.Media = make(map[string]Media)
			}
			p.Media[slot] = Media{MediaFile: f}
		}
	}
}

// title is what the thing is called: its property title or name, else its type.
func (p *Properties) title(nodeType string) string {
	for _, name := range [...]string{"title", "name"} {
		var s string
		if raw := p.Props[name]; raw.Kind() == '"' && json.Unmarshal(raw, &s) == nil && strings.TrimSpace(s) != "" {
			return s
		}
	}
	return nodeType
}

func reading(w *canvas.Write) Reading {
	return Reading{jsontext.Value(w.Value), w.Unit, w.Time, w.Uncertain}
}

func value(c *canvas.Canvas, w *canvas.Write) Value {
	return Value{jsontext.Value(w.Value), w.Unit, w.By.Principal, w.By.Actor, claimed(c, w.By, w.Clock), w.Derived, w.Time, w.Uncertain, w.Event, ""}
}

func claimed(c *canvas.Canvas, by *canvas.Author, clock event.Clock) bool {
	return !c.Rules().Bound(by.Key, by.Actor, c.Rules().Effective(clock).T)
}
