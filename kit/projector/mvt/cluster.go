package mvt

import (
	"math"
	"math/bits"

	"fieldkit/maps/tile"
)

const (
	// MaxZoom is the deepest zoom that differs from those above it; what lies deeper is drawn from its tiles.
	MaxZoom = 15
	// cellZooms makes the cells in which things gather: so many zooms deeper than the tile, 8 × 8 of them. A tile is drawn
	// 512 pixels wide, a cell 64: somewhat more than a sign.
	cellZooms = 3
	// fineZooms is for earthquakes, which are drawn as circles that may overlap, and for what lies too dense where everything
	// else stands alone: 32 × 32 cells.
	fineZooms = 5
	// maxAlone is how many points of a layer stand alone in a tile of zoom MaxZoom and deeper; of more, the closest gather.
	maxAlone = 1024
)

// A cluster stands for all things of a layer in a cell of a tile.
type cluster struct {
	cell            tile.Tile
	members         []*Thing // at least two, in Morton order; those of a tile share one array
	count, hazards  int
	severity, alarm int
	x, y            uint32
	quake           *Thing // the strongest, where all are earthquakes
}

// gather sorts the points of a tile, in Morton order, into those that stand alone and clusters. It depends on nothing but
// them: a tile's clusters count the tile's things.
func gather(at tile.Tile, points []*Thing) (alone []*Thing, clusters []cluster) {
	if at.Z >= MaxZoom {
		if len(points) <= maxAlone {
			return points, nil
		}
		return cells(at.Z+fineZooms, points, nil, nil)
	}
	quakes := 0
	for _, t := range points {
		if t.quake {
			quakes++
		}
	}
	if quakes == 0 || quakes == len(points) {
		zooms := uint8(cellZooms)
		if quakes > 0 {
			zooms = fineZooms
		}
		return cells(at.Z+zooms, points, nil, nil)
	}
	some, others := make([]*Thing, 0, quakes), make([]*Thing, 0, len(points)-quakes)
	for _, t := range points {
		if t.quake {
			some = append(some, t)
		} else {
			others = append(others, t)
		}
	}
	alone, clusters = cells(at.Z+fineZooms, some, nil, nil)
	return cells(at.Z+cellZooms, others, alone, clusters)
}

// cells appends those that are alone in a cell of that zoom, and the clusters of the others.
func cells(z uint8, points, alone []*Thing, clusters []cluster) ([]*Thing, []cluster) {
	z = min(z, maxDepth)
	for i := 0; i < len(points); {
		cell := tileAt(points[i].x, points[i].y, z)
		end := i + 1
		for end < len(points) && tileAt(points[end].x, points[end].y, z) == cell {
			end++
		}
		if end == i+1 {
			alone = append(alone, points[i])
		} else {
			clusters = append(clusters, clusterOf(cell, points[i:end]))
		}
		i = end
	}
	return alone, clusters
}

func clusterOf(cell tile.Tile, members []*Thing) cluster {
	c := cluster{cell: cell, members: members, count: len(members)}
	var x, y uint64
	strongest := members[0]
	for _, t := range members {
		if t.danger {
			c.hazards++
		}
		c.severity, c.alarm = max(c.severity, t.severity), max(c.alarm, t.alarm)
		if !t.quake {
			strongest = nil
		} else if strongest != nil && t.magnitude > strongest.magnitude {
			strongest = t
		}
		x, y = x+uint64(t.x), y+uint64(t.y)
	}
	// Half way from the middle of the things to that of the cell: so clusters of neighbouring cells do not cover each other.
	half := uint64(1) << (31 - min(cell.Z, 31))
	n := uint64(len(members))
	c.x = uint32((x/n + uint64(cell.X)<<(32-cell.Z) + half) / 2)
	c.y = uint32((y/n + uint64(cell.Y)<<(32-cell.Z) + half) / 2)
	if strongest != nil {
		c.quake, c.x, c.y = strongest, strongest.x, strongest.y
	}
	return c
}

// apart is the zoom at which the cluster of a tile of zoom z falls apart; 0 where no tile does that.
func (c *cluster) apart(z uint8) uint8 {
	if z >= MaxZoom {
		return 0
	}
	first, last := c.members[0], c.members[len(c.members)-1]
	together := bits.LeadingZeros64(morton(first.x, first.y)^morton(last.x, last.y)) / 2
	zooms := int(c.cell.Z) - int(z)
	return uint8(min(max(together+1-zooms, int(z)+1), MaxZoom))
}

// bound is where the cluster's things lie, in degrees.
func (c *cluster) bound() (west, south, east, north float64) {
	var x0, y0, x1, y1 uint32 = math.MaxUint32, math.MaxUint32, 0, 0
	for _, t := range c.members {
		x0, y0, x1, y1 = min(x0, t.x), min(y0, t.y), max(x1, t.x), max(y1, t.y)
	}
	west, north = degrees(x0, y0)
	east, south = degrees(x1, y1)
	return west, south, east, north
}

// id is that of the cluster's feature: the same while the cell is.
func (c *cluster) id(seed uint64) uint64 {
	// SplitMix64 (G. Steele and others, 2014): cells are many and alike.
	h := seed + c.cell.Key()*0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return (h ^ h>>31) >> 11
}
