package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestBodiesOfTheWrongTypeAreRefused(t *testing.T) {
	k := newKit(t, Config{})
	e := sign(t, key(2), nil).Text
	for _, kind := range []string{"text/html", "multipart/form-data; boundary=x", "application/xml", "image/png"} {
		k.do("POST", "/api/v1/events", http.Header{"Content-Type": {kind}}, strings.NewReader(e)).isProblem(t, 415, "Content-Type")
	}
	header := http.Header{"Content-Type": {linesType}, "Content-Encoding": {"gzip"}}
	k.do("POST", "/api/v1/events", header, strings.NewReader(e)).isProblem(t, 415, "Content-Encoding")
	k.do("POST", "/api/v1/events?space=camp", nil, strings.NewReader(e)).isProblem(t, 400, "space")
	if n := len(k.stored()); n != 0 {
		t.Errorf("%d are stored", n)
	}
}

// endless is a body of lines, of the length asked for.
func endless(line string, bytes int64) io.Reader {
	return io.LimitReader(&repeated{text: line}, bytes)
}

type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n, r.at = n+c, (r.at+c)%len(r.text)
	}
	return n, nil
}

func TestBodiesOverSixteenMebibytes(t *testing.T) {
	k := newKit(t, Config{})
	e := sign(t, key(2), nil).Text + "\n"
	answered := 0
	// Its length told, and not.
	for _, body := range []io.Reader{bytes.NewReader(bytes.Repeat([]byte(e), (MaxBody+1)/len(e)+1)), endless(e, MaxBody+1), endless(e, 10*MaxBody)} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", k.server.URL+"/api/v1/events", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", linesType)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			continue // the kit closed the connection before all was sent: the answer may be lost then
		}
		answered++
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		reply{response, text}.isProblem(t, 413, "")
	}
	if n := len(k.stored()); n != 0 || answered == 0 {
		t.Errorf("%d are stored, %d answers", n, answered)
	}
	// Not one byte less: sixteen mebibytes to the byte are read, whatever is in them.
	whole := e + strings.Repeat(" ", MaxBody-len(e))
	if a := k.post(linesType, []byte(whole)); a.Taken != 1 {
		t.Errorf("%+v", a)
	}
}

func TestManyEventsInOneRequest(t *testing.T) {
	k := newKit(t, Config{})
	for kind, body := range map[string]string{
		linesType: strings.Repeat("1\n", maxBatch+1),
		jsonType:  "[" + strings.Repeat("1,", maxBatch) + "1]",
	} {
		k.do("POST", "/api/v1/events", http.Header{"Content-Type": {kind}}, strings.NewReader(body)).isProblem(t, 413, "")
		k.do("POST", "/api/v1/events", http.Header{"Content-Type": {kind}}, io.MultiReader(strings.NewReader(body[:len(body)-1]), endless(body[1:3], 8<<20))).isProblem(t, 413, "")
	}
	a := k.post(linesType, []byte(strings.Repeat("1\n", maxBatch)))
	if a.status != 422 || a.Refused != maxBatch {
		t.Errorf("%d, %d refused", a.status, a.Refused)
	}
}

// TestDepthBombs sends nothing but opening brackets.
func TestDepthBombs(t *testing.T) {
	k := newKit(t, Config{})
	e := sign(t, key(2), nil).Text
	for _, bomb := range []string{"[", "{\"a\":", "[{\"a\":"} {
		for _, kind := range []string{jsonType, linesType, ""} {
			size := int64(1 << 20)
			if bomb == "[" {
				size *= 10
			}
			r := k.do("POST", "/api/v1/events", http.Header{"Content-Type": {kind}}, endless(bomb, size))
			if r.StatusCode != 422 {
				t.Errorf("%s as %q: %s", bomb, kind, r)
			}
		}
		if a := k.post(jsonType, []byte("["+e+","+strings.Repeat(bomb, 1<<20/len(bomb)))); a.Taken+a.Known != 1 || a.Refused != 1 {
			t.Errorf("%s behind an event: %+v", bomb, a)
		}
	}
	if n := len(k.stored()); n != 1 {
		t.Errorf("%d are stored", n)
	}
}

func TestPostsOfOneAddressAreLimited(t *testing.T) {
	k := newKit(t, Config{PostsPerSecond: 0.5, PostBurst: 3})
	e := series(t, key(2), 4, nil)
	for i := range 3 {
		k.take(e[i])
	}
	r := k.do("POST", "/api/v1/events", http.Header{"Content-Type": {linesType}}, strings.NewReader(e[3].Text))
	r.isProblem(t, 429, "")
	if after := r.Header.Get("Retry-After"); after != "2" {
		t.Errorf("Retry-After %q", after)
	}
	if n := len(k.stored()); n != 3 {
		t.Errorf("%d are stored", n)
	}
	// Reading is not limited by it.
	if r := k.get("/api/v1/status"); r.StatusCode != 200 {
		t.Errorf("%s", r)
	}
	now := time.Now().Add(2100 * time.Millisecond)
	if _, ok := k.api.posts.allow("127.0.0.1", now); !ok {
		t.Error("after the wait it is still too many")
	}
	if _, ok := k.api.posts.allow("127.0.0.1", now); ok {
		t.Error("one more at once")
	}
	for i := range 3 * maxClients {
		k.api.posts.allow(fmt.Sprint("client ", i), now)
	}
	if n := len(k.api.posts.clients); n > maxClients {
		t.Errorf("%d clients are remembered", n)
	}
	// The socket in the data folder is the operator's.
	for range 10 {
		if _, ok := k.api.posts.allow("", now); !ok {
			t.Error("the operator is limited")
		}
	}
}

func TestLargeBodiesShareTheirRoom(t *testing.T) {
	var r room
	if !r.take(maxBodies) || r.take(1) {
		t.Error("room for more than there is")
	}
	r.give(maxBodies)
	if !r.take(1) {
		t.Error("no room when there is some")
	}
	k := newKit(t, Config{})
	e := sign(t, key(2), nil).Text + "\n"
	k.api.bodies.take(maxBodies - smallBody)
	header := http.Header{"Content-Type": {linesType}}
	large := e + strings.Repeat(" ", 3*smallBody)
	busy := k.do("POST", "/api/v1/events", header, strings.NewReader(large))
	busy.isProblem(t, 503, "")
	if busy.Header.Get("Retry-After") == "" {
		t.Error("not said when to come again")
	}
	if a := k.post(linesType, []byte(e)); a.Taken != 1 {
		t.Errorf("a small one has no room: %+v", a)
	}
	k.api.bodies.give(maxBodies - smallBody)
	if a := k.post(linesType, []byte(large)); a.Known != 1 {
		t.Errorf("%+v", a)
	}
	k.roomIsGivenBack()
}
