// Package intake turns files of other formats (GeoJSON, CSV, GPX) into drafts of events: what is mapped to what stands
// in SPEC.md beside it. It reads a stream and hands out drafts one at a time; it opens no file, reads no clock and signs
// nothing itself, so the same file always gives the same drafts.
package intake

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// A Format is a kind of file that Read understands.
type Format string

const (
	// GeoJSON is RFC 7946, also as newline-delimited text or a text sequence (RFC 8142).
	GeoJSON Format = "geojson"
	// CSV is RFC 4180 with a header, its separator a comma, a semicolon or a tab.
	CSV Format = "csv"
	// GPX is topografix.com's GPX 1.1 and 1.0.
	GPX Format = "gpx"
)

// DefaultLayer takes what neither Options nor the data give a layer.
const DefaultLayer = "import"

// Sign makes an event of a draft (a JSON object that lacks clock, event_id and signature, and actor_id where
// Options.Actor is empty) and returns its id, which later drafts of the same file may refer to. An error that is an
// *event.Refusal refuses the item that the draft came from; any other error ends the import. The draft is only valid
// during the call.
type Sign func(draft []byte) (id string, err error)

// Options say what the data does not.
type Options struct {
	// Space is space_id.
	Space string
	// Layer is layer_id of all events; "" takes it from the data, else DefaultLayer.
	Layer string
	// Actor is actor_id of all events; "" leaves it to the signer.
	Actor string
	// NodeType is node_type of all nodes; "" takes it from the data.
	NodeType string
	// TimeField names the property or column with an item's time; "" looks for the usual names.
	TimeField string
	// Time is the time of what bears none, in seconds since 1970 UTC; a GPX file's own time goes before it.
	Time int64
	// HomeZoom is the space's home zoom, 0 to tile.MaxZoom: 14 where its root says nothing. It has no default, 0 being a
	// zoom too.
	HomeZoom uint8
	// Progress, if not nil, is called after each item.
	Progress func(Counts)
	// Refused, if not nil, is called for each item that was not taken.
	Refused func(Refusal)
}

// Counts say how far an import is.
type Counts struct {
	// Bytes have been read, which is a little ahead of what has been understood.
	Bytes int64
	// Items are features, rows, waypoints, track segments and routes, the refused ones among them.
	Items int
	// Events were signed. One item may give none (refused), one, or several (a station and its reading, a long track).
	Events int
	// Refused are the items that were not taken.
	Refused int
}

// A Refusal is an item that was not taken. Items count from 1 in the order of the file; Line is where the item begins.
type Refusal struct {
	Item int `json:"item"`
	Line int `json:"line"`
	event.Refusal
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("item %d (line %d): %s", r.Item, r.Line, r.Refusal.Error())
}

// Read converts one file. An item that cannot be taken is refused and the others around it are taken; a file broken as
// a whole gives what came before the break, and an error with line and offset.
func Read(r io.Reader, format Format, o Options, sign Sign) (Counts, error) {
	if err := o.check(); err != nil {
		return Counts{}, err
	}
	im := &importer{Options: o, sign: sign, meter: &meter{source: r, bounded: format == GPX}}
	var err error
	switch format {
	case GeoJSON:
		err = im.geojson()
	case CSV:
		err = im.csv()
	case GPX:
		err = im.gpx()
	default:
		err = fmt.Errorf("intake: no format is called %q", format)
	}
	im.counts.Bytes = im.meter.read
	return im.counts, err
}

// check refuses at once what would otherwise refuse every item.
func (o *Options) check() error {
	switch {
	case !event.ValidName(o.Space):
		return fmt.Errorf("space: %q must be 1 to 128 of A-Z a-z 0-9 . _ - and not begin with . or -", o.Space)
	case o.Layer != "" && !event.ValidName(o.Layer):
		return fmt.Errorf("layer: %q must be 1 to 128 of A-Z a-z 0-9 . _ - and not begin with . or -", o.Layer)
	case o.Actor != "" && !validName(o.Actor):
		return errors.New("actor: must be 1 to 128 characters without control characters")
	case o.NodeType != "" && !validName(o.NodeType):
		return errors.New("node type: must be 1 to 128 characters without control characters")
	case o.Time < 0 || o.Time > event.MaxTimestamp:
		return errors.New("time: outside 0 … 253402300799")
	case o.HomeZoom > tile.MaxZoom:
		return errors.New("home zoom: more than " + strconv.Itoa(tile.MaxZoom))
	}
	return nil
}

// validName is SPEC.md's name: 1 to 128 characters without control characters.
func validName(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > 128 || !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if c < 0x20 || c >= 0x7f && c <= 0x9f {
			return false
		}
	}
	return true
}

// importer is one run of Read.
type importer struct {
	Options
	sign   Sign
	meter  *meter
	counts Counts
}

// item runs convert for the next item, which begins at line. Refusals are reported and end here.
func (im *importer) item(line int, convert func() error) error {
	im.counts.Items++
	err := convert()
	var refusal *event.Refusal
	if errors.As(err, &refusal) {
		im.counts.Refused++
		if im.Refused != nil {
			im.Refused(Refusal{Item: im.counts.Items, Line: line, Refusal: *refusal})
		}
		err = nil
	}
	im.counts.Bytes = im.meter.read
	if im.Progress != nil {
		im.Progress(im.counts)
	}
	return err
}

func refuse(rule, field, message string) *event.Refusal {
	return &event.Refusal{Rule: rule, Field: field, Message: message}
}
