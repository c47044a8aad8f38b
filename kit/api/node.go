package api

import (
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/canvas"
	"fieldkit/kit/coordinator"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

type nodeAnswer struct {
	Feature geojson.Feature `json:"feature"`
	// Deleted says that the thing was taken off the map; its history stays.
	Deleted bool            `json:"deleted,omitzero"`
	Events  []historyAnswer `json:"events"`
}

type historyAnswer struct {
	Event jsontext.Value `json:"event"`
	// Node is the one of the thing's names that the event is about.
	Node          string   `json:"node"`
	Received      int64    `json:"received"`
	Missing       []string `json:"missing,omitempty"`
	TimeUncertain bool     `json:"time_uncertain,omitzero"`
	// Claim says that the writer may not write to this thing: what it says stands as a claim.
	Claim bool `json:"claim,omitzero"`
	// Claimed says that nothing binds the event's actor_id to its key.
	Claimed bool           `json:"claimed,omitzero"`
	Witness *scope.Witness `json:"witness,omitempty"`
}

// maxHistory bounds the history of one answer; the latest are given.
const maxHistory = 2000

func (s *Server) getNode(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "at")
	at := q.time("at")
	if q.refused(w) {
		return
	}
	space, id := r.PathValue("space"), r.PathValue("id")
	var out nodeAnswer
	var named names
	ok, err := s.kit.View(r.Context(), space, at, func(c *canvas.Canvas) error {
		if n := c.Node(id); n != nil {
			target := geojson.Target(c, n)
			out.Feature, out.Deleted = geojson.AnyNode(c, target, s.kit.Key()), target.Deleted()
			named = namesOf(c, target)
		} else if sensor := c.Sensor(id); sensor != nil {
			out.Feature, named = geojson.Sensor(c, sensor), names{id: sensor.Tile}
		}
		return nil
	})
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	if !ok {
		noSpace(w, space)
		return
	}
	if named == nil {
		refuse(w, http.StatusNotFound, "id", "this kit knows no such thing in this space")
		return
	}
	if out.Events, err = s.history(r, space, named, at); err != nil {
		s.storeFailed(w, err)
		return
	}
	answer(w, http.StatusOK, out)
}

// names are the nodes that a thing is called by, with their home tiles.
type names map[string]tile.Tile

func namesOf(c *canvas.Canvas, target *canvas.Node) names {
	named := names{target.ID: target.Tile}
	for _, alias := range geojson.Aliases(c, target.ID) {
		named[alias] = c.Node(alias).Tile
	}
	return named
}

// about is the name that an event is about, "" where it is about none of them.
func (named names) about(e *event.Event) string {
	for _, id := range canvas.Subjects(e) {
		if _, ok := named[id]; ok {
			return id
		}
	}
	return ""
}

// past is an event of a thing's history.
type past struct {
	event    *event.Event
	received int64
	node     string
}

// latest sorts events in the order of the trace and leaves out all but the last maxHistory.
func latest(events []past) []past {
	slices.SortFunc(events, func(a, b past) int { return event.Compare(a.event, b.event) })
	return slices.Clone(events[max(0, len(events)-maxHistory):])
}

// gather finds the events about a thing.
func (s *Server) gather(r *http.Request, space string, named names, at *int64) ([]past, error) {
	var events []past
	var homes []tile.Tile
	for _, home := range named {
		if !slices.Contains(homes, home) {
			homes = append(homes, home)
		}
	}
	for _, home := range homes {
		err := s.kit.Store().Events(r.Context(), store.Query{Space: space, Tile: &home, Until: at}, func(row store.Row) error {
			e, err := event.Decode(row.Text)
			if err != nil {
				return err
			}
			if node := named.about(e); node != "" {
				events = append(events, past{e, row.Received, node})
			}
			// A gauge has many more readings than are given.
			if len(events) >= 2*maxHistory {
				events = latest(events)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return latest(events), nil
}

// history are the events about a thing, in the order of the trace.
func (s *Server) history(r *http.Request, space string, named names, at *int64) ([]historyAnswer, error) {
	events, err := s.gather(r, space, named, at)
	if err != nil {
		return nil, err
	}
	var parents []string
	for _, p := range events {
		parents = append(parents, p.event.Previous...)
	}
	slices.Sort(parents)
	missing, err := s.kit.Store().Missing(r.Context(), space, slices.Compact(parents))
	if err != nil {
		return nil, err
	}
	gone := make(map[string]bool, len(missing))
	for _, p := range missing {
		gone[p] = true
	}
	window := s.kit.SpaceRules(space).Root().Window
	history := make([]historyAnswer, 0, len(events))
	_, err = s.kit.View(r.Context(), space, at, func(c *canvas.Canvas) error {
		for _, p := range events {
			e := p.event
			h := historyAnswer{Event: jsontext.Value(e.Text), Node: p.node, Received: p.received}
			h.Claimed = !c.Rules().Bound(e.Key, e.Actor, c.Rules().Effective(e.Clock).T)
			h.TimeUncertain = coordinator.TimeUncertain(e.Timestamp, p.received, window)
			for _, parent := range e.Previous {
				if gone[parent] {
					h.Missing = append(h.Missing, parent)
				}
			}
			if witness, ok := c.WitnessOf(e); ok {
				h.Witness = &witness
			}
			n := c.Node(p.node)
			if e.Operation == event.Merge {
				n = c.Node(e.Node) // it is told of where it leads as well
			}
			h.Claim = h.Witness == nil && n != nil && !c.May(n, e)
			history = append(history, h)
		}
		return nil
	})
	return history, err
}
