package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/canvas"
	"fieldkit/kit/projector/geojson"
	"fieldkit/maps/tile"
)

// tilesAtOnce is how many tiles are written from one look at the canvas: the canvas is never held while a client reads.
const tilesAtOnce = 64

func (s *Server) getState(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "format", "bbox", "tile", "layer", "at")
	want := geojson.Filter{Bound: q.bound("bbox"), Tile: q.tile("tile"), Layer: q.text("layer")}
	at := q.time("at")
	format := q.text("format")
	switch format {
	case "", "geojson":
	case "canonical":
		if want.Bound != nil || want.Layer != "" {
			q.fail("format", "canonical is of whole tiles: bbox and layer do not go with it")
		}
	default:
		q.fail("format", "must be geojson or canonical")
	}
	if q.refused(w) {
		return
	}
	space := r.PathValue("space")
	var tiles []tile.Tile
	var digest [32]byte
	cursor := s.kit.Cursor()
	ok, err := s.kit.View(r.Context(), space, at, func(c *canvas.Canvas) error {
		for _, t := range c.Tiles() {
			if want.Tile == nil || want.Tile.Contains(t) {
				tiles = append(tiles, t)
			}
		}
		digest = c.Digest()
		return nil
	})
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	if !ok {
		noSpace(w, space)
		return
	}
	out := &collection{s: s, w: w, ctx: r.Context(), space: space, at: at}
	w.Header().Set("Cache-Control", "no-store")
	if format == "canonical" {
		w.Header().Set("Content-Type", "application/json")
		out.text(`{"space":`).quote(space).text(`,"digest":"sha256:` + hex.EncodeToString(digest[:]) + `","tiles":[`)
		out.each(tiles, func(c *canvas.Canvas, t tile.Tile) {
			if state := c.TileState(t); state != nil {
				out.element(state)
			}
		})
		out.text("]}\n").flush()
		return
	}
	w.Header().Set("Content-Type", "application/geo+json")
	out.text(`{"type":"FeatureCollection","space":`).quote(space).text(`,"cursor":"` + strconv.FormatInt(cursor, 10) + `"`)
	if at != nil {
		out.text(`,"at":` + strconv.FormatInt(*at, 10))
	}
	out.text(`,"digest":"sha256:` + hex.EncodeToString(digest[:]) + `","features":[`)
	out.each(tiles, func(c *canvas.Canvas, t tile.Tile) {
		here := want
		geojson.EachOf(c, t, here, func(f geojson.Feature) bool {
			text, err := geojson.Marshal(&f)
			if err != nil {
				s.log.Error("a feature could not be written", "id", f.ID, "error", err)
				return true
			}
			out.element(text)
			return true
		})
	})
	out.text("]}\n").flush()
}

// collection writes an answer of many parts.
type collection struct {
	s      *Server
	w      http.ResponseWriter
	ctx    context.Context
	space  string
	at     *int64
	buffer bytes.Buffer
	n      int
	failed bool
}

func (o *collection) text(s string) *collection {
	o.buffer.WriteString(s)
	return o
}

func (o *collection) quote(s string) *collection {
	b, _ := jsontext.AppendQuote(nil, s)
	o.buffer.Write(b)
	return o
}

func (o *collection) element(text []byte) {
	if o.n > 0 {
		o.buffer.WriteByte(',')
	}
	o.n++
	o.buffer.Write(text)
}

// each shows write one tile after another, and sends what was written between looks at the canvas.
func (o *collection) each(tiles []tile.Tile, write func(*canvas.Canvas, tile.Tile)) {
	for len(tiles) > 0 && !o.failed {
		n := 0
		ok, err := o.s.kit.View(o.ctx, o.space, o.at, func(c *canvas.Canvas) error {
			for n < len(tiles) && n < tilesAtOnce && o.buffer.Len() < flushSize {
				write(c, tiles[n])
				n++
			}
			return nil
		})
		if err != nil || !ok {
			// A part must not be taken for the whole.
			panic(http.ErrAbortHandler)
		}
		tiles = tiles[n:]
		if o.buffer.Len() >= flushSize {
			o.flush()
		}
	}
}

func (o *collection) flush() {
	extend(o.w)
	if _, err := o.buffer.WriteTo(o.w); err != nil {
		o.failed = true
	}
}
