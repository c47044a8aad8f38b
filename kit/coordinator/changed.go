package coordinator

import (
	"context"
	"slices"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
)

// maxTouched is how many things an event may touch before it is simpler to say that everything may have changed.
const maxTouched = 256

// Changed lends the canvas of an event's space, the event in it, with the ids of the things that may look different since.
// whole says instead that any may: then ids are none.
func (c *Coordinator) Changed(ctx context.Context, e *event.Event, look func(c *canvas.Canvas, ids []string) error) (whole bool, err error) {
	if _, certified := event.SelfCertified(e.Space); certified && e.Layer == event.SpaceLog {
		return true, nil
	}
	_, err = c.view(ctx, e.Space, func(v *view) error {
		var ids []string
		if ids, whole = v.touched(e); whole {
			return nil
		}
		return look(v.canvas, ids)
	})
	return whole, err
}

// touched are the things that may look different after an event: what it is about, all that go by one name with it, and
// where v0 events' places in the order depend on each other, all of the tile. whole says that any may: they are too many,
// or what stood for one of them before cannot be told.
func (v *view) touched(e *event.Event) (ids []string, whole bool) {
	if v.canvas.Doubled(e.ID) {
		return nil, true // what the other content did under this id may be undone
	}
	add := func(more ...string) {
		for _, id := range more {
			if id != "" && !slices.Contains(ids, id) && len(ids) <= maxTouched {
				ids = append(ids, id)
			}
		}
	}
	add(canvas.Subjects(e)...)
	add(v.left[e.ID])
	for _, id := range slices.Clone(ids) {
		add(geojson.Names(v.canvas, id)...)
	}
	if _, yes := v.entangled[e.Tile]; yes {
		v.canvas.Nodes(e.Tile, func(n *canvas.Node) {
			if whole = whole || n.MergedInto() != ""; !whole && len(ids) <= maxTouched {
				add(geojson.Names(v.canvas, n.ID)...)
			}
		})
		v.canvas.Sensors(e.Tile, func(s *canvas.Sensor) { add(canvas.SensorID(s)) })
	}
	return ids, whole || len(ids) > maxTouched
}
