package tilebench

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	"fieldkit/maps/pack"
	"fieldkit/maps/tileserver"
)

// discard is a response that costs nothing, so that only the handlers are compared.
type discard struct{ header http.Header }

func (d discard) Header() http.Header            { return d.header }
func (d discard) Write(data []byte) (int, error) { return len(data), nil }
func (d discard) WriteHeader(int)                {}

func BenchmarkHandler(b *testing.B) {
	dir := b.TempDir()
	if err := pack.Install(dir); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(dir, packed+".mbtiles")
	tiles, err := list(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	served, err := tileserver.New(dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer served.Close()
	limit, err := newBare(path)
	if err != nil {
		b.Fatal(err)
	}
	defer limit.Close()
	for name, side := range map[string]struct {
		prefix  string
		handler http.Handler
	}{"served": {"/maps/" + packed + "/", served}, "bare": {"/bare/", limit}} {
		b.Run(name, func(b *testing.B) {
			var requests []*http.Request
			for _, t := range tiles {
				r, err := http.NewRequest("GET", side.prefix+t.Plain(), nil)
				if err != nil {
					b.Fatal(err)
				}
				r.Header.Set("Accept-Encoding", "gzip")
				requests = append(requests, r)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				side.handler.ServeHTTP(discard{http.Header{}}, requests[i%len(requests)])
				i++
			}
		})
	}
}
