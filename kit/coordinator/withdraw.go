package coordinator

import (
	"context"

	"fieldkit/kit/blob"
	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/scope"
)

// WithdrawMedia drops a blob and what was made of it here or elsewhere, and refuses them from then on.
func (c *Coordinator) WithdrawMedia(ctx context.Context, h blob.Hash, reason string) error {
	blobs, err := c.Blobs()
	if err != nil {
		return err
	}
	_, events, err := c.naming(ctx, h)
	if err != nil {
		return err
	}
	var more []blob.Hash
	for _, e := range events {
		_, err := c.View(ctx, e.Space, nil, func(folded *canvas.Canvas) error {
			if n := folded.Node(e.Node); n != nil {
				more = append(more, c.madeElsewhere(folded, n, h)...)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if _, made := blobs.Derived(h); !made && blobs.State(h).Here {
		// Smaller ones may have come from another kit, whose word is not to be taken: what would be made here is the same.
		if _, err := makeSmaller(blobs, h); err != nil {
			c.log.Info("of a file that is withdrawn nothing smaller could be made", "error", err)
		}
	}
	return blobs.Withdraw(h, reason, more...)
}

// madeElsewhere are the files that kits say they made of a picture of this node. Others are not believed: they might name
// a picture that nobody wants withdrawn.
func (c *Coordinator) madeElsewhere(folded *canvas.Canvas, n *canvas.Node, h blob.Hash) (list []blob.Hash) {
	add := func(register string, w *canvas.Write) {
		if w == nil || !w.Derived || w.By.Key != c.Key() && !folded.Rules().Granted(w.By.Key, scope.RoleKit, n.Layer, w.Clock.T) {
			return
		}
		for _, prefix := range []string{geojson.ThumbnailSlot, geojson.PreviewSlot} {
			if f, ok := event.ReadMediaFile(w.Value); ok && register == canvas.MediaPrefix+geojson.DerivedSlot(prefix, h.Hex()) {
				list = append(list, blob.Hash(f.Hash))
			}
		}
	}
	for _, claim := range n.Claims() {
		add(claim.Register, claim.Write)
	}
	n.Registers(canvas.MediaPrefix, func(r canvas.Register) {
		add(r.Name, r.Drawn)
		for _, other := range r.Others {
			add(r.Name, other)
		}
	})
	return list
}

// RestoreMedia lifts the refusal of a blob and of what was made of it; ok is false where it was not withdrawn.
func (c *Coordinator) RestoreMedia(h blob.Hash) (ok bool, err error) {
	blobs, err := c.Blobs()
	if err != nil {
		return false, err
	}
	return blobs.Restore(h)
}
