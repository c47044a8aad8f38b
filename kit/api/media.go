package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/blob"
	"fieldkit/kit/coordinator"
)

// The words of a mediaAnswer's State.
const (
	hereMedia      = "here"
	absentMedia    = "absent"
	incomingMedia  = "incoming"
	withdrawnMedia = "withdrawn"
	unknownMedia   = "unknown" // no event here names it
)

type mediaAnswer struct {
	Hash  string `json:"hash"`
	State string `json:"state"`
	// Private says that the bytes are kept and shown to nobody.
	Private bool   `json:"private,omitzero"`
	Type    string `json:"type,omitempty"`
	Size    int64  `json:"size,omitzero"`
	// Offset is how much of an upload is here.
	Offset int64 `json:"offset,omitzero"`
	// Reason, Time (seconds since 1970 UTC) and Of (the file that it was made of) are those of a withdrawal.
	Reason string `json:"reason,omitempty"`
	Time   int64  `json:"time,omitzero"`
	Of     string `json:"of,omitempty"`
	// Thumbnail and Preview are what this kit made of it.
	Thumbnail *blob.File `json:"thumbnail,omitempty"`
	Preview   *blob.File `json:"preview,omitempty"`
	// Space and Node are where the oldest event that names it belongs.
	Space string               `json:"space,omitempty"`
	Node  string               `json:"node,omitempty"`
	Who   []coordinator.Holder `json:"who,omitempty"`
}

// maxAsked is how many files one request may ask about.
const maxAsked = 64

// getMedia tells of the files that are asked about, in that order; through the socket, without a question, of all.
func (s *Server) getMedia(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	asked := values["hash"]
	delete(values, "hash")
	switch {
	case err != nil || len(values) > 0:
		refuse(w, http.StatusBadRequest, "", "there is one parameter here: hash, which may stand several times")
		return
	case len(asked) == 0:
		s.listMedia(w, r)
		return
	case len(asked) > maxAsked:
		refuse(w, http.StatusBadRequest, "hash", "stands more than 64 times")
		return
	}
	out := struct {
		Media []mediaAnswer `json:"media"`
	}{Media: make([]mediaAnswer, 0, len(asked))}
	for _, text := range asked {
		h, ok := blob.ParseHash(text)
		if !ok {
			refuse(w, http.StatusBadRequest, "hash", "must be sha256: and 64 lower-case hex digits")
			return
		}
		m, err := s.mediaState(r, h)
		if err != nil {
			s.storeFailed(w, err)
			return
		}
		out.Media = append(out.Media, m)
	}
	answer(w, http.StatusOK, out)
}

// mediaState tells of one file.
func (s *Server) mediaState(r *http.Request, h blob.Hash) (m mediaAnswer, err error) {
	m = mediaAnswer{Hash: h.String(), State: absentMedia}
	blobs, err := s.kit.Blobs()
	if err != nil {
		return m, err
	}
	state := blobs.State(h)
	naming, err := s.kit.MediaNaming(r.Context(), h, !state.Here)
	if err != nil {
		return m, err
	}
	m.Private, m.Who, m.Space, m.Node = !naming.Public, naming.Who, naming.Space, naming.Node
	if len(naming.Sizes) > 0 {
		m.Size, m.Type = naming.Sizes[0], naming.Types[0]
	}
	switch {
	case state.Withdrawn != nil:
		m.State, m.Reason, m.Time, m.Of = withdrawnMedia, state.Withdrawn.Reason, state.Withdrawn.Time, state.Withdrawn.Of
		m.Who = nil // nobody is to be asked for it
	case state.Here:
		m.State, m.Size = hereMedia, state.Size
		if record, ok := blobs.Derived(h); ok && naming.Public {
			m.Thumbnail, m.Preview = record.Thumbnail, record.Preview
		}
	case state.Incoming:
		m.State, m.Offset = incomingMedia, state.Offset
	case len(naming.Sizes) == 0:
		m.State, m.Private = unknownMedia, false
	}
	return m, nil
}

// listMedia tells the operator of all that is here or withdrawn, a line each.
func (s *Server) listMedia(w http.ResponseWriter, r *http.Request) {
	if !operator(w, r) {
		return
	}
	blobs, err := s.kit.Blobs()
	if err != nil {
		s.mediaFailed(w, r, err)
		return
	}
	w.Header().Set("Content-Type", ndjson)
	w.Header().Set("Cache-Control", "no-store")
	tell := func(h blob.Hash) error {
		m, err := s.mediaState(r, h)
		if err != nil {
			return err
		}
		text, err := json.Marshal(m, json.Deterministic(true))
		if err == nil {
			s.extend(w)
			_, err = w.Write(append(text, '\n'))
		}
		return err
	}
	err = blobs.Each(func(h blob.Hash, _ int64) error { return tell(h) })
	for _, one := range blobs.Withdrawn() {
		if err == nil {
			err = tell(one.Hash)
		}
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.log.Error("listing media", "error", err)
		}
		panic(http.ErrAbortHandler) // a part must not be taken for the whole
	}
}

// operator lets through who asks by the socket in the data folder: until operators have keys, whoever can read that folder
// is one.
func operator(w http.ResponseWriter, r *http.Request) bool {
	if client(r) == "" {
		return true
	}
	refuse(w, http.StatusForbidden, "", "this is for the operator of the kit, on the kit itself: fieldkit media")
	return false
}

const (
	maxReason     = 500     // characters
	maxWithdrawal = 8 << 10 // bytes of the request
)

// putWithdrawal drops a file and refuses it from then on.
func (s *Server) putWithdrawal(w http.ResponseWriter, r *http.Request) {
	if !operator(w, r) {
		return
	}
	h, ok := blob.ParseHash(r.PathValue("hash"))
	if !ok {
		refuse(w, http.StatusBadRequest, "hash", "must be sha256: and 64 lower-case hex digits")
		return
	}
	var body struct {
		Reason string `json:"reason"`
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxWithdrawal))
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	reason := strings.TrimSpace(body.Reason)
	if err != nil || reason == "" || utf8.RuneCountInString(reason) > maxReason || strings.ContainsFunc(reason, unicode.IsControl) {
		refuse(w, http.StatusUnprocessableEntity, "reason", "must say in 1 to 500 characters, in one line, why: people who look for the file read it")
		return
	}
	if err := s.kit.WithdrawMedia(r.Context(), h, reason); err != nil {
		s.mediaFailed(w, r, err)
		return
	}
	s.log.Warn("media were withdrawn", "media", h.String(), "reason", reason)
	s.tellMedia(w, r, h)
}

// deleteWithdrawal lifts the refusal of a file.
func (s *Server) deleteWithdrawal(w http.ResponseWriter, r *http.Request) {
	if !operator(w, r) {
		return
	}
	h, ok := blob.ParseHash(r.PathValue("hash"))
	if !ok {
		refuse(w, http.StatusBadRequest, "hash", "must be sha256: and 64 lower-case hex digits")
		return
	}
	ok, err := s.kit.RestoreMedia(h)
	switch {
	case err != nil:
		s.mediaFailed(w, r, err)
	case !ok:
		refuse(w, http.StatusNotFound, "hash", "this file was not withdrawn here")
	default:
		s.log.Warn("the withdrawal of media was lifted", "media", h.String())
		s.tellMedia(w, r, h)
	}
}

func (s *Server) tellMedia(w http.ResponseWriter, r *http.Request, h blob.Hash) {
	m, err := s.mediaState(r, h)
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	answer(w, http.StatusOK, m)
}
