package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// route is an address with a method. {names} in it are http.ServeMux's.
type route struct {
	method, path string
	handler      http.HandlerFunc
	// zipped answers are compressed where they are long and the client takes it.
	zipped bool
}

func (s *Server) table() []route {
	const get, post, put, patch, remove = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return []route{
		{post, "/api/v1/events", s.postEvents, false},
		{get, "/api/v1/events", s.getEvents, true},
		{get, "/api/v1/events/{id}", s.getEvent, false},
		{get, "/api/v1/spaces", s.getSpaces, true},
		{get, "/api/v1/spaces/{space}", s.getSpace, true},
		{get, "/api/v1/spaces/{space}/rules", s.getRules, false},
		{get, "/api/v1/spaces/{space}/state", s.getState, true},
		{get, "/api/v1/spaces/{space}/nodes/{id}", s.getNode, true},
		{get, "/api/v1/spaces/{space}/tiles.json", s.getTileJSON, true},
		{get, "/api/v1/spaces/{space}/tiles/{z}/{x}/{y}", s.getTile, false},
		{get, "/api/v1/digests", s.getDigests, false},
		{get, "/api/v1/media", s.getMedia, true},
		{put, "/api/v1/media/{hash}/withdrawal", s.putWithdrawal, false},
		{remove, "/api/v1/media/{hash}/withdrawal", s.deleteWithdrawal, false},
		{get, "/objects/sha256/{hash}", s.getObject, false},
		{put, "/objects/sha256/{hash}", s.putObject, false},
		{patch, "/objects/sha256/{hash}", s.patchObject, false},
		{get, "/api/v1/stream", s.stream, false},
		{post, "/api/v1/export", s.postExport, false},
		{post, "/api/v1/import", s.postImport, false},
		{get, "/api/v1/status", s.getStatus, false},
		{get, "/healthz", s.healthz, false},
		{get, "/metrics", s.metrics.handler().ServeHTTP, false},
	}
}

func always(*http.Request) bool { return true }

// takesWalk reports whether a request wants what has to be folded or looked for in the whole store. A map asks for a dozen
// tiles of one moment: that is folded for the first.
func (s *Server) takesWalk(r *http.Request) bool {
	if r.PathValue("id") != "" && r.PathValue("space") != "" {
		return true
	}
	if !strings.Contains(r.URL.RawQuery, "at=") && !strings.Contains(r.URL.RawQuery, "%") {
		return false
	}
	at := r.URL.Query().Get("at")
	if at != "" && r.PathValue("z") != "" {
		t, err := strconv.ParseInt(at, 10, 64)
		return err != nil || !s.kit.Remembers(r.PathValue("space"), t)
	}
	return at != ""
}

func (s *Server) routes() {
	zip, err := gzhttp.NewWrapper(gzhttp.MinSize(1400), gzhttp.CompressionLevel(5))
	if err != nil {
		panic(err) // constant options
	}
	methods := make(map[string][]string)
	for _, r := range s.table() {
		if r.zipped {
			r.handler = zip(r.handler)
		}
		if r.method == http.MethodGet && (strings.HasPrefix(r.path, "/api/v1/") || strings.HasPrefix(r.path, "/objects/")) {
			r.handler = limited(s.reads, always, limited(s.pasts, s.takesWalk, r.handler))
		}
		s.handle(r.method+" "+r.path, r.handler)
		methods[r.path] = append(methods[r.path], r.method)
		if r.method == http.MethodGet {
			methods[r.path] = append(methods[r.path], http.MethodHead)
		}
	}
	for path, allowed := range methods {
		s.handle(path, otherMethod(append(allowed, http.MethodOptions)))
	}
	nowhere := func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "", "there is no such address here; kit/API.md lists them")
	}
	s.handle("/api/", nowhere)
	s.handle("/objects/", nowhere)
	for path, handler := range map[string]http.Handler{"/maps/": s.config.Maps, "/": s.config.Page} {
		if handler == nil {
			handler = http.HandlerFunc(nowhere)
		}
		s.handle(path, handler.ServeHTTP)
	}
}

func (s *Server) handle(pattern string, handler http.HandlerFunc) {
	s.mux.Handle(pattern, s.metrics.count(pattern, handler))
}

// otherMethod answers requests of a method that an address does not take.
func otherMethod(allowed []string) http.HandlerFunc {
	slices.Sort(allowed)
	list := strings.Join(allowed, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", list)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		refuse(w, http.StatusMethodNotAllowed, "", "this address takes "+list)
	}
}
