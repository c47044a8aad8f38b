package demo

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// A scene is a line of a story: the draft of an event that names others by their refs, as "@seepage", and leaves out
// what follows from them. Besides the event's own members a line has ref (its name), by (who signs) and at (RFC 3339,
// as that person's clock had it).
type scene struct {
	ref, by string
	at      time.Time
	draft   map[string]jsontext.Value
}

// tell signs the lines of a story in their order, which is that in which things were said, whatever the clocks of those
// who said them.
func (b *builder) tell(name string) error {
	text, err := data.ReadFile("data/" + name)
	if err != nil {
		return err
	}
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		s, err := readScene(line)
		if err == nil {
			err = b.play(s)
		}
		if err != nil {
			return fmt.Errorf("demo: %s: line %d: %w", name, i+1, err)
		}
	}
	return nil
}

func readScene(line []byte) (scene, error) {
	var s scene
	if err := json.Unmarshal(line, &s.draft); err != nil {
		return s, err
	}
	for _, m := range []struct {
		name string
		into any
	}{{"ref", &s.ref}, {"by", &s.by}, {"at", &s.at}} {
		if err := json.Unmarshal(s.draft[m.name], m.into); err != nil {
			return s, fmt.Errorf("%s: %w", m.name, err)
		}
		delete(s.draft, m.name)
	}
	return s, nil
}

// play completes a scene and signs it.
func (b *builder) play(s scene) error {
	by, err := b.person(s.by)
	if err != nil {
		return err
	}
	if _, taken := b.named[s.ref]; taken || s.ref == "" {
		return fmt.Errorf("the ref %q is taken, or empty", s.ref)
	}
	draft := map[string]any{
		"space_id": b.space, "timestamp": s.at.Unix(), "preserves_invariants": invariants, "previous_events": []string{},
	}
	if by.actor != "" {
		draft["actor_id"] = by.actor
	}
	for name, value := range s.draft {
		draft[name] = value
	}
	parties, err := b.resolve(s.draft, draft)
	if err != nil {
		return err
	}
	boundary := "interior"
	home := parties["node_id"]
	if home != nil {
		draft["layer_id"], draft["tile"] = home.Layer, home.Tile.String()
	}
	for to, field := range map[string]string{"to_node": "to_tile", "into_node": "into_tile"} {
		if other := parties[to]; other != nil && other.Tile != home.Tile {
			draft[field], boundary = other.Tile.String(), "boundary"
		}
	}
	if leaves, err := leavesTile(s.draft["geometry"], home); err != nil {
		return err
	} else if leaves {
		boundary = "boundary"
	}
	draft["scope"] = event.Scope{Realm: "public", Authority: "source", Boundary: boundary, Policy: "public"}
	text, err := json.Marshal(draft)
	if err != nil {
		return err
	}
	e, err := b.sign(by.name, text)
	if err == nil {
		b.named[s.ref] = e
	}
	return err
}

// resolve puts event ids in place of the refs of a scene, and returns the events in the members that name a single one.
func (b *builder) resolve(scene map[string]jsontext.Value, draft map[string]any) (map[string]*event.Event, error) {
	parties := map[string]*event.Event{}
	for _, member := range []string{"node_id", "to_node", "into_node", "previous_events", "links"} {
		text, ok := scene[member]
		if !ok {
			continue
		}
		var refs []string
		one := text.Kind() == '"'
		if one {
			text = jsontext.Value("[" + string(text) + "]")
		}
		if err := json.Unmarshal(text, &refs); err != nil {
			return nil, fmt.Errorf("%s: %w", member, err)
		}
		for i, ref := range refs {
			name, ok := strings.CutPrefix(ref, "@")
			e := b.named[name]
			if !ok || e == nil {
				return nil, fmt.Errorf("%s: %q refers to nothing before it", member, ref)
			}
			refs[i] = e.ID
			if one {
				parties[member], draft[member] = e, e.ID
			}
		}
		if !one {
			draft[member] = refs
		}
	}
	return parties, nil
}

// leavesTile reports whether a polygon has a corner outside its node's tile: that of the create, or where the scene is
// the create itself, that of the first corner.
func leavesTile(polygon jsontext.Value, create *event.Event) (bool, error) {
	if polygon == nil {
		return false, nil
	}
	var geometry struct {
		Coordinates [][][2]float64 `json:"coordinates"`
	}
	if err := json.Unmarshal(polygon, &geometry); err != nil {
		return false, fmt.Errorf("geometry: %w", err)
	}
	var home *tile.Tile
	if create != nil {
		home = &create.Tile
	}
	for _, ring := range geometry.Coordinates {
		for _, p := range ring {
			at := tile.At(p[0], p[1], event.DefaultHomeZoom)
			if home == nil {
				home = &at
			}
			if at != *home {
				return true, nil
			}
		}
	}
	return false, nil
}
