package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"fieldkit/kit/canvas"
	"fieldkit/kit/coordinator"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/store"
)

const (
	pingEvery   = 20 * time.Second
	pongTimeout = 50 * time.Second
	// frameTimeout is how long a client may take to accept one frame; then it is let go and comes back with its cursor.
	frameTimeout = 10 * time.Second
	// catchUp is how many events are read from the store at a time for a client that is behind.
	catchUp = 256
)

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 10 * time.Second,
	ReadBufferSize:   1 << 10,
	WriteBufferSize:  4 << 10,
	// Pages of other origins were refused before.
	CheckOrigin: func(*http.Request) bool { return true },
	Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
		refuse(w, status, "", reason.Error())
	},
}

type hello struct {
	Type   string `json:"type"`
	Now    int64  `json:"now"`
	Cursor string `json:"cursor"`
}

// stream sends events from a cursor on, without gap or repeat: from the store until it has caught up, then as they are
// committed.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "space", "cursor", "features")
	now := s.kit.Cursor()
	cursor := q.whole("cursor", now, 0, 1<<62)
	sub := &subscriber{s: s, space: q.text("space"), cursor: min(cursor, now), features: q.flag("features")}
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
	conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
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

// subscriber is one open stream.
type subscriber struct {
	s        *Server
	conn     *websocket.Conn
	space    string
	cursor   int64
	features bool
	ready    bool
}

// listen reads what the client sends, only to notice that it is gone.
func (sub *subscriber) listen(gone func()) {
	defer gone()
	sub.conn.SetReadLimit(1 << 10)
	alive := func(string) error { return sub.conn.SetReadDeadline(time.Now().Add(pongTimeout)) }
	sub.conn.SetPongHandler(alive)
	_ = alive("")
	for {
		if _, _, err := sub.conn.NextReader(); err != nil {
			return
		}
	}
}

// run sends until the client is gone or the kit closes, and says why it ended.
func (sub *subscriber) run(ctx context.Context) (code int, text string) {
	kit := sub.s.kit
	if err := sub.sendJSON(hello{"hello", kit.Now().Unix(), strconv.FormatInt(sub.cursor, 10)}); err != nil {
		return websocket.ClosePolicyViolation, "reads too slowly"
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		items, behind, wake := kit.After(sub.cursor)
		switch {
		case behind:
			if err := sub.catchUp(ctx); err != nil {
				return websocket.ClosePolicyViolation, "reads too slowly: come back with your cursor"
			}
			continue
		case len(items) > 0:
			for _, item := range items {
				if err := sub.send(item); err != nil {
					return websocket.ClosePolicyViolation, "reads too slowly: come back with your cursor"
				}
			}
			continue
		case wake == nil:
			return websocket.CloseGoingAway, "the kit is closing"
		}
		if !sub.ready {
			sub.ready = true
			if err := sub.sendJSON(struct {
				Type   string `json:"type"`
				Cursor string `json:"cursor"`
			}{"ready", strconv.FormatInt(sub.cursor, 10)}); err != nil {
				return websocket.ClosePolicyViolation, "reads too slowly"
			}
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return websocket.CloseNormalClosure, ""
		case <-ping.C:
			if err := sub.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(frameTimeout)); err != nil {
				return websocket.ClosePolicyViolation, "does not answer"
			}
		}
	}
}

// catchUp sends one batch from the store.
func (sub *subscriber) catchUp(ctx context.Context) error {
	until := sub.s.kit.Cursor()
	n := 0
	err := sub.s.kit.Store().Events(ctx, store.Query{Space: sub.space, After: sub.cursor, Limit: catchUp}, func(row store.Row) error {
		e, err := event.Decode(row.Text)
		if err != nil {
			return err
		}
		n++
		return sub.send(&coordinator.Item{Seq: row.Seq, Received: row.Received, Event: e})
	})
	if err == nil && n < catchUp {
		// Nothing more of this space was there when it was read: what came since is above until.
		sub.cursor = max(sub.cursor, until)
	}
	return err
}

func (sub *subscriber) send(item *coordinator.Item) error {
	if sub.space != "" && item.Event.Space != sub.space {
		sub.cursor = item.Seq
		return nil
	}
	head := `{"type":"event","cursor":"` + strconv.FormatInt(item.Seq, 10) + `","event":`
	message := make([]byte, 0, len(head)+len(item.Event.Text)+64)
	message = append(append(message, head...), item.Event.Text...)
	if sub.features {
		message = append(message, item.Features(func() []byte { return sub.s.changed(item.Event) })...)
	}
	message = append(message, '}')
	if err := sub.write(message); err != nil {
		return err
	}
	sub.cursor = item.Seq
	return nil
}

// changed tells what an event changed as the state is now: the members features and removed, or reset after a change of
// the space's rules, by which everything may have changed.
func (s *Server) changed(e *event.Event) []byte {
	if e.Layer == event.SpaceLog {
		return []byte(`,"reset":true`)
	}
	features, removed := []jsontext.Value{}, []string{}
	_, err := s.kit.View(context.Background(), e.Space, nil, func(c *canvas.Canvas) error {
		for _, id := range canvas.Subjects(e) {
			f, ok := geojson.Find(c, id)
			if !ok {
				removed = append(removed, id)
				continue
			}
			text, err := geojson.Marshal(&f)
			if err != nil {
				return err
			}
			features = append(features, text)
		}
		return nil
	})
	if err != nil {
		s.log.Error("what an event changed could not be read", "event", e.ID, "error", err)
		return []byte(`,"reset":true`)
	}
	a, errA := json.Marshal(features)
	b, errB := json.Marshal(removed)
	if errA != nil || errB != nil {
		return []byte(`,"reset":true`)
	}
	return append(append(append([]byte(`,"features":`), a...), `,"removed":`...), b...)
}

func (sub *subscriber) sendJSON(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return sub.write(text)
}

func (sub *subscriber) write(message []byte) error {
	if err := sub.conn.SetWriteDeadline(time.Now().Add(frameTimeout)); err != nil {
		return err
	}
	return sub.conn.WriteMessage(websocket.TextMessage, message)
}
