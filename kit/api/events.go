package api

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

const (
	defaultEvents = 1000
	maxEvents     = 100_000
	maxCursor     = 1 << 62
	// flushSize is how much of an answer is gathered before it leaves.
	flushSize = 256 << 10
	ndjson    = "application/x-ndjson"
)

// errEnough ends a walk through the store.
var errEnough = errors.New("enough")

func (s *Server) getEvents(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "space", "layer", "tile", "below", "since", "until", "cursor", "limit")
	limit := int(q.whole("limit", defaultEvents, 1, maxEvents))
	want := store.Query{
		Space: q.space(), Layer: q.layer(), Tile: q.tile("tile"), Below: q.flag("below"),
		Since: q.time("since"), Until: q.time("until"), After: q.whole("cursor", 0, 0, maxCursor), Limit: limit + 1,
	}
	if want.Below && want.Tile == nil {
		q.fail("below", "goes with tile")
	}
	if q.refused(w) {
		return
	}
	// The cursor stands in the header of a short answer and in the trailer of a long one, of which the end is not known
	// when it begins.
	var buffer bytes.Buffer
	last, n, more, long := want.After, 0, false, false
	err := s.kit.Store().Events(r.Context(), want, func(row store.Row) error {
		if n == limit {
			more = true
			return errEnough
		}
		n++
		last = row.Seq
		buffer.WriteString(row.Text)
		buffer.WriteByte('\n')
		if buffer.Len() < flushSize {
			return nil
		}
		if !long {
			long = true
			w.Header().Set("Content-Type", ndjson)
			w.Header().Set("Trailer", "Fieldkit-Cursor, Fieldkit-More")
		}
		s.extend(w)
		_, err := buffer.WriteTo(w)
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		if !long {
			s.storeFailed(w, err)
			return
		}
		s.log.Info("an answer ended early", "error", err)
		// A part must not be taken for the whole.
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", ndjson)
	w.Header().Set("Fieldkit-Cursor", strconv.FormatInt(last, 10))
	if more {
		w.Header().Set("Fieldkit-More", "1")
	}
	s.extend(w)
	buffer.WriteTo(w)
}

func (s *Server) getEvent(w http.ResponseWriter, r *http.Request) {
	q, id := parseQuery(r, "space"), r.PathValue("id")
	space := q.space()
	if !event.ValidID(id) {
		q.fail("id", "is not an event id")
	}
	if q.refused(w) {
		return
	}
	rows, err := s.kit.Store().ByID(r.Context(), space, id)
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	if len(rows) == 0 {
		refuse(w, http.StatusNotFound, "id", "this kit does not have that event")
		return
	}
	// Several spaces, or several contents of an equivocation, may bear one id: then a line each.
	w.Header().Set("Content-Type", "application/json")
	if len(rows) > 1 {
		w.Header().Set("Content-Type", ndjson)
	}
	s.extend(w)
	for _, row := range rows {
		w.Write(append([]byte(row.Text), '\n'))
	}
}
