package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"fieldkit/dashboard"
	"fieldkit/kit/api"
	"fieldkit/kit/coordinator"
	"fieldkit/maps/pack"
	"fieldkit/maps/tileserver"
)

// Limits of the server. A phone on a bad link is slow; one that never ends holds a connection for this long and no longer.
const (
	maxConnections    = 1024
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 2 * time.Minute // 16 MiB at 1.1 Mbit/s
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 10 * time.Second
	gcPercent         = 50
)

type serveFlags struct {
	data, listen, name string
}

func (f *serveFlags) add(c *cobra.Command) {
	dataFlag(c, &f.data)
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "the address to serve at; :80 serves all networks")
	c.Flags().StringVar(&f.name, "name", "", "what people call this camp")
}

func (p *program) serve() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the kit: take events, serve the map",
		Long: `Serve runs the coordinator on a data folder, which is made when it is not there. It ends on SIGINT or SIGTERM, and
loses nothing when the plug is pulled instead.`,
		Example: `  fieldkit serve --data /var/lib/camp --listen :80 --name "Camp A"`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.runServe(c.Context(), f, nil) },
	}
	f.add(c)
	return c
}

// runServe serves until ctx ends. before runs on the open kit before anybody is let in.
func (p *program) runServe(ctx context.Context, f serveFlags, before func(context.Context, *coordinator.Coordinator) error) (err error) {
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	if os.Getenv("GOGC") == "" {
		// A box has little memory and mostly waits: collect sooner than a server in a data centre would.
		debug.SetGCPercent(gcPercent)
	}
	// The address first: where it cannot be had, nothing is made.
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with --listen", err)
	}
	defer listener.Close()
	kit, err := coordinator.Open(coordinator.Config{Data: f.data, Name: f.name, Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kit.Close()) }()
	kit.KeepMedia()
	if before != nil {
		if err := before(ctx, kit); err != nil {
			return err
		}
	}
	mapsFolder := filepath.Join(f.data, "maps")
	if err := pack.Install(mapsFolder); err != nil {
		// A kit without a basemap still takes reports.
		log.Error("installing the map packs", "error", err)
	}
	maps, err := tileserver.New(mapsFolder, log)
	if err != nil {
		return err
	}
	defer maps.Close()
	handler := api.New(kit, api.Config{Version: version(), Maps: maps, Page: dashboard.Handler(), Logger: log})
	socket, err := listenSocket(filepath.Join(f.data, socketName))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(netutil.LimitListener(listener, maxConnections)) }()
	go func() { failed <- server.Serve(socket) }()
	log.Info("the kit is up", "name", kit.Name(), "page", "http://"+listener.Addr().String(), "data", f.data)
	go func() {
		// Fold all spaces before the first person asks, and give back what that took.
		if _, err := kit.Spaces(ctx); err != nil && ctx.Err() == nil {
			log.Error("folding the spaces", "error", err)
		}
		debug.FreeOSMemory()
	}()
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	log.Info("closing")
	kit.EndStreams()
	deadline, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if shut := server.Shutdown(deadline); shut != nil {
		server.Close()
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// listenSocket opens the socket for commands. One that a killed kit left behind is taken away: the lock on the store,
// which this process holds, says that nobody serves it.
func listenSocket(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	// The name of a socket has room for some hundred bytes; a path relative to the working directory is often shorter.
	listener, err := net.Listen("unix", shortest(path))
	if err != nil {
		return nil, fmt.Errorf("the socket for commands: %w", err)
	}
	return listener, os.Chmod(path, 0o600)
}

func shortest(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(here, path); err == nil && len(relative) < len(path) {
		return relative
	}
	return path
}
