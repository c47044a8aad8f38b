package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"fieldkit/kit/api"
	"fieldkit/kit/coordinator"
	"fieldkit/kit/door"
	"fieldkit/kit/store"
)

// socketName is the socket in the data folder at which a running kit serves commands.
const socketName = "kit.sock"

// kit is an open data folder, in this process or in the one that holds it: both are spoken to as /api/v1.
type kit struct {
	client http.Client
	close  func() error
}

// dataFlag adds --data to a command.
func dataFlag(c *cobra.Command, into *string) {
	fallback := os.Getenv("FIELDKIT_DATA")
	if fallback == "" {
		fallback = "fieldkit-data"
	}
	c.Flags().StringVar(into, "data", fallback, "the kit's folder (or FIELDKIT_DATA)")
	_ = c.MarkFlagDirname("data")
}

// openKit opens a data folder. A command that only reads does not make one that is not there.
func (p *program) openKit(data string, create bool) (*kit, error) {
	if !create {
		if _, err := os.Stat(filepath.Join(data, "kit.db")); err != nil {
			return nil, fmt.Errorf("%s is not a kit's data folder: %w", data, err)
		}
	}
	c, err := coordinator.Open(coordinator.Config{Data: data, Logger: slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	switch {
	case errors.Is(err, store.ErrLocked):
		return dialKit(filepath.Join(data, socketName), err)
	case err != nil:
		return nil, err
	}
	handler := api.New(c, api.Config{Version: version()})
	return &kit{client: http.Client{Transport: inProcess{handler}}, close: c.Close}, nil
}

// dialKit speaks to the kit that holds the folder. It may be about to close or not up yet, so it is given a moment.
func dialKit(socket string, locked error) (*kit, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	var err error
	for range 20 {
		var conn net.Conn
		if conn, err = dial(context.Background(), "", ""); err == nil {
			conn.Close()
			transport := &http.Transport{DialContext: dial}
			return &kit{client: http.Client{Transport: transport}, close: func() error { transport.CloseIdleConnections(); return nil }}, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, fmt.Errorf("%w, and it does not answer at %s: %w", locked, socket, err)
}

// get asks for a path; the caller closes the body.
func (k *kit) get(ctx context.Context, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://kit"+path, nil)
	if err != nil {
		return nil, err
	}
	return k.do(r)
}

func (k *kit) do(r *http.Request) (*http.Response, error) {
	response, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 400 || response.StatusCode == http.StatusUnprocessableEntity {
		return response, nil
	}
	defer response.Body.Close()
	var problem struct {
		Detail string `json:"detail"`
		Field  string `json:"field"`
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err := json.Unmarshal(text, &problem); err != nil || problem.Detail == "" {
		return nil, fmt.Errorf("the kit answered %s", response.Status)
	}
	return nil, errors.New(problem.Detail)
}

type receipt struct {
	Verdicts []door.Verdict `json:"verdicts"`
}

// post hands events in, a verdict each.
func (k *kit) post(ctx context.Context, lines [][]byte) ([]door.Verdict, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://kit/api/v1/events", bytes.NewReader(bytes.Join(lines, []byte{'\n'})))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	response, err := k.do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var out receipt
	if err := json.UnmarshalRead(response.Body, &out); err != nil {
		return nil, err
	}
	if len(out.Verdicts) != len(lines) {
		return nil, fmt.Errorf("%d verdicts for %d events", len(out.Verdicts), len(lines))
	}
	return out.Verdicts, nil
}

// events calls yield for each line of the log that the query (without cursor and limit) names.
func (k *kit) events(ctx context.Context, query string, yield func(line []byte) error) error {
	for cursor := "0"; ; {
		response, err := k.get(ctx, "/api/v1/events?"+query+"&limit=100000&cursor="+cursor)
		if err != nil {
			return err
		}
		n := 0
		err = eachLine(response.Body, api.MaxBody, func(_ int, line []byte) error { n++; return yield(line) })
		response.Body.Close()
		if err != nil {
			return err
		}
		next, more := response.Header.Get("Fieldkit-Cursor"), response.Header.Get("Fieldkit-More")
		if next == "" {
			next, more = response.Trailer.Get("Fieldkit-Cursor"), response.Trailer.Get("Fieldkit-More")
		}
		if _, err := strconv.ParseInt(next, 10, 64); err != nil {
			return fmt.Errorf("the answer broke off after %d events", n)
		}
		if more == "" {
			return nil
		}
		cursor = next
	}
}
