package tileserver

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"fieldkit/maps/mbtiles"
	"fieldkit/maps/tile"
)

const prefix = "/maps/"

const (
	// cacheForever is for URLs that name the version of the pack.
	cacheForever = "public, max-age=31536000, immutable"
	// cacheAsk is for the others: a client keeps the answer, and asks each time whether it still holds.
	cacheAsk = "no-cache"
)

// ServeHTTP answers GET and HEAD under /maps/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "maps are only read: GET or HEAD")
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path+"/", prefix)
	path = strings.TrimSuffix(path, "/")
	if !ok {
		refuse(w, http.StatusNotFound, "nothing here; maps are under /maps/")
		return
	}
	name, rest, deep := strings.Cut(path, "/")
	switch {
	case name == "" && !deep:
		s.serveList(w, r)
	case !deep:
		if name, ok = strings.CutSuffix(name, ".json"); !ok {
			refuse(w, http.StatusNotFound, "a pack's description is at /maps/NAME.json, its tiles are at /maps/NAME/Z/X/Y")
			return
		}
		s.serveTileJSON(w, r, name)
	case rest == "tile.json":
		s.serveTileJSON(w, r, name)
	default:
		s.serveTile(w, r, name, rest)
	}
}

func (s *Server) serveTile(w http.ResponseWriter, r *http.Request, name, rest string) {
	e, release := s.find(name)
	if e == nil {
		refuse(w, http.StatusNotFound, "no pack named "+strconv.Quote(shorten(name)))
		return
	}
	defer release()
	t, err := tile.ParsePlain(withoutExtension(rest))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if e.pack == nil {
		refuse(w, http.StatusServiceUnavailable, "the pack is broken: "+e.failure)
		return
	}
	header := w.Header()
	identity := e.pack.Identity()
	header["Cache-Control"] = tileCaching(r.URL.RawQuery, identity)
	tag := identity + "-" + strconv.FormatUint(t.Key(), 36)
	// A tag is only ever given with a tile, so who has it need not have the tile looked up again.
	if asked := r.Header["If-None-Match"]; len(asked) > 0 && anyMatches(asked, tag) {
		header["Etag"] = []string{matching(asked, tag)}
		header["Vary"] = varyEncoding
		w.WriteHeader(http.StatusNotModified)
		return
	}
	data, encoding, found, err := e.pack.Tile(r.Context(), t)
	if err != nil {
		delete(header, "Cache-Control")
		if r.Context().Err() == nil && !e.complained.Swap(true) {
			s.logger.Warn("map pack has a tile that cannot be read", "pack", name, "error", err)
		}
		refuse(w, http.StatusInternalServerError, "the tile cannot be read: "+strings.TrimPrefix(err.Error(), "mbtiles: "))
		return
	}
	if !found {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	mediaType := contentType(e.pack.Metadata().MediaType, data)
	if encoding == mbtiles.Gzip {
		header["Vary"] = varyEncoding
		if acceptsGzip(r.Header["Accept-Encoding"]) {
			header["Content-Encoding"] = gzipEncoding
			tag += gzipSuffix
		} else if data, err = mbtiles.Inflate(data); err != nil {
			delete(header, "Cache-Control")
			refuse(w, http.StatusInternalServerError, "the tile cannot be unpacked: "+strings.TrimPrefix(err.Error(), "mbtiles: "))
			return
		}
	}
	header["Content-Type"] = mediaType
	header["Content-Length"] = []string{strconv.Itoa(len(data))}
	header["Etag"] = []string{`"` + tag + `"`}
	header["X-Content-Type-Options"] = noSniff
	if r.Method != http.MethodHead {
		w.Write(data)
	}
}

// Header values that every tile shares. They are never changed.
var (
	varyEncoding = []string{"Accept-Encoding"}
	gzipEncoding = []string{"gzip"}
	noSniff      = []string{"nosniff"}
	forever      = []string{cacheForever}
	ask          = []string{cacheAsk}
)

func tileCaching(query, identity string) []string {
	if version, ok := strings.CutPrefix(query, "v="); ok && version == identity {
		return forever
	}
	return ask
}

// mediaTypes spares an allocation for each tile of the usual types.
var mediaTypes = map[string][]string{
	mbtiles.VectorTile: {mbtiles.VectorTile}, mbtiles.PNG: {mbtiles.PNG}, mbtiles.JPEG: {mbtiles.JPEG}, mbtiles.WebP: {mbtiles.WebP},
}

// contentType is the pack's, unless the tile is plainly an image of another type: some packs mix PNG and JPEG.
func contentType(declared string, data []byte) []string {
	if declared != mbtiles.VectorTile {
		if actual := mbtiles.ImageType(data); actual != "" {
			declared = actual
		}
	}
	if shared, ok := mediaTypes[declared]; ok {
		return shared
	}
	return []string{declared}
}

// withoutExtension drops what map clients like to put behind the row. The Content-Type says what the tile is.
func withoutExtension(rest string) string {
	stem, extension, ok := strings.Cut(rest, ".")
	if ok {
		switch extension {
		case "pbf", "mvt", "png", "jpg", "jpeg", "webp", "avif", "gif":
			return stem
		}
	}
	return rest
}

func (s *Server) serveList(w http.ResponseWriter, r *http.Request) {
	packs := s.Packs()
	if packs == nil {
		packs = []Pack{}
	}
	serveJSON(w, r, packs)
}

// serveJSON answers with an ETag over the body.
func serveJSON(w http.ResponseWriter, r *http.Request, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	tag := hashTag(body)
	header := w.Header()
	header["Cache-Control"] = ask
	header["Etag"] = []string{`"` + tag + `"`}
	header["X-Content-Type-Options"] = noSniff
	if asked := r.Header["If-None-Match"]; len(asked) > 0 && anyMatches(asked, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Type"] = []string{"application/json"}
	header["Content-Length"] = []string{strconv.Itoa(len(body) + 1)}
	if r.Method != http.MethodHead {
		w.Write(append(body, '\n'))
	}
}

// refuse answers with a problem (RFC 9457).
func refuse(w http.ResponseWriter, status int, detail string) {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{"about:blank", http.StatusText(status), status, detail})
	if err != nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}

func shorten(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
