package tileserver

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"fieldkit/maps/mbtiles"
)

// A Pack is an entry of the list of packs.
type Pack struct {
	Name        string      `json:"name"`
	Title       string      `json:"title,omitempty"`
	Format      string      `json:"format,omitempty"` // pbf, png, jpg, webp; else a media type
	Type        string      `json:"type,omitempty"`   // overlay or baselayer
	Bounds      *[4]float64 `json:"bounds,omitempty"` // west, south, east, north, degrees
	Center      *[3]float64 `json:"center,omitempty"` // longitude, latitude, zoom
	MinZoom     *uint8      `json:"minzoom,omitempty"`
	MaxZoom     *uint8      `json:"maxzoom,omitempty"`
	Attribution string      `json:"attribution,omitempty"` // text and links, safe to show as HTML
	TileJSON    string      `json:"tilejson,omitempty"`    // path
	Bytes       int64       `json:"bytes"`
	Error       string      `json:"error,omitempty"` // why the pack cannot be served; then only name and bytes are with it
}

// describe expects e.using to be held.
func describe(e *entry) Pack {
	p := Pack{Name: e.name, Bytes: e.info.Size()}
	if e.pack == nil {
		p.Error = e.failure
		return p
	}
	m := e.pack.Metadata()
	p.Title, p.Format = m.Name, m.Format()
	if m.Type == "overlay" || m.Type == "baselayer" {
		p.Type = m.Type
	}
	p.Bounds, p.Center = bounds(m), center(m)
	p.MinZoom, p.MaxZoom = &m.MinZoom, &m.MaxZoom
	p.Attribution = safeAttribution(m.Attribution)
	p.TileJSON = prefix + url.PathEscape(e.name) + ".json"
	return p
}

func bounds(m mbtiles.Metadata) *[4]float64 {
	if m.Bounds == nil {
		return nil
	}
	return &[4]float64{m.Bounds.Min.Lon(), m.Bounds.Min.Lat(), m.Bounds.Max.Lon(), m.Bounds.Max.Lat()}
}

func center(m mbtiles.Metadata) *[3]float64 {
	if m.Center == nil {
		return nil
	}
	return &[3]float64{m.Center.Lon, m.Center.Lat, float64(m.Center.Zoom)}
}

// tileJSON is a TileJSON document (TileJSON specification 3.0.0).
type tileJSON struct {
	TileJSON    string      `json:"tilejson"`
	Name        string      `json:"name,omitempty"`
	Description string      `json:"description,omitempty"`
	Version     string      `json:"version,omitempty"`
	Attribution string      `json:"attribution,omitempty"`
	Scheme      string      `json:"scheme"`
	Tiles       []string    `json:"tiles"`
	MinZoom     uint8       `json:"minzoom"`
	MaxZoom     uint8       `json:"maxzoom"`
	Bounds      *[4]float64 `json:"bounds,omitempty"`
	Center      *[3]float64 `json:"center,omitempty"`
	Format      string      `json:"format"`
	// VectorLayers is required of vector tiles, and absent for images.
	VectorLayers *[]mbtiles.VectorLayer `json:"vector_layers,omitempty"`
}

// semantic versions are the only ones TileJSON has room for (3.17).
var semantic = regexp.MustCompile(`^\d+\.\d+\.\d+$`)

func (s *Server) serveTileJSON(w http.ResponseWriter, r *http.Request, name string) {
	e, release := s.find(name)
	if e == nil {
		refuse(w, http.StatusNotFound, "no pack named "+strconv.Quote(shorten(name)))
		return
	}
	defer release()
	if e.pack == nil {
		refuse(w, http.StatusServiceUnavailable, "the pack is broken: "+e.failure)
		return
	}
	m := e.pack.Metadata()
	doc := tileJSON{
		TileJSON: "3.0.0", Name: m.Name, Description: m.Description, Attribution: safeAttribution(m.Attribution),
		Scheme: "xyz", Tiles: []string{tilesURL(r, e)}, MinZoom: m.MinZoom, MaxZoom: m.MaxZoom,
		Bounds: bounds(m), Center: center(m), Format: m.Format(),
	}
	if semantic.MatchString(m.Version) {
		doc.Version = m.Version
	}
	if m.MediaType == mbtiles.VectorTile {
		layers := append([]mbtiles.VectorLayer{}, m.VectorLayers...)
		doc.VectorLayers = &layers
	}
	serveJSON(w, r, doc)
}

// tilesURL is the template of the pack's tiles at the origin the client itself used: absolute, because a map library
// fetches tiles from a worker, where a relative URL has no base.
func tilesURL(r *http.Request, e *entry) string {
	origin := ""
	if validHost.MatchString(r.Host) {
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		origin = scheme + r.Host
	}
	extension := ""
	if format := e.pack.Metadata().Format(); !strings.Contains(format, "/") {
		extension = "." + format
	}
	return origin + prefix + url.PathEscape(e.name) + "/{z}/{x}/{y}" + extension + "?v=" + e.pack.Identity()
}

var validHost = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$`)
