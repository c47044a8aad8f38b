package coordinator

import (
	"context"
	"slices"

	"fieldkit/kit/blob"
	"fieldkit/kit/event"
)

// maxHolders is how many are named who may have a blob that is not here.
const maxHolders = 8

// A Holder is somebody who may have a blob: whoever named it, and the kit that took the event.
type Holder struct {
	Actor string `json:"actor"`
	Key   string `json:"key,omitempty"`
	// Claimed says that nothing binds the actor's name to the key.
	Claimed bool `json:"claimed,omitzero"`
	// Kit is the key of the kit at whose door the event came in, where it is another than this one.
	Kit string `json:"kit,omitempty"`
}

// Naming is what the events that name a file say of it.
type Naming struct {
	// Sizes and Types are those that they name, each once, the oldest event's first. None: no event here names it.
	Sizes []int64
	Types []string
	// Public says that a public event names it; others are not for everybody.
	Public bool
	// Space and Node are those of the oldest event.
	Space, Node string
	Who         []Holder
}

// MediaNaming tells what events say of a file. What this kit made of another file is named as that one is.
func (c *Coordinator) MediaNaming(ctx context.Context, h blob.Hash, who bool) (n Naming, err error) {
	rows, events, err := c.naming(ctx, h)
	if err != nil {
		return n, err
	}
	for i, e := range events {
		f, _ := e.File()
		if !slices.Contains(n.Sizes, f.Size) {
			n.Sizes = append(n.Sizes, f.Size)
		}
		if !slices.Contains(n.Types, f.Type) {
			n.Types = append(n.Types, f.Type)
		}
		if i == 0 {
			n.Space, n.Node = e.Space, e.Node
		}
		if !who || len(n.Who) == maxHolders {
			continue
		}
		holder := Holder{Actor: e.Actor, Key: e.Key, Claimed: !c.SpaceRules(e.Space).Bound(e.Key, e.Actor, e.Clock.T)}
		if holder.Kit, err = c.store.SealedBy(ctx, rows[i].Seq); err != nil {
			return n, err
		}
		if holder.Kit == c.Key() {
			holder.Kit = ""
		}
		if !slices.Contains(n.Who, holder) {
			n.Who = append(n.Who, holder)
		}
	}
	if n.Public = isPublic(events); len(events) > 0 {
		return n, nil
	}
	blobs, err := c.Blobs()
	if err != nil {
		return n, err
	}
	if source, ok := blobs.Source(h); ok && source != h {
		_, named, err := c.naming(ctx, source)
		n.Public = isPublic(named)
		return n, err
	}
	return n, nil
}

// isPublic reports whether the bytes that these events name, the oldest arrivals first, are for everybody: a public event names
// them that came before any other, or by somebody who named them in one that is not public. A hash is no secret: who learns
// that of a private photo must not open it by naming it, nor hide what was public before.
func isPublic(events []*event.Event) bool {
	var withheld []string // the principals of those that are not public
	for _, e := range events {
		switch {
		case e.Scope.Policy != "public":
			withheld = append(withheld, e.Principal())
		case len(withheld) == 0 || slices.Contains(withheld, e.Principal()):
			return true
		}
	}
	return false
}
