package api

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldkit/kit/blob"
	"fieldkit/kit/coordinator"
)

// shown are the types that a browser shows in place; all others it is told to save. None of either runs script, and the
// policy would stop it.
var shown = []string{"image/jpeg", "image/png", "image/webp"}

const (
	objectPolicy  = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
	objectCaching = "public, max-age=31536000, immutable"
)

// object reads the address of a blob; ok is false when it was answered.
func (s *Server) object(w http.ResponseWriter, r *http.Request) (h blob.Hash, blobs *blob.Store, ok bool) {
	if parseQuery(r).refused(w) {
		return h, nil, false
	}
	h, ok = blob.ParseHash(r.PathValue("hash"))
	if !ok || len(r.PathValue("hash")) != 64 {
		refuse(w, http.StatusNotFound, "hash", "is not 64 lower-case hex digits")
		return h, nil, false
	}
	blobs, err := s.kit.Blobs()
	if err != nil {
		s.mediaFailed(w, r, err)
		return h, nil, false
	}
	return h, blobs, true
}

// getObject gives the bytes of a blob.
func (s *Server) getObject(w http.ResponseWriter, r *http.Request) {
	h, blobs, ok := s.object(w, r)
	if !ok {
		return
	}
	naming, err := s.kit.MediaNaming(r.Context(), h, false)
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	f, err := blobs.Open(h)
	switch {
	case errors.Is(err, blob.ErrNotHere):
		s.absent(w, r, h)
		return
	case err != nil:
		s.mediaFailed(w, r, err)
		return
	}
	defer f.Close()
	// What an operator reads through the socket is his; whoever else asks may be anybody.
	if !naming.Public && client(r) != "" {
		refuse(w, http.StatusForbidden, "policy", "this file is named by private events alone: the kit keeps it and shows it to nobody")
		return
	}
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		s.mediaFailed(w, r, err)
		return
	}
	kind := typeOf(head[:n], naming.Types)
	header := w.Header()
	header.Set("Content-Type", kind)
	header.Set("Content-Security-Policy", objectPolicy)
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("ETag", `"`+h.Hex()+`"`)
	header.Set("Cache-Control", objectCaching)
	if !naming.Public {
		header.Set("Cache-Control", "no-store")
	}
	if !slices.Contains(shown, kind) {
		header.Set("Content-Disposition", `attachment; filename="`+h.Hex()[:12]+extension(kind)+`"`)
	}
	http.ServeContent(pieces{w, s}, r, "", time.Time{}, f)
}

// typeOf is what the content is, of what events say it is if that fits.
func typeOf(head []byte, named []string) string {
	found := blob.Sniff(head)
	for _, kind := range named {
		if slices.Contains(found, kind) {
			return kind
		}
	}
	if len(found) > 0 {
		return found[0]
	}
	return "application/octet-stream"
}

// extension is that of a file's name, for programs that go by it.
func extension(kind string) string {
	switch kind {
	case "audio/mpeg":
		return ".mp3"
	case "video/quicktime":
		return ".mov"
	case "application/octet-stream":
		return ".bin"
	}
	_, name, _ := strings.Cut(kind, "/")
	return "." + name
}

// pieces gives each piece of a long answer its time to leave.
type pieces struct {
	http.ResponseWriter
	s *Server
}

func (p pieces) Write(b []byte) (int, error) {
	p.s.extend(p.ResponseWriter)
	return p.ResponseWriter.Write(b)
}

// absentProblem says of a blob that is not here where it may be.
type absentProblem struct {
	problem
	Media  string               `json:"media"`
	Offset int64                `json:"offset,omitzero"`
	Size   int64                `json:"size,omitzero"`
	Who    []coordinator.Holder `json:"who,omitempty"`
}

// absent answers for a blob that is not here; whoever brings it learns how much of it is.
func (s *Server) absent(w http.ResponseWriter, r *http.Request, h blob.Hash) {
	m, err := s.mediaState(r, h)
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	out := absentProblem{Media: m.State, Offset: m.Offset, Size: m.Size, Who: m.Who}
	detail := "no event on this kit names it"
	switch m.State {
	case absentMedia:
		detail = "an event names it, and its bytes have not come to this kit yet"
	case incomingMedia:
		detail = "it is on its way to this kit"
	}
	if m.State != unknownMedia {
		w.Header().Set(uploadOffset, strconv.FormatInt(m.Offset, 10))
		w.Header().Set(uploadLength, strconv.FormatInt(m.Size, 10))
		w.Header().Set(uploadComplete, "?0")
	}
	out.problem = newProblem(http.StatusNotFound, "", detail)
	write(w, out.Status, problemType, out)
}

// mediaFailed answers for blobs that could not be taken or given.
func (s *Server) mediaFailed(w http.ResponseWriter, r *http.Request, err error) {
	var withdrawn *blob.Withdrawal
	switch {
	case errors.As(err, &withdrawn):
		answerUnread(w, r, func() {
			write(w, http.StatusGone, problemType, withdrawnProblem{newProblem(http.StatusGone, "", withdrawn.Error()), withdrawnMedia, withdrawn.Reason, withdrawn.Time})
		})
	case errors.Is(err, blob.ErrFull):
		refuseUnread(w, r, http.StatusInsufficientStorage, "", "there is no room for more media on this kit: the rest of its disk is for reports, and those are safe")
	default:
		s.log.Error("media cannot be read or written", "error", err)
		w.Header().Set("Retry-After", "10")
		refuseUnread(w, r, http.StatusServiceUnavailable, "", "the kit's folder of media cannot do this now: "+err.Error())
	}
}

type withdrawnProblem struct {
	problem
	Media  string `json:"media"`
	Reason string `json:"reason"`
	Time   int64  `json:"time"`
}
