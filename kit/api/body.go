package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// MaxBody is the greatest length of a request's body in bytes.
	MaxBody = 16 << 20
	// maxBatch is how many events one request may hold. As many of the smallest do not fit in MaxBody; without it a body of
	// line feeds and digits would ask for millions of verdicts.
	maxBatch = 65_536
	// smallBody is what is read of any body. For more, room is taken piece by piece.
	smallBody = 64 << 10
)

// readBody reads a request's body. ok is false when it was answered. In any case the room that was taken for it is to be
// given back when it is no longer needed.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (body []byte, taken int, ok bool) {
	if r.ContentLength > MaxBody {
		refuseLarge(w, r)
		return nil, 0, false
	}
	source := http.MaxBytesReader(w, r.Body, MaxBody)
	var buffer bytes.Buffer
	for {
		_, err := io.CopyN(&buffer, source, smallBody)
		var tooLarge *http.MaxBytesError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return buffer.Bytes(), taken, true
		case errors.As(err, &tooLarge):
			refuseLarge(w, r)
			return nil, taken, false
		case errors.Is(err, os.ErrDeadlineExceeded):
			refuse(w, http.StatusRequestTimeout, "", "the body did not come in time; nothing of it is stored")
			return nil, taken, false
		default:
			refuse(w, http.StatusBadRequest, "", "the body ended early; nothing of it is stored")
			return nil, taken, false
		}
		if !s.bodies.take(smallBody) {
			w.Header().Set("Retry-After", "2")
			refuseUnread(w, r, http.StatusServiceUnavailable, "", "the kit is busy with other large uploads; nothing of this one is stored, send it again in a moment")
			return nil, taken, false
		}
		taken += smallBody
	}
}

func refuseLarge(w http.ResponseWriter, r *http.Request) {
	refuseUnread(w, r, http.StatusRequestEntityTooLarge, "", "more than 16 MiB in one request: send it in pieces; nothing of it is stored")
}

// bodyKind is how a body is to be taken apart.
type bodyKind int

const (
	unknownKind bodyKind = iota // by what it looks like
	jsonKind
	linesKind
)

// kindOf reads a request's media type; field is that of the header at fault, if it is not one of ours. What programs
// send where nobody told them the type is taken for what it looks like.
func kindOf(h http.Header) (kind bodyKind, field string) {
	switch h.Get("Content-Encoding") {
	case "", "identity":
	default:
		return 0, "Content-Encoding"
	}
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		media = ""
	}
	switch media {
	case "application/x-ndjson", "application/jsonl", "application/ndjson", "application/x-jsonlines":
		return linesKind, ""
	case "application/json":
		return jsonKind, ""
	case "", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded":
		return unknownKind, ""
	}
	return 0, "Content-Type"
}

const blank = " \t\r\n"

// split takes a body apart into events as they came; more than maxBatch may be given as soon as there are as many.
func split(kind bodyKind, body []byte) [][]byte {
	trimmed := bytes.Trim(body, blank)
	switch {
	case len(trimmed) == 0:
		return nil
	case kind == linesKind:
		return splitLines(body)
	case trimmed[0] == '[':
		return splitArray(trimmed)
	case kind == jsonKind:
		// Some name lines of JSON so: it shows in the first.
		if first, _, more := bytes.Cut(trimmed, []byte{'\n'}); more && jsontext.Value(first).IsValid() {
			return splitLines(body)
		}
		return [][]byte{trimmed}
	case jsontext.Value(trimmed).IsValid():
		return [][]byte{trimmed}
	}
	return splitLines(body)
}

func splitLines(body []byte) (lines [][]byte) {
	for len(body) > 0 && len(lines) <= maxBatch {
		var line []byte
		line, body, _ = bytes.Cut(body, []byte{'\n'})
		if len(bytes.Trim(line, blank)) > 0 {
			lines = append(lines, bytes.TrimRight(line, "\r\n"))
		}
	}
	return lines
}
