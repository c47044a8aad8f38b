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
)

// drawn is what a tile shows of a layer.
type drawn struct {
	name     string
	alone    []*Thing
	clusters []cluster
	shapes   []shaped
}

// Tile writes a tile, of zoom 22 at most; it is empty where nothing is seen. The same things give the same bytes.
func (x *Index) Tile(at tile.Tile) []byte {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.begin(at)
	for _, l := range x.drawn(at) {
		e.layer(&l)
	}
	return slices.Clone(e.out)
}

func (x *Index) drawn(at tile.Tile) []drawn {
	list := make([]drawn, 0, len(x.layers))
	for _, name := range x.Layers() {
		l := x.layers[name]
		d := drawn{name: name}
		d.alone, d.clusters = gather(at, l.points.in(at, nil))
		if len(l.shapes) > 0 {
			d.shapes = seen(at, l.touching(buffered(at)))
		}
		list = append(list, d)
	}
	besideEachOther(list, at.Z+cellZooms)
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
	list = slices.DeleteFunc(list, func(s shaped) bool { return s.shape.part != partPoints && size(s) < unit(at.Z) })
	if len(list) > maxShapes {
		slices.SortStableFunc(list, func(a, b shaped) int { return cmp.Compare(size(b), size(a)) })
		list = list[:maxShapes]
		slices.SortStableFunc(list, func(a, b shaped) int { return strings.Compare(a.thing.ID, b.thing.ID) })
	}
	return list
}

// besideEachOther moves clusters of several layers apart that share a cell.
func besideEachOther(list []drawn, cellZoom uint8) {
	if len(list) < 2 {
		return
	}
	shared := make(map[tile.Tile][]*cluster)
	for i := range list {
		for j := range list[i].clusters {
			if c := &list[i].clusters[j]; c.cell.Z == cellZoom && c.quake == nil {
				shared[c.cell] = append(shared[c.cell], c)
			}
		}
	}
	for cell, some := range shared {
		if len(some) < 2 {
			continue
		}
		side := int64(1) << (32 - cell.Z)
		middle := [2]int64{int64(cell.X)*side + side/2, int64(cell.Y)*side + side/2}
		for i, c := range some {
			// A row, a square, rows of three …: what fits a cell.
			columns := int(math.Ceil(math.Sqrt(float64(len(some)))))
			rows := (len(some) + columns - 1) / columns
			c.x = uint32(middle[0] + side*int64(2*(i%columns)-columns+1)/int64(2*columns))
			c.y = uint32(middle[1] + side*int64(2*(i/columns)-rows+1)/int64(2*rows))
		}
	}
}

// unit is one unit of a tile of that zoom, in units of the world.
func unit(z uint8) float64 { return math.Ldexp(1, 20-int(z)) }

// buffered is what a tile shows, in units of the world.
func buffered(at tile.Tile) orb.Bound {
	u := unit(at.Z)
	x, y := float64(at.X)*Extent*u, float64(at.Y)*Extent*u
	return orb.Bound{Min: orb.Point{x - Buffer*u, y - Buffer*u}, Max: orb.Point{x + (Extent+Buffer)*u, y + (Extent+Buffer)*u}}
}
