package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"fieldkit/kit/store"
)

type statusAnswer struct {
	kitAnswer
	Started int64         `json:"started"`
	Now     int64         `json:"now"`
	Cursor  string        `json:"cursor"`
	Events  int64         `json:"events"`
	Spaces  int           `json:"spaces"`
	Clients int           `json:"clients"`
	Storage storageAnswer `json:"storage"`
	// State is ok, or in one word what is wrong; Problems say it in sentences.
	State    string   `json:"state"`
	Problems []string `json:"problems"`
}

type storageAnswer struct {
	Bytes int64 `json:"bytes"`
	Free  int64 `json:"free"`
}

// getStatus answers also when the store does not: then the figures that are the store's are 0.
func (s *Server) getStatus(w http.ResponseWriter, r *http.Request) {
	if parseQuery(r).refused(w) {
		return
	}
	out := statusAnswer{
		kitAnswer: s.whoami(), Started: s.kit.Started().Unix(), Now: s.kit.Now().Unix(),
		Cursor: strconv.FormatInt(s.kit.Cursor(), 10), Clients: s.Streams(),
	}
	var stat store.Stat
	out.State, out.Problems, stat = s.health(r.Context())
	out.Events, out.Storage = stat.Events, storageAnswer{stat.Bytes, stat.Free}
	// What is wrong with a store that gives no spaces, health has found out.
	if spaces, err := s.kit.Store().Spaces(r.Context()); err == nil {
		out.Spaces = len(spaces)
	}
	answer(w, http.StatusOK, out)
}

// lowSpace is how little free room is worth a warning, in bytes.
const lowSpace = 200 << 20

// health says in one word how the kit is, in sentences what an operator should know, and the store's figures.
func (s *Server) health(ctx context.Context) (state string, problems []string, stat store.Stat) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	state, problems = "ok", append([]string{}, s.kit.Problems()...)
	stat, err := s.kit.Store().Stat(ctx)
	if err == nil {
		err = s.kit.Trouble(ctx)
	}
	switch {
	case errors.Is(err, store.ErrFull):
		state, problems = "full", append(problems, "the disk is full: reports are not taken, they wait on the phones; make room, it goes on by itself")
	case errors.Is(err, store.ErrReadOnly):
		state, problems = "read-only", append(problems, "the disk cannot be written: reports are not taken, they wait on the phones; make it writable, it goes on by itself")
	case errors.Is(err, store.ErrBroken):
		state, problems = "broken", append(problems, "the database is damaged: reports are not taken, they wait on the phones, and what is shown may not be all; stop the kit and run: fieldkit fsck --repair")
	case err != nil:
		state, problems = "store", append(problems, "the store does not work: "+err.Error())
	case stat.Free < lowSpace:
		problems = append(problems, "less than 200 MB of room is left on the kit's disk")
	}
	return state, problems, stat
}

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	state, problems, _ := s.health(r.Context())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if state != "ok" {
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte(strings.Join(problems, "\n") + "\n"))
		return
	}
	w.Write([]byte(strings.Join(append([]string{"ok"}, problems...), "\n") + "\n"))
}
