package coordinator

import (
	"context"
	"slices"
	"sync"

	"github.com/paulmach/orb"

	"fieldkit/kit/canvas"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
)

// A Summary says in short what the kit has of a space.
type Summary struct {
	Space     string
	Title     string
	Exercise  bool
	Certified bool
	HomeZoom  uint8
	Window    scope.Window
	Events    int64
	// Cursor is the sequence number of the space's last event.
	Cursor int64
	// First and Last are the event times at either end, seconds since 1970 UTC.
	First, Last int64
	// Moments are up to 200 event times, ascending, evenly spread by number of events.
	Moments []int64
	// Nodes are those to be drawn; Layers counts them.
	Nodes  int
	Layers []LayerCount
	// Bound is the bounding box of all that has a place, nil where nothing has.
	Bound *orb.Bound
}

// A LayerCount is how many things of a layer are to be drawn.
type LayerCount struct {
	Layer string
	Nodes int
}

// moments is how many stops a time slider has.
const moments = 200

// summaries remembers a summary until the space changes.
type summaries struct {
	mu   sync.Mutex
	kept map[string]Summary
}

// Spaces are summaries of all spaces that the kit has something of, by id.
func (c *Coordinator) Spaces(ctx context.Context) ([]Summary, error) {
	stats, err := c.store.Spaces(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Summary, 0, len(stats))
	for _, s := range stats {
		one, err := c.summary(ctx, s)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Summary) int {
		if a.Space < b.Space {
			return -1
		}
		return 1
	})
	return list, nil
}

func (c *Coordinator) summary(ctx context.Context, stat store.SpaceStat) (Summary, error) {
	rules := c.SpaceRules(stat.Space)
	root := rules.Root()
	c.summaries.mu.Lock()
	kept, ok := c.summaries.kept[stat.Space]
	c.summaries.mu.Unlock()
	if !ok || kept.Cursor != stat.LastSeq {
		kept = Summary{Space: stat.Space, Events: stat.Events, Cursor: stat.LastSeq, First: stat.FirstT, Last: stat.LastT}
		var err error
		if kept.Moments, err = c.store.Moments(ctx, stat.Space, moments); err != nil {
			return kept, err
		}
		if _, err := c.View(ctx, stat.Space, nil, kept.count); err != nil {
			return kept, err
		}
		c.summaries.mu.Lock()
		if c.summaries.kept == nil {
			c.summaries.kept = make(map[string]Summary)
		}
		c.summaries.kept[stat.Space] = kept
		c.summaries.mu.Unlock()
	}
	// What the scope files say may change without an event.
	kept.Title, kept.Exercise, kept.HomeZoom, kept.Window = root.Title, root.Exercise, root.HomeZoom, root.Window
	kept.Certified = rules.Certified()
	return kept, nil
}

// count fills in what the canvas shows.
func (s *Summary) count(folded *canvas.Canvas) error {
	layers := make(map[string]int)
	geojson.Each(folded, geojson.Filter{}, func(f geojson.Feature) bool {
		s.Nodes++
		layers[f.Properties.Layer]++
		if bound, ok := geojson.Bound(f.Geometry); ok {
			if s.Bound == nil {
				s.Bound = &bound
			} else {
				*s.Bound = s.Bound.Union(bound)
			}
		}
		return true
	})
	for layer, n := range layers {
		s.Layers = append(s.Layers, LayerCount{layer, n})
	}
	slices.SortFunc(s.Layers, func(a, b LayerCount) int {
		if a.Layer < b.Layer {
			return -1
		}
		return 1
	})
	return nil
}
