// Package api is the coordinator's HTTP surface: kit/API.md.
package api

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"golang.org/x/time/rate"

	"fieldkit/kit/coordinator"
)

// Config is what the surface needs beside the coordinator.
type Config struct {
	// Version is the program's.
	Version string
	// Maps serves /maps/, Page everything else that is not the API's. Nil leaves them out.
	Maps, Page http.Handler
	// Logger gets what an operator should know.
	Logger *slog.Logger
	// PostsPerSecond and PostBurst bound how often one address may hand in events; 0 means 50 and 500.
	PostsPerSecond float64
	PostBurst      int
	// StreamsPerClient and Streams bound open streams, for one address and in all; 0 means 16 and 512.
	StreamsPerClient, Streams int
}

// A Server answers requests for one kit.
type Server struct {
	kit     *coordinator.Coordinator
	config  Config
	log     *slog.Logger
	mux     *http.ServeMux
	metrics *metrics
	posts   *quota

	mu      sync.Mutex
	streams map[string]int // open streams by address, guarded by mu
	open    int            // guarded by mu
}

// New returns the surface of a kit.
func New(kit *coordinator.Coordinator, config Config) *Server {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.PostsPerSecond == 0 {
		config.PostsPerSecond = 50
	}
	if config.PostBurst == 0 {
		config.PostBurst = 500
	}
	if config.StreamsPerClient == 0 {
		config.StreamsPerClient = 16
	}
	if config.Streams == 0 {
		config.Streams = 512
	}
	s := &Server{kit: kit, config: config, log: config.Logger, mux: http.NewServeMux(), streams: make(map[string]int)}
	s.posts = newQuota(rate.Limit(config.PostsPerSecond), config.PostBurst)
	s.metrics = newMetrics(s)
	s.routes()
	return s
}

func (s *Server) routes() {
	zip, err := gzhttp.NewWrapper(gzhttp.MinSize(1400), gzhttp.CompressionLevel(5))
	if err != nil {
		panic(err) // constant options
	}
	api := func(pattern string, h http.HandlerFunc) {
		s.mux.Handle(pattern, s.metrics.count(pattern, h))
	}
	zipped := func(pattern string, h http.HandlerFunc) {
		s.mux.Handle(pattern, s.metrics.count(pattern, zip(h).ServeHTTP))
	}
	api("POST /api/v1/events", s.postEvents)
	zipped("GET /api/v1/events", s.getEvents)
	api("GET /api/v1/events/{id}", s.getEvent)
	zipped("GET /api/v1/spaces", s.getSpaces)
	zipped("GET /api/v1/spaces/{space}", s.getSpace)
	api("GET /api/v1/spaces/{space}/rules", s.getRules)
	zipped("GET /api/v1/spaces/{space}/state", s.getState)
	zipped("GET /api/v1/spaces/{space}/nodes/{id}", s.getNode)
	api("GET /api/v1/digests", s.getDigests)
	api("GET /api/v1/stream", s.stream)
	api("GET /api/v1/status", s.getStatus)
	api("GET /healthz", s.healthz)
	s.mux.Handle("GET /metrics", s.metrics.handler())
	s.mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			probe := r.Clone(r.Context())
			probe.Method = method
			if _, pattern := s.mux.Handler(probe); strings.HasPrefix(pattern, method+" ") {
				w.Header().Set("Allow", method)
				refuse(w, http.StatusMethodNotAllowed, "", "this address takes "+method)
				return
			}
		}
		refuse(w, http.StatusNotFound, "", "there is no such address here; kit/API.md lists them")
	})
	if s.config.Maps != nil {
		s.mux.Handle("/maps/", s.metrics.count("/maps/", s.config.Maps.ServeHTTP))
	}
	if s.config.Page != nil {
		s.mux.Handle("/", s.metrics.count("/", s.config.Page.ServeHTTP))
	}
}

// ServeHTTP answers one request. A panic ends that request alone.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			s.log.Error("a request panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			refuse(w, http.StatusInternalServerError, "", "something went wrong here; nothing that was stored is lost")
		}
	}()
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if foreign(r) && (r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("Upgrade") != "") {
		refuse(w, http.StatusForbidden, "Origin", "pages of another origin may not do this")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// foreign reports whether a browser says that a page of another origin asks.
func foreign(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host)
}

// client is the address that a quota is kept for; "" for the socket in the data folder, which the operator holds.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// writeTimeout is how long one piece of an answer may take to leave: a client that stops reading is let go.
const writeTimeout = 30 * time.Second

// extend gives the answer another writeTimeout.
func extend(w http.ResponseWriter) {
	// An answer that is not on a network connection has no deadline, and needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
}
