package api

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"fieldkit/kit/event"
)

func TestElementsOfAnArray(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"good ones", `[{"a":1}, {"b":"],}"} ,[1,2],"x",3]`, `{"a":1}|{"b":"],}"}|[1,2]|"x"|3`},
		{"none", `[ ]`, ``},
		{"no JSON", `[{"a":1},{"x":NaN},nonsense,{bad},{"b":1}]`, `{"a":1}|{"x":NaN}|nonsense|{bad}|{"b":1}`},
		{"escapes", `[{"a":"\"},{\\"},{"b":"\\\""},{"c":1}]`, `{"a":"\"},{\\"}|{"b":"\\\""}|{"c":1}`},
		{"a bracket not closed", `[{"a":[1},{"b":1}]`, `{"a":[1}|{"b":1}`},
		{"a bracket too many", `[{"a":1]},{"b":1}]`, `{"a":1]}|{"b":1}`},
		{"a brace too many", `[{"a":1}},{"b":1}]`, `{"a":1}|}}|{"b":1}`},
		{"a brace not closed", `[{"a":1},{"b":{"c":1},{"d":1}]`, `{"a":1}|{"b":{"c":1},{"d":1}`},
		{"a brace alone", `[},{"b":1}]`, `}|{"b":1}`},
		{"two commas", `[{"a":1},,{"b":1}]`, `{"a":1}|,|{"b":1}`},
		{"a comma first", `[,{"b":1}]`, `,|{"b":1}`},
		{"a comma last", `[{"a":1}, ]`, `{"a":1}|]`},
		{"only a comma", `[,]`, `,|]`},
		{"no comma", `[{"a":1} {"b":1},{"c":1}]`, `{"a":1}|} {"b":1}|{"c":1}`},
		{"a comment", `[{"a":1}/* , */,{"c":1}]`, `{"a":1}|}/*|*/|{"c":1}`},
		{"cut off in a string", `[{"a":1},{"b":"x},{"c":1}]`, `{"a":1}|{"b":"x},{"c":1}]`},
		{"cut off in an escape", `[{"a":1},{"b":"\`, `{"a":1}|{"b":"\`},
		{"cut off in an object", `[{"a":1},{"b":`, `{"a":1}|{"b":`},
		{"cut off behind an object", `[{"a":1}`, `{"a":1}|}`},
		{"cut off behind a comma", `[{"a":1},`, `{"a":1}|,`},
		{"cut off at once", `[`, `[`},
		{"goes on", `[{"a":1}] {"b":1}`, `{"a":1}|] {"b":1}`},
	} {
		if got := string(bytes.Join(splitArray([]byte(tc.body)), []byte{'|'})); got != tc.want {
			t.Errorf("%s: %s\n%s, want\n%s", tc.name, tc.body, got, tc.want)
		}
	}
}

func TestBadElementsTakeNoGoodOnesAlong(t *testing.T) {
	e := series(t, key(2), 4, nil)
	for _, bad := range []string{`{"a":NaN}`, `NaN`, `{bad}`, `{"a":[}`, `{"a":"\x"}`, `{"a":1]}`, `nonsense "with, a comma"`, ``, strings.Repeat(`{"a":`, 5000) + strings.Repeat(`}`, 5000)} {
		k := newKit(t, Config{})
		a := k.post(jsonType, []byte("["+e[0].Text+","+bad+","+e[1].Text+",\n"+bad+" , "+e[2].Text+"]"))
		var got []string
		for _, v := range a.Verdicts {
			got = append(got, v.Status)
		}
		if strings.Join(got, " ") != "taken refused taken refused taken" || a.status != 200 {
			t.Errorf("%.40s: %v", bad, got)
		}
		if n := len(k.stored()); n != 3 {
			t.Errorf("%.40s: %d are stored", bad, n)
		}
	}
}

// TestSplittingIsCheap holds the split to one pass: with two, these take minutes.
func TestSplittingIsCheap(t *testing.T) {
	const n = 10 << 20
	for _, body := range []string{
		strings.Repeat("[", n), "[" + strings.Repeat(`{"a":`, n/5), "[" + strings.Repeat("{", n/2) + strings.Repeat("]", n/2),
		"[" + strings.Repeat("[", n/2) + strings.Repeat("}", n/2), "[" + strings.Repeat(`"`, n), "[" + strings.Repeat(`\`, n),
		"[" + strings.Repeat(",", n), "[" + strings.Repeat("{} ", n/3), "[" + strings.Repeat(" ", n),
	} {
		began := time.Now()
		elements := splitArray([]byte(body))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%.10s took %v", body, took)
		}
		if len(elements) == 0 || len(elements) > maxBatch+2 {
			t.Errorf("%.10s has %d elements", body, len(elements))
		}
	}
}

// FuzzSplitArray holds that all elements lie in the body, one behind the other, and that only blanks and commas are
// left out.
func FuzzSplitArray(f *testing.F) {
	for _, seed := range []string{`[]`, `[1,{"a":[1}},]x`, `[{"a":"\"}`, `[{}{}`, `[,`, `[{"a":1]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body := bytes.Trim([]byte("["+text), blank)
		if len(body) > 4096 {
			return
		}
		has := func(b []byte) (n int) {
			for _, c := range b {
				if !strings.ContainsRune(blank+",[]", rune(c)) {
					n++
				}
			}
			return n
		}
		elements := splitArray(body)
		left, doubled := has(body), 0
		for _, e := range elements {
			if len(e) == 0 {
				t.Fatalf("an empty element of %q", body)
			}
			left -= has(e)
			doubled++ // the byte at fault may stand in two
		}
		if left > 0 || left < -doubled {
			t.Fatalf("%d bytes of %q are left out: %q", left, body, elements)
		}
	})
}

func TestReadsOfOneAddressAreLimited(t *testing.T) {
	k := newKit(t, Config{ReadsPerSecond: 0.001, ReadBurst: 8, PastPerSecond: 0.5, PastBurst: 3})
	e := sign(t, key(2), nil)
	k.take(e)
	node := "/api/v1/spaces/camp/nodes/" + e.ID
	state := "/api/v1/spaces/camp/state"
	for i, path := range []string{state + fmt.Sprint("?at=", start), node, node + fmt.Sprint("?at=", start)} {
		if r := k.get(path); r.StatusCode == 429 {
			t.Fatalf("request %d: %s", i, r)
		}
	}
	for _, path := range []string{node, state + fmt.Sprint("?at=", start)} {
		r := k.get(path)
		r.isProblem(t, 429, "")
		if r.Header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
		}
	}
	for _, path := range []string{state, "/api/v1/status", "/api/v1/spaces"} {
		if r := k.get(path); r.StatusCode != 200 {
			t.Errorf("%s: %s", path, r)
		}
	}
	for _, path := range []string{state, "/api/v1/status", "/api/v1/events", "/api/v1/events/evt-x", "/api/v1/spaces", "/api/v1/spaces/camp", "/api/v1/spaces/camp/rules", node, "/api/v1/digests", "/api/v1/stream"} {
		r := k.get(path)
		r.isProblem(t, 429, "")
		if r.Header.Get("Retry-After") != "1000" {
			t.Errorf("%s: Retry-After %q", path, r.Header.Get("Retry-After"))
		}
		if r := k.do("HEAD", path, nil, nil); r.StatusCode != 429 {
			t.Errorf("HEAD %s: %s", path, r)
		}
	}
	// What watches over the kit, and who hands in, is not counted.
	if r := k.get("/healthz"); r.StatusCode != 200 {
		t.Errorf("%s", r)
	}
	k.take(sign(t, key(2), fields{"timestamp": start + 1}))
	// Nor is the socket in the data folder.
	for range 50 {
		r := httptest.NewRequest("GET", node, nil)
		r.RemoteAddr = "@"
		w := httptest.NewRecorder()
		if k.api.ServeHTTP(w, r); w.Code == 429 {
			t.Fatal("the operator is limited")
		}
	}
}

func TestTheUsualQuotas(t *testing.T) {
	k := newKit(t, Config{})
	s := New(k.c, Config{})
	if s.reads.limit != 100 || s.reads.burst != 1000 || s.pasts.limit != 20 || s.pasts.burst != 100 {
		t.Errorf("kit/API.md names others than %v, %d, %v, %d", s.reads.limit, s.reads.burst, s.pasts.limit, s.pasts.burst)
	}
}

// TestLargeBodiesGetAnAnswer has clients of several kinds read why their body was not taken.
func TestLargeBodiesGetAnAnswer(t *testing.T) {
	k := newKit(t, Config{})
	url := k.server.URL + "/api/v1/events"
	for name, body := range map[string]func() io.Reader{
		"length told":              func() io.Reader { return bytes.NewReader(make([]byte, MaxBody+1)) },
		"length told, far more":    func() io.Reader { return bytes.NewReader(make([]byte, 3*MaxBody)) },
		"length not told":          func() io.Reader { return endless("1\n", MaxBody+1) },
		"length not told, more":    func() io.Reader { return endless("1\n", MaxBody+drainLength/2) },
		"length not told, a flood": func() io.Reader { return endless("1\n", MaxBody+drainLength-1) },
	} {
		for range 3 {
			r := k.do("POST", "/api/v1/events", http.Header{"Content-Type": {linesType}}, body())
			r.isProblem(t, 413, "")
			if !r.Close && r.Header.Get("Connection") != "close" {
				t.Errorf("%s: the connection stays", name)
			}
		}
	}
	// One that sends all before it reads anything.
	const chunk = 64 << 10
	conn := k.dial(fmt.Sprintf("POST /api/v1/events HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", k.host(), linesType))
	piece := fmt.Sprintf("%x\r\n%s\r\n", chunk, strings.Repeat("1\n", chunk/2))
	for range (MaxBody + drainLength/2) / chunk {
		if _, err := io.WriteString(conn, piece); err != nil {
			t.Fatalf("the connection broke off while sending: %v", err)
		}
	}
	if _, err := io.WriteString(conn, "0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	reply{response, text}.isProblem(t, 413, "")
	curl, err := exec.LookPath("curl")
	if err != nil {
		return // the clients above stand for it
	}
	for _, header := range []string{"Transfer-Encoding: chunked", "Expect:", "Expect: 100-continue"} {
		c := exec.CommandContext(t.Context(), curl, "-sS", "-w", "%{http_code}", "-H", "Content-Type: "+linesType, "-H", header, "--data-binary", "@-", url)
		c.Stdin = endless("1\n", MaxBody+8<<20)
		if out, err := c.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "}\n413") {
			t.Errorf("curl with %s: %v: %s", header, err, out)
		}
	}
	k.roomIsGivenBack()
}

func TestHistorySaysWhoseNameIsClaimed(t *testing.T) {
	k := newKit(t, Config{})
	root, anna, ben := key(1), key(3), key(4)
	space := certifiedBy("camp", root)
	of := func(who ed25519.PrivateKey, actor any, at int, over fields) *event.Event {
		all := fields{"space_id": space, "actor_id": actor, "timestamp": start + at, "operation": "set_properties"}
		for name, value := range over {
			all[name] = value
		}
		return sign(t, who, all)
	}
	log := fields{"layer_id": event.SpaceLog, "tile": "z0/x0/y0"}
	say := func(at int, properties fields) *event.Event {
		log["properties"] = properties
		return of(root, nil, at, log)
	}
	grant := say(0, fields{"grant/" + public(anna): fields{"roles": []string{"write"}, "actors": []string{"user:anna"}}})
	node := of(anna, "user:anna", 1, fields{"operation": "create_node"})
	about := fields{"node_id": node.ID, "properties": fields{"n": 1}}
	k.take(grant, node,
		of(anna, "user:ben", 2, about), of(anna, nil, 3, about), of(ben, "user:anna", 4, about), of(anna, "user:anna", 9, about),
		say(10, fields{"revoke/" + public(anna): fields{"since": start + 8}}))
	var a struct {
		Events []struct {
			Claimed bool
			Event   struct{ Timestamp int }
		}
	}
	k.read("/api/v1/spaces/"+space+"/nodes/"+node.ID, &a)
	var got []string
	for _, e := range a.Events {
		got = append(got, fmt.Sprint(e.Event.Timestamp-start, e.Claimed))
	}
	// Bound by a grant, another name, the key's own, another key, after the grant was revoked.
	if want := "1 false, 2 true, 3 false, 4 true, 9 true"; strings.Join(got, ", ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	v0 := unsigned("e1", nil)
	if r := k.post(jsonType, []byte(v0)); r.Taken != 1 {
		t.Fatalf("%+v", r)
	}
	k.read("/api/v1/spaces/camp/nodes/e1", &a)
	if len(a.Events) != 1 || !a.Events[0].Claimed {
		t.Errorf("unsigned: %+v", a)
	}
}
