package api

import (
	"net/http"
	"strconv"

	"fieldkit/kit/coordinator"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

type kitAnswer struct {
	Name    string `json:"name"`
	Key     string `json:"key"`
	Version string `json:"version"`
}

type spacesAnswer struct {
	Now    int64         `json:"now"`
	Kit    kitAnswer     `json:"kit"`
	Spaces []spaceAnswer `json:"spaces"`
}

type spaceAnswer struct {
	ID        string        `json:"id"`
	Title     string        `json:"title"`
	Exercise  bool          `json:"exercise"`
	Certified bool          `json:"certified"`
	HomeZoom  int           `json:"home_zoom"`
	Window    *windowAnswer `json:"window,omitempty"`
	Events    int64         `json:"events"`
	Nodes     int           `json:"nodes"`
	First     int64         `json:"first"`
	Last      int64         `json:"last"`
	BBox      []float64     `json:"bbox,omitempty"`
	Layers    []layerAnswer `json:"layers"`
	Moments   []int64       `json:"moments"`
	Cursor    string        `json:"cursor"`
}

type windowAnswer struct {
	From *int64 `json:"from,omitempty"`
	To   *int64 `json:"to,omitempty"`
}

type layerAnswer struct {
	ID    string `json:"id"`
	Nodes int    `json:"nodes"`
}

func (s *Server) getSpaces(w http.ResponseWriter, r *http.Request) {
	if parseQuery(r).refused(w) {
		return
	}
	spaces, err := s.kit.Spaces(r.Context())
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	out := spacesAnswer{Now: s.kit.Now().Unix(), Kit: s.whoami(), Spaces: make([]spaceAnswer, 0, len(spaces))}
	for _, one := range spaces {
		out.Spaces = append(out.Spaces, spaceOf(one))
	}
	answer(w, http.StatusOK, out)
}

func (s *Server) getSpace(w http.ResponseWriter, r *http.Request) {
	if parseQuery(r).refused(w) {
		return
	}
	one, ok, err := s.kit.Space(r.Context(), r.PathValue("space"))
	switch {
	case err != nil:
		s.storeFailed(w, err)
	case !ok:
		noSpace(w, r.PathValue("space"))
	default:
		answer(w, http.StatusOK, spaceOf(one))
	}
}

type rulesAnswer struct {
	Space      string        `json:"space"`
	Title      string        `json:"title"`
	Exercise   bool          `json:"exercise"`
	Certified  bool          `json:"certified"`
	Unsigned   bool          `json:"unsigned"`
	HomeZoom   int           `json:"home_zoom"`
	Invariants []string      `json:"invariants"`
	Window     *windowAnswer `json:"window,omitempty"`
}

// getRules gives the settings that the door goes by in a space, also of one that has no events yet.
func (s *Server) getRules(w http.ResponseWriter, r *http.Request) {
	q, space := parseQuery(r), r.PathValue("space")
	if !event.ValidName(space) {
		q.fail("space", "is not a space's id")
	}
	if q.refused(w) {
		return
	}
	rules := s.kit.SpaceRules(space)
	root := rules.Root()
	answer(w, http.StatusOK, rulesAnswer{space, root.Title, root.Exercise, rules.Certified(), root.Unsigned,
		int(root.HomeZoom), root.Invariants, windowOf(root.Window)})
}

func noSpace(w http.ResponseWriter, space string) {
	refuse(w, http.StatusNotFound, "space", "this kit has nothing of the space "+strconv.Quote(space))
}

func (s *Server) whoami() kitAnswer {
	return kitAnswer{s.kit.Name(), s.kit.Key(), s.config.Version}
}

func spaceOf(one coordinator.Summary) spaceAnswer {
	a := spaceAnswer{
		ID: one.Space, Title: one.Title, Exercise: one.Exercise, Certified: one.Certified, HomeZoom: int(one.HomeZoom),
		Window: windowOf(one.Window), Events: one.Events, Nodes: one.Nodes, First: one.First, Last: one.Last,
		Layers: make([]layerAnswer, 0, len(one.Layers)), Moments: one.Moments, Cursor: strconv.FormatInt(one.Cursor, 10),
	}
	if a.Moments == nil {
		a.Moments = []int64{}
	}
	for _, l := range one.Layers {
		a.Layers = append(a.Layers, layerAnswer{l.Layer, l.Nodes})
	}
	if b := one.Bound; b != nil {
		a.BBox = []float64{b.Min.Lon(), b.Min.Lat(), b.Max.Lon(), b.Max.Lat()}
	}
	return a
}

func windowOf(w scope.Window) *windowAnswer {
	if w.From == nil && w.To == nil {
		return nil
	}
	return &windowAnswer{w.From, w.To}
}
