package api

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
)

// anew stands in place of what an event changed where everything may have changed.
const anew = `,"reset":true`

// changed tells what an event changed as the state is now: the members features and removed, or reset.
func (s *Server) changed(e *event.Event) []byte {
	ctx := context.Background() // what is made is for all who listen
	if e.Layer == event.SpaceLog {
		if _, certified := event.SelfCertified(e.Space); certified {
			return []byte(anew)
		}
	}
	features, removed := []jsontext.Value{}, []string{}
	_, err := s.kit.View(ctx, e.Space, nil, func(c *canvas.Canvas) error {
		for _, id := range touched(c, e) {
			f, ok := geojson.Find(c, id)
			if !ok {
				removed = append(removed, id)
				continue
			}
			text, err := geojson.Marshal(&f)
			if err != nil {
				return err
			}
			features = append(features, text)
		}
		return nil
	})
	entangled := false
	if err == nil {
		entangled, err = s.kit.Entangled(ctx, e.Space, e.Tile)
	}
	a, errA := json.Marshal(features)
	b, errB := json.Marshal(removed)
	if err != nil || errA != nil || errB != nil {
		s.log.Error("what an event changed could not be read", "event", e.ID, "error", err)
		return []byte(anew)
	}
	if entangled {
		return []byte(anew)
	}
	return append(append(append([]byte(`,"features":`), a...), `,"removed":`...), b...)
}

// touched are the things that may look different after an event: what it is about, and, where it makes, merges or
// deletes a thing, all that go by one name with it.
func touched(c *canvas.Canvas, e *event.Event) []string {
	subjects := canvas.Subjects(e)
	switch e.Operation {
	case event.CreateNode, event.Merge, event.DeleteNode:
	default:
		return subjects
	}
	var ids []string
	for _, id := range subjects {
		for _, name := range geojson.Names(c, id) {
			if !slices.Contains(ids, name) {
				ids = append(ids, name)
			}
		}
	}
	return ids
}
