package intake

import (
	"encoding/xml"
	"slices"
	"strconv"
)

const (
	// maxLine is how many bytes of coordinates one piece of a track has: what an event holds, less room for the rest.
	maxLine = 12 << 10
	// maxTrack is how many points of one segment are kept until it ends: a month at one a second.
	maxTrack = 2_700_000
)

// A gpxLine gathers the points of a track segment or a route.
type gpxLine struct {
	field  string
	points []gpxStop
	fault  error // why it cannot be taken; the rest is read over
}

// A gpxStop is one point of a line: its position as JSON, the same in numbers, and its time.
type gpxStop struct{ position, lon, lat, time string }

func (l *gpxLine) add(p gpxPoint) {
	if l.fault != nil {
		return
	}
	if len(l.points) == maxTrack {
		l.fault = refuse("size", l.field, "more than "+strconv.Itoa(maxTrack)+" points")
		return
	}
	numbers, err := p.numbers(l.field + "[" + strconv.Itoa(len(l.points)) + "]")
	if err != nil {
		l.fault = err
		return
	}
	l.points = append(l.points, gpxStop{string(appendPosition(nil, numbers)), numbers[0], numbers[1], p.Time})
}

// track reads a trk: each of its segments is a line. Its own elements stand before them.
func (g *gpxFile) track(e *xml.StartElement) error {
	var about gpxAbout
	for {
		child, err := g.next()
		if err != nil || child == nil {
			return err
		}
		if child.Name.Local != "trkseg" {
			if err := g.about(&about, child); err != nil {
				return err
			}
			continue
		}
		line, _ := g.d.InputPos()
		segment := gpxLine{field: "trkpt"}
		for {
			child, err := g.next()
			if err != nil {
				return err
			}
			if child == nil {
				break
			}
			if err := g.point(&segment, "trkpt", child); err != nil {
				return err
			}
		}
		if len(segment.points) == 0 && segment.fault == nil {
			continue // a receiver was switched on and off again
		}
		if err := g.item(line, func() error { return g.line(segment, about, "track") }); err != nil {
			return err
		}
	}
}

// route reads a rte, whose points stand beside its own elements.
func (g *gpxFile) route(line int, e *xml.StartElement) error {
	var about gpxAbout
	route := gpxLine{field: "rtept"}
	for {
		child, err := g.next()
		if err != nil {
			return err
		}
		if child == nil {
			return g.item(line, func() error { return g.line(route, about, "route") })
		}
		if child.Name.Local == "rtept" {
			err = g.point(&route, "rtept", child)
		} else {
			err = g.about(&about, child)
		}
		if err != nil {
			return err
		}
	}
}

func (g *gpxFile) point(l *gpxLine, name string, e *xml.StartElement) error {
	g.meter.next()
	if e.Name.Local != name {
		return g.d.Skip()
	}
	var p gpxPoint
	if err := g.d.DecodeElement(&p, e); err != nil {
		return err
	}
	l.add(p)
	return nil
}

// about reads one of the elements that a track or route has of its own.
func (g *gpxFile) about(about *gpxAbout, e *xml.StartElement) error {
	g.meter.next()
	into := map[string]*string{
		"name": &about.Name, "cmt": &about.Comment, "desc": &about.Desc, "src": &about.Source, "type": &about.Type, "url": &about.URL,
	}[e.Name.Local]
	if e.Name.Local == "link" {
		return g.d.DecodeElement(&about.Link, e)
	}
	if into == nil {
		return g.d.Skip()
	}
	return g.d.DecodeElement(into, e)
}

// line signs the nodes of a line, as many as it has pieces. Neighbouring pieces share a point, so no gap is drawn.
func (g *gpxFile) line(l gpxLine, about gpxAbout, kind string) error {
	if l.fault != nil {
		return l.fault
	}
	pieces := cut(l.points)
	for i, piece := range pieces {
		where := surveyor{zoom: g.HomeZoom}
		coordinates := []byte{'['}
		for j, p := range piece {
			where.visit(p.lon, p.lat)
			if j > 0 {
				coordinates = append(coordinates, ',')
			}
			coordinates = append(coordinates, p.position...)
		}
		var geometry object
		geometry.text("type", "LineString")
		geometry.value("coordinates", append(coordinates, ']'))
		where.place.geometry = geometry.close()
		time := ""
		if first := slices.IndexFunc(piece, func(p gpxStop) bool { return p.time != "" }); first >= 0 {
			time = piece[first].time
		}
		if err := g.signPiece(where.place, about, kind, time, i+1, len(pieces)); err != nil {
			return err
		}
	}
	return nil
}

// cut divides points so that no piece has more than maxLine bytes of coordinates.
func cut(points []gpxStop) [][]gpxStop {
	var pieces [][]gpxStop
	from, size := 0, 0
	for i, p := range points {
		if size += len(p.position) + 1; size > maxLine {
			pieces = append(pieces, points[from:i])
			from, size = i-1, len(points[i-1].position)+len(p.position)+2
		}
	}
	return append(pieces, points[from:])
}
