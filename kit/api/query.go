package api

import (
	"fmt"
	"net/http"
	"net/url"
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
	q := &query{values: r.URL.Query()}
	for name := range q.values {
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			q.fail(name, "is not a parameter here; there are "+strings.Join(known, ", "))
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
	refuse(w, http.StatusBadRequest, q.field, q.field+": "+q.err)
	return true
}

func (q *query) text(name string) string { return q.values.Get(name) }

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

// bound reads west,south,east,north in degrees.
func (q *query) bound(name string) *orb.Bound {
	text := q.values.Get(name)
	if text == "" {
		return nil
	}
	parts := strings.Split(text, ",")
	var n [4]float64
	for i, part := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || len(parts) != 4 || v != v {
			q.fail(name, "must be west,south,east,north in degrees")
			return nil
		}
		n[i] = v
	}
	if len(parts) != 4 || n[0] < -180 || n[2] > 180 || n[1] < -90 || n[3] > 90 || n[0] > n[2] || n[1] > n[3] {
		q.fail(name, "must be west,south,east,north in degrees, west ≤ east and south ≤ north")
		return nil
	}
	return &orb.Bound{Min: orb.Point{n[0], n[1]}, Max: orb.Point{n[2], n[3]}}
}
