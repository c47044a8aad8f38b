package main

import (
	"io"
	"net/http"
	"strings"
	"sync"
)

// inProcess carries requests to a handler of this process, so that a command says the same to a data folder that it
// opened itself as to a kit that is running.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	reader, writer := io.Pipe()
	request := r.Clone(r.Context())
	request.RequestURI = r.URL.RequestURI()
	if request.Body == nil {
		request.Body = http.NoBody
	}
	w := &pipeWriter{pipe: writer, header: make(http.Header), begun: make(chan struct{}), trailer: make(http.Header)}
	go func() {
		defer func() {
			if p := recover(); p != nil {
				w.WriteHeader(http.StatusInternalServerError)
				writer.CloseWithError(io.ErrUnexpectedEOF)
				return
			}
			w.WriteHeader(http.StatusOK)
			for _, name := range strings.Split(w.sent.Get("Trailer"), ", ") {
				if value := w.header.Get(name); value != "" {
					w.trailer.Set(name, value)
				}
			}
			writer.Close()
		}()
		t.handler.ServeHTTP(w, request)
	}()
	<-w.begun
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Trailer: w.trailer, Body: reader, ContentLength: -1, Request: r,
	}, nil
}

// pipeWriter is the handler's end: the header leaves with the first byte, the trailer is filled when it is done.
type pipeWriter struct {
	pipe    *io.PipeWriter
	header  http.Header
	sent    http.Header
	trailer http.Header
	status  int
	once    sync.Once
	begun   chan struct{}
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(b)
}
