package api

import (
	"io"
	"net/http"
	"time"
)

const (
	// shortBody is how much of a body net/http reads by itself behind an answer, so that the connection can be kept.
	shortBody = 256 << 10
	// What is read of a body that was refused, and for how long.
	drainLength  = 16 << 20
	drainTimeout = 5 * time.Second
)

// refuseUnread refuses a request of whose body there may be more to come.
func refuseUnread(w http.ResponseWriter, r *http.Request, status int, field, detail string) {
	answerUnread(w, r, func() { refuse(w, status, field, detail) })
}

// answerUnread answers a request of whose body there may be more to come. To close the connection on a client that still
// sends would reset it, and the answer would be lost with it (RFC 9112, section 9.6): the answer goes first, then a
// bounded part of the rest is read for nothing.
func answerUnread(w http.ResponseWriter, r *http.Request, answer func()) {
	if r.ContentLength >= 0 && r.ContentLength <= shortBody {
		answer()
		return
	}
	control := http.NewResponseController(w)
	// Where it is no network connection there is nothing to be reset.
	_ = control.EnableFullDuplex()
	w.Header().Set("Connection", "close")
	answer()
	_ = control.Flush()
	_ = control.SetReadDeadline(time.Now().Add(drainTimeout))
	_, _ = io.CopyN(io.Discard, r.Body, drainLength)
}
