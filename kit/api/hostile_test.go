package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPagesOfAnotherOriginChangeNothing(t *testing.T) {
	k := newKit(t, Config{})
	host := strings.TrimPrefix(k.server.URL, "http://")
	body := func() io.Reader { return strings.NewReader(sign(t, key(2), nil).Text) }
	for _, origin := range []string{"http://evil.example", "null", "http://" + host + ".evil.example", "http://evil.example/" + host, "://", "http://" + host + "@evil.example", "file://"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
			k.do(method, "/api/v1/events", http.Header{"Origin": {origin}, "Content-Type": {linesType}}, body()).isProblem(t, 403, "Origin")
		}
		if r := k.do("GET", "/api/v1/events", http.Header{"Origin": {origin}}, nil); r.StatusCode != 200 || r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s", r)
		}
	}
	if n := len(k.stored()); n != 0 {
		t.Errorf("%d are stored", n)
	}
	for _, origin := range []string{"http://" + host, "https://" + strings.ToUpper(host)} {
		if r := k.do("POST", "/api/v1/events", http.Header{"Origin": {origin}, "Content-Type": {linesType}}, body()); r.StatusCode != 200 {
			t.Errorf("its own page: %s", r)
		}
	}
}

// dial opens a connection to the kit and writes what is given.
func (k *kit) dial(text string) net.Conn {
	k.t.Helper()
	conn, err := net.Dial("tcp", k.server.Listener.Addr().String())
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		k.t.Fatal(err)
	}
	if _, err := conn.Write([]byte(text)); err != nil {
		k.t.Fatal(err)
	}
	return conn
}

func (k *kit) host() string { return k.server.Listener.Addr().String() }

func TestABodyThatStalls(t *testing.T) {
	k := newKit(t, Config{}, func(s *http.Server) { s.ReadTimeout = 300 * time.Millisecond })
	e := sign(t, key(2), nil).Text
	conn := k.dial(fmt.Sprintf("POST /api/v1/events HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\n", k.host(), linesType, 2*len(e), e))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(response.Body)
	reply{response, text}.isProblem(t, 408, "")
	if n := len(k.stored()); n != 0 {
		t.Errorf("%d are stored", n)
	}
	// A head that never ends is let go too.
	conn = k.dial("GET /api/v1/status HTTP/1.1\r\nHost: x\r\n")
	if text, err := io.ReadAll(conn); err != nil || len(text) > 0 && !bytes.Contains(text, []byte(" 408 ")) {
		t.Errorf("%q, %v", text, err)
	}
}

func TestAClientThatLeavesInTheMiddle(t *testing.T) {
	k := newKit(t, Config{})
	e := sign(t, key(2), nil).Text
	for _, cut := range []int{0, 1, len(e) / 2, len(e), len(e) + 1} {
		body := (e + "\n" + e)[:cut]
		k.dial(fmt.Sprintf("POST /api/v1/events HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", k.host(), linesType, 2*len(e)+1, body)).Close()
		chunked := k.dial(fmt.Sprintf("POST /api/v1/events HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", k.host(), linesType, 2*len(e)+1, body))
		chunked.Close()
	}
	// The kit takes what it takes in order: what it may have made of those is done when this is answered.
	k.take(sign(t, key(2), fields{"timestamp": start + 7}))
	if n := len(k.stored()); n != 1 {
		t.Errorf("%d are stored", n)
	}
	k.roomIsGivenBack()
}

// fill stores 800 events of 12 kB: more than stands between a server and a client that does not read.
func (k *kit) fill() {
	k.t.Helper()
	long := strings.Repeat("x", 12000)
	for n := range 4 {
		var events []string
		for i := range 200 {
			events = append(events, unsigned(fmt.Sprint("e", n*200+i), fields{"properties": fields{"a": long}}))
		}
		if a := k.post(linesType, []byte(strings.Join(events, "\n"))); a.Taken != 200 {
			k.t.Fatalf("%+v", a.Verdicts[0])
		}
	}
}

// ask sends a GET and reads nothing of the answer.
func (k *kit) ask(path string) net.Conn {
	k.t.Helper()
	conn := k.dial("")
	if err := conn.(*net.TCPConn).SetReadBuffer(1 << 18); err != nil {
		k.t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, k.host())
	return conn
}

// TestALongAnswerOutlivesTheTimeToRead has a client read slowly: the server's deadline for the request is none for the answer.
func TestALongAnswerOutlivesTheTimeToRead(t *testing.T) {
	k := newKit(t, Config{}, func(s *http.Server) { s.ReadTimeout = 500 * time.Millisecond })
	k.fill()
	conn := k.ask("/api/v1/events")
	time.Sleep(1500 * time.Millisecond)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil || bytes.Count(text, []byte("\n")) != 800 || response.Trailer.Get("Fieldkit-Cursor") != "800" {
		t.Errorf("%d events, %v, trailer %v", bytes.Count(text, []byte("\n")), err, response.Trailer)
	}
}

// TestAClientThatStopsReading is let go, and what it got does not look whole.
func TestAClientThatStopsReading(t *testing.T) {
	for _, path := range []string{"/api/v1/events", "/api/v1/spaces/camp/state", "/api/v1/spaces/camp/state?format=canonical", "/api/v1/spaces/camp/state?at=9999999999"} {
		closed := make(chan string, 100)
		k := newKit(t, Config{pace: pace{piece: 300 * time.Millisecond}}, func(s *http.Server) {
			s.ConnState = func(c net.Conn, state http.ConnState) {
				if state == http.StateClosed {
					closed <- c.RemoteAddr().String()
				}
			}
		})
		k.fill()
		conn := k.ask(path)
		for timeout, gone := time.After(20*time.Second), false; !gone; {
			select {
			case address := <-closed:
				gone = address == conn.LocalAddr().String()
			case <-timeout:
				t.Fatalf("%s: it is waited for", path)
			}
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(response.Body); err == nil {
			t.Errorf("%s: %d bytes are taken for the whole", path, len(text))
		}
	}
}

// TestAPanicEndsItsRequestAlone has handlers panic before, within and after an answer.
func TestAPanicEndsItsRequestAlone(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/within":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half of it")
			w.(http.Flusher).Flush()
		case "/unflushed":
			fmt.Fprint(w, "half of it")
		case "/abort":
			panic(http.ErrAbortHandler)
		}
		panic("a fault of the handler")
	})
	k := newKit(t, Config{Page: flushing{page}})
	k.get("/before").isProblem(t, 500, "")
	for _, path := range []string{"/within", "/unflushed", "/abort"} {
		response, err := http.Get(k.server.URL + path)
		if err != nil {
			continue
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err == nil {
			t.Errorf("%s: a part is taken for the whole: %s %q", path, response.Status, text)
		}
	}
	if r := k.get("/healthz"); r.StatusCode != 200 {
		t.Errorf("%s", r)
	}
	metrics := string(k.get("/metrics").body)
	if !strings.Contains(metrics, `fieldkit_http_requests_total{route="/",status="500"} 2`) {
		t.Errorf("panics are not counted as failures:\n%s", metrics)
	}
}

// flushing gives a handler a writer that can flush.
type flushing struct{ http.Handler }

func (f flushing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Handler.ServeHTTP(flusher{w}, r)
}

type flusher struct{ http.ResponseWriter }

func (f flusher) Flush() { http.NewResponseController(f.ResponseWriter).Flush() }

func TestWeirdRequests(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	maps := http.FileServer(http.Dir(t.TempDir()))
	k := newKit(t, Config{Page: page, Maps: maps}, func(s *http.Server) { s.MaxHeaderBytes = 32 << 10 })
	for _, tc := range []struct {
		head string
		want string // the statuses that will do
	}{
		{"GET /maps/../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404 400 301 307"},
		{"GET /maps/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404 400 301 307"},
		{"GET /maps/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404 400 301 307"},
		{"GET //etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404 400 301 307"},
		{"GET /..\\..\\etc\\passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404 400"},
		{"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", "404 400"},
		{"GET /api/v1/" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "431"},
		{"GET /api/v1/events?tile=" + strings.Repeat("x", 30<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		{"GET /api/v1/spaces/%ff%fe/state HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
		{"GET /api/v1/spaces/a%00b/rules HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		{"GET /api/v1/spaces/..%2f..%2f/rules HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		{"GET /api/v1/spaces/camp/nodes/" + strings.Repeat("n", 20<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
		{"GET /api/v1/status HTTP/1.1\r\nHost: evil.example:99999\r\n\r\n", "200 400"},
		{"GET /api/v1/status HTTP/1.1\r\nHost: <script>\r\n\r\n", "200 400"},
		{"GET /api/v1/status HTTP/1.1\r\n\r\n", "400"},
		{"GET /api/v1/status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
		{"GET /api/v1/status HTTP/1.0\r\n\r\n", "200"},
		{"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", "404 405"},
		{"GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", "200"},
		{"BREW /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
		{"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"},
		{"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 200"},
		{"\x16\x03\x01\x02\x00\r\n\r\n", "400"}, // somebody speaks TLS
	} {
		conn := k.dial(tc.head)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%.60q: %v", tc.head, err)
			continue
		}
		text, _ := io.ReadAll(response.Body)
		if !strings.Contains(tc.want, fmt.Sprint(response.StatusCode)) {
			t.Errorf("%.60q: %s, want %s", tc.head, response.Status, tc.want)
		}
		if bytes.Contains(text, []byte("root:")) {
			t.Errorf("%.60q gives a file away", tc.head)
		}
	}
}

// TestManyConnections opens and leaves many at once; the kit goes on, and nothing of them stays behind.
func TestManyConnections(t *testing.T) {
	k := newKit(t, Config{})
	k.take(sign(t, key(2), nil))
	http.DefaultClient.CloseIdleConnections()
	before := runtime.NumGoroutine()
	var group sync.WaitGroup
	var failed atomic.Int64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	for range 100 {
		k.dial("GET /api/v1/sta") // left hanging
		group.Go(func() {
			for _, path := range []string{"/api/v1/spaces", "/api/v1/spaces/camp/state", "/api/v1/digests", "/metrics"} {
				response, err := client.Get(k.server.URL + path)
				if err != nil {
					failed.Add(1)
					continue
				}
				io.Copy(io.Discard, response.Body)
				if response.Body.Close(); response.StatusCode != 200 && response.StatusCode != 503 {
					failed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d requests failed", failed.Load())
	}
	client.CloseIdleConnections()
	k.server.CloseClientConnections()
	for range 200 {
		if runtime.NumGoroutine() <= before+5 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

// TestAnswersRepeatNoBrokenText asks with bytes that are not UTF-8: what is repeated of them is.
func TestAnswersRepeatNoBrokenText(t *testing.T) {
	k := newKit(t, Config{})
	for _, path := range []string{"/api/v1/events?%ff=1", "/api/v1/events?tile=%ff", "/api/v1/spaces/%ff", "/api/v1/events/%ff", "/api/v1/digests?space=%ff", "/api/v1/status?a=%zz", "/api/v1/status?a;b"} {
		r := k.get(path)
		if r.StatusCode != 400 && r.StatusCode != 404 || !json.Valid(r.body) || !strings.Contains(string(r.body), "detail") {
			t.Errorf("%s: %s", path, r)
		}
	}
}

// TestWhoHasLeftIsNoFailure has a context end within: it is no trouble of the store's.
func TestWhoHasLeftIsNoFailure(t *testing.T) {
	k := newKit(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/v1/events", strings.NewReader(sign(t, key(2), nil).Text))
	w := httptest.NewRecorder()
	k.api.ServeHTTP(w, r)
	if w.Code != 503 || len(k.stored()) != 0 {
		t.Errorf("%d, %d stored", w.Code, len(k.stored()))
	}
	if err := k.c.Trouble(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if r := k.get("/healthz"); r.StatusCode != 200 {
		t.Errorf("%s", r)
	}
}
