package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gorilla/websocket"

	"fieldkit/kit/coordinator"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// catchUp is how many events are read from the store at a time for a client that is behind.
const catchUp = 256

// blocked is how long a write takes at least that had to wait for the client.
const blocked = time.Millisecond

// errSlow ends a stream whose client does not take what is sent to it.
var errSlow = errors.New("reads too slowly: come back with your cursor")

// subscriber is one open stream.
type subscriber struct {
	s        *Server
	conn     *websocket.Conn
	space    string
	cursor   int64
	features bool
	pinged   time.Time
}

// frame is what is said on a stream beside events.
type frame struct {
	Type   string `json:"type"`
	Now    int64  `json:"now,omitzero"`
	Cursor string `json:"cursor"`
}

// listen reads what the client sends, only to notice that it is gone.
func (sub *subscriber) listen(gone func()) {
	defer gone()
	sub.conn.SetReadLimit(maxMessage)
	sub.conn.SetPongHandler(sub.alive)
	_ = sub.alive("")
	for {
		if _, _, err := sub.conn.NextReader(); err != nil {
			return
		}
	}
}

// run sends until the client is gone or the kit closes, and says why it ended.
func (sub *subscriber) run(ctx context.Context) (code int, text string) {
	sub.pinged = time.Now()
	ping := time.NewTicker(sub.s.config.pace.ping)
	defer ping.Stop()
	err := sub.say(frame{Type: "hello", Now: sub.s.kit.Now().Unix()})
	for ready := false; err == nil; {
		items, behind, wake := sub.s.kit.After(sub.cursor)
		switch {
		case wake == nil:
			return websocket.CloseGoingAway, "the kit is closing"
		case behind:
			err = sub.catchUp(ctx)
			continue
		case len(items) > 0:
			for i := 0; err == nil && i < len(items); i++ {
				err = sub.send(ctx, items[i])
			}
			continue
		case !ready:
			ready = true
			err = sub.say(frame{Type: "ready"})
			continue
		}
		select {
		case <-wake:
		case <-ctx.Done():
			err = ctx.Err()
		case <-ping.C:
			err = sub.ping()
		}
	}
	switch {
	case ctx.Err() != nil:
		return websocket.CloseNormalClosure, "" // the client is gone
	case errors.Is(err, errSlow):
		return websocket.ClosePolicyViolation, err.Error()
	case errors.Is(err, store.ErrClosed):
		return websocket.CloseGoingAway, "the kit is closing"
	}
	sub.s.log.Error("a stream failed", "error", err)
	return websocket.CloseInternalServerErr, "the kit's store cannot be read now: come back with your cursor"
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
		return sub.send(ctx, &coordinator.Item{Seq: row.Seq, Received: row.Received, Event: e})
	})
	if err == nil && n < catchUp {
		// Nothing more of this space was there when it was read: what came since is above until.
		sub.cursor = max(sub.cursor, until)
	}
	return err
}

func (sub *subscriber) send(ctx context.Context, item *coordinator.Item) error {
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
	if time.Since(sub.pinged) >= sub.s.config.pace.ping {
		return sub.ping() // one who has much to catch up is asked as well
	}
	return ctx.Err()
}

func (sub *subscriber) say(f frame) error {
	f.Cursor = strconv.FormatInt(sub.cursor, 10)
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return sub.write(text)
}

func (sub *subscriber) write(message []byte) error {
	began := time.Now()
	err := sub.conn.SetWriteDeadline(began.Add(sub.s.config.pace.frame))
	if err == nil {
		err = sub.conn.WriteMessage(websocket.TextMessage, message)
	}
	if err != nil {
		return errSlow
	}
	if time.Since(began) >= blocked {
		// The link was full, and took this: the client is there, though its answer to a ping may be long in coming.
		_ = sub.alive("") // of a connection that is gone, the next write tells
	}
	return nil
}

// alive gives the client another while to be silent.
func (sub *subscriber) alive(string) error {
	return sub.conn.SetReadDeadline(time.Now().Add(sub.s.config.pace.pong))
}

func (sub *subscriber) ping() error {
	sub.pinged = time.Now()
	if err := sub.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(sub.s.config.pace.frame)); err != nil {
		return errSlow
	}
	return nil
}
