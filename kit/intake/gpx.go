package intake

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// gpxPoint is a wpt, trkpt or rtept; gpxAbout what a point, track or route says of itself.
type gpxPoint struct {
	Lat string `xml:"lat,attr"`
	Lon string `xml:"lon,attr"`
	Ele string `xml:"ele"`
	gpxAbout
}

type gpxAbout struct {
	Time    string `xml:"time"`
	Name    string `xml:"name"`
	Comment string `xml:"cmt"`
	Desc    string `xml:"desc"`
	Source  string `xml:"src"`
	Symbol  string `xml:"sym"`
	Type    string `xml:"type"`
	URL     string `xml:"url"` // GPX 1.0
	Link    struct {
		Href string `xml:"href,attr"`
	} `xml:"link"` // GPX 1.1
}

// gpxFile is a GPX file being read.
type gpxFile struct {
	*importer
	d *xml.Decoder
}

// gpx reads the waypoints, tracks and routes of a file, which may stand in any order.
func (im *importer) gpx() error {
	g := gpxFile{im, xml.NewDecoder(im.meter)}
	err := g.file()
	if err == io.EOF {
		err = errors.New("the file ends too early")
	}
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		err = errors.New(syntax.Msg) // without the line, which stands before it already
	}
	if err != nil {
		line, _ := g.d.InputPos()
		return fmt.Errorf("line %d, byte %d: %w", line, g.d.InputOffset(), err)
	}
	return nil
}

func (g *gpxFile) file() error {
	root, err := g.next()
	if err != nil {
		return err
	}
	if root == nil || root.Name.Local != "gpx" {
		return errors.New("the outermost element is not gpx")
	}
	for {
		e, err := g.next()
		if err != nil || e == nil {
			return err
		}
		line, _ := g.d.InputPos()
		switch e.Name.Local {
		case "wpt":
			err = g.waypoint(line, e)
		case "trk":
			err = g.track(e)
		case "rte":
			err = g.route(line, e)
		case "metadata":
			var about gpxAbout
			if err = g.d.DecodeElement(&about, e); err == nil {
				g.fileTime(about.Time)
			}
		case "time": // GPX 1.0
			var text string
			if err = g.d.DecodeElement(&text, e); err == nil {
				g.fileTime(text)
			}
		default:
			err = g.d.Skip()
		}
		if err != nil {
			return err
		}
		g.meter.next()
	}
}

// next is the next element inside the one at hand, nil at its end.
func (g *gpxFile) next() (*xml.StartElement, error) {
	for {
		t, err := g.d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return &t, nil
		case xml.EndElement:
			return nil, nil
		}
	}
}

// fileTime is the time of what bears none itself: it is nearer to the truth than Options.Time.
func (g *gpxFile) fileTime(text string) {
	if seconds, ok := parseTime(text, true); ok {
		g.Time = seconds
	}
}

func (g *gpxFile) waypoint(line int, e *xml.StartElement) error {
	var p gpxPoint
	if err := g.d.DecodeElement(&p, e); err != nil {
		return err
	}
	return g.item(line, func() error {
		numbers, err := p.numbers("wpt")
		if err != nil {
			return err
		}
		where := surveyor{zoom: g.HomeZoom}
		where.visit(numbers[0], numbers[1])
		where.place.position = appendPosition(nil, numbers)
		return g.signPiece(where.place, p.gpxAbout, "waypoint", p.Time, 0, 0)
	})
}

// numbers are the point's longitude, latitude and, where it has one, its elevation, as an event may bear them.
func (p *gpxPoint) numbers(field string) ([]string, error) {
	var numbers []string
	for i, part := range []struct{ name, text string }{{"lon", p.Lon}, {"lat", p.Lat}, {"ele", p.Ele}} {
		text := strings.TrimSpace(part.text)
		if text == "" && part.name == "ele" {
			break
		}
		number, refusal := coordinate(field+"."+part.name, i, text)
		if refusal != nil {
			return nil, refusal
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

// signPiece signs one node of where it is and what it says of itself. parts is 0 for a point, 1 for a line in one piece.
func (g *gpxFile) signPiece(at place, about gpxAbout, kind, time string, part, parts int) error {
	timestamp, err := g.timeOf(func(name string) string {
		if name == "time" {
			return strings.TrimSpace(time)
		}
		return ""
	}, false)
	if err != nil {
		return err
	}
	n := node{layer: g.layerOf(""), timestamp: timestamp, place: at}
	n.kind = g.kindOf(strings.TrimSpace(about.Type), kind)
	for _, p := range []struct{ name, text string }{
		{"name", about.Name}, {"comment", about.Comment}, {"description", about.Desc}, {"source", about.Source},
		{"symbol", about.Symbol}, {"link", cmp.Or(about.Link.Href, about.URL)},
	} {
		if text := strings.TrimSpace(p.text); text != "" {
			n.properties = append(n.properties, member{p.name, appendQuoted(nil, text)})
		}
	}
	if parts > 1 {
		n.properties = append(n.properties,
			member{"part", jsontext.Value(strconv.Itoa(part))}, member{"parts", jsontext.Value(strconv.Itoa(parts))})
	}
	_, err = g.signNode(n)
	return err
}
