package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"fieldkit/kit/event"
)

// listener is a client of the stream.
type listener struct {
	*websocket.Conn
	t testing.TB
}

// heard is a frame of the stream.
type heard struct {
	Type, Cursor string
	Now          int64
	Event        struct {
		ID    string `json:"event_id"`
		Space string `json:"space_id"`
	}
	Features []json.RawMessage
	Removed  []string
	Reset    bool
}

func (h heard) at(t testing.TB) int64 {
	t.Helper()
	n, err := strconv.ParseInt(h.Cursor, 10, 64)
	if err != nil {
		t.Fatalf("%+v", h)
	}
	return n
}

func (k *kit) listen(query string) *listener {
	k.t.Helper()
	conn, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(k.server.URL, "http")+"/api/v1/stream?"+query, nil)
	if err != nil {
		k.t.Fatalf("%v: %v", err, response)
	}
	k.t.Cleanup(func() { conn.Close() })
	return &listener{conn, k.t}
}

// next reads a frame.
func (l *listener) next() (h heard, err error) {
	if err := l.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return h, err
	}
	kind, text, err := l.ReadMessage()
	if err != nil {
		return h, err
	}
	if kind != websocket.TextMessage {
		return h, fmt.Errorf("a message of kind %d", kind)
	}
	return h, json.Unmarshal(text, &h)
}

// want reads a frame of a type.
func (l *listener) want(kind string) heard {
	l.t.Helper()
	h, err := l.next()
	if err != nil || h.Type != kind {
		l.t.Fatalf("%+v, %v, want %s", h, err, kind)
	}
	return h
}

// TestEveryEventOnceInOrder has five write while one listens, who leaves 20 times in the middle and comes back with the
// cursor of the last frame.
func TestEveryEventOnceInOrder(t *testing.T) {
	k := newKit(t, Config{PostsPerSecond: 1e6, PostBurst: 1e6})
	const writers, each, reconnects = 5, 400, 20
	var group sync.WaitGroup
	for n := range writers {
		events := series(t, key(byte(2+n)), each, nil)
		random := rand.New(rand.NewSource(int64(n)))
		group.Go(func() {
			for len(events) > 0 {
				some := min(len(events), 1+random.Intn(12))
				k.take(events[:some]...)
				events = events[some:]
			}
		})
	}
	random := rand.New(rand.NewSource(99))
	seen := map[string]bool{}
	last := int64(0)
	for connection := 0; len(seen) < writers*each; connection++ {
		l := k.listen("cursor=" + strconv.FormatInt(last, 10))
		if h := l.want("hello"); h.Now != start || h.at(t) != last {
			t.Fatalf("hello %+v at %d", h, last)
		}
		stay := random.Intn(2*writers*each/reconnects + 1)
		for ready := false; len(seen) < writers*each && (stay > 0 || connection >= reconnects); stay-- {
			h, err := l.next()
			if err != nil {
				t.Fatal(err)
			}
			at := h.at(t)
			if h.Type == "ready" {
				if ready || at != last {
					t.Fatalf("ready at %d after %d, again %v", at, last, ready)
				}
				ready = true
				continue
			}
			if h.Type != "event" || seen[h.Event.ID] || at != last+1 {
				t.Fatalf("%+v after %d, seen before %v", h, last, seen[h.Event.ID])
			}
			seen[h.Event.ID], last = true, at
		}
		l.Close()
	}
	group.Wait()
	if n := len(k.stored()); n != len(seen) || last != int64(n) {
		t.Errorf("%d events stored, %d heard up to %d", n, len(seen), last)
	}
}

func TestHelloReadyAndNow(t *testing.T) {
	k := newKit(t, Config{})
	events := series(t, key(2), 4, nil)
	k.take(events[:2]...)
	for query, first := range map[string]int{"": 2, "cursor=2": 2, "cursor=1": 1, "cursor=0": 0, "cursor=999": 2, "features=0": 2, "space=camp": 2, "space=camp&cursor=1": 1} {
		l := k.listen(query)
		if h := l.want("hello"); h.at(t) != int64(first) {
			t.Errorf("%s: hello at %s", query, h.Cursor)
		}
		for i := first; i < 2; i++ {
			if h := l.want("event"); h.Event.ID != events[i].ID || h.at(t) != int64(i+1) || h.Features != nil || h.Removed != nil {
				t.Errorf("%s: %+v", query, h)
			}
		}
		if h := l.want("ready"); h.at(t) != 2 {
			t.Errorf("%s: ready at %s", query, h.Cursor)
		}
		l.Close()
	}
	l := k.listen("")
	l.want("hello")
	l.want("ready")
	k.take(events[2])
	if h := l.want("event"); h.Event.ID != events[2].ID {
		t.Errorf("%+v", h)
	}
	// What was known before is no news.
	k.take(events[0], events[1])
	k.take(events[3])
	if h := l.want("event"); h.Event.ID != events[3].ID {
		t.Errorf("%+v", h)
	}
	// The whole event, as it was signed.
	other := k.listen("cursor=3")
	other.want("hello")
	_, text, err := other.ReadMessage()
	if err != nil || !strings.Contains(string(text), `"event":`+events[3].Text) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAStreamOfOneSpace(t *testing.T) {
	k := newKit(t, Config{})
	var here []string
	// More of others than the ring holds, so that the store is read too.
	var events []*event.Event
	for i := range 1300 {
		space := "other"
		if i%100 == 0 {
			space = "camp"
		}
		e := sign(t, key(2), fields{"space_id": space, "timestamp": start + i})
		if events = append(events, e); space == "camp" {
			here = append(here, e.ID)
		}
	}
	k.take(events...)
	l := k.listen("space=camp&cursor=0")
	l.want("hello")
	for _, id := range here {
		if h := l.want("event"); h.Event.ID != id || h.Event.Space != "camp" {
			t.Fatalf("%+v, want %s", h, id)
		}
	}
	if h := l.want("ready"); h.at(t) != 1300 {
		t.Errorf("ready at %s", h.Cursor)
	}
	last := sign(t, key(2), fields{"timestamp": start + 5000})
	k.take(sign(t, key(2), fields{"space_id": "other", "timestamp": start + 5000}), last)
	if h := l.want("event"); h.Event.ID != last.ID || h.at(t) != 1302 {
		t.Errorf("%+v", h)
	}
	nowhere := k.listen("space=nowhere&cursor=0")
	nowhere.want("hello")
	nowhere.want("ready")
}

func TestStreamsAreLimited(t *testing.T) {
	k := newKit(t, Config{StreamsPerClient: 3, Streams: 100})
	var open []*listener
	for range 3 {
		l := k.listen("")
		l.want("hello")
		open = append(open, l)
	}
	refused := func() bool {
		t.Helper()
		_, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(k.server.URL, "http")+"/api/v1/stream", nil)
		if !errors.Is(err, websocket.ErrBadHandshake) {
			return false
		}
		defer response.Body.Close()
		if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" || response.Header.Get("Content-Type") != problemType {
			t.Errorf("%s %v", response.Status, response.Header)
		}
		return true
	}
	if !refused() || k.api.Streams() != 3 {
		t.Errorf("one too many; %d are open", k.api.Streams())
	}
	open[0].Close()
	waitUntil(t, "the place is free again", func() bool { return k.api.Streams() == 2 })
	l := k.listen("")
	l.want("hello")
	if !refused() {
		t.Error("one too many, once more")
	}
	k.api.config.Streams = 3
	k.api.mu.Lock()
	clear(k.api.streams) // as if they were of others
	k.api.mu.Unlock()
	if !refused() {
		t.Error("one too many of all")
	}
}

func TestForeignPagesHearNothing(t *testing.T) {
	k := newKit(t, Config{})
	for _, origin := range []string{"http://evil.example", "null", "https://" + k.host() + ".evil.example"} {
		_, response, err := websocket.DefaultDialer.Dial("ws://"+k.host()+"/api/v1/stream", http.Header{"Origin": {origin}})
		if err == nil || response == nil || response.StatusCode != 403 {
			t.Errorf("%s: %v %v", origin, response, err)
		}
	}
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+k.host()+"/api/v1/stream", http.Header{"Origin": {"http://" + k.host()}})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestShutdownClosesStreams(t *testing.T) {
	k := newKit(t, Config{})
	k.take(series(t, key(2), 50, nil)...)
	var open []*listener
	for i := range 5 {
		l := k.listen(fmt.Sprint("features=1&cursor=", i*10))
		l.want("hello")
		open = append(open, l)
	}
	k.c.EndStreams()
	for _, l := range open {
		for {
			if _, err := l.next(); err != nil {
				if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
					t.Errorf("closed with %v", err)
				}
				break
			}
		}
	}
	waitUntil(t, "no stream is open", func() bool { return k.api.Streams() == 0 })
	late := k.listen("cursor=0") // what it lacks it gets from the kit when it is up again
	late.want("hello")
	if _, err := late.next(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("a late one is closed with %v", err)
	}
	// The rest goes on.
	k.take(sign(t, key(3), nil))
}

func TestClientsThatSendGarbage(t *testing.T) {
	k := newKit(t, Config{pace: pace{ping: 200 * time.Millisecond, pong: time.Second, frame: 10 * time.Second}})
	before := runtime.NumGoroutine()
	chatty := k.listen("")
	chatty.want("hello")
	chatty.want("ready")
	for _, text := range []string{"", "hello", `{"type":"event"}`, strings.Repeat("x", maxMessage)} {
		for _, kind := range []int{websocket.TextMessage, websocket.BinaryMessage} {
			if err := chatty.WriteMessage(kind, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	e := sign(t, key(2), nil)
	k.take(e)
	if h := chatty.want("event"); h.Event.ID != e.ID {
		t.Errorf("%+v", h)
	}
	if err := chatty.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", maxMessage+1))); err != nil {
		t.Fatal(err)
	}
	if _, err := chatty.next(); !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Errorf("too long: %v", err)
	}
	for _, bytes := range [][]byte{{0xff, 0xff, 0xff}, {0x81, 0x05, 'h', 'e', 'l', 'l', 'o'}, {0x88, 0x80}, []byte("GET / HTTP/1.1\r\n\r\n"), {0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}} {
		l := k.listen("")
		l.want("hello")
		if _, err := l.NetConn().Write(bytes); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := l.next(); err != nil {
				break
			}
		}
		l.Close()
	}
	waitUntil(t, "no stream is open", func() bool { return k.api.Streams() == 0 })
	http.DefaultClient.CloseIdleConnections()
	waitUntil(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+3 })
}

// TestClientsThatSaySoStay holds pings to their pace: who answers stays, also while it has much to catch up, who does not
// is let go.
func TestClientsThatSaySoStay(t *testing.T) {
	k := newKit(t, Config{pace: pace{ping: 50 * time.Millisecond, pong: 400 * time.Millisecond, frame: time.Second}})
	mute, lively := k.listen(""), k.listen("")
	mute.SetPingHandler(func(string) error { return nil })
	pings := 0
	answer := lively.PingHandler()
	lively.SetPingHandler(func(data string) error { pings++; return answer(data) })
	for _, l := range []*listener{mute, lively} {
		l.want("hello")
		l.want("ready")
	}
	ended := make(chan error, 1)
	go func() {
		_, err := mute.next()
		ended <- err
	}()
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		for i := range 100 {
			time.Sleep(10 * time.Millisecond)
			k.take(sign(t, key(2), fields{"timestamp": start + i}))
		}
	})
	// A catch-up that takes longer than a client may be silent: who listens is asked meanwhile, and stays.
	for i := range 100 {
		if h, err := lively.next(); err != nil || h.at(t) != int64(i+1) {
			t.Fatalf("%+v, %v", h, err)
		}
	}
	if pings < 5 {
		t.Errorf("%d pings", pings)
	}
	if err := <-ended; err == nil {
		for err == nil {
			_, err = mute.next()
		}
	}
	waitUntil(t, "only the lively one is there", func() bool { return k.api.Streams() == 1 })
}

// TestASlowLinkIsNoSilence has one catch up over a link on which the answers to pings come late: it takes what is sent all the time,
// and stays.
func TestASlowLinkIsNoSilence(t *testing.T) {
	k := newKit(t, Config{pace: pace{ping: 100 * time.Millisecond, pong: time.Second, frame: 10 * time.Second}}, func(s *http.Server) {
		s.ConnState = func(c net.Conn, state http.ConnState) {
			if state == http.StateNew {
				_ = c.(*net.TCPConn).SetWriteBuffer(1 << 16)
			}
		}
	})
	k.fill()
	l := k.listen("cursor=0")
	l.SetPingHandler(func(string) error { return nil }) // its answers do not come through
	if err := l.NetConn().(*net.TCPConn).SetReadBuffer(1 << 16); err != nil {
		t.Fatal(err)
	}
	l.want("hello")
	for i := range 700 { // the last ones are in the link's buffers when the kit falls silent
		time.Sleep(4 * time.Millisecond)
		if h, err := l.next(); err != nil || h.at(t) != int64(i+1) {
			t.Fatalf("%+v, %v", h, err)
		}
	}
}

// TestASlowClientHoldsUpNobody has one listen who does not read, beside ten who do.
func TestASlowClientHoldsUpNobody(t *testing.T) {
	k := newKit(t, Config{StreamsPerClient: 100, PostsPerSecond: 1e6, PostBurst: 1e6, pace: pace{ping: time.Minute, pong: time.Minute, frame: 500 * time.Millisecond}})
	slow := k.listen("features=1")
	slow.want("hello")
	slow.want("ready")
	const readers, batches, size = 5, 30, 40
	long := strings.Repeat("x", 12000)
	sent := make([]time.Time, batches)
	var mu sync.Mutex
	var delays []time.Duration
	var group sync.WaitGroup
	for range readers {
		l := k.listen("")
		l.want("hello")
		l.want("ready")
		group.Go(func() {
			for i := range batches * size {
				// Only the beginning is looked at: who measures should not be what is slow.
				_, text, err := l.ReadMessage()
				if err != nil || !strings.HasPrefix(string(text), fmt.Sprintf(`{"type":"event","cursor":"%d",`, i+1)) {
					t.Errorf("%.60s, %v", text, err)
					return
				}
				if i%size == size-1 {
					mu.Lock()
					delays = append(delays, time.Since(sent[i/size]))
					mu.Unlock()
				}
			}
		})
	}
	serial := 0
	for i := range batches {
		var events []string
		for range size {
			serial++
			events = append(events, unsigned(fmt.Sprint("e", serial), fields{"properties": fields{"a": long}}))
		}
		mu.Lock()
		sent[i] = time.Now()
		mu.Unlock()
		if a := k.post(linesType, []byte(strings.Join(events, "\n"))); a.Taken != size {
			t.Fatalf("%+v", a.Verdicts[0])
		}
	}
	group.Wait()
	slices.Sort(delays)
	t.Logf("%d events of 12 kB to %d clients beside one that does not read: delay median %v, greatest %v", batches*size, readers, delays[len(delays)/2], delays[len(delays)-1])
	if worst := delays[len(delays)-1]; worst > 10*time.Second {
		t.Errorf("one waited %v", worst)
	}
	waitUntil(t, "the slow one was let go", func() bool { return k.api.Streams() == readers })
	// It reads on up to where it was let go, and comes back for the rest.
	last := int64(0)
	for {
		h, err := slow.next()
		if err != nil {
			break
		}
		if last++; h.at(t) != last {
			t.Fatalf("%s after %d", h.Cursor, last-1)
		}
	}
	if last == batches*size {
		t.Error("it was sent all: nothing was tried")
	}
	back := k.listen("cursor=" + fmt.Sprint(last))
	back.want("hello")
	for ; last < batches*size; last++ {
		if h := back.want("event"); h.at(t) != last+1 {
			t.Fatalf("%s after %d", h.Cursor, last)
		}
	}
	back.want("ready")
}

// TestAStreamOfAStoreThatFails takes the store away from one who is catching up.
func TestAStreamOfAStoreThatFails(t *testing.T) {
	k := newKit(t, Config{})
	k.take(series(t, key(2), 1100, nil)...)
	k.close()
	k2 := &kit{t: t, data: k.data}
	k2.open(Config{})
	if err := k2.c.Store().Close(); err != nil {
		t.Fatal(err)
	}
	l := k2.listen("cursor=0") // all of it has to be read from the store
	l.want("hello")
	if _, err := l.next(); !websocket.IsCloseError(err, websocket.CloseGoingAway, websocket.CloseInternalServerErr) {
		t.Errorf("closed with %v", err)
	}
}
