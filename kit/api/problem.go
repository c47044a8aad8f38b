package api

import (
	"net/http"

	"github.com/go-json-experiment/json"
)

// problem is an error answer, RFC 9457. Type is about:blank: the status says what kind it is, Detail what happened.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Field names the parameter at fault.
	Field string `json:"field,omitempty"`
}

func refuse(w http.ResponseWriter, status int, field, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	text, _ := json.Marshal(problem{"about:blank", http.StatusText(status), status, detail, field})
	w.Write(append(text, '\n'))
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		refuse(w, http.StatusInternalServerError, "", "the answer could not be written")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(text, '\n'))
}
