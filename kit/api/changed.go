package api

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
)

// anew stands in place of what an event changed where anything may have changed.
const anew = `,"reset":true`

// changed tells what an event changed as the state is now: the members features and removed, or reset.
func (s *Server) changed(e *event.Event) []byte {
	out := struct {
		Features []jsontext.Value `json:"features"`
		Removed  []string         `json:"removed"`
	}{[]jsontext.Value{}, []string{}}
	// What is made is for all who listen: it does not end with one of them.
	whole, err := s.kit.Changed(context.Background(), e, func(c *canvas.Canvas, ids []string) error {
		for _, id := range ids {
			f, ok := geojson.Find(c, id, s.kit.Key())
			if !ok {
				out.Removed = append(out.Removed, id)
				continue
			}
			text, err := geojson.Marshal(&f)
			if err != nil {
				return err
			}
			out.Features = append(out.Features, text)
		}
		return nil
	})
	if whole {
		return []byte(anew)
	}
	var text []byte
	if err == nil {
		text, err = json.Marshal(out)
	}
	if err != nil {
		s.log.Error("what an event changed could not be read", "event", e.ID, "error", err)
		return []byte(anew)
	}
	text[0] = ',' // members for a message that has others
	return text[:len(text)-1]
}
