package demo

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/event"
	"fieldkit/kit/intake"
)

//go:embed data
var data embed.FS

// A builder gathers the events of one space.
type builder struct {
	space  string
	events []*event.Event
	clocks map[string]event.Clock // by event id
	// named are the events that the story can refer to: nodes of imported files by their property id, its own by ref.
	named   map[string]*event.Event
	signers map[string]*event.Signer
	people  []person
}

func newBuilder(space string) *builder {
	return &builder{
		space: space, clocks: map[string]event.Clock{}, named: map[string]*event.Event{}, signers: map[string]*event.Signer{},
	}
}

// sign signs a draft with the key of that name.
func (b *builder) sign(name string, draft []byte) (*event.Event, error) {
	s, ok := b.signers[name]
	if !ok {
		s = event.NewSigner(Key(name))
		s.Clock = func(id string) (event.Clock, bool) {
			c, ok := b.clocks[id]
			return c, ok
		}
		b.signers[name] = s
	}
	e, err := s.Sign(draft)
	if err != nil {
		return nil, err
	}
	b.events = append(b.events, e)
	b.clocks[e.ID] = e.Clock
	return e, nil
}

// invariants are all five: what is signed here declares to keep them.
var invariants = []string{"adjacency", "exclusion", "consistency", "boundary_discipline", "authority_nontransfer"}

// certify begins the space log, at the start of the space's window: scope files by path, then what each person may.
func (b *builder) certify(root string, at int64, files map[string]string) error {
	properties := map[string]any{}
	for path, text := range files {
		properties["file/"+path] = text
	}
	for _, p := range b.people {
		if p.grant != nil {
			properties["grant/"+publicText(p.name)] = p.grant
		}
	}
	draft, err := json.Marshal(map[string]any{
		"space_id": b.space, "layer_id": event.SpaceLog, "tile": "z0/x0/y0", "timestamp": at,
		"operation": event.SetProperties, "properties": properties, "previous_events": []string{},
		"scope":                event.Scope{Realm: "public", Authority: "source", Boundary: "interior", Policy: "public"},
		"preserves_invariants": invariants,
	})
	if err != nil {
		return err
	}
	_, err = b.sign(root, draft)
	return err
}

// take imports a file in the name of a person. Nothing in the demo may be refused.
func (b *builder) take(file io.Reader, name string, format intake.Format, o intake.Options, as person) error {
	o.Space, o.Actor, o.HomeZoom = b.space, as.actor, event.DefaultHomeZoom
	var refused error
	o.Refused = func(r intake.Refusal) {
		if refused == nil {
			refused = &r
		}
	}
	_, err := intake.Read(file, format, o, func(draft []byte) (string, error) {
		e, err := b.sign(as.name, draft)
		if err != nil {
			return "", err
		}
		e.EachProperty(func(property, value string) bool {
			if property == "id" {
				b.named[strings.Trim(value, `"`)] = e
			}
			return true
		})
		return e.ID, nil
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return fmt.Errorf("demo: %s: %w", name, err)
	}
	return nil
}

// takeFile is take for a file in data.
func (b *builder) takeFile(name string, format intake.Format, o intake.Options, as person) error {
	text, err := data.ReadFile("data/" + name)
	if err != nil {
		return err
	}
	return b.take(bytes.NewReader(text), name, format, o, as)
}

func (b *builder) person(name string) (person, error) {
	for _, p := range b.people {
		if p.name == name {
			return p, nil
		}
	}
	return person{}, fmt.Errorf("demo: nobody is called %q", name)
}
