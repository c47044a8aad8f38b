package api

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/canvas"
	"fieldkit/kit/projector/geojson"
	"fieldkit/maps/tile"
)

// tilesAtOnce is how many tiles are written from one look at the canvas: the canvas is never held while a client reads.
const tilesAtOnce = 64

// lend lets look see a canvas. ok is false where the kit has nothing of the space.
type lend func(look func(*canvas.Canvas) error) (ok bool, err error)

func (s *Server) getState(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "format", "bbox", "tile", "layer", "text", "latest", "at")
	want := geojson.Filter{Bound: q.bound("bbox"), Tile: q.tile("tile"), Layer: q.layer(), Text: q.text("text"), Own: []string{s.kit.Key()}}
	at := q.time("at")
	latest := int(q.whole("latest", 0, 1, maxLatest))
	writeAs := (*collection).features
	if latest > 0 {
		writeAs = (*collection).latest
	} else if want.Text != "" {
		q.fail("text", "goes with latest")
	}
	switch q.text("format") {
	case "", "geojson":
	case "canonical":
		writeAs = (*collection).canonical
		if want.Bound != nil || want.Layer != "" || latest > 0 {
			q.fail("format", "canonical is of whole tiles: bbox, layer and latest do not go with it")
		}
	default:
		q.fail("format", "must be geojson or canonical")
	}
	if q.refused(w) {
		return
	}
	out := &collection{s: s, w: w, space: r.PathValue("space"), at: at, want: want, most: latest}
	var ok bool
	var err error
	if at == nil {
		ok, err = writeAs(out, func(look func(*canvas.Canvas) error) (bool, error) {
			return s.kit.View(r.Context(), out.space, nil, look)
		})
	} else {
		// An earlier moment does not change: the whole answer is of one look.
		ok, err = s.kit.View(r.Context(), out.space, at, func(c *canvas.Canvas) error {
			_, err := writeAs(out, func(look func(*canvas.Canvas) error) (bool, error) { return true, look(c) })
			return err
		})
	}
	switch {
	case out.begun && (err != nil || !ok):
		s.log.Info("an answer ended early", "error", err)
		panic(http.ErrAbortHandler) // a part must not be taken for the whole
	case err != nil:
		s.storeFailed(w, err)
	case !ok:
		noSpace(w, out.space)
	}
}

// collection writes an answer of many parts.
type collection struct {
	s      *Server
	w      http.ResponseWriter
	space  string
	at     *int64
	want   geojson.Filter
	most   int // of latest
	buffer bytes.Buffer
	n      int
	begun  bool
}

// canonical writes the states of tiles (kit/SPEC.md, section 7). The digest stands last: it is that of the states as they
// were written, which may be of different moments when events come in meanwhile.
func (o *collection) canonical(lend lend) (ok bool, err error) {
	tiles, _, ok, err := o.tiles(lend)
	if !ok || err != nil {
		return ok, err
	}
	digests := make(map[string][32]byte, len(tiles))
	o.begin("application/json").text(`{"space":`).quote(o.space).text(`,"tiles":[`)
	ok, err = o.each(lend, tiles, func(c *canvas.Canvas, t tile.Tile) {
		if state := c.TileState(t); state != nil {
			digests[t.String()] = sha256.Sum256(state)
			o.element(state)
		}
	})
	if !ok || err != nil {
		return ok, err
	}
	return true, o.text(`],"digest":"` + hashText(stateDigest(o.space, digests)) + "\"}\n").flush()
}

// stateDigest is that of a space of which these are the tiles' (kit/SPEC.md, section 7).
func stateDigest(space string, tiles map[string][32]byte) [32]byte {
	text := []byte(`{"fold":` + strconv.Itoa(canvas.Version) + `,"space":"` + space + `","tiles":{`)
	for i, name := range slices.Sorted(maps.Keys(tiles)) {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, `"`+name+`":"`+hashText(tiles[name])+`"`...)
	}
	return sha256.Sum256(append(text, "}}"...))
}

// features writes GeoJSON. A client that streams from its cursor on misses nothing: what is written was so then or
// later.
func (o *collection) features(lend lend) (ok bool, err error) {
	cursor := o.s.kit.Cursor()
	tiles, digest, ok, err := o.tiles(lend)
	if !ok || err != nil {
		return ok, err
	}
	o.head(cursor, digest)
	ok, err = o.each(lend, tiles, func(c *canvas.Canvas, t tile.Tile) {
		geojson.EachOf(c, t, o.want, func(f geojson.Feature) bool {
			o.feature(&f)
			return true
		})
	})
	if !ok || err != nil {
		return ok, err
	}
	return true, o.text("]}\n").flush()
}

// maxLatest bounds how many of the latest things are given.
const maxLatest = 1000

// latest writes the things that changed last, the latest first, from one look.
func (o *collection) latest(lend lend) (ok bool, err error) {
	cursor := o.s.kit.Cursor()
	var digest [32]byte
	var features []geojson.Feature
	ok, err = lend(func(c *canvas.Canvas) error {
		digest = c.Digest()
		features = geojson.Latest(c, o.want, o.most)
		return nil
	})
	if !ok || err != nil {
		return ok, err
	}
	o.head(cursor, digest)
	for i := range features {
		o.feature(&features[i])
	}
	return true, o.text("]}\n").flush()
}

// head begins a collection of features.
func (o *collection) head(cursor int64, digest [32]byte) {
	o.begin("application/geo+json").text(`{"type":"FeatureCollection","space":`).quote(o.space)
	o.text(`,"cursor":"` + strconv.FormatInt(cursor, 10) + `"`)
	if o.at != nil {
		o.text(`,"at":` + strconv.FormatInt(*o.at, 10))
	}
	o.text(`,"digest":"` + hashText(digest) + `","features":[`)
}

func (o *collection) feature(f *geojson.Feature) {
	text, err := geojson.Marshal(f)
	if err != nil {
		o.s.log.Error("a feature could not be written", "id", f.ID, "error", err)
		return
	}
	o.element(text)
}

// tiles are those that are wanted, with the digest of the whole space.
func (o *collection) tiles(lend lend) (tiles []tile.Tile, digest [32]byte, ok bool, err error) {
	ok, err = lend(func(c *canvas.Canvas) error {
		for _, t := range c.Tiles() {
			if o.want.Tile == nil || o.want.Tile.Contains(t) {
				tiles = append(tiles, t)
			}
		}
		digest = c.Digest()
		return nil
	})
	return tiles, digest, ok, err
}

// each writes one tile after another, and sends what was written between looks at the canvas.
func (o *collection) each(lend lend, tiles []tile.Tile, write func(*canvas.Canvas, tile.Tile)) (ok bool, err error) {
	for len(tiles) > 0 {
		n := 0
		ok, err := lend(func(c *canvas.Canvas) error {
			for n < len(tiles) && n < tilesAtOnce && o.buffer.Len() < flushSize {
				write(c, tiles[n])
				n++
			}
			return nil
		})
		if err != nil || !ok {
			return ok, err
		}
		tiles = tiles[n:]
		if o.buffer.Len() >= flushSize {
			if err := o.flush(); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

func (o *collection) begin(contentType string) *collection {
	o.begun = true
	o.w.Header().Set("Content-Type", contentType)
	o.w.Header().Set("Cache-Control", "no-store")
	return o
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

func (o *collection) flush() error {
	o.s.extend(o.w)
	_, err := o.buffer.WriteTo(o.w)
	return err
}
