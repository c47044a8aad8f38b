package coordinator

import (
	"context"
	"maps"
	"slices"
	"strings"
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
	// Moments are up to 200 event times, ascending, spread by number of events: evenly, give or take a few in a thousand.
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

// maxSummaries bounds how many summaries are remembered; when it is reached, all are made again.
const maxSummaries = 1024

// summaries remembers a summary until the space changes.
type summaries struct {
	// making is held while one is made: many pages ask for the same at the same time.
	making sync.Mutex

	mu   sync.Mutex
	kept map[string]Summary // guarded by mu
}

func (s *summaries) get(space string, seq int64) (Summary, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.kept[space]
	return kept, ok && kept.Cursor == seq
}

func (s *summaries) keep(one Summary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || len(s.kept) >= maxSummaries {
		s.kept = make(map[string]Summary)
	}
	s.kept[one.Space] = one
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
	slices.SortFunc(list, func(a, b Summary) int { return strings.Compare(a.Space, b.Space) })
	return list, nil
}

// Space is the summary of one space; ok is false where this kit has nothing of it.
func (c *Coordinator) Space(ctx context.Context, space string) (one Summary, ok bool, err error) {
	stats, err := c.store.Spaces(ctx)
	if err != nil {
		return one, false, err
	}
	for _, s := range stats {
		if s.Space == space {
			one, err = c.summary(ctx, s)
			return one, err == nil, err
		}
	}
	return one, false, nil
}

func (c *Coordinator) summary(ctx context.Context, stat store.SpaceStat) (Summary, error) {
	one, ok := c.summaries.get(stat.Space, stat.LastSeq)
	if !ok {
		var err error
		if one, err = c.summarise(ctx, stat); err != nil {
			return one, err
		}
	}
	// What the scope files say may change without an event.
	rules := c.SpaceRules(stat.Space)
	root := rules.Root()
	one.Title, one.Exercise, one.HomeZoom, one.Window = root.Title, root.Exercise, root.HomeZoom, root.Window
	one.Certified = rules.Certified()
	return one, nil
}

// summarise makes a summary and remembers it.
func (c *Coordinator) summarise(ctx context.Context, stat store.SpaceStat) (Summary, error) {
	c.summaries.making.Lock()
	defer c.summaries.making.Unlock()
	if one, ok := c.summaries.get(stat.Space, stat.LastSeq); ok {
		return one, nil
	}
	one := Summary{Space: stat.Space, Events: stat.Events, Cursor: stat.LastSeq, First: stat.FirstT, Last: stat.LastT}
	var seq int64
	_, err := c.view(ctx, stat.Space, func(v *view) error {
		seq = v.seq
		one.Moments = v.times.moments(moments)
		one.count(v.canvas)
		return nil
	})
	// The canvas may be a moment behind the store or ahead of it: then the next who asks counts again.
	if err == nil && seq == stat.LastSeq {
		c.summaries.keep(one)
	}
	return one, err
}

// count fills in what the canvas shows.
func (s *Summary) count(folded *canvas.Canvas) {
	layers := make(map[string]int)
	geojson.EachPlace(folded, func(layer string, bound orb.Bound, placed bool) {
		s.Nodes++
		layers[layer]++
		switch {
		case !placed:
		case s.Bound == nil:
			s.Bound = &bound
		default:
			*s.Bound = s.Bound.Union(bound)
		}
	})
	for _, layer := range slices.Sorted(maps.Keys(layers)) {
		s.Layers = append(s.Layers, LayerCount{layer, layers[layer]})
	}
}
