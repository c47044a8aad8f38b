package tileserver

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fieldkit/maps/mbtiles"
	"fieldkit/maps/tile"
)

var (
	vectorBytes = []byte{0x1a, 5, 0x0a, 1, 'a', 0x78, 2}
	pngBytes    = []byte("\x89PNG\r\n\x1a\n and so on")
	jpegBytes   = []byte("\xff\xd8\xff\xe0 and so on")
)

func gzipped(tb testing.TB, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// place makes a pack with one tile, 3/2/1, of the given bytes.
func place(tb testing.TB, dir, name, format string, data []byte, more ...mbtiles.Row) {
	rows := append([]mbtiles.Row{
		{Name: "name", Value: "Pack " + name}, {Name: "format", Value: format}, {Name: "minzoom", Value: "0"}, {Name: "maxzoom", Value: "3"},
		{Name: "bounds", Value: "-90,0,-45,66.5"}, {Name: "center", Value: "-67,40,3"},
		{Name: "attribution", Value: `&copy; <a href="https://example.org/?a=1&b=2">Somebody</a><script>alert(1)</script>`},
	}, more...)
	err := mbtiles.Create(filepath.Join(dir, name+".mbtiles"), rows, func(yield func(tile.Tile, []byte) bool) {
		yield(tile.Tile{Z: 3, X: 2, Y: 1}, data)
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func serve(tb testing.TB, dir string) *Server {
	s, err := New(dir, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// get asks with headers given as pairs.
func get(s http.Handler, method, target string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func body(tb testing.TB, r *http.Response) []byte {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestTile(t *testing.T) {
	dir := t.TempDir()
	zipped := gzipped(t, vectorBytes)
	place(t, dir, "zipped", "pbf", zipped)
	place(t, dir, "plain", "pbf", vectorBytes)
	place(t, dir, "photo", "png", pngBytes)
	place(t, dir, "lying", "pbf", jpegBytes)
	place(t, dir, "Straße 1%", "png", pngBytes)
	s := serve(t, dir)
	for _, c := range []struct {
		target, accept      string
		mediaType, encoding string
		want                []byte
	}{
		{"/maps/zipped/3/2/1", "gzip", mbtiles.VectorTile, "gzip", zipped},
		{"/maps/zipped/3/2/1.pbf", "br, GZIP;q=0.5", mbtiles.VectorTile, "gzip", zipped},
		{"/maps/zipped/3/2/1.mvt", "*", mbtiles.VectorTile, "gzip", zipped},
		{"/maps/zipped/3/2/1", "", mbtiles.VectorTile, "", vectorBytes},
		{"/maps/zipped/3/2/1", "gzip;q=0", mbtiles.VectorTile, "", vectorBytes},
		{"/maps/zipped/3/2/1", "*, gzip; q=0.000", mbtiles.VectorTile, "", vectorBytes},
		{"/maps/zipped/3/2/1", "br", mbtiles.VectorTile, "", vectorBytes},
		{"/maps/plain/3/2/1", "gzip", mbtiles.VectorTile, "", vectorBytes},
		{"/maps/photo/3/2/1.png", "gzip", mbtiles.PNG, "", pngBytes},
		{"/maps/lying/3/2/1.jpg", "gzip", mbtiles.JPEG, "", jpegBytes},
		{"/maps/Stra%C3%9Fe%201%25/3/2/1.png", "gzip", mbtiles.PNG, "", pngBytes},
	} {
		r := get(s, "GET", c.target, "Accept-Encoding", c.accept)
		if got := body(t, r); r.StatusCode != 200 || !bytes.Equal(got, c.want) || r.Header.Get("Content-Type") != c.mediaType ||
			r.Header.Get("Content-Encoding") != c.encoding || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s with %q: %d, %v, % x", c.target, c.accept, r.StatusCode, r.Header, got)
		}
		if vary := r.Header.Get("Vary"); strings.Contains(c.target, "zipped") != (vary == "Accept-Encoding") {
			t.Errorf("%s: Vary is %q", c.target, vary)
		}
		head := get(s, "HEAD", c.target, "Accept-Encoding", c.accept)
		if len(body(t, head)) != 0 || head.Header.Get("Etag") != r.Header.Get("Etag") || head.Header.Get("Content-Length") != r.Header.Get("Content-Length") {
			t.Errorf("HEAD %s: %v", c.target, head.Header)
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, "a", "png", pngBytes)
	place(t, dir, "bomb", "pbf", gzipped(t, make([]byte, mbtiles.MaxTileBytes+1)))
	if err := os.WriteFile(filepath.Join(dir, "page.mbtiles"), []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir)
	for _, c := range []struct {
		method, target string
		status         int
		says           string
	}{
		{"GET", "/maps/a/3/2/2", 204, ""},
		{"GET", "/maps/b/3/2/1", 404, `no pack named "b"`},
		{"GET", "/maps/b.json", 404, `no pack named "b"`},
		{"GET", "/maps/..%2Fa/3/2/1", 404, "no pack"},
		{"GET", "/maps/%00/3/2/1", 404, "no pack"},
		{"GET", "/maps/" + strings.Repeat("x", 5000) + "/3/2/1", 404, "no pack"},
		{"GET", "/maps/a", 404, "/maps/NAME.json"},
		{"GET", "/other", 404, "under /maps/"},
		{"GET", "/maps/a/", 400, "form Z/X/Y"},
		{"GET", "/maps/a/3/2", 400, "form Z/X/Y"},
		{"GET", "/maps/a/3/2/8", 400, "y is 8, more than 7"},
		{"GET", "/maps/a/3/2/1.exe", 400, "y of"},
		{"GET", "/maps/a/3/2/1.png.png", 400, "y of"},
		{"GET", "/maps/a/3/2/1/0", 400, "y of"},
		{"GET", "/maps/a/3/-2/1", 400, "x of"},
		{"GET", "/maps/a/3/%202/1", 400, "x of"},
		{"GET", "/maps/a/99999999999999999999/2/1", 400, "z of"},
		{"GET", "/maps/a/23/2/1", 400, "z is 23"},
		{"GET", "/maps/page/3/2/1", 503, "the pack is broken: file: is not an SQLite database"},
		{"GET", "/maps/page.json", 503, "the pack is broken"},
		{"GET", "/maps/bomb/3/2/1", 500, "unpacks to more than"},
		{"POST", "/maps/a/3/2/1", 405, "only read"},
		{"DELETE", "/maps/", 405, "only read"},
	} {
		r := get(s, c.method, c.target)
		text := body(t, r)
		if r.StatusCode != c.status {
			t.Errorf("%s %.80s: %d %s", c.method, c.target, r.StatusCode, text)
			continue
		}
		if c.status == 204 {
			if len(text) != 0 {
				t.Errorf("%s: 204 with %q", c.target, text)
			}
			continue
		}
		var problem struct {
			Type, Title, Detail string
			Status              int
		}
		err := json.Unmarshal(text, &problem)
		if err != nil || r.Header.Get("Content-Type") != "application/problem+json" || problem.Type != "about:blank" ||
			problem.Status != c.status || problem.Title != http.StatusText(c.status) || !strings.Contains(problem.Detail, c.says) || len(text) > 500 {
			t.Errorf("%s %.80s: %v %s; want %q", c.method, c.target, r.Header, text, c.says)
		}
	}
}

func TestConditionalRequests(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, "a", "pbf", gzipped(t, vectorBytes))
	s := serve(t, dir)
	tags := map[string]string{}
	for _, accept := range []string{"gzip", ""} {
		tags[accept] = get(s, "GET", "/maps/a/3/2/1", "Accept-Encoding", accept).Header.Get("Etag")
	}
	if tags["gzip"] == tags[""] || tags[""] == "" {
		t.Errorf("tags of different bytes: %v", tags)
	}
	for accept, tag := range tags {
		for _, asked := range []string{tag, "W/" + tag, `"x", ` + tag} {
			r := get(s, "GET", "/maps/a/3/2/1", "Accept-Encoding", accept, "If-None-Match", asked)
			if r.StatusCode != 304 || len(body(t, r)) != 0 || r.Header.Get("Etag") != tag {
				t.Errorf("If-None-Match %s: %d %v", asked, r.StatusCode, r.Header)
			}
		}
	}
	for _, asked := range []string{`"x"`, "*", strings.Trim(tags[""], `"`), ""} {
		if r := get(s, "GET", "/maps/a/3/2/1", "If-None-Match", asked); r.StatusCode != 200 {
			t.Errorf("If-None-Match %s: %d", asked, r.StatusCode)
		}
	}
	for _, target := range []string{"/maps/a.json", "/maps/"} {
		first := get(s, "GET", target)
		again := get(s, "GET", target, "If-None-Match", first.Header.Get("Etag"))
		if first.StatusCode != 200 || again.StatusCode != 304 || len(body(t, again)) != 0 {
			t.Errorf("%s: %d, then %d", target, first.StatusCode, again.StatusCode)
		}
	}
}

func TestTileJSON(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, "a b", "pbf", gzipped(t, vectorBytes),
		mbtiles.Row{Name: "json", Value: `{"vector_layers":[{"id":"a","minzoom":1,"fields":{"class":"String","n":7}}]}`},
		mbtiles.Row{Name: "version", Value: "1.2.3"}, mbtiles.Row{Name: "description", Value: "all of it"})
	place(t, dir, "photo", "png", pngBytes, mbtiles.Row{Name: "version", Value: "3"})
	s := serve(t, dir)
	read := func(target string) map[string]any {
		r := get(s, "GET", "http://camp.example:8080"+target)
		var doc map[string]any
		text := body(t, r)
		if err := json.Unmarshal(text, &doc); err != nil || r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %s", target, r.StatusCode, text)
		}
		return doc
	}
	doc := read("/maps/a%20b.json")
	url := doc["tiles"].([]any)[0].(string)
	if !strings.HasPrefix(url, "http://camp.example:8080/maps/a%20b/{z}/{x}/{y}.pbf?v=") {
		t.Errorf("tiles are at %s", url)
	}
	delete(doc, "tiles")
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"attribution":"© \u003ca href=\"https://example.org/?a=1\u0026amp;b=2\" target=\"_blank\" rel=\"noopener noreferrer\"\u003eSomebody\u003c/a\u003ealert(1)",` +
		`"bounds":[-90,0,-45,66.5],"center":[-67,40,3],"description":"all of it","format":"pbf","maxzoom":3,"minzoom":0,"name":"Pack a b","scheme":"xyz","tilejson":"3.0.0",` +
		`"vector_layers":[{"fields":{"class":"String","n":""},"id":"a","minzoom":1}],"version":"1.2.3"}`
	if string(text) != want {
		t.Errorf("TileJSON is %s", text)
	}
	if other := read("/maps/a%20b/tile.json"); len(other) != len(doc)+1 {
		t.Errorf("tile.json is another document: %v", other)
	}
	photo := read("/maps/photo.json")
	if _, has := photo["vector_layers"]; has || photo["version"] != nil || photo["format"] != "png" {
		t.Errorf("TileJSON of images is %v", photo)
	}

	target := strings.NewReplacer("{z}", "3", "{x}", "2", "{y}", "1").Replace(url)
	if r := get(s, "GET", target); r.StatusCode != 200 || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %d %v", target, r.StatusCode, r.Header)
	}
	for _, old := range []string{target + "0", strings.Split(target, "?")[0]} {
		if r := get(s, "GET", old); r.StatusCode != 200 || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", old, r.StatusCode, r.Header)
		}
	}
	strange := httptest.NewRequest("GET", "/maps/photo.json", nil)
	strange.Host = `evil"><script>`
	w := httptest.NewRecorder()
	s.ServeHTTP(w, strange)
	if got := w.Body.String(); !strings.Contains(got, `"tiles":["/maps/photo/`) || strings.Contains(got, "script") {
		t.Errorf("with a strange host: %s", got)
	}
}

func TestListNamesBrokenPacks(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, "good", "png", pngBytes)
	for name, text := range map[string]string{"bad.mbtiles": "PK\x03\x04", ".hidden.mbtiles": "x", "notes.txt": "x", "empty.mbtiles": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.mbtiles"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/maps/", "/maps"} {
		var list []map[string]any
		if err := json.Unmarshal(body(t, get(serve(t, dir), "GET", target)), &list); err != nil || len(list) != 3 {
			t.Fatalf("%v, %v", list, err)
		}
		for i, want := range []struct{ name, says string }{{"bad", "not an SQLite database"}, {"empty", "is empty"}, {"good", ""}} {
			failure, _ := list[i]["error"].(string)
			if list[i]["name"] != want.name || (failure == "") != (want.says == "") || !strings.Contains(failure, want.says) || strings.Contains(failure, dir) {
				t.Errorf("entry %d is %v", i, list[i])
			}
		}
		if good := list[2]; good["title"] != "Pack good" || good["tilejson"] != "/maps/good.json" || good["format"] != "png" || good["maxzoom"] != 3.0 {
			t.Errorf("%v", good)
		}
	}
}

func TestEmptyListIsAnArray(t *testing.T) {
	s := serve(t, filepath.Join(t.TempDir(), "not there yet"))
	if got := body(t, get(s, "GET", "/maps/")); string(got) != "[]\n" {
		t.Errorf("%q", got)
	}
}

func TestPacksAreFoundByThemselves(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	expect := func(target string, status int) {
		t.Helper()
		s.nextScan.Store(0) // as if two seconds had passed
		if r := get(s, "GET", target); r.StatusCode != status {
			t.Errorf("%s: %d, want %d", target, r.StatusCode, status)
		}
	}
	expect("/maps/a/3/2/1", 404)
	place(t, dir, "a", "png", pngBytes)
	expect("/maps/a/3/2/1", 200)
	before := get(s, "GET", "/maps/a/3/2/1").Header.Get("Etag")
	place(t, dir, "a", "png", append(bytes.Clone(pngBytes), "changed"...))
	s.nextScan.Store(0)
	r := get(s, "GET", "/maps/a/3/2/1", "If-None-Match", before)
	if r.StatusCode != 200 || !bytes.HasSuffix(body(t, r), []byte("changed")) {
		t.Errorf("the new pack is not seen: %d", r.StatusCode)
	}
	// A pack that arrives piece by piece is broken until it is whole.
	whole, err := os.ReadFile(filepath.Join(dir, "a.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	for size, status := range map[int]int{50: 503, len(whole) / 2: 503} {
		if err := os.WriteFile(filepath.Join(dir, "b.mbtiles"), whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		expect("/maps/b/3/2/1", status)
		expect("/maps/a/3/2/1", 200)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.mbtiles"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	expect("/maps/b/3/2/1", 200)
	if err := os.Remove(filepath.Join(dir, "a.mbtiles")); err != nil {
		t.Fatal(err)
	}
	expect("/maps/a/3/2/1", 404)
	if names := s.Packs(); len(names) != 1 || names[0].Name != "b" {
		t.Errorf("%v", names)
	}
	s.Close()
	expect("/maps/b/3/2/1", 404)
}

func TestNewRefusesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(path, nil); err == nil {
		t.Error("a file was taken for a folder")
	}
}

// Packs are replaced while they are being read, and no reader may notice.
func TestReplacingUnderLoad(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, "a", "png", pngBytes)
	s := serve(t, dir)
	ctx, stop := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if r := get(s, "GET", "/maps/a/3/2/1"); r.StatusCode != 200 || !bytes.HasPrefix(body(t, r), pngBytes) {
					t.Errorf("status %d", r.StatusCode)
					return
				}
				get(s, "GET", "/maps/")
			}
		})
	}
	for i := range 50 {
		place(t, dir, "a", "png", append(bytes.Clone(pngBytes), byte(i)))
		s.Rescan()
	}
	stop()
	readers.Wait()
	if r := get(s, "GET", "/maps/a/3/2/1"); !bytes.HasSuffix(body(t, r), []byte{49}) {
		t.Error("the last pack is not the one served")
	}
}
