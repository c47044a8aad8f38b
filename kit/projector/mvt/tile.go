package mvt

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"fieldkit/maps/tile"
)

const (
	// Extent is the side of a tile in its own units.
	Extent = 4096
	// Buffer is how far beyond a tile's edge its lines and areas reach. Points are in one tile only.
	Buffer = 64
	// maxShapes is how many lines and areas of a layer a tile above MaxZoom shows, the largest; the others are seen nearer.
	maxShapes = 2000
	// smallest is the side of the smallest line or area that a tile above MaxZoom shows: a pixel.
	smallest = 8
)

// Options say what of a space a tile shows; the zero Options show all, each layer for itself.
type Options struct {
	// Together gathers the things of all layers into clusters, which then stand in the layer Groups. Clusters of earthquakes
	// stay in their layers.
	Together bool
	// Without are layers that are left out.
	Without []string
}

// Groups is the layer of clusters that gather things of several layers. No layer of a space has a name like this.
const Groups = ".groups"

// drawn is what a tile shows of a layer.
type drawn struct {
	name     string
	points   []*Thing // in Morton order
	alone    []*Thing
	clusters []cluster
	shapes   []shaped
}

// Tile writes a tile, of zoom 22 at most; it is empty where nothing is seen. The same things give the same bytes.
func (x *Index) Tile(at tile.Tile, o Options) []byte {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.begin(at)
	for _, l := range x.drawn(at, o) {
		e.layer(&l)
	}
	return slices.Clone(e.out)
}

func (x *Index) drawn(at tile.Tile, o Options) []drawn {
	list := make([]drawn, 0, len(x.layers)+1)
	index := make(map[string]int, len(x.layers))
	for _, name := range x.Layers() {
		if slices.Contains(o.Without, name) {
			continue
		}
		d := drawn{name: name}
		if l := x.layers[name]; len(l.shapes) > 0 {
			d.shapes = seen(at, l.touching(buffered(at)))
		}
		index[name] = len(list)
		list = append(list, d)
	}
	var together []*Thing
	last, known := "", -1 // neighbours are often of one layer
	for _, t := range x.points.in(at, nil) {
		if known < 0 || t.Layer != last {
			i, wanted := index[t.Layer]
			if !wanted {
				continue
			}
			last, known = t.Layer, i
		}
		if o.Together && !t.quake {
			together = append(together, t)
		} else {
			list[known].points = append(list[known].points, t)
		}
	}
	for i := range list {
		list[i].alone, list[i].clusters = gather(at, list[i].points)
	}
	if len(together) > 0 {
		alone, clusters := gather(at, together)
		for _, t := range alone {
			l := &list[index[t.Layer]]
			l.alone = append(l.alone, t)
		}
		list = append(list, drawn{name: Groups, clusters: clusters})
	}
	return list
}

// seen leaves out, above MaxZoom, what is too small to be seen, and the smallest where there is too much.
func seen(at tile.Tile, list []shaped) []shaped {
	if at.Z >= MaxZoom {
		return list
	}
	size := func(s shaped) float64 {
		return max(s.shape.bound.Max[0]-s.shape.bound.Min[0], s.shape.bound.Max[1]-s.shape.bound.Min[1])
	}
	list = slices.DeleteFunc(list, func(s shaped) bool { return s.shape.part != partPoints && size(s) < smallest*unit(at.Z) })
	if len(list) > maxShapes {
		slices.SortStableFunc(list, func(a, b shaped) int { return cmp.Compare(size(b), size(a)) })
		list = list[:maxShapes]
		slices.SortStableFunc(list, func(a, b shaped) int { return strings.Compare(a.thing.ID, b.thing.ID) })
	}
	return list
}

// unit is one unit of a tile of that zoom, in units of the world.
func unit(z uint8) float64 { return math.Ldexp(1, 20-int(z)) }

// buffered is what a tile shows, in units of the world.
func buffered(at tile.Tile) orb.Bound {
	u := unit(at.Z)
	x, y := float64(at.X)*Extent*u, float64(at.Y)*Extent*u
	return orb.Bound{Min: orb.Point{x - Buffer*u, y - Buffer*u}, Max: orb.Point{x + (Extent+Buffer)*u, y + (Extent+Buffer)*u}}
}
