package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fieldkit/kit/event"
)

// ids of the events in an answer of lines.
func ids(t testing.TB, body []byte) (list []string) {
	t.Helper()
	scanner := bufio.NewScanner(bytes.NewReader(body))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		e, err := event.Parse(scanner.Bytes())
		if err != nil {
			t.Fatalf("%v: %s", err, scanner.Bytes())
		}
		list = append(list, e.ID)
	}
	return list
}

func TestEventsAreFiltered(t *testing.T) {
	k := newKit(t, Config{})
	names := map[string]string{}
	var events []*event.Event
	for i, one := range []struct {
		name string
		over fields
	}{
		{"a", nil},
		{"b", fields{"layer_id": "needs"}},
		{"c", fields{"tile": "z14/x8626/y5753"}},
		{"d", fields{"tile": "z3/x4/y2"}},
		{"e", fields{"space_id": "other"}},
		{"f", fields{"space_id": "other", "layer_id": "needs", "tile": "z0/x0/y0"}},
		{"g", fields{"timestamp": start - 100}},
	} {
		over := fields{"timestamp": start + i}
		for field, value := range one.over {
			over[field] = value
		}
		e := sign(t, key(2), over)
		names[e.ID] = one.name
		events = append(events, e)
	}
	k.take(events...)
	for query, want := range map[string]string{
		"":                                     "abcdefg",
		"space=camp":                           "abcdg",
		"space=nowhere":                        "",
		"layer=needs":                          "bf",
		"layer=.ulp":                           "",
		"space=other&layer=needs":              "f",
		"tile=" + home:                         "abeg",
		"tile=14/8625/5753":                    "abeg",
		"tile=z3/x4/y2":                        "d",
		"tile=z3/x4/y2&below=1":                "abcdeg",
		"tile=z3/x4/y2&below=0":                "d",
		"tile=z0/x0/y0&below=true&space=other": "ef",
		"since=" + fmt.Sprint(start+2):         "cdef",
		"until=" + fmt.Sprint(start+2):         "abcg",
		"space=camp&since=" + fmt.Sprint(start+1) + "&until=" + fmt.Sprint(start+2): "bc",
		"since=" + fmt.Sprint(start+9) + "&until=" + fmt.Sprint(start):              "",
		"limit=2":                     "ab",
		"cursor=5":                    "fg",
		"cursor=5&limit=1":            "f",
		"cursor=7":                    "",
		"cursor=999":                  "",
		"space=camp&cursor=2&limit=2": "cd",
	} {
		r := k.get("/api/v1/events?" + query)
		var got string
		for _, id := range ids(t, r.body) {
			got += names[id]
		}
		if r.StatusCode != 200 || got != want || r.Header.Get("Content-Type") != ndjson {
			t.Errorf("%s: %q, want %q: %s", query, got, want, r.Status)
		}
	}
	for _, e := range events {
		var one map[string]any
		if k.read("/api/v1/events/"+e.ID, &one); one["event_id"] != e.ID {
			t.Errorf("%v", one)
		}
	}
	k.get("/api/v1/events/"+events[0].ID+"?space=other").isProblem(t, 404, "id")
	k.get("/api/v1/events/evt-x").isProblem(t, 404, "id")
	k.get("/api/v1/events/a%20b").isProblem(t, 400, "id")
}

func TestBadParametersAreNamed(t *testing.T) {
	k := newKit(t, Config{})
	k.take(sign(t, key(2), nil))
	for path, field := range map[string]string{
		"events?tile=z1/x2/y0": "tile", "events?tile=x": "tile", "events?tile=z23/x0/y0": "tile", "events?below=1": "below", "events?below=maybe&tile=z0/x0/y0": "below",
		"events?limit=0": "limit", "events?limit=100001": "limit", "events?limit=-1": "limit", "events?limit=1e3": "limit", "events?limit=many": "limit",
		"events?cursor=-1": "cursor", "events?cursor=x": "cursor", "events?cursor=99999999999999999999": "cursor",
		"events?since=-1": "since", "events?until=253402300800": "until", "events?since=yesterday": "since",
		"events?space=a%20b": "space", "events?space=..": "space", "events?layer=.secret": "layer", "events?limit=1&limit=2": "limit",
		"events?nonsense=1": "nonsense", "events/evt-1?space=/": "space",
		"spaces?x=1": "x", "spaces/camp?x=1": "x", "spaces/camp/rules?x=1": "x", "spaces/.ulp/rules": "space", "status?x=1": "x",
		"spaces/camp/state?format=xml": "format", "spaces/camp/state?format=canonical&layer=a": "format", "spaces/camp/state?format=canonical&bbox=0,0,1,1": "format",
		"spaces/camp/state?bbox=1": "bbox", "spaces/camp/state?bbox=0,0,1": "bbox", "spaces/camp/state?bbox=0,0,1,1,1": "bbox", "spaces/camp/state?bbox=a,b,c,d": "bbox",
		"spaces/camp/state?bbox=-181,0,1,1": "bbox", "spaces/camp/state?bbox=0,0,181,1": "bbox", "spaces/camp/state?bbox=0,-91,1,1": "bbox",
		"spaces/camp/state?bbox=0,2,1,1": "bbox", "spaces/camp/state?bbox=NaN,0,1,1": "bbox", "spaces/camp/state?bbox=0,0,1e999,1": "bbox", "spaces/camp/state?bbox=-Inf,0,1,1": "bbox",
		"spaces/camp/state?at=-1": "at", "spaces/camp/state?at=1.5": "at", "spaces/camp/state?tile=9": "tile", "spaces/camp/state?layer=a/b": "layer",
		"spaces/camp/nodes/x?at=never": "at", "spaces/camp/nodes/x?space=camp": "space",
		"digests?policy=secret&space=camp": "policy", "digests?policy=public": "space", "digests?tile=z0/x0/y0": "space", "digests?space=camp&tile=z0": "tile", "digests?space=a%2fb": "space",
		"stream?cursor=x": "cursor", "stream?features=2": "features", "stream?space=a%20b": "space", "stream?since=1": "since",
	} {
		k.get("/api/v1/"+path).isProblem(t, 400, field)
	}
}

// TestPagesWithoutGapOrRepeat reads the log by pages while four others write to it.
func TestPagesWithoutGapOrRepeat(t *testing.T) {
	k := newKit(t, Config{PostBurst: 1e6})
	const writers, each = 4, 150
	var group sync.WaitGroup
	done := make(chan struct{})
	for n := range writers {
		events := series(t, key(byte(2+n)), each, fields{"space_id": fmt.Sprint("s", n%2)})
		group.Go(func() {
			for i := 0; i < each; i += 3 {
				k.take(events[i:min(i+3, each)]...)
			}
		})
	}
	go func() { group.Wait(); close(done) }()
	for _, space := range []string{"", "s1"} {
		seen := map[string]bool{}
		cursor, last := "0", int64(0)
		for {
			finished := false
			select {
			case <-done:
				finished = true
			default:
			}
			r := k.get("/api/v1/events?limit=7&space=" + space + "&cursor=" + cursor)
			page := ids(t, r.body)
			for _, id := range page {
				if seen[id] {
					t.Fatalf("%s comes twice", id)
				}
				seen[id] = true
			}
			if more := r.Header.Get("Fieldkit-More"); (more == "1") && len(page) != 7 || more != "" && more != "1" {
				t.Fatalf("more %q of %d", more, len(page))
			}
			cursor = r.Header.Get("Fieldkit-Cursor")
			at, err := strconv.ParseInt(cursor, 10, 64)
			if err != nil || at < last || len(page) > 0 && at == last {
				t.Fatalf("cursor %q after %d", cursor, last)
			}
			last = at
			if finished && len(page) == 0 {
				break
			}
		}
		want := writers * each
		if space != "" {
			want /= 2
		}
		if len(seen) != want {
			t.Errorf("%d events of %q, %d were taken", len(seen), space, want)
		}
	}
}

func TestLongAnswersTellTheCursorInTrailers(t *testing.T) {
	k := newKit(t, Config{})
	var events []string
	for i := range 100 {
		events = append(events, unsigned(fmt.Sprint("e", i), fields{"properties": fields{"a": strings.Repeat("x", 8000)}}))
	}
	if a := k.post(linesType, []byte(strings.Join(events, "\n"))); a.Taken != 100 {
		t.Fatalf("%+v", a)
	}
	for _, zipped := range []bool{false, true} {
		client := http.Client{Transport: &http.Transport{DisableCompression: !zipped}}
		for _, tc := range []struct {
			query, cursor, more string
			n                   int
			long                bool
		}{
			{"", "100", "", 100, true}, {"?limit=60", "60", "1", 60, true}, {"?limit=100", "100", "", 100, true}, {"?limit=99", "99", "1", 99, true},
			{"?limit=10", "10", "1", 10, false}, {"?cursor=95", "100", "", 5, false}, {"?cursor=100", "100", "", 0, false},
		} {
			response, err := client.Get(k.server.URL + "/api/v1/events" + tc.query)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			where, other := response.Header, response.Trailer
			if tc.long {
				where, other = other, where
			}
			if err != nil || bytes.Count(body, []byte("\n")) != tc.n || where.Get("Fieldkit-Cursor") != tc.cursor || where.Get("Fieldkit-More") != tc.more || other.Get("Fieldkit-Cursor") != "" {
				t.Errorf("%s zipped %v: %d lines, %v, header %v, trailer %v", tc.query, zipped, bytes.Count(body, []byte("\n")), err, response.Header, response.Trailer)
			}
			if zipped && tc.long && !response.Uncompressed {
				t.Errorf("%s was not compressed", tc.query)
			}
		}
		client.CloseIdleConnections()
	}
}

func TestAddressesAndMethods(t *testing.T) {
	k := newKit(t, Config{})
	e := sign(t, key(2), nil)
	k.take(e)
	paths := map[string]string{
		"/api/v1/events": "GET, HEAD, OPTIONS, POST", "/api/v1/events/" + e.ID: "GET, HEAD, OPTIONS", "/api/v1/spaces": "GET, HEAD, OPTIONS", "/api/v1/spaces/camp": "GET, HEAD, OPTIONS",
		"/api/v1/spaces/camp/rules": "GET, HEAD, OPTIONS", "/api/v1/spaces/camp/state": "GET, HEAD, OPTIONS", "/api/v1/spaces/camp/nodes/" + e.ID: "GET, HEAD, OPTIONS",
		"/api/v1/digests": "GET, HEAD, OPTIONS", "/api/v1/status": "GET, HEAD, OPTIONS", "/healthz": "GET, HEAD, OPTIONS", "/metrics": "GET, HEAD, OPTIONS",
	}
	for path, allow := range paths {
		get, head := k.get(path), k.do("HEAD", path, nil, nil)
		if get.StatusCode != 200 || head.StatusCode != 200 || len(head.body) != 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: %s, %s", path, get.Status, head)
		}
		if get.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: may be sniffed at", path)
		}
		for _, method := range []string{"PUT", "DELETE", "PATCH", "BREW"} {
			r := k.do(method, path, nil, strings.NewReader("x"))
			r.isProblem(t, 405, "")
			if r.Header.Get("Allow") != allow {
				t.Errorf("%s %s: Allow %q, want %q", method, path, r.Header.Get("Allow"), allow)
			}
		}
		if r := k.do("OPTIONS", path, nil, nil); r.StatusCode != 204 || r.Header.Get("Allow") != allow || len(r.body) != 0 {
			t.Errorf("OPTIONS %s: %s", path, r)
		}
		if !strings.Contains(allow, "POST") {
			k.do("POST", path, nil, strings.NewReader("x")).isProblem(t, 405, "")
		}
	}
	k.do("DELETE", "/api/v1/stream", nil, nil).isProblem(t, 405, "")
	k.get("/api/v1/stream").isProblem(t, 400, "")
	for _, path := range []string{"/", "/api", "/api/v1", "/api/v1/", "/api/v2/events", "/api/v1/event", "/api/v1/events/a/b", "/api/v1/spaces/camp/nodes", "/maps/", "/metrics/x", "/healthz/"} {
		k.get(path).isProblem(t, 404, "")
	}
	for _, path := range []string{"/api/v1/spaces/nowhere", "/api/v1/spaces/nowhere/state", "/api/v1/spaces/nowhere/state?at=7", "/api/v1/spaces/nowhere/nodes/x", "/api/v1/spaces/..%2f/state"} {
		k.get(path).isProblem(t, 404, "space")
	}
	k.get("/api/v1/spaces/camp/nodes/evt-x").isProblem(t, 404, "id")
	k.get("/api/v1/spaces/camp/nodes/sensor:x").isProblem(t, 404, "id")
}

func TestRules(t *testing.T) {
	k := newKit(t, Config{})
	var got map[string]any
	k.read("/api/v1/spaces/rhine/rules", &got)
	if got["title"] != "rhine" || got["unsigned"] != true || got["home_zoom"] != 14.0 || len(got["invariants"].([]any)) != 5 || got["window"] != nil || got["exercise"] != false {
		t.Errorf("%v", got)
	}
	k.scopeFile("rhine/.ulp-root", "title = \"Rhine\"\nexercise = true\nunsigned = false\nhome_zoom = 12\ninvariants = [\"adjacency\"]\n[window]\nfrom = 7\n")
	k.read("/api/v1/spaces/rhine/rules", &got)
	window, _ := json.Marshal(got["window"])
	if got["title"] != "Rhine" || got["unsigned"] != false || got["home_zoom"] != 12.0 || len(got["invariants"].([]any)) != 1 || string(window) != `{"from":7}` || got["exercise"] != true {
		t.Errorf("%v", got)
	}
}
