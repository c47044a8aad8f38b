package coordinator

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/blob"
	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/picture"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/scope"
)

// derive makes the smaller pictures of a blob, once, and states them for the events that name it. made says that it took
// work.
func (c *Coordinator) derive(ctx context.Context, h blob.Hash) (made bool, err error) {
	blobs, err := c.Blobs()
	if err != nil {
		return false, err
	}
	if !blobs.State(h).Here {
		return false, nil
	}
	_, events, err := c.naming(ctx, h)
	if err != nil {
		return false, err
	}
	// Nor is anything said of a picture to those for whom it is not.
	public := isPublic(events)
	events = slices.DeleteFunc(events, func(e *event.Event) bool { return !pictured(e) || !public && e.Scope.Policy == "public" })
	if len(events) == 0 {
		return false, nil
	}
	record, ok := blobs.Derived(h)
	if !ok || record.Maker != picture.Maker || !present(blobs, record) {
		made = true
		if record, err = makeSmaller(blobs, h); err != nil {
			var withdrawn *blob.Withdrawal
			if errors.As(err, &withdrawn) {
				err = nil
			}
			return made, err
		}
	}
	if record.Preview == nil {
		return made, nil
	}
	return made, c.state(ctx, record, events[:min(len(events), maxStated)])
}

func present(blobs *blob.Store, record blob.Derived) bool {
	for _, f := range []*blob.File{record.Thumbnail, record.Preview} {
		if f != nil {
			if state := blobs.State(f.Hash); !state.Here && state.Withdrawn == nil {
				return false
			}
		}
	}
	return true
}

// makeSmaller reads a blob and stores what is made of it, or that nothing can be.
func makeSmaller(blobs *blob.Store, h blob.Hash) (blob.Derived, error) {
	f, err := blobs.Open(h)
	if err != nil {
		return blob.Derived{}, err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, MaxMedia+1))
	if err != nil {
		return blob.Derived{}, err
	}
	if len(source) > MaxMedia {
		return blob.Derived{}, blobs.FailDerived(h, picture.Maker, "the file is too large")
	}
	small, err := picture.Make(source)
	if err != nil {
		return blob.Derived{}, blobs.FailDerived(h, picture.Maker, err.Error())
	}
	return blobs.PutDerived(h, picture.Maker, picture.Type, small.Thumbnail, small.Preview)
}

// state says through the kit's own door what was made of the picture that these events name. The events that say so follow
// from theirs alone, the time included: what was said before is known, and nothing looks newer than what it was made of.
// Where a space's rules refuse them, the pictures are kept all the same.
func (c *Coordinator) state(ctx context.Context, record blob.Derived, sources []*event.Event) error {
	var lines [][]byte
	for _, one := range []struct {
		prefix string
		file   *blob.File
	}{{geojson.ThumbnailSlot, record.Thumbnail}, {geojson.PreviewSlot, record.Preview}} {
		_, said, err := c.naming(ctx, one.file.Hash)
		if err != nil {
			return err
		}
		for _, source := range sources {
			named, _ := source.File()
			slot := geojson.DerivedSlot(one.prefix, blob.Hash(named.Hash).Hex())
			if slices.ContainsFunc(said, func(e *event.Event) bool { return e.Slot == slot && c.saysOf(e, source) }) {
				continue
			}
			e, err := c.stateOne(source, slot, one.file)
			if err != nil {
				return err
			}
			lines = append(lines, []byte(e.Text))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	verdicts, err := c.Admit(ctx, lines)
	for _, v := range verdicts {
		if err == nil && v.Status == door.Refused {
			c.log.Info("a space's rules refuse what the kit made of a picture; it is kept here", "rule", v.Rule, "field", v.Field, "message", v.Message)
		}
	}
	return err
}

// saysOf reports whether a statement is about the same thing as the source, and by a kit that is believed: then there is no
// need of another.
func (c *Coordinator) saysOf(e, source *event.Event) bool {
	return e.Space == source.Space && e.Node == source.Node && e.Scope.Policy == source.Scope.Policy &&
		(e.Key == c.Key() || c.SpaceRules(e.Space).Granted(e.Key, scope.RoleKit, e.Layer, e.Clock.T))
}

func (c *Coordinator) stateOne(source *event.Event, slot string, file *blob.File) (*event.Event, error) {
	as := source.Scope
	as.Authority = "derived"
	draft, err := json.Marshal(map[string]any{
		"timestamp": source.Timestamp, "space_id": source.Space, "layer_id": source.Layer, "tile": source.Tile.String(),
		"operation": event.SetMedia, "node_id": source.Node, "slot": slot, "scope": as,
		"media":                map[string]any{"hash": file.Name, "type": file.Type, "size": file.Size},
		"preserves_invariants": append([]string{}, source.Preserves...), "previous_events": []string{source.ID},
	}, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	signer := event.NewSigner(c.key)
	signer.Clock = func(string) (event.Clock, bool) { return source.Clock, true }
	return signer.Sign(draft)
}
