package api

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// query reads the parameters of a request and remembers the first that is wrong.
type query struct {
	values url.Values
	field  string
	err    string
}

func parseQuery(r *http.Request, known ...string) *query {
	q := &query{}
	var err error
	if q.values, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		q.fail("", "the part of the address behind ? is not of the form name=value&name=value")
		return q
	}
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		switch {
		case !slices.Contains(known, name) && len(known) == 0:
			q.fail(name, "is not a parameter here; there are none")
		case !slices.Contains(known, name):
			q.fail(name, "is not a parameter here; there are "+strings.Join(known, ", "))
		case len(q.values[name]) > 1:
			q.fail(name, "stands more than once")
		}
	}
	return q
}

func (q *query) fail(field, message string) {
	if q.err == "" {
		q.field, q.err = field, message
	}
}

// refused answers with the first fault, if there is one.
func (q *query) refused(w http.ResponseWriter) bool {
	if q.err == "" {
		return false
	}
	detail := q.err
	if q.field != "" {
		detail = q.field + ": " + detail
	}
	refuse(w, http.StatusBadRequest, q.field, detail)
	return true
}

func (q *query) text(name string) string { return q.values.Get(name) }

// space reads the id of a space, "" where the parameter is absent.
func (q *query) space() string {
	id := q.values.Get("space")
	if id != "" && !event.ValidName(id) {
		q.fail("space", "is not a space's id")
	}
	return id
}

// layer reads the name of a layer, "" where the parameter is absent.
func (q *query) layer() string {
	name := q.values.Get("layer")
	if name != "" && name != event.SpaceLog && !event.ValidName(name) {
		q.fail("layer", "is not a layer's name")
	}
	return name
}

func (q *query) whole(name string, absent, low, high int64) int64 {
	text := q.values.Get(name)
	if text == "" {
		return absent
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		q.fail(name, fmt.Sprintf("must be a whole number, %d to %d", low, high))
		return absent
	}
	return n
}

// time gives seconds since 1970, nil where the parameter is absent.
func (q *query) time(name string) *int64 {
	if q.values.Get(name) == "" {
		return nil
	}
	t := q.whole(name, 0, 0, event.MaxTimestamp)
	return &t
}

func (q *query) flag(name string) bool {
	switch q.values.Get(name) {
	case "", "0", "false":
		return false
	case "1", "true":
		return true
	}
	q.fail(name, "must be 0 or 1")
	return false
}

func (q *query) tile(name string) *tile.Tile {
	text := q.values.Get(name)
	if text == "" {
		return nil
	}
	t, err := tile.Parse(text)
	if err != nil {
		if t, err = tile.ParsePlain(text); err != nil {
			q.fail(name, "must be a tile, as z14/x8624/y5740")
			return nil
		}
	}
	return &t
}

// bound reads west,south,east,north in degrees; west > east reaches over the antimeridian (RFC 7946, section 5.2).
func (q *query) bound(name string) *orb.Bound {
	text := q.values.Get(name)
	if text == "" {
		return nil
	}
	var n [4]float64
	parts := strings.Split(text, ",")
	ok := len(parts) == len(n)
	for i := 0; ok && i < len(n); i++ {
		var err error
		n[i], err = strconv.ParseFloat(strings.TrimSpace(parts[i]), 64)
		ok = err == nil && !math.IsNaN(n[i])
	}
	west, south, east, north := n[0], n[1], n[2], n[3]
	if !ok || min(west, east) < -180 || max(west, east) > 180 || south < -90 || north > 90 || south > north {
		q.fail(name, "must be west,south,east,north in degrees, within ±180 and ±90, south ≤ north")
		return nil
	}
	return &orb.Bound{Min: orb.Point{west, south}, Max: orb.Point{east, north}}
}
