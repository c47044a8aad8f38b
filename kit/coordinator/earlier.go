package coordinator

import (
	"context"
	"slices"
	"sync"

	"fieldkit/kit/canvas"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
)

// How many earlier states are kept, and of how many events together, the last one apart: somebody who moves the slider
// goes back and forth.
const (
	keptMoments = 3
	keptEvents  = 100_000
)

// earlier remembers views of earlier moments.
type earlier struct {
	// turn is held while one is folded: a slider in many hands must not cost the kit its memory.
	turn chan struct{}

	mu     sync.Mutex
	kept   []moment // the latest used last, guarded by mu
	making moment   // what is being folded, guarded by mu
}

type moment struct {
	space string
	at    int64
	view  *view
	// late says that an event came in that the view may lack.
	late bool
}

func newEarlier() *earlier { return &earlier{turn: make(chan struct{}, 1)} }

func (e *earlier) get(space string, at int64, window scope.Window) *view {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, m := range e.kept {
		if m.space == space && m.at == at && sameWindow(m.view.window, window) {
			e.kept = append(append(e.kept[:i:i], e.kept[i+1:]...), m)
			return m.view
		}
	}
	return nil
}

// begin says what is being folded; keep remembers it, unless it may lack what was committed meanwhile.
func (e *earlier) begin(space string, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.making = moment{space: space, at: at}
}

func (e *earlier) keep(v *view) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.making
	e.making = moment{}
	if m.late {
		return
	}
	m.view = v
	e.kept = append(e.kept, m)
	sum := 0
	for _, m := range e.kept {
		sum += m.view.events
	}
	for len(e.kept) > keptMoments || len(e.kept) > 1 && sum > keptEvents {
		sum -= e.kept[0].view.events
		e.kept = slices.Delete(e.kept, 0, 1)
	}
}

// forget drops the moments that a committed event belongs to.
func (e *earlier) forget(committed []store.Committed) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.kept) == 0 && e.making.space == "" {
		return
	}
	for _, one := range committed {
		touched := func(m moment) bool { return m.space == one.Event.Space && m.at >= one.Event.Clock.T }
		e.kept = slices.DeleteFunc(e.kept, touched)
		e.making.late = e.making.late || touched(e.making)
	}
}

// viewAt folds the events up to a moment. A canvas that is settled is only read, so several may look at once.
func (c *Coordinator) viewAt(ctx context.Context, space string, at int64, look func(*view) error) (bool, error) {
	if !c.spaces.has(space) {
		return false, nil
	}
	window := c.SpaceRules(space).Root().Window
	v := c.earlier.get(space, at, window)
	if v == nil {
		var err error
		if v, err = c.foldAt(ctx, space, at, window); err != nil {
			return false, err
		}
	}
	return true, look(v)
}

func (c *Coordinator) foldAt(ctx context.Context, space string, at int64, window scope.Window) (*view, error) {
	select {
	case c.earlier.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.earlier.turn }()
	// Who had the turn before may have folded the same.
	if v := c.earlier.get(space, at, window); v != nil {
		return v, nil
	}
	c.earlier.begin(space, at)
	v, err := c.fold(ctx, canvas.New(space), window, extent{at: at})
	if err != nil {
		return nil, err
	}
	c.earlier.keep(v)
	return v, nil
}
