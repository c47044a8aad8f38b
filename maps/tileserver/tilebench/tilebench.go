// Package tilebench measures the tile server against the least that could serve the same tiles: a handler that runs the
// same prepared SELECT on the same file and writes the blob.
package tilebench

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fieldkit/maps/mbtiles"
	"fieldkit/maps/pack"
	"fieldkit/maps/tile"
	"fieldkit/maps/tileserver"
)

// A Result is a line of the benchmark report.
type Result struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // the tile server's
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"` // the bare handler's
	Ratio float64 `json:"ratio"` // Value / Limit
	Goal  float64 `json:"goal"`  // the least Ratio
	OK    bool    `json:"ok"`
}

const (
	goal  = 0.9
	pairs = 5
	// Within a pair the sides take turns of a short stretch, so that both meet the same machine, whatever else it does.
	turns   = 100
	stretch = 10 * time.Millisecond
	packed  = "liechtenstein"
)

// Run measures five pairs over loopback with connections kept alive, and reports the one whose ratio is the median. It
// takes about 10 seconds.
func Run(ctx context.Context) (Result, error) {
	return run(ctx, pairs, turns, stretch)
}

// A pair is the rates of both sides, in tiles a second.
type pair struct{ value, limit float64 }

func (p pair) ratio() float64 { return p.value / p.limit }

func run(ctx context.Context, pairs, turns int, stretch time.Duration) (result Result, err error) {
	dir, err := os.MkdirTemp("", "tilebench-")
	if err != nil {
		return Result{}, fmt.Errorf("tilebench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := pack.Install(dir); err != nil {
		return Result{}, err
	}
	path := filepath.Join(dir, packed+".mbtiles")
	tiles, err := list(ctx, path)
	if err != nil {
		return Result{}, err
	}
	served, err := tileserver.New(dir, nil)
	if err != nil {
		return Result{}, err
	}
	defer served.Close()
	bare, err := newBare(path)
	if err != nil {
		return Result{}, err
	}
	defer bare.Close()

	sides := [2]*side{newSide("/maps/"+packed+"/", tiles), newSide("/bare/", tiles)}
	for i, handler := range [2]http.Handler{served, bare} {
		if err := sides[i].serve(handler); err != nil {
			return Result{}, err
		}
		defer sides[i].close()
	}
	if err := compare(ctx, sides, tiles); err != nil {
		return Result{}, err
	}
	var measured []pair
	for range pairs {
		p, err := measurePair(ctx, sides, turns, stretch)
		if err != nil {
			return Result{}, err
		}
		measured = append(measured, p)
	}
	return middle("tiles", goal, measured), nil
}

// Against measures another handler that serves tiles, at paths that it is to know, against the tile server, in the same way:
// Limit is the tile server's rate.
func Against(ctx context.Context, name string, least float64, handler http.Handler, paths []string) (result Result, err error) {
	dir, err := os.MkdirTemp("", "tilebench-")
	if err != nil {
		return Result{}, fmt.Errorf("tilebench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := pack.Install(dir); err != nil {
		return Result{}, err
	}
	tiles, err := list(ctx, filepath.Join(dir, packed+".mbtiles"))
	if err != nil {
		return Result{}, err
	}
	served, err := tileserver.New(dir, nil)
	if err != nil {
		return Result{}, err
	}
	defer served.Close()
	sides := [2]*side{newSide("", nil), newSide("/maps/"+packed+"/", tiles)}
	sides[0].paths = slices.Clone(paths)
	for i, handler := range [2]http.Handler{handler, served} {
		if err := sides[i].serve(handler); err != nil {
			return Result{}, err
		}
		defer sides[i].close()
		var tile bytes.Buffer
		for _, path := range sides[i].paths { // all are there, and warm
			if err := sides[i].get(ctx, path, &tile); err != nil {
				return Result{}, err
			}
		}
	}
	var measured []pair
	for range pairs {
		p, err := measurePair(ctx, sides, turns, stretch)
		if err != nil {
			return Result{}, err
		}
		measured = append(measured, p)
	}
	return middle(name, least, measured), nil
}

// middle reports the pair whose ratio is the median.
func middle(name string, least float64, measured []pair) Result {
	slices.SortFunc(measured, func(a, b pair) int { return cmp.Compare(a.ratio(), b.ratio()) })
	one := measured[len(measured)/2]
	return Result{
		Name: name, Value: one.value, Unit: "tiles/s", Limit: one.limit,
		Ratio: one.ratio(), Goal: least, OK: one.ratio() >= least,
	}
}

// open opens a pack with the settings of the tile server's connections.
func open(path string) (*sql.DB, error) {
	query := url.Values{"mode": {"ro"}, "immutable": {"1"}, "_query_only": {"1"}, "_mutex": {"no"}, "_cache_size": {"-512"}}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite3", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("tilebench: %w", err)
	}
	db.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)))
	db.SetMaxIdleConns(max(4, runtime.GOMAXPROCS(0)))
	return db, nil
}

// list is every tile of the pack, strewn so that neighbours in the file are not asked for one after another.
func list(ctx context.Context, path string) ([]tile.Tile, error) {
	db, err := open(path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT zoom_level, tile_column, tile_row FROM tiles
		ORDER BY (tile_column * 7919 + tile_row * 104729 + zoom_level) % 1009, zoom_level, tile_column, tile_row`)
	if err != nil {
		return nil, fmt.Errorf("tilebench: %w", err)
	}
	defer rows.Close()
	var out []tile.Tile
	for rows.Next() {
		var t tile.Tile
		var row uint32
		if err := rows.Scan(&t.Z, &t.X, &row); err != nil {
			return nil, fmt.Errorf("tilebench: %w", err)
		}
		t.Y = uint32(1)<<t.Z - 1 - row
		out = append(out, t)
	}
	return out, rows.Err()
}

// bare is the limit.
type bare struct {
	db     *sql.DB
	lookup *sql.Stmt
}

func newBare(path string) (*bare, error) {
	db, err := open(path)
	if err != nil {
		return nil, err
	}
	lookup, err := db.Prepare(`SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?`)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("tilebench: %w", err)
	}
	return &bare{db, lookup}, nil
}

// ServeHTTP does what no tile server can do without. Content-Type and -Length are set so that net/http neither guesses
// the type nor sends chunks, which would make the limit an easy one.
func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	part := strings.Split(r.URL.Path, "/")
	if len(part) != 5 {
		http.NotFound(w, r)
		return
	}
	z, errZ := strconv.Atoi(part[2])
	x, errX := strconv.Atoi(part[3])
	y, errY := strconv.Atoi(part[4])
	if errZ != nil || errX != nil || errY != nil {
		http.NotFound(w, r)
		return
	}
	var data []byte
	if err := b.lookup.QueryRow(z, x, 1<<z-1-y).Scan(&data); err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mbtiles.VectorTile)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.Write(data)
}

func (b *bare) Close() error { return errors.Join(b.lookup.Close(), b.db.Close()) }

// A side is one of the two that are measured: a handler on its own port, and clients that ask it for all tiles in turn.
type side struct {
	paths  []string
	next   atomic.Int64 // index of the path asked for last
	server *http.Server
	client *http.Client
}

const clients = 4

func newSide(prefix string, tiles []tile.Tile) *side {
	s := &side{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}}}
	for _, t := range tiles {
		s.paths = append(s.paths, prefix+t.Plain())
	}
	return s
}

func (s *side) serve(handler http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("tilebench: %w", err)
	}
	for i, path := range s.paths {
		s.paths[i] = "http://" + listener.Addr().String() + path
	}
	s.server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go s.server.Serve(listener)
	return nil
}

func (s *side) close() {
	s.client.CloseIdleConnections()
	s.server.Close()
}

// get reads a tile into the buffer.
func (s *side) get(ctx context.Context, url string, into *bytes.Buffer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("tilebench: %w", err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("tilebench: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("tilebench: %s: %s", url, response.Status)
	}
	into.Reset()
	if _, err := io.Copy(into, response.Body); err != nil {
		return fmt.Errorf("tilebench: %w", err)
	}
	return nil
}

// compare asks both sides for every tile: they must serve the same bytes, or the ratio says nothing. It also warms them.
func compare(ctx context.Context, sides [2]*side, tiles []tile.Tile) error {
	var a, b bytes.Buffer
	for i, t := range tiles {
		if err := errors.Join(sides[0].get(ctx, sides[0].paths[i], &a), sides[1].get(ctx, sides[1].paths[i], &b)); err != nil {
			return err
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) || a.Len() == 0 {
			return fmt.Errorf("tilebench: %v has %d bytes on one side, %d on the other", t, a.Len(), b.Len())
		}
	}
	return nil
}

// measurePair takes the median of each side's turns: a turn in which the machine did something else counts once, however
// long it took.
func measurePair(ctx context.Context, sides [2]*side, turns int, stretch time.Duration) (pair, error) {
	runtime.GC()
	var rates [2][]float64
	for turn := range turns {
		for i := range sides {
			which := (turn + i) % 2
			start := time.Now()
			n, err := sides[which].load(ctx, start.Add(stretch))
			if err != nil {
				return pair{}, err
			}
			rates[which] = append(rates[which], float64(n)/time.Since(start).Seconds())
		}
	}
	return pair{median(rates[0]), median(rates[1])}, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// load has all clients ask until the time is over, and returns how many tiles they got together.
func (s *side) load(ctx context.Context, until time.Time) (int64, error) {
	var done atomic.Int64
	failures := make(chan error, clients)
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			var buffer bytes.Buffer
			for time.Now().Before(until) {
				if err := s.get(ctx, s.paths[int(s.next.Add(1))%len(s.paths)], &buffer); err != nil {
					failures <- err
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	select {
	case err := <-failures:
		return 0, err
	default:
		return done.Load(), nil
	}
}
