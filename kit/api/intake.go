package api

import (
	"bytes"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// MaxBody is the greatest length of a request's body in bytes.
const MaxBody = 16 << 20

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
	if wait, ok := s.posts.allow(client(r), time.Now()); !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		refuse(w, http.StatusTooManyRequests, "", "too many at once from this device; what you sent is not stored, send it again in a moment")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			refuse(w, http.StatusRequestEntityTooLarge, "", "more than 16 MiB in one request: send it in pieces; nothing of it is stored")
			return
		}
		refuse(w, http.StatusBadRequest, "", "the body ended early; nothing of it is stored")
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	lines, ok := split(kind, body)
	if !ok {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type", "must be application/json or application/x-ndjson")
		return
	}
	verdicts, err := s.kit.Admit(r.Context(), lines)
	if err != nil {
		s.storeFailed(w, err)
		return
	}
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
	if out.Refused > 0 && out.Refused == len(verdicts) {
		first := verdicts[0]
		answer(w, http.StatusUnprocessableEntity, refusedReceipt{problem{
			"about:blank", http.StatusText(http.StatusUnprocessableEntity), http.StatusUnprocessableEntity, first.Message, first.Field}, out})
		return
	}
	answer(w, http.StatusOK, out)
}

// storeFailed answers for a store that could not take or give events.
func (s *Server) storeFailed(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, store.ErrFull):
		refuse(w, http.StatusInsufficientStorage, "", "the kit's disk is full: the event is not stored; what was stored before is safe")
	default:
		s.log.Error("the store failed", "error", err)
		refuse(w, http.StatusServiceUnavailable, "", "the kit's store cannot do this now: "+err.Error())
	}
}

// split takes a body apart into events as they came. ok is false for a media type that is not ours.
func split(kind string, body []byte) (lines [][]byte, ok bool) {
	switch kind {
	case "application/x-ndjson", "application/jsonl", "application/ndjson", "application/x-jsonlines":
		return splitLines(body), true
	case "application/json", "", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded":
	default:
		return nil, false
	}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 {
		return nil, true
	}
	if trimmed[0] == '[' {
		return splitArray(trimmed), true
	}
	if kind != "application/json" {
		return splitLines(body), true
	}
	return [][]byte{body}, true
}

func splitLines(body []byte) (lines [][]byte) {
	for len(body) > 0 {
		line, rest, _ := bytes.Cut(body, []byte{'\n'})
		if len(bytes.TrimSpace(line)) > 0 {
			lines = append(lines, line)
		}
		body = rest
	}
	return lines
}

// splitArray gives the elements of an array. What is wrong inside an element is for the door to judge; where the
// array itself breaks off, the rest stands as one last element, which the door refuses.
func splitArray(body []byte) (lines [][]byte) {
	d := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return [][]byte{body}
	}
	for d.PeekKind() != ']' {
		offset := d.InputOffset()
		value, err := d.ReadValue()
		if err != nil {
			rest := bytes.TrimLeft(body[offset:], ", \t\r\n")
			return append(lines, rest[:min(len(rest), event.MaxLine)])
		}
		lines = append(lines, bytes.Clone(value))
	}
	return lines
}
