package coordinator

import (
	"bytes"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/projector/geojson"
	"fieldkit/kit/projector/mvt"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// A Tile is a vector tile as it is sent.
type Tile struct {
	// Zipped is the tile, compressed by gzip; nil where nothing is seen in it. It must not be changed.
	Zipped []byte
	// Tag names the content: 16 hexadecimal digits.
	Tag string
}

// Tile gives a vector tile of a space: as it is now, or, with at, from the events with t ≤ *at. ok is false where this kit
// has nothing of the space.
func (c *Coordinator) Tile(ctx context.Context, space string, at *int64, where tile.Tile, o mvt.Options) (t Tile, ok bool, err error) {
	variant := variantOf(o)
	ok, err = c.viewOf(ctx, space, at, func(v *view) error {
		var kept bool
		if t, kept = c.tiles.get(&v.tiles, where, variant); kept {
			return nil
		}
		if t, err = zip(v.tiles.made(v.canvas).Tile(where, o)); err != nil {
			return err
		}
		// Nothing is folded into the view while somebody looks: the tile still holds.
		c.tiles.keep(&v.tiles, where, variant, t)
		return nil
	})
	return t, ok, err
}

// TileLayers are the layers that the tiles of a space have.
func (c *Coordinator) TileLayers(ctx context.Context, space string, at *int64) (layers []string, ok bool, err error) {
	ok, err = c.viewOf(ctx, space, at, func(v *view) error {
		layers = v.tiles.made(v.canvas).Layers()
		return nil
	})
	return layers, ok, err
}

func (c *Coordinator) viewOf(ctx context.Context, space string, at *int64, look func(*view) error) (bool, error) {
	if at != nil {
		return c.viewAt(ctx, space, *at, look)
	}
	return c.view(ctx, space, look)
}

// Remembers reports whether an earlier moment of a space is folded, so that looking at it costs little.
func (c *Coordinator) Remembers(space string, at int64) bool {
	return c.earlier.get(space, at, c.SpaceRules(space).Root().Window) != nil
}

// viewTiles is what a view has for its tiles. It is changed only while nobody looks at the view, but for what is made
// when somebody asks.
type viewTiles struct {
	making sync.Mutex
	index  *mvt.Index // nil until somebody asks for a tile, guarded by making

	kept keptTiles // guarded by tileCache.mu
}

// keptTiles are elements of tileCache.recent: of each tile those of several options.
type keptTiles map[tile.Tile][]*list.Element

// variantOf is what tells tiles of several options apart.
func variantOf(o mvt.Options) string {
	if !o.Together && len(o.Without) == 0 {
		return ""
	}
	return strconv.FormatBool(o.Together) + strings.Join(o.Without, ",")
}

// made is the index, made in one walk through the canvas by the first who asks.
func (v *viewTiles) made(c *canvas.Canvas) *mvt.Index {
	v.making.Lock()
	defer v.making.Unlock()
	if v.index == nil {
		v.index = new(mvt.Index)
		geojson.Each(c, geojson.Filter{}, func(f geojson.Feature) bool {
			v.index.Put(mvt.NewThing(&f))
			return true
		})
	}
	return v.index
}

// follow brings the index of a view up to date with events that were folded into it, and forgets the tiles that show
// something else now. It needs the view's lock for writing.
func (t *tileCache) follow(v *view, news []store.Committed) {
	v.tiles.making.Lock()
	defer v.tiles.making.Unlock()
	if v.tiles.index == nil {
		return // who asks first makes it of the whole
	}
	again := make(map[string]*event.Event) // one look at each thing, however many events are about it
	for _, e := range news {
		ids, whole := v.touched(e.Event)
		if whole {
			v.tiles.index = nil
			t.forgetAll(&v.tiles)
			return
		}
		for _, id := range ids {
			again[id] = e.Event
		}
	}
	for id, e := range again {
		t.put(v, e, id)
	}
}

// put looks at one thing again.
func (t *tileCache) put(v *view, e *event.Event, id string) {
	f, drawn := thingOf(v.canvas, e, id)
	if !drawn {
		t.forget(&v.tiles, v.tiles.index.Remove(id))
		return
	}
	thing := mvt.NewThing(&f)
	if old, changed := v.tiles.index.Put(thing); changed {
		t.forget(&v.tiles, old)
		t.forget(&v.tiles, thing)
	}
}

// thingOf is geojson.Find, for a sensor among those of the event's tile alone.
func thingOf(c *canvas.Canvas, e *event.Event, id string) (f geojson.Feature, ok bool) {
	if !strings.HasPrefix(id, canvas.SensorIDPrefix) || c.Node(id) != nil {
		return geojson.Find(c, id)
	}
	c.Sensors(e.Tile, func(s *canvas.Sensor) {
		if !ok && canvas.SensorID(s) == id {
			f, ok = geojson.Sensor(c, s), true
		}
	})
	return f, ok
}

// maxTileBytes bounds the tiles that are kept, of all spaces and moments together.
const maxTileBytes = 16 << 20

// tileOverhead is what a kept tile costs beside its bytes, about.
const tileOverhead = 256

// tileCache keeps tiles until something changes in them; of too many, those asked for longest ago go.
type tileCache struct {
	mu     sync.Mutex
	recent list.List // of *keptTile, the latest asked for first, guarded by mu
	bytes  int       // guarded by mu
}

type keptTile struct {
	in      keptTiles // not the view: that one may be dropped before its tiles are
	at      tile.Tile
	variant string
	tile    Tile
}

func (k *keptTile) size() int { return len(k.tile.Zipped) + len(k.variant) + tileOverhead }

// find needs mu.
func (k keptTiles) find(at tile.Tile, variant string) *list.Element {
	for _, e := range k[at] {
		if e.Value.(*keptTile).variant == variant {
			return e
		}
	}
	return nil
}

func (t *tileCache) get(v *viewTiles, at tile.Tile, variant string) (Tile, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := v.kept.find(at, variant)
	if e == nil {
		return Tile{}, false
	}
	t.recent.MoveToFront(e)
	return e.Value.(*keptTile).tile, true
}

func (t *tileCache) keep(v *viewTiles, at tile.Tile, variant string, one Tile) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v.kept == nil {
		v.kept = make(keptTiles)
	}
	if v.kept.find(at, variant) != nil {
		return // somebody made the same at the same time
	}
	k := &keptTile{v.kept, at, variant, one}
	v.kept[at] = append(v.kept[at], t.recent.PushFront(k))
	for t.bytes += k.size(); t.bytes > maxTileBytes; {
		t.drop(t.recent.Back())
	}
}

// drop needs mu.
func (t *tileCache) drop(e *list.Element) {
	k := t.recent.Remove(e).(*keptTile)
	t.bytes -= k.size()
	left := slices.DeleteFunc(k.in[k.at], func(other *list.Element) bool { return other == e })
	if k.in[k.at] = left; len(left) == 0 {
		delete(k.in, k.at)
	}
}

// dropAll drops a tile with all its options. It needs mu.
func (t *tileCache) dropAll(v *viewTiles, at tile.Tile) {
	for _, e := range slices.Clone(v.kept[at]) {
		t.drop(e)
	}
}

// forget drops the tiles in which a thing is seen, which may be nil. For a point that are those above it, one a zoom;
// for lines and areas, which may be in very many tiles, those that are kept are looked through, of which there are no more
// than maxTileBytes has room for.
func (t *tileCache) forget(v *viewTiles, thing *mvt.Thing) {
	if thing == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if thing.Shaped() {
		for at := range v.kept {
			if thing.In(at) {
				t.dropAll(v, at)
			}
		}
		return
	}
	for z := range uint8(tile.MaxZoom + 1) {
		if at, placed := thing.Tile(z); placed {
			t.dropAll(v, at)
		}
	}
}

func (t *tileCache) forgetAll(v *viewTiles) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for at := range v.kept {
		t.dropAll(v, at)
	}
}

var zippers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, 5)
	if err != nil {
		panic(err) // a constant level
	}
	return w
}}

func zip(data []byte) (Tile, error) {
	if len(data) == 0 {
		return Tile{}, nil
	}
	sum := sha256.Sum256(data)
	var b bytes.Buffer
	w := zippers.Get().(*gzip.Writer)
	defer zippers.Put(w)
	w.Reset(&b)
	if _, err := w.Write(data); err != nil {
		return Tile{}, err
	}
	if err := w.Close(); err != nil {
		return Tile{}, err
	}
	return Tile{bytes.Clone(b.Bytes()), hex.EncodeToString(sum[:8])}, nil
}
