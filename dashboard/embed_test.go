package dashboard

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// page is a small built page; the gzip of its script is told apart by its content.
func page(t *testing.T) fs.FS {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("let a = 1\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{
		".gitkeep":              {},
		"index.html":            {Data: []byte("<!doctype html>")},
		"icon.svg":              {Data: []byte("<svg/>")},
		"assets/a-1234.js":      {Data: []byte("let a = 1\n")},
		"assets/a-1234.js.gz":   {Data: packed.Bytes()},
		"assets/w-1234.mjs":     {Data: []byte("1")},
		"assets/f-1234.woff2":   {Data: []byte("wOF2")},
		"assets/unknown-1.blob": {Data: []byte{0}},
	}
}

func get(h http.Handler, method, target string, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "fieldkit.internal"
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestPaths(t *testing.T) {
	h := handlerOf(page(t))
	for _, c := range []struct {
		method, path string
		status       int
		contentType  string
		caching      string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", revalidate},
		{"HEAD", "/", 200, "text/html; charset=utf-8", revalidate},
		{"GET", "/index.html", 200, "text/html; charset=utf-8", revalidate},
		{"GET", "/icon.svg", 200, "image/svg+xml", revalidate},
		{"GET", "/assets/a-1234.js", 200, "text/javascript; charset=utf-8", immutable},
		{"GET", "/assets/w-1234.mjs", 200, "text/javascript; charset=utf-8", immutable},
		{"GET", "/assets/f-1234.woff2", 200, "font/woff2", immutable},
		{"GET", "/assets/unknown-1.blob", 200, "application/octet-stream", immutable},
		{"GET", "/assets/a-1234.js.gz", 404, "", ""},
		{"GET", "/.gitkeep", 404, "", ""},
		{"GET", "/assets", 404, "", ""},
		{"GET", "/assets/", 404, "", ""},
		{"GET", "/../embed.go", 404, "", ""},
		{"GET", "/nowhere", 404, "", ""},
		{"POST", "/", 405, "", ""},
	} {
		got := get(h, c.method, c.path, nil)
		if got.StatusCode != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, got.StatusCode, c.status)
			continue
		}
		if c.status == 200 && (got.Header.Get("Content-Type") != c.contentType || got.Header.Get("Cache-Control") != c.caching) {
			t.Errorf("%s %s: headers %v", c.method, c.path, got.Header)
		}
		if body, _ := io.ReadAll(got.Body); c.method == "HEAD" && len(body) > 0 {
			t.Errorf("HEAD %s has a body", c.path)
		}
	}
}

func TestPolicies(t *testing.T) {
	h := handlerOf(page(t))
	for _, path := range []string{"/", "/assets/a-1234.js", "/nowhere"} {
		header := get(h, "GET", path, nil).Header
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self'", "worker-src 'self'", "style-src 'self'",
			"frame-ancestors 'none'", "base-uri 'none'", "ws://fieldkit.internal",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "worker-src 'self' blob") {
			t.Errorf("%s: policy %q is weak", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, header)
		}
	}
}

// A Host header is the client's to write: it must not widen the policy.
func TestHostInPolicy(t *testing.T) {
	h := handlerOf(page(t))
	for _, host := range []string{"a; script-src *", "a *", "a,b", "a'b", strings.Repeat("a", 300)} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Result().Header.Get("Content-Security-Policy"); got != contentSecurityPolicy {
			t.Errorf("host %q: policy %q", host, got)
		}
	}
}

func TestGzip(t *testing.T) {
	h := handlerOf(page(t))
	for _, c := range []struct {
		accept string
		gzip   bool
	}{
		{"", false}, {"gzip", true}, {"br, gzip;q=0.5", true}, {"gzip;q=0", false}, {"gzip; q=0.0, *", false},
		{"*", true}, {"*;q=0", false}, {"identity", false}, {"GZIP", true}, {"gzip;q=x", false},
	} {
		got := get(h, "GET", "/assets/a-1234.js", map[string]string{"Accept-Encoding": c.accept})
		if packed := got.Header.Get("Content-Encoding") == "gzip"; packed != c.gzip {
			t.Errorf("Accept-Encoding %q: gzip %v", c.accept, packed)
			continue
		}
		body := io.Reader(got.Body)
		if c.gzip {
			unpacked, err := gzip.NewReader(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = unpacked
		}
		text, err := io.ReadAll(body)
		if err != nil || string(text) != "let a = 1\n" {
			t.Errorf("Accept-Encoding %q: body %q, %v", c.accept, text, err)
		}
		if got.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: no Vary", c.accept)
		}
	}
}

func TestNotModified(t *testing.T) {
	h := handlerOf(page(t))
	plain := get(h, "GET", "/assets/a-1234.js", nil).Header.Get("ETag")
	packed := get(h, "GET", "/assets/a-1234.js", map[string]string{"Accept-Encoding": "gzip"}).Header.Get("ETag")
	if plain == packed || plain == "" {
		t.Fatalf("ETags %q and %q", plain, packed)
	}
	for etag, status := range map[string]int{plain: 304, "W/" + plain: 304, `"x", ` + plain: 304, "*": 304, packed: 200, `"x"`: 200} {
		if got := get(h, "GET", "/assets/a-1234.js", map[string]string{"If-None-Match": etag}); got.StatusCode != status {
			t.Errorf("If-None-Match %s: status %d, want %d", etag, got.StatusCode, status)
		}
	}
}

func TestNotBuilt(t *testing.T) {
	got := get(handlerOf(fstest.MapFS{".gitkeep": {}}), "GET", "/", nil)
	body, _ := io.ReadAll(got.Body)
	if got.StatusCode != 503 || !strings.Contains(string(body), "npm run build") {
		t.Errorf("status %d, body %q", got.StatusCode, body)
	}
}

// TestBuilt looks at the page as it was built, or at the notice where it was not; either way the handler works.
func TestBuilt(t *testing.T) {
	h := Handler()
	got := get(h, "GET", "/", nil)
	body, _ := io.ReadAll(got.Body)
	if got.StatusCode == 503 {
		if !strings.Contains(string(body), "was not built") {
			t.Fatalf("body %q", body)
		}
		return
	}
	named := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(string(body), -1)
	if len(named) < 3 {
		t.Fatalf("the page names %d files: %s", len(named), body)
	}
	for _, match := range named {
		file := get(h, "GET", match[1], map[string]string{"Accept-Encoding": "gzip"})
		if file.StatusCode != 200 || file.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: status %d, headers %v", match[1], file.StatusCode, file.Header)
		}
	}
	// The policy forbids inline script and style: the page must not need any.
	if inline := regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=`).Find(body); inline != nil {
		t.Errorf("the page has inline code: %s", inline)
	}
}
