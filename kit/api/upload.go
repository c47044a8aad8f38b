package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldkit/kit/blob"
	"fieldkit/kit/coordinator"
)

// Header fields of an upload, as draft-ietf-httpbis-resumable-upload has them. A blob has its address before it is here, so
// there is no step that makes one: PATCH appends to it, and a failed GET or HEAD tells how much there is.
const (
	uploadOffset   = "Upload-Offset"
	uploadLength   = "Upload-Length"
	uploadComplete = "Upload-Complete"
)

// How long an upload may bring nothing, and how long one request may take in all: who is slower goes on with another.
const (
	uploadPause = 30 * time.Second
	uploadTime  = 15 * time.Minute
)

// putObject takes a blob from its beginning: curl -T FILE.
func (s *Server) putObject(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Content-Range") != "" {
		refuseUnread(w, r, http.StatusBadRequest, "Content-Range", "PUT brings a whole file; a part goes by PATCH with "+uploadOffset)
		return
	}
	s.takeObject(w, r, blob.Anew)
}

// patchObject takes a part of a blob, from where it stands.
func (s *Server) patchObject(w http.ResponseWriter, r *http.Request) {
	offset, err := strconv.ParseInt(r.Header.Get(uploadOffset), 10, 64)
	if err != nil || offset < 0 {
		refuseUnread(w, r, http.StatusBadRequest, uploadOffset, "must be how many bytes of the file the kit has; HEAD tells")
		return
	}
	s.takeObject(w, r, offset)
}

func (s *Server) takeObject(w http.ResponseWriter, r *http.Request, offset int64) {
	if wait, ok := s.posts.allow(client(r), time.Now()); !ok {
		retryAfter(w, wait)
		refuseUnread(w, r, http.StatusTooManyRequests, "", "too many at once from this device; send it again in a moment")
		return
	}
	if !s.uploads.enter(client(r)) {
		w.Header().Set("Retry-After", "5")
		refuseUnread(w, r, http.StatusServiceUnavailable, "", "the kit is busy with other uploads; send it again in a moment")
		return
	}
	defer s.uploads.leave(client(r))
	h, blobs, ok := s.object(w, r)
	if !ok {
		return
	}
	naming, err := s.kit.MediaNaming(r.Context(), h, false)
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	want, ok := s.wanted(w, r, offset, naming)
	if !ok {
		return
	}
	was := blobs.State(h).Here
	body := &pacedBody{body: r.Body, control: http.NewResponseController(w), until: time.Now().Add(uploadTime)}
	at, whole, err := blobs.Append(h, want, offset, body)
	// The answer has its own time.
	extendBy(w, usualPace.piece)
	switch {
	case err != nil:
		s.uploadFailed(w, r, at, err)
	case whole && !was:
		s.kit.MediaArrived(h)
		uploaded(w, http.StatusCreated, at, true)
	case whole:
		answerUnread(w, r, func() { uploaded(w, http.StatusNoContent, at, true) })
	default:
		uploaded(w, http.StatusNoContent, at, false)
	}
}

// wanted is what an upload must turn out to be, by the events that name it; ok is false when it was answered.
func (s *Server) wanted(w http.ResponseWriter, r *http.Request, offset int64, n coordinator.Naming) (want blob.Want, ok bool) {
	no := func(status int, field, detail string) (blob.Want, bool) {
		refuseUnread(w, r, status, field, detail)
		return want, false
	}
	if len(n.Sizes) == 0 {
		return no(http.StatusNotFound, "hash", "no event on this kit names this file: send the event first, then its file")
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return no(http.StatusUnsupportedMediaType, "Content-Encoding", "must be absent: the kit takes files as they are")
	}
	for _, kind := range n.Types {
		if slices.Contains(blob.Types, kind) {
			want.Types = append(want.Types, kind)
		}
	}
	if len(want.Types) == 0 {
		return no(http.StatusUnsupportedMediaType, "type", n.Types[0]+" is not taken; these are: "+strings.Join(blob.Types, ", "))
	}
	// Events may disagree about the size; the hash decides, and the uploader may say which is meant.
	want.Size = n.Sizes[0]
	if text := r.Header.Get(uploadLength); text != "" {
		length, err := strconv.ParseInt(text, 10, 64)
		if err != nil || !slices.Contains(n.Sizes, length) {
			return no(http.StatusUnprocessableEntity, uploadLength, "is not the size that the event names")
		}
		want.Size = length
	}
	begin := max(offset, 0)
	switch {
	case want.Size > coordinator.MaxMedia:
		return no(http.StatusRequestEntityTooLarge, "size", fmt.Sprintf("files of more than %d MiB are not taken", coordinator.MaxMedia>>20))
	case r.ContentLength >= 0 && begin+r.ContentLength > want.Size:
		return no(http.StatusRequestEntityTooLarge, "Content-Length", fmt.Sprintf("is more than is left of the %d bytes that the event names", want.Size))
	case offset == blob.Anew && r.ContentLength >= 0 && r.ContentLength < want.Size:
		return no(http.StatusUnprocessableEntity, "Content-Length", fmt.Sprintf("is less than the %d bytes that the event names", want.Size))
	}
	return want, true
}

// uploaded says how far an upload has come.
func uploaded(w http.ResponseWriter, status int, at int64, whole bool) {
	w.Header().Set(uploadOffset, strconv.FormatInt(at, 10))
	w.Header().Set(uploadComplete, "?0")
	if whole {
		w.Header().Set(uploadComplete, "?1")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}

// uploadFailed answers for an upload that did not go on.
func (s *Server) uploadFailed(w http.ResponseWriter, r *http.Request, at int64, err error) {
	var elsewhere *blob.OffsetError
	var wrong *blob.TypeError
	var withdrawn *blob.Withdrawal
	w.Header().Set(uploadOffset, strconv.FormatInt(at, 10))
	w.Header().Set(uploadComplete, "?0")
	switch {
	case errors.As(err, &elsewhere):
		refuseUnread(w, r, http.StatusConflict, uploadOffset, elsewhere.Error())
	case errors.Is(err, blob.ErrBusy):
		w.Header().Set("Retry-After", "3")
		refuseUnread(w, r, http.StatusConflict, "", blob.ErrBusy.Error())
	case errors.Is(err, blob.ErrHash):
		refuseUnread(w, r, http.StatusUnprocessableEntity, "hash", blob.ErrHash.Error())
	case errors.As(err, &wrong):
		refuseUnread(w, r, http.StatusUnsupportedMediaType, "type", wrong.Error())
	case errors.Is(err, blob.ErrFull), errors.As(err, &withdrawn):
		s.mediaFailed(w, r, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, http.StatusRequestTimeout, "", "nothing came for a while; what came is kept: go on from there")
	case errors.Is(err, io.ErrUnexpectedEOF), r.Context().Err() != nil:
		refuse(w, http.StatusBadRequest, "", "the body ended early; what came is kept: go on from there")
	default:
		s.mediaFailed(w, r, err)
	}
}

// pacedBody gives each piece of a body its time to come, and the whole of it an end.
type pacedBody struct {
	body    io.Reader
	control *http.ResponseController
	until   time.Time
}

func (b *pacedBody) Read(p []byte) (int, error) {
	deadline := time.Now().Add(uploadPause)
	if deadline.After(b.until) {
		deadline = b.until
	}
	// What is not on a network connection has no deadline, and needs none.
	_ = b.control.SetReadDeadline(deadline)
	return b.body.Read(p)
}
