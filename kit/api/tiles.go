package api

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"fieldkit/kit/event"
	"fieldkit/kit/projector/mvt"
	"fieldkit/maps/tile"
)

const tileType = "application/vnd.mapbox-vector-tile"

// getTile gives a vector tile of the space's state. A client keeps it and asks each time whether it still holds.
func (s *Server) getTile(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "at", "groups", "without")
	at, o := q.time("at"), tileOptions(q)
	row := r.PathValue("y")
	for _, extension := range [...]string{".mvt", ".pbf"} {
		row = strings.TrimSuffix(row, extension)
	}
	where, err := tile.ParsePlain(r.PathValue("z") + "/" + r.PathValue("x") + "/" + row)
	if err != nil {
		q.fail("", err.Error())
	}
	if q.refused(w) {
		return
	}
	space := r.PathValue("space")
	t, ok, err := s.kit.Tile(r.Context(), space, at, where, o)
	switch {
	case err != nil:
		s.storeFailed(w, err)
		return
	case !ok:
		noSpace(w, space)
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	header.Set("Vary", "Accept-Encoding")
	if t.Zipped == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	data := t.Zipped
	if takesGzip(r) {
		header.Set("Content-Encoding", "gzip")
		header.Set("Etag", `"`+t.Tag+`-gz"`)
	} else {
		if data, err = unzip(data); err != nil {
			panic(err) // of the kit's own making
		}
		header.Set("Etag", `"`+t.Tag+`"`)
	}
	header.Set("Content-Type", tileType)
	header.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet && r.Header["If-None-Match"] == nil && r.Header["Range"] == nil {
		w.Write(data) // what most ask for
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// maxWithout bounds how many layers may be left out of a tile.
const maxWithout = 64

// tileOptions are the same for the same tiles, however a client writes them.
func tileOptions(q *query) (o mvt.Options) {
	switch q.text("groups") {
	case "", "layer":
	case "space":
		o.Together = true
	default:
		q.fail("groups", "must be layer or space")
	}
	if text := q.text("without"); text != "" {
		o.Without = strings.Split(text, ",")
		slices.Sort(o.Without)
		o.Without = slices.Compact(o.Without)
		if len(o.Without) > maxWithout || slices.ContainsFunc(o.Without, func(name string) bool { return !event.ValidName(name) }) {
			q.fail("without", "must be names of layers with commas between them, 64 at most")
		}
	}
	return o
}

func unzip(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// takesGzip reads Accept-Encoding (RFC 9110, 12.5.3). Without the field the client may be anything.
func takesGzip(r *http.Request) bool {
	for _, field := range r.Header["Accept-Encoding"] {
		for item := range strings.SplitSeq(field, ",") {
			coding, weight, _ := strings.Cut(item, ";")
			if coding = strings.TrimSpace(coding); strings.EqualFold(coding, "gzip") || coding == "*" {
				weight = strings.ReplaceAll(weight, " ", "")
				return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight, "q=0.") != ""
			}
		}
	}
	return false
}

// tileJSON is a TileJSON document (TileJSON specification 3.0.0).
type tileJSON struct {
	TileJSON     string        `json:"tilejson"`
	Name         string        `json:"name"`
	Scheme       string        `json:"scheme"`
	Format       string        `json:"format"`
	Tiles        []string      `json:"tiles"`
	MinZoom      int           `json:"minzoom"`
	MaxZoom      int           `json:"maxzoom"`
	Bounds       []float64     `json:"bounds,omitempty"`
	VectorLayers []vectorLayer `json:"vector_layers"`
}

type vectorLayer struct {
	ID      string            `json:"id"`
	Fields  map[string]string `json:"fields"`
	MinZoom int               `json:"minzoom"`
	MaxZoom int               `json:"maxzoom"`
}

func (s *Server) getTileJSON(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "at")
	at := q.time("at")
	if q.refused(w) {
		return
	}
	space := r.PathValue("space")
	layers, ok, err := s.kit.TileLayers(r.Context(), space, at)
	switch {
	case err != nil:
		s.storeFailed(w, err)
		return
	case !ok:
		noSpace(w, space)
		return
	}
	doc := tileJSON{TileJSON: "3.0.0", Name: space, Scheme: "xyz", Format: "pbf", MaxZoom: mvt.MaxZoom,
		Tiles: []string{origin(r) + "/api/v1/spaces/" + url.PathEscape(space) + "/tiles/{z}/{x}/{y}"}, VectorLayers: []vectorLayer{}}
	if at != nil {
		doc.Tiles[0] += "?at=" + strconv.FormatInt(*at, 10)
	} else if one, ok, err := s.kit.Space(r.Context(), space); err == nil && ok {
		doc.Name = one.Title
		doc.Bounds = spaceOf(one).BBox
	}
	fields := mvt.Fields()
	for _, name := range layers {
		doc.VectorLayers = append(doc.VectorLayers, vectorLayer{name, fields, 0, mvt.MaxZoom})
	}
	answer(w, http.StatusOK, doc)
}

// origin is the one that the client itself used: map libraries fetch tiles from a worker, where a relative address has no
// base.
func origin(r *http.Request) string {
	if !validHost.MatchString(r.Host) {
		return ""
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

var validHost = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$`)
