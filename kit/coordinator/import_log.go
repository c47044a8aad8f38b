package coordinator

import (
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// bootstrap finds out what the space's log says once the one in the folder is taken: who may seal stands in it, and it may
// be new here. Its events vouch for themselves: only those by the root key, or a key that it makes admin, have effect.
func (in *intaking) bootstrap() {
	if in.space == "" {
		_ = in.reader.Manifest(tile.Tile{}, func(seal *segment.Seal, fault *event.Refusal) error {
			if fault == nil {
				in.space = seal.Space
			}
			return nil
		})
	}
	if _, certified := event.SelfCertified(in.space); !certified {
		return
	}
	log := scope.NewLog(in.space)
	err := in.c.store.Events(in.ctx, store.Query{Space: in.space, Layer: event.SpaceLog, Tile: &tile.Tile{}}, func(r store.Row) error {
		e, err := event.Decode(r.Text)
		if err == nil && log.Add(e) {
			in.logged++
		}
		return err
	})
	if err != nil {
		return // what cannot be read now falls to the door
	}
	in.rules, _ = log.Rules()
	size := in.logged
	// Whoever is made admin may make others admin, in a segment that was read before.
	for range maxRounds {
		grown := false
		_ = in.reader.Manifest(tile.Tile{}, func(seal *segment.Seal, fault *event.Refusal) error {
			if fault != nil || seal.Space != in.space {
				return in.ctx.Err()
			}
			events, _, _ := in.reader.Segment(seal)
			for _, e := range events {
				if e.Layer == event.SpaceLog && e.Signed() && size < 2*scope.MaxLog &&
					in.rules.Granted(e.Key, scope.RoleAdmin, event.SpaceLog, e.Clock.T) && in.c.verifier.Verify(e) == nil && log.Add(e) {
					grown = true
					size++
				}
			}
			return in.ctx.Err()
		})
		if !grown {
			return
		}
		in.rules, _ = log.Rules()
	}
}

// maxRounds bounds how often a log is read for admins that admins made; whom it does not find by then, the door does.
const maxRounds = 8
