package coordinator

import (
	"strings"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// view is a canvas with what the coordinator knows beside it.
type view struct {
	canvas *canvas.Canvas
	// seq is that of the last event in it, events is how many were added.
	seq    int64
	events int
	// window is the time that the space is about, by which times are shown as uncertain.
	window scope.Window
	// entangled tiles hold v0 events with parents, whose clocks depend on each other: there one event may change more than
	// it is about.
	entangled map[tile.Tile]struct{}
	// times are those of its events.
	times *timeline
	// base is the checkpoint that it went on from, or was saved as, and fresh how many events were added since; nil for none.
	base  *store.Checkpoint
	fresh int
	// left is, by the id of a merge, the node that the merged one was another name of before.
	left map[string]string
	// tiles is made when somebody asks for a vector tile.
	tiles viewTiles
}

// add folds an event that is in no checkpoint.
func (v *view) add(e *event.Event, seq, received int64) {
	v.fold(e, seq, received)
	v.fresh++
	v.times.add(e.Clock.T)
}

func (v *view) fold(e *event.Event, seq, received int64) {
	var before string
	if e.Operation == event.Merge {
		before = v.mergedInto(e.Node)
	}
	v.canvas.Add(e, TimeUncertain(e.Timestamp, received, v.window))
	if before != "" && before != v.mergedInto(e.Node) {
		if v.left == nil {
			v.left = make(map[string]string)
		}
		v.left[strings.Clone(e.ID)] = before
	}
	v.seq = max(v.seq, seq)
	v.events++
	if !e.Signed() && len(e.Previous) > 0 {
		if v.entangled == nil {
			v.entangled = make(map[tile.Tile]struct{})
		}
		v.entangled[e.Tile] = struct{}{}
	}
}

func (v *view) mergedInto(id string) string {
	if n := v.canvas.Node(id); n != nil {
		return n.MergedInto()
	}
	return ""
}

// Times farther than this from the clock of the kit that took the event are shown as uncertain. Reports from the field may
// come in days late, by a phone's owner on foot; none comes from the future.
const (
	earlySeconds = 10 * 60
	lateSeconds  = 7 * 24 * 60 * 60
)

// TimeUncertain reports whether an event's time cannot be relied on: far from the kit's clock when it came in, and not within
// the time that its space says it is about. A window that is open to the side of the event's time vouches for nothing.
func TimeUncertain(timestamp, received int64, window scope.Window) bool {
	switch {
	case timestamp > received+earlySeconds:
		return window.To == nil || !window.Holds(timestamp)
	case timestamp < received-lateSeconds:
		return window.From == nil || !window.Holds(timestamp)
	}
	return false
}
