package api

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fieldkit/kit/coordinator"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// start is the time that the tests' kits believe it is, in seconds since 1970 UTC.
const start = 1781352000

const home = "z14/x8625/y5753"

// fields are an event's, over those of a draft.
type fields map[string]any

func key(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func public(k ed25519.PrivateKey) string { return event.KeyText(k.Public().(ed25519.PublicKey)) }

func certifiedBy(name string, k ed25519.PrivateKey) string {
	return name + "." + event.Fingerprint([32]byte(k.Public().(ed25519.PublicKey)))
}

func draft(over fields) []byte {
	d := fields{
		"timestamp": start, "space_id": "camp", "layer_id": "hazards", "operation": "create_node", "tile": home,
		"previous_events": []string{}, "preserves_invariants": scope.InvariantNames(),
		"scope": fields{"realm": "public", "authority": "source", "boundary": "interior", "policy": "public"},
	}
	for name, value := range over {
		if d[name] = value; value == nil {
			delete(d, name)
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return text
}

// sign makes a signed event; fields overwrite the draft's.
func sign(t testing.TB, k ed25519.PrivateKey, over fields) *event.Event {
	t.Helper()
	e, err := event.NewSigner(k).Sign(draft(over))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// unsigned makes a v0 event; nothing is checked.
func unsigned(id string, over fields) string {
	all := fields{"event_id": id, "actor_id": "user:dave"}
	for name, value := range over {
		all[name] = value
	}
	return string(draft(all))
}

// kit is a kit that answers at a loopback address.
type kit struct {
	t      testing.TB
	c      *coordinator.Coordinator
	api    *Server
	server *httptest.Server
	unix   atomic.Int64
	data   string
}

// newKit serves a kit in a new folder. With mend, the http.Server can be set up otherwise.
func newKit(t testing.TB, config Config, mend ...func(*http.Server)) *kit {
	t.Helper()
	k := &kit{t: t, data: t.TempDir()}
	k.unix.Store(start)
	k.open(config, mend...)
	return k
}

func (k *kit) open(config Config, mend ...func(*http.Server)) {
	k.t.Helper()
	var err error
	k.c, err = coordinator.Open(coordinator.Config{Data: k.data, Name: "Camp A", Now: func() time.Time { return time.Unix(k.unix.Load(), 0) }})
	if err != nil {
		k.t.Fatal(err)
	}
	k.c.KeepMedia()
	if config.ReadBurst == 0 {
		// Tests ask more often than people; what is to be limited says so.
		config.ReadsPerSecond, config.ReadBurst, config.PastPerSecond, config.PastBurst = 1e6, 1e6, 1e6, 1e6
	}
	k.api = New(k.c, config)
	k.server = httptest.NewUnstartedServer(k.api)
	for _, m := range mend {
		m(k.server.Config)
	}
	k.server.Start()
	k.t.Cleanup(k.close)
}

func (k *kit) close() {
	if k.c == nil {
		return // closed already
	}
	k.c.EndStreams()
	k.server.Close()
	if err := k.c.Close(); err != nil {
		k.t.Error(err)
	}
	k.c = nil
}

// reply is an answer that was read to its end.
type reply struct {
	*http.Response
	body []byte
}

func (r reply) String() string { return fmt.Sprintf("%s %v %s", r.Status, r.Header, r.body) }

func (k *kit) do(method, path string, header http.Header, body io.Reader) reply {
	k.t.Helper()
	request, err := http.NewRequestWithContext(k.t.Context(), method, k.server.URL+path, body)
	if err != nil {
		k.t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		k.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		k.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{response, text}
}

func (k *kit) get(path string) reply { k.t.Helper(); return k.do(http.MethodGet, path, nil, nil) }

// read is get for what must be there, into a value.
func (k *kit) read(path string, into any) {
	k.t.Helper()
	r := k.get(path)
	if r.StatusCode != http.StatusOK {
		k.t.Fatalf("%s: %s", path, r)
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		k.t.Fatalf("%s: %v: %s", path, err, r.body)
	}
}

// answerOf is what POST /api/v1/events says.
type answerOf struct {
	status   int
	Title    string
	Detail   string
	Field    string
	Rule     string
	Taken    int
	Known    int
	Refused  int
	Cursor   string
	Verdicts []struct {
		Index   int
		EventID string `json:"event_id"`
		Status  string
		Cursor  string
		Rule    string
		Field   string
		File    string
		Message string
	}
}

func (k *kit) post(contentType string, body []byte) answerOf {
	k.t.Helper()
	r := k.do(http.MethodPost, "/api/v1/events", http.Header{"Content-Type": {contentType}}, bytes.NewReader(body))
	a := answerOf{status: r.StatusCode}
	if err := json.Unmarshal(r.body, &a); err != nil {
		k.t.Fatalf("%v: %s", err, r)
	}
	kind := "application/json"
	if r.StatusCode != http.StatusOK {
		kind = "application/problem+json"
	}
	if r.Header.Get("Content-Type") != kind {
		k.t.Errorf("the answer is %s", r.Header.Get("Content-Type"))
	}
	return a
}

// take hands in events, all of which must be taken or known.
func (k *kit) take(events ...*event.Event) {
	k.t.Helper()
	if a := k.post("application/x-ndjson", []byte(lines(events...))); a.status != http.StatusOK || a.Refused > 0 {
		k.t.Fatalf("%+v", a)
	}
}

// lines are events, one a line.
func lines(events ...*event.Event) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.Text)
		b.WriteByte('\n')
	}
	return b.String()
}

// series makes n events of one key, a second apart.
func series(t testing.TB, k ed25519.PrivateKey, n int, over fields) []*event.Event {
	t.Helper()
	events := make([]*event.Event, n)
	for i := range events {
		all := fields{"timestamp": start + i, "properties": fields{"n": i}}
		for name, value := range over {
			all[name] = value
		}
		events[i] = sign(t, k, all)
	}
	return events
}

// stored are the events that the kit has, as the log gives them.
func (k *kit) stored() []string {
	k.t.Helper()
	r := k.get("/api/v1/events?limit=100000")
	if r.StatusCode != http.StatusOK {
		k.t.Fatal(r)
	}
	return strings.Fields(string(r.body))
}

// isProblem holds an answer to RFC 9457 and to a status and field.
func (r reply) isProblem(t testing.TB, status int, field string) {
	t.Helper()
	var p struct {
		Type, Title, Detail, Field string
		Status                     int
	}
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Errorf("no problem: %v: %s", err, r)
		return
	}
	if r.StatusCode != status || p.Status != status || p.Type != "about:blank" || p.Title != http.StatusText(status) || p.Detail == "" || p.Field != field ||
		r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("want a problem %d of %q: %s", status, field, r)
	}
}

// scopeFile writes a scope file of the data folder.
func (k *kit) scopeFile(path, text string) {
	k.t.Helper()
	path = filepath.Join(k.data, "spaces", filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		k.t.Fatal(err)
	}
	k.unix.Add(2) // the door looks again
}

// roomIsGivenBack holds the kit to have forgotten all bodies; who has an answer may be a moment ahead of that.
func (k *kit) roomIsGivenBack() {
	k.t.Helper()
	taken := func() int {
		k.api.bodies.mu.Lock()
		defer k.api.bodies.mu.Unlock()
		return k.api.bodies.taken
	}
	waitUntil(k.t, "the room for bodies is given back", func() bool { return taken() == 0 })
}

func waitUntil(t testing.TB, what string, is func() bool) {
	t.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not so in 10 s: %s", what)
}
