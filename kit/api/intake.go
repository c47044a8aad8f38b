package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"fieldkit/kit/door"
	"fieldkit/kit/store"
)

type receipt struct {
	Taken    int            `json:"taken"`
	Known    int            `json:"known"`
	Refused  int            `json:"refused"`
	Cursor   string         `json:"cursor"`
	Verdicts []door.Verdict `json:"verdicts"`
}

// refusedReceipt is the answer when nothing was taken: a problem that says why, event by event.
type refusedReceipt struct {
	problem
	receipt
}

func (s *Server) postEvents(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r)
	if q.refused(w) {
		return
	}
	if wait, ok := s.posts.allow(client(r), time.Now()); !ok {
		retryAfter(w, wait)
		refuseUnread(w, r, http.StatusTooManyRequests, "", "too many at once from this device; what you sent is not stored, send it again in a moment")
		return
	}
	kind, field := kindOf(r.Header)
	switch field {
	case "Content-Type":
		refuseUnread(w, r, http.StatusUnsupportedMediaType, field, "must be application/json or application/x-ndjson")
		return
	case "Content-Encoding":
		refuseUnread(w, r, http.StatusUnsupportedMediaType, field, "must be absent: the kit takes bodies as they are, not compressed")
		return
	}
	body, taken, ok := s.readBody(w, r)
	defer s.bodies.give(taken)
	if !ok {
		return
	}
	lines := split(kind, body)
	if len(lines) > maxBatch {
		refuse(w, http.StatusRequestEntityTooLarge, "", "more than 65,536 events in one request: send them in pieces; nothing of it is stored")
		return
	}
	verdicts, err := s.kit.Admit(r.Context(), lines)
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	s.report(w, verdicts)
}

// report answers with the door's verdicts.
func (s *Server) report(w http.ResponseWriter, verdicts []door.Verdict) {
	out := receipt{Cursor: strconv.FormatInt(s.kit.Cursor(), 10), Verdicts: verdicts}
	if out.Verdicts == nil {
		out.Verdicts = []door.Verdict{}
	}
	for _, v := range verdicts {
		switch v.Status {
		case door.Taken:
			out.Taken++
		case door.Known:
			out.Known++
		default:
			out.Refused++
		}
	}
	s.metrics.events(out.Taken, out.Known, out.Refused)
	if out.Refused == 0 || out.Refused < len(verdicts) {
		answer(w, http.StatusOK, out)
		return
	}
	p := newProblem(http.StatusUnprocessableEntity, verdicts[0].Field, verdicts[0].Message)
	p.Rule, p.File = verdicts[0].Rule, verdicts[0].File
	write(w, p.Status, problemType, refusedReceipt{p, out})
}

// storeFailed answers for a store that could not take or give events.
func (s *Server) storeFailed(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, context.Canceled):
		// The client has left: nobody reads an answer, and nothing is wrong here.
		refuse(w, http.StatusServiceUnavailable, "", "the request was given up")
	case errors.Is(err, store.ErrFull):
		refuse(w, http.StatusInsufficientStorage, "", "the kit's disk is full: the event is not stored; what was stored before is safe")
	case errors.Is(err, store.ErrReadOnly):
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, "", "the kit's disk cannot be written: the event is not stored; what was stored before is safe")
	case errors.Is(err, store.ErrBroken):
		w.Header().Set("Retry-After", "30")
		refuse(w, http.StatusServiceUnavailable, "", "the kit's database is damaged: stop the kit and run fieldkit fsck --repair")
	default:
		s.log.Error("the store failed", "error", err)
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, "", "the kit's store cannot do this now: "+err.Error())
	}
}
