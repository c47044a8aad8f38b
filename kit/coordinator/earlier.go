package coordinator

import (
	"context"
	"sync"

	"fieldkit/kit/canvas"
)

// keptMoments is how many earlier states are kept: somebody who moves the slider goes back and forth.
const keptMoments = 3

// earlier remembers canvases of earlier moments, the latest used last.
type earlier struct {
	mu   sync.Mutex
	kept []moment
}

type moment struct {
	space  string
	at     int64
	cursor int64
	canvas *canvas.Canvas
}

func (e *earlier) get(space string, at, cursor int64) *canvas.Canvas {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, m := range e.kept {
		if m.space == space && m.at == at && m.cursor == cursor {
			e.kept = append(append(e.kept[:i:i], e.kept[i+1:]...), m)
			return m.canvas
		}
	}
	return nil
}

func (e *earlier) put(m moment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kept = append(e.kept, m)
	if len(e.kept) > keptMoments {
		e.kept = append([]moment{}, e.kept[1:]...)
	}
}

// viewAt folds the events up to a moment. A canvas that is settled is only read, so several may look at once.
func (c *Coordinator) viewAt(ctx context.Context, space string, at int64, look func(*canvas.Canvas) error) (bool, error) {
	if ok, err := c.has(ctx, space); !ok || err != nil {
		return ok, err
	}
	// One fold at a time: a slider in many hands must not cost the kit its memory.
	c.folding.Lock()
	cursor := c.Cursor()
	folded := c.earlier.get(space, at, cursor)
	if folded == nil {
		var err error
		if folded, err = c.fold(ctx, &world{space: space, rules: c.SpaceRules(space)}, &at); err != nil {
			c.folding.Unlock()
			return false, err
		}
		c.earlier.put(moment{space, at, cursor, folded})
	}
	c.folding.Unlock()
	return true, look(folded)
}
