package intake

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/event"
)

// peekSize is how much of a file is looked at before its form is decided.
const peekSize = 64 << 10

// geojson reads one or more texts of GeoJSON. The features of a collection are read one at a time.
func (im *importer) geojson() error {
	s := &scanner{r: bufio.NewReaderSize(im.meter, peekSize), line: 1}
	head, err := s.r.Peek(peekSize)
	if err != nil && err != io.EOF {
		return s.broken("%v", err)
	}
	if name := foreignEncoding(head); name != "" {
		return s.broken("the text is %s; save it as UTF-8", name)
	}
	if bytes.HasPrefix(head, byteOrderMark) {
		head = head[len(byteOrderMark):]
		if _, err := s.r.Discard(len(byteOrderMark)); err != nil {
			return s.broken("%v", err)
		}
		s.offset += int64(len(byteOrderMark))
	}
	if isLines(head) {
		return im.featureLines(s)
	}
	for texts := 0; ; texts++ {
		c, err := s.peek()
		for err == nil && c == recordSeparator {
			if _, err = s.next(); err == nil {
				c, err = s.peek()
			}
		}
		switch {
		case err == io.EOF && texts == 0:
			return s.broken("the file holds no GeoJSON")
		case err == io.EOF:
			return nil
		case err != nil:
			return s.broken("%v", err)
		case c != '{':
			return s.broken("%q where an object (FeatureCollection, Feature or geometry) should begin", c)
		}
		if err := im.geojsonText(s); err != nil {
			return err
		}
	}
}

// recordSeparator begins each text of a GeoJSON text sequence, RFC 8142.
const recordSeparator = 0x1e

// isLines reports whether each line is a feature of its own. Then a broken one is known to end at its line's end.
func isLines(head []byte) bool {
	first, rest, more := bytes.Cut(head, []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	return more && (isFeature(first) || isFeature(second) && !bytes.Contains(first, []byte(`"features"`)))
}

func isFeature(line []byte) bool {
	text := jsontext.Value(bytes.TrimSpace(bytes.TrimPrefix(line, []byte{recordSeparator})))
	if text.Kind() != '{' || !text.IsValid() {
		return false
	}
	all, err := membersOf(text)
	for _, m := range all {
		if m.name == "type" {
			return err == nil && textOf(m.value) == "Feature"
		}
	}
	return false
}

// featureLines reads one feature a line.
func (im *importer) featureLines(s *scanner) error {
	for {
		line := s.line
		text, err := s.restOfLine()
		if err == io.EOF {
			return nil
		}
		if err != nil && err != errTooLong {
			return err
		}
		text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte{recordSeparator}))
		if len(text) == 0 && err == nil {
			continue
		}
		if err := im.featureItem(line, text, err == errTooLong, false); err != nil {
			return err
		}
	}
}

func (im *importer) featureItem(line int, text []byte, tooLong, usgs bool) error {
	return im.item(line, func() error {
		if tooLong {
			return refuse("size", "", "longer than "+strconv.Itoa(maxItem)+" bytes; an event has at most "+strconv.Itoa(event.MaxSize))
		}
		return im.feature(text, usgs)
	})
}

// geojsonText reads one object: a FeatureCollection, whose other members may stand before and behind its features, or a
// Feature or geometry, which is one item.
func (im *importer) geojsonText(s *scanner) error {
	line := s.line
	if _, err := s.next(); err != nil {
		return s.broken("%v", err)
	}
	var whole object // all members but the features
	var kind string
	var usgs, tooLong, collection bool
	for first := true; ; first = false {
		if done, err := s.skip('}'); err != nil {
			return s.ends("an object", err)
		} else if done {
			break
		}
		if !first {
			if err := s.expect(',', "between the members of an object"); err != nil {
				return err
			}
		}
		name, err := s.value("a member's name")
		if err != nil {
			return s.giveUp(err)
		}
		if err := s.expect(':', "behind a member's name"); err != nil {
			return err
		}
		if c, err := s.peek(); err == nil && c == '[' && string(name) == `"features"` {
			collection = true
			if err := im.features(s, usgs); err != nil {
				return err
			}
			continue
		}
		value, err := s.value("the member " + quote(strings.Trim(string(name), `"`)))
		if err != nil && err != errTooLong {
			return err
		}
		if err != nil || len(whole)+len(value) > maxItem {
			tooLong = true
			continue
		}
		switch string(name) {
		case `"type"`:
			kind = textOf(value)
		case `"crs"`:
			if name, ok := foreignCRS(value); ok {
				return s.broken("the coordinates are in %s; convert them to WGS 84 (EPSG:4326) first", quote(name))
			}
		case `"metadata"`:
			usgs = usgs || isUSGS(value)
		}
		if len(whole) > 0 {
			whole = append(whole, ',')
		} else {
			whole = append(whole, '{')
		}
		whole = append(append(append(whole, name...), ':'), value...)
	}
	if collection {
		return nil
	}
	if kind == "FeatureCollection" {
		return s.broken("a FeatureCollection without an array of features")
	}
	return im.featureItem(line, whole.close(), tooLong, usgs)
}

// features reads the array of a FeatureCollection.
func (im *importer) features(s *scanner, usgs bool) error {
	if _, err := s.next(); err != nil {
		return s.broken("%v", err)
	}
	for first := true; ; first = false {
		if done, err := s.skip(']'); err != nil {
			return s.ends("the array of features", err)
		} else if done {
			return nil
		}
		if !first {
			if err := s.expect(',', "between two features"); err != nil {
				return err
			}
		}
		if _, err := s.peek(); err != nil {
			return s.ends("the array of features", err)
		}
		line := s.line
		text, err := s.value("item " + strconv.Itoa(im.counts.Items+1))
		if err != nil && err != errTooLong {
			return err
		}
		if err := im.featureItem(line, text, err == errTooLong, usgs); err != nil {
			return err
		}
	}
}

// expect takes c, or says that something else stands there.
func (s *scanner) expect(c byte, where string) error {
	found, err := s.peek()
	if err != nil {
		return s.ends("an object or an array", err)
	}
	if found != c {
		return s.broken("%q where a %q should stand, %s", found, c, where)
	}
	_, err = s.next()
	return err
}

// giveUp places errTooLong, where there is no item to refuse.
func (s *scanner) giveUp(err error) error {
	if err == errTooLong {
		return s.broken("a name of more than %d bytes", maxItem)
	}
	return err
}
