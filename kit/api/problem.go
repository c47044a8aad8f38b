package api

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// problem is an error answer, RFC 9457. Type is about:blank: the status says what kind it is, Detail what happened.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Field names the parameter or member at fault; Rule and File are those of a refused event.
	Field string `json:"field,omitempty"`
	Rule  string `json:"rule,omitempty"`
	File  string `json:"file,omitempty"`
}

const problemType = "application/problem+json"

func newProblem(status int, field, detail string) problem {
	return problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Field: field}
}

func refuse(w http.ResponseWriter, status int, field, detail string) {
	write(w, status, problemType, newProblem(status, field, detail))
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) { write(w, status, "application/json", v) }

func write(w http.ResponseWriter, status int, kind string, v any) {
	// A request may hold bytes that are not UTF-8, and the answer may repeat them: they become U+FFFD.
	text, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err) // only values of this package's own types come here
	}
	extendBy(w, usualPace.piece)
	text = append(text, '\n')
	w.Header().Set("Content-Type", kind)
	// Who gets it need not wait for the handler's end to know that it is whole.
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(text)
}
