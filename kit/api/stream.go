package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// pace is how long clients are waited for.
type pace struct {
	// piece is how long one piece of a long answer may take to leave.
	piece time.Duration
	// ping is between two pings on a stream, pong how long a client may take to answer.
	ping, pong time.Duration
	// frame is how long a client may take to accept one frame; then it is let go and comes back with its cursor.
	frame time.Duration
}

var usualPace = pace{piece: 30 * time.Second, ping: 20 * time.Second, pong: 50 * time.Second, frame: 10 * time.Second}

// maxMessage is the longest message that a client may send; none means anything.
const maxMessage = 1 << 10

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 10 * time.Second,
	ReadBufferSize:   maxMessage,
	WriteBufferSize:  4 << 10,
	// Pages of other origins were refused before.
	CheckOrigin: func(*http.Request) bool { return true },
	Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
		refuse(w, status, "", reason.Error())
	},
}

// stream sends events from a cursor on, without gap or repeat: from the store until it has caught up, then as they are
// committed.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "space", "cursor", "features")
	now := s.kit.Cursor()
	cursor := q.whole("cursor", now, 0, maxCursor)
	sub := &subscriber{s: s, space: q.space(), cursor: min(cursor, now), features: q.flag("features")}
	if q.refused(w) {
		return
	}
	address := client(r)
	if !s.enter(address) {
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, "", "too many open streams; close a page that is not needed")
		return
	}
	defer s.leave(address)
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	defer conn.Close()
	sub.conn = conn
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	go sub.listen(cancel)
	code, text := sub.run(ctx)
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
}

func (s *Server) enter(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.config.Streams || s.streams[address] >= s.config.StreamsPerClient && address != "" {
		return false
	}
	s.open++
	s.streams[address]++
	return true
}

func (s *Server) leave(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.streams[address]--; s.streams[address] == 0 {
		delete(s.streams, address)
	}
}

// Streams is how many streams are open.
func (s *Server) Streams() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}
