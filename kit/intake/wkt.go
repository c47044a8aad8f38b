package intake

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// parseWKT turns well-known text (OGC 06-103r4, section 7, and PostGIS's SRID prefix) into GeoJSON, digit by digit as it
// stands. Measures (M) are left out. EMPTY, other reference systems than EPSG:4326, and curves are errors.
func parseWKT(text string) (jsontext.Value, error) {
	p := wkt{rest: text}
	if srid, rest, ok := strings.Cut(text, ";"); ok && strings.HasPrefix(strings.ToUpper(srid), "SRID=") {
		if n := srid[len("SRID="):]; n != "4326" {
			return nil, fmt.Errorf("the coordinates are in %s; convert them to WGS 84 (EPSG:4326) first", quote("SRID "+n))
		}
		p.rest = rest
	}
	if err := p.geometry(true); err != nil {
		return nil, err
	}
	if p.peek() != 0 {
		return nil, fmt.Errorf("WKT goes on with %s", quote(p.rest))
	}
	return p.out, nil
}

// wktKinds gives for each keyword GeoJSON's name and how deep its coordinates nest.
var wktKinds = map[string]struct {
	name   string
	levels int
}{
	"POINT": {"Point", 1}, "MULTIPOINT": {"MultiPoint", 2}, "LINESTRING": {"LineString", 2},
	"MULTILINESTRING": {"MultiLineString", 3}, "POLYGON": {"Polygon", 3}, "MULTIPOLYGON": {"MultiPolygon", 4},
	"GEOMETRYCOLLECTION": {"GeometryCollection", 0},
}

type wkt struct {
	rest string
	out  []byte
	// measured says that the last number of each position is a measure.
	measured bool
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *wkt) peek() byte {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *wkt) skip(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// word takes letters, in upper case.
func (p *wkt) word() string {
	p.peek()
	end := 0
	for end < len(p.rest) && ('A' <= p.rest[end]&^0x20 && p.rest[end]&^0x20 <= 'Z') {
		end++
	}
	w := p.rest[:end]
	p.rest = p.rest[end:]
	return strings.ToUpper(w)
}

func (p *wkt) geometry(top bool) error {
	word := p.word()
	kind, ok := wktKinds[word]
	suffix := ""
	for _, s := range []string{"ZM", "Z", "M"} {
		// POINTZ, and not only POINT Z, is about.
		if bare, cut := strings.CutSuffix(word, s); cut && !ok {
			suffix = s
			kind, ok = wktKinds[bare]
		}
	}
	if !ok || kind.levels == 0 && !top {
		return fmt.Errorf("%s is no geometry of WKT that may stand here", quote(word))
	}
	if suffix == "" && p.peek() != '(' {
		suffix = p.word()
	}
	switch suffix {
	case "", "Z", "M", "ZM":
		p.measured = strings.HasSuffix(suffix, "M")
	case "EMPTY":
		return errors.New("an EMPTY geometry is no place")
	default:
		return fmt.Errorf("WKT goes on with %s", quote(suffix))
	}
	p.out = append(append(append(p.out, `{"type":"`...), kind.name...), '"')
	if kind.levels == 0 {
		p.out = append(p.out, `,"geometries":`...)
		if err := p.list(func() error { return p.geometry(false) }); err != nil {
			return err
		}
	} else {
		p.out = append(p.out, `,"coordinates":`...)
		if err := p.coordinates(kind.levels); err != nil {
			return err
		}
	}
	p.out = append(p.out, '}')
	return nil
}

// list reads ( element, … ).
func (p *wkt) list(element func() error) error {
	if !p.skip('(') {
		return p.unexpected("(")
	}
	p.out = append(p.out, '[')
	for {
		if err := element(); err != nil {
			return err
		}
		if p.skip(')') {
			p.out = append(p.out, ']')
			return nil
		}
		if !p.skip(',') {
			return p.unexpected(", or )")
		}
		p.out = append(p.out, ',')
	}
}

func (p *wkt) coordinates(levels int) error {
	if levels == 1 {
		if !p.skip('(') {
			return p.unexpected("(")
		}
		if err := p.position(); err != nil {
			return err
		}
		if !p.skip(')') {
			return p.unexpected(")")
		}
		return nil
	}
	return p.list(func() error {
		if levels > 2 {
			return p.coordinates(levels - 1)
		}
		// The points of a MULTIPOINT may stand in brackets of their own.
		if p.peek() == '(' {
			return p.coordinates(1)
		}
		return p.position()
	})
}

// position reads two to four numbers.
func (p *wkt) position() error {
	var numbers []string
	for c := p.peek(); c != 0 && c != ',' && c != ')' && c != '('; c = p.peek() {
		end := strings.IndexAny(p.rest, " \t\r\n,()")
		if end < 0 {
			end = len(p.rest)
		}
		rounded, ok := roundDecimal(p.rest[:end])
		if !ok {
			return fmt.Errorf("%s is not a coordinate", quote(p.rest[:end]))
		}
		numbers = append(numbers, rounded)
		p.rest = p.rest[end:]
	}
	if p.measured && len(numbers) > 0 {
		numbers = numbers[:len(numbers)-1]
	}
	if len(numbers) < 2 || len(numbers) > 4 {
		return errors.New("a position of WKT has two to four numbers")
	}
	p.out = appendPosition(p.out, numbers[:min(len(numbers), 3)])
	return nil
}

func (p *wkt) unexpected(wanted string) error {
	if p.peek() == 0 {
		return fmt.Errorf("WKT ends where %s should stand", wanted)
	}
	return fmt.Errorf("WKT has %s where %s should stand", quote(p.rest), wanted)
}
