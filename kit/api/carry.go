package api

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/coordinator"
	"fieldkit/kit/depot"
)

// maxPath is the greatest length of a request that names a path, in bytes.
const maxPath = 64 << 10

type carryRequest struct {
	Path string `json:"path"`
}

// carryEnd is the last line of an answer.
type carryEnd struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

func (s *Server) postExport(w http.ResponseWriter, r *http.Request) {
	s.carry(w, r, func(path string, report coordinator.Report) error { return s.kit.Export(r.Context(), path, report) })
}

func (s *Server) postImport(w http.ResponseWriter, r *http.Request) {
	s.carry(w, r, func(path string, report coordinator.Report) error { return s.kit.Import(r.Context(), path, report) })
}

// carry has the kit read or write a folder of its own machine, and tells as it goes on. Paths are the operator's to name: he
// alone holds the socket in the data folder.
func (s *Server) carry(w http.ResponseWriter, r *http.Request, do func(path string, report coordinator.Report) error) {
	if client(r) != "" {
		refuse(w, http.StatusForbidden, "", "this is for the kit's own shell: fieldkit export, fieldkit import")
		return
	}
	if parseQuery(r).refused(w) {
		return
	}
	var in carryRequest
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPath))
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil || !filepath.IsAbs(in.Path) {
		refuse(w, http.StatusBadRequest, "path", "the body must be {\"path\":…} with an absolute path")
		return
	}
	// It takes as long as the disk takes.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", ndjson)
	w.Header().Set("Cache-Control", "no-store")
	tell := func(v any) {
		text, err := json.Marshal(v, json.Deterministic(true))
		if err != nil {
			panic(err) // only values of the kit's own types come here
		}
		s.extend(w)
		// Who no longer listens has ended the request, and that ends the work.
		_, _ = w.Write(append(text, '\n'))
		_ = control.Flush()
	}
	err = do(in.Path, coordinator.Report{
		Refused: func(r depot.Refusal) { tell(r) },
		Carried: func(c coordinator.Carried) { tell(c) },
	})
	switch {
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w: the kit that holds the data folder must be allowed to go there, as the user it runs as", err)
		fallthrough
	case err != nil:
		s.log.Warn("carrying ended early", "path", in.Path, "error", err)
		tell(carryEnd{"failed", err.Error()})
	default:
		tell(carryEnd{Status: "done"})
	}
}
