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
	// ReadsPerSecond and ReadBurst bound how often one address may ask for something under /api/v1; 0 means 100 and 1,000.
	ReadsPerSecond float64
	ReadBurst      int
	// PastPerSecond and PastBurst bound, besides, how often it may ask for what takes a fold or a walk through the store: an
	// earlier moment of a space, a node with its history; 0 means 20 and 100.
	PastPerSecond float64
	PastBurst     int
	// StreamsPerClient and Streams bound open streams, for one address and in all; 0 means 16 and 512.
	StreamsPerClient, Streams int
	// UploadsPerClient and Uploads bound requests that bring media at the same time, of one address and in all; 0 means 4 and
	// 32.
	UploadsPerClient, Uploads int

	pace pace // tests shorten it
}

// A Server answers requests for one kit.
type Server struct {
	kit     *coordinator.Coordinator
	config  Config
	log     *slog.Logger
	mux     *http.ServeMux
	metrics *metrics
	posts   *quota
	reads   *quota
	pasts   *quota
	bodies  room
	uploads gate

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
	if config.ReadsPerSecond == 0 {
		config.ReadsPerSecond = 100
	}
	if config.ReadBurst == 0 {
		config.ReadBurst = 1000
	}
	if config.PastPerSecond == 0 {
		config.PastPerSecond = 20
	}
	if config.PastBurst == 0 {
		config.PastBurst = 100
	}
	if config.StreamsPerClient == 0 {
		config.StreamsPerClient = 16
	}
	if config.Streams == 0 {
		config.Streams = 512
	}
	if config.UploadsPerClient == 0 {
		config.UploadsPerClient = 4
	}
	if config.Uploads == 0 {
		config.Uploads = 32
	}
	if config.pace == (pace{}) {
		config.pace = usualPace
	}
	s := &Server{kit: kit, config: config, log: config.Logger, mux: http.NewServeMux(), streams: make(map[string]int)}
	s.posts = newQuota(rate.Limit(config.PostsPerSecond), config.PostBurst)
	s.reads = newQuota(rate.Limit(config.ReadsPerSecond), config.ReadBurst)
	s.pasts = newQuota(rate.Limit(config.PastPerSecond), config.PastBurst)
	s.uploads = gate{perClient: config.UploadsPerClient, most: config.Uploads, clients: make(map[string]int)}
	s.metrics = newMetrics(s)
	s.routes()
	return s
}

// answerTimeout is how long the first piece of an answer may take to leave, from the beginning of the request on.
const answerTimeout = 2 * time.Minute

// ServeHTTP answers one request. A panic ends that request alone.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &counted{ResponseWriter: w}
	defer s.catch(c, r)
	extendBy(w, answerTimeout)
	c.Header().Set("X-Content-Type-Options", "nosniff")
	if foreign(r) && (r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("Upgrade") != "") {
		refuse(c, http.StatusForbidden, "Origin", "pages of another origin may not do this")
		return
	}
	s.mux.ServeHTTP(c, r)
}

// catch answers for a handler that panicked. Where part of an answer has left, the connection breaks off: a part must not
// be taken for the whole.
func (s *Server) catch(c *counted, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler {
		s.log.Error("a request panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	}
	if p == http.ErrAbortHandler || c.status != 0 {
		panic(http.ErrAbortHandler)
	}
	refuse(c, http.StatusInternalServerError, "", "something went wrong here; nothing that was stored is lost")
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

// extend gives one piece of a long answer its time to leave: a client that stops reading is let go.
func (s *Server) extend(w http.ResponseWriter) { extendBy(w, s.config.pace.piece) }

func extendBy(w http.ResponseWriter, d time.Duration) {
	// An answer that is not on a network connection has no deadline, and needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}
