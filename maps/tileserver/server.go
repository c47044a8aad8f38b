// Package tileserver serves the map packs of a folder over HTTP: tiles, a TileJSON document for each pack, and a list of
// them. maps/SPEC.md has the URLs.
package tileserver

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"fieldkit/maps/mbtiles"
)

const (
	// rescanInterval is how long a pack put into the folder may go unseen.
	rescanInterval = 2 * time.Second
	suffix         = ".mbtiles"
	maxNameBytes   = 128
)

// A Server is an http.Handler for everything under /maps/. It may be used from many goroutines at once.
type Server struct {
	dir    string
	logger *slog.Logger

	// scanning is held by the one who looks into the folder.
	scanning sync.Mutex
	nextScan atomic.Int64 // Unix nanoseconds
	closed   bool         // under scanning
	dirError string       // under scanning; what was logged last
	// packs is replaced, never changed.
	packs atomic.Pointer[map[string]*entry]
}

// An entry is one version of one file of the folder.
type entry struct {
	name string
	info os.FileInfo
	// failure is why the pack cannot be served; then pack is nil.
	failure string
	// complained says that a tile that could not be read has been logged.
	complained atomic.Bool

	// using is held by readers of pack, and by the one who closes it and sets it to nil.
	using sync.RWMutex
	pack  *mbtiles.Pack
}

// New opens the packs in dir: all files *.mbtiles, under their names without it. The folder may be empty, or not there
// yet. A nil logger logs nothing.
func New(dir string, logger *slog.Logger) (*Server, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, errors.New("tileserver: " + dir + " is not a folder")
	}
	s := &Server{dir: dir, logger: logger}
	s.packs.Store(&map[string]*entry{})
	s.Rescan()
	return s, nil
}

// Rescan looks into the folder now. It happens by itself, two seconds after the last look at the earliest, when a
// request comes in.
func (s *Server) Rescan() {
	s.scanning.Lock()
	defer s.scanning.Unlock()
	s.scan()
}

// refresh rescans when it is time. Only a caller that must know waits for a scan that another has begun.
func (s *Server) refresh(mustKnow bool) {
	if time.Now().UnixNano() < s.nextScan.Load() {
		return
	}
	if mustKnow {
		s.scanning.Lock()
	} else if !s.scanning.TryLock() {
		return
	}
	defer s.scanning.Unlock()
	if time.Now().UnixNano() >= s.nextScan.Load() {
		s.scan()
	}
}

// scan brings packs in line with the folder. A file that has not changed keeps its entry, open or broken.
func (s *Server) scan() {
	if s.closed {
		return
	}
	defer func() { s.nextScan.Store(time.Now().Add(rescanInterval).UnixNano()) }()
	files, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		// The card may be gone for a moment: what is open stays open.
		if s.dirError != err.Error() {
			s.logger.Warn("maps folder cannot be read", "error", err)
			s.dirError = err.Error()
		}
		return
	}
	s.dirError = ""
	before, after := *s.packs.Load(), map[string]*entry{}
	for _, file := range files {
		name, ok := packName(file.Name())
		if !ok {
			continue
		}
		path := filepath.Join(s.dir, file.Name())
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			continue
		}
		if old := before[name]; old != nil && isSame(old.info, info) {
			after[name] = old
			continue
		}
		after[name] = s.open(name, path, info)
	}
	s.packs.Store(&after)
	for name, old := range before {
		if after[name] != old {
			old.close()
			if after[name] == nil {
				s.logger.Info("map pack is gone", "pack", name)
			}
		}
	}
}

func (s *Server) open(name, path string, info os.FileInfo) *entry {
	e := &entry{name: name, info: info}
	pack, err := mbtiles.Open(path)
	if err != nil {
		e.failure = strings.TrimPrefix(err.Error(), "mbtiles: ")
		s.logger.Warn("map pack is broken", "pack", name, "error", e.failure)
		return e
	}
	e.pack = pack
	s.logger.Info("map pack found", "pack", name, "format", pack.Metadata().Format(), "bytes", info.Size())
	return e
}

// packName is a file's name without its suffix. Hidden files are being written, or are a system's own.
func packName(file string) (string, bool) {
	name, ok := strings.CutSuffix(file, suffix)
	if !ok || name == "" || len(name) > maxNameBytes || name[0] == '.' || !utf8.ValidString(name) {
		return "", false
	}
	return name, !strings.ContainsFunc(name, unicode.IsControl)
}

func isSame(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func (e *entry) close() {
	e.using.Lock()
	defer e.using.Unlock()
	if e.pack != nil {
		e.pack.Close()
		e.pack = nil
	}
}

// find returns the entry of a name with its pack held open until release is called, or nil.
func (s *Server) find(name string) (found *entry, release func()) {
	s.refresh(false)
	for range 2 {
		e := (*s.packs.Load())[name]
		if e != nil {
			e.using.RLock()
			if e.pack != nil || e.failure != "" {
				return e, e.using.RUnlock
			}
			// It was closed between the two lines above, for a newer one.
			e.using.RUnlock()
		}
		s.refresh(true)
	}
	return nil, nil
}

// Packs returns all packs by name, broken ones with their error.
func (s *Server) Packs() []Pack {
	s.refresh(true)
	var out []Pack
	for _, e := range *s.packs.Load() {
		e.using.RLock()
		if e.pack != nil || e.failure != "" {
			out = append(out, describe(e))
		}
		e.using.RUnlock()
	}
	slices.SortFunc(out, func(a, b Pack) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Close closes the packs when the requests that read them have ended. Requests that come later find none.
func (s *Server) Close() error {
	s.scanning.Lock()
	defer s.scanning.Unlock()
	s.closed = true
	before := *s.packs.Swap(&map[string]*entry{})
	for _, e := range before {
		e.close()
	}
	return nil
}

var _ http.Handler = (*Server)(nil)
