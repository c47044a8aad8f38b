// Package dashboard holds the built page in the binary and serves it.
//
// The page lives in dist, written by `npm ci && npm run build` in this folder; each asset has its
// gzip beside it. SPEC.md says what the page does.
package dashboard

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var embedded embed.FS

// The policies of every answer. Scripts, styles, workers and connections are the kit's own alone: whatever a
// stranger wrote into a report, nothing of it runs and nothing leaves the kit. Images may be data: and
// blob:, for map tiles are decoded through them.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; " +
	"img-src 'self' data: blob:; font-src 'self'; worker-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'"

const (
	revalidate = "no-cache"
	// Names under assets/ hold a hash of their content: what such a name means never changes.
	immutable = "public, max-age=31536000, immutable"
)

// notBuilt is what a person sees where the binary was built without the page.
const notBuilt = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Field kit</title></head>
<body><h1>The kit is running, but its page was not built.</h1>
<p>Run <code>npm ci &amp;&amp; npm run build</code> in <code>dashboard/</code>, then build the kit again.</p>
<p>The kit's data is at <a href="/api/v1/spaces">/api/v1/spaces</a>.</p></body></html>
`

type asset struct {
	body, gzip  []byte // gzip is nil where there is none
	contentType string
	etag        string // without quotes
	caching     string
}

// Handler serves the page: `/`, and the files it names. It answers GET and HEAD; other paths are 404. It is
// safe for concurrent use.
func Handler() http.Handler {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path: this cannot happen
	}
	return handlerOf(dist)
}

func handlerOf(dist fs.FS) http.Handler {
	assets := load(dist)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setPolicies(w.Header(), r.Host)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" {
			name = "index.html"
		}
		found, ok := assets[name]
		switch {
		case ok:
			found.serve(w, r)
		case name == "index.html":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusServiceUnavailable)
			if r.Method == http.MethodGet {
				_, _ = w.Write([]byte(notBuilt))
			}
		default:
			http.Error(w, "not found", http.StatusNotFound)
		}
	})
}

// load reads all of the page into memory (it is in the binary's pages anyway). Files that are no part of
// the page, whose names begin with a dot, are left out.
func load(dist fs.FS) map[string]asset {
	assets := map[string]asset{}
	err := fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") || path.Ext(name) == ".gz" {
			return err
		}
		body, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		a := asset{body: body, contentType: contentType(name), etag: hex.EncodeToString(sum[:12]), caching: revalidate}
		if packed, err := fs.ReadFile(dist, name+".gz"); err == nil {
			a.gzip = packed
		}
		if strings.HasPrefix(name, "assets/") {
			a.caching = immutable
		}
		assets[name] = a
		return nil
	})
	if err != nil {
		panic(err) // an embedded file system that cannot be read is a broken binary
	}
	return assets
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	body, etag := a.body, a.etag
	header := w.Header()
	header.Set("Cache-Control", a.caching)
	if a.gzip != nil {
		header.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			// Another representation, so another ETag (RFC 9110, section 8.8.3).
			body, etag = a.gzip, a.etag+"-gzip"
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("ETag", `"`+etag+`"`)
	if matches(r.Header.Get("If-None-Match"), etag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", a.contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = bytes.NewReader(body).WriteTo(w)
	}
}

func setPolicies(header http.Header, host string) {
	policy := contentSecurityPolicy
	if plainHost(host) {
		// 'self' means the kit's WebSocket, too, but not to Safari before 15.4.
		policy += " ws://" + host + " wss://" + host
	}
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
}

// plainHost reports whether a Host header holds nothing that could end the policy's directive.
func plainHost(host string) bool {
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == "" && len(host) < 256
}

// contentType is by extension, and not by the machine's MIME tables: those know no .mjs or .woff2 everywhere.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".woff2":
		return "font/woff2"
	}
	return "application/octet-stream"
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110, section 12.5.3).
func acceptsGzip(header string) bool {
	wildcard := false
	for part := range strings.SplitSeq(header, ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		refused := false
		if q, ok := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q="); ok {
			value, err := strconv.ParseFloat(q, 64)
			refused = err != nil || value <= 0
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return !refused
		case "*":
			wildcard = !refused
		}
	}
	return wildcard
}

// matches reports whether an If-None-Match header names this ETag, weakly compared.
func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == "*" || part == `"`+etag+`"` {
			return true
		}
	}
	return false
}
