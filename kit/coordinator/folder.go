package coordinator

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// folderRules reads the scope files of spaces that do not certify themselves from the data folder:
// spaces/SPACE/.ulp-root and so on. They are the operator's word for this kit's own door.
type folderRules struct {
	root string
	log  *slog.Logger
	now  func() time.Time

	mu     sync.Mutex
	spaces map[string]*spaceFolder // guarded by mu
}

type spaceFolder struct {
	looked time.Time
	files  map[string]string
	rules  *scope.Rules
}

const (
	// lookAgain is how long the files are believed unchanged.
	lookAgain = 2 * time.Second
	// maxRemembered bounds what is kept of spaces: names cost nothing to make up.
	maxRemembered = 1024
)

func (f *folderRules) rules(space string) *scope.Rules {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	s := f.spaces[space]
	if s != nil && now.Sub(s.looked) < lookAgain && now.Sub(s.looked) >= 0 {
		return s.rules
	}
	if s == nil {
		if len(f.spaces) >= maxRemembered {
			clear(f.spaces)
		}
		s = &spaceFolder{rules: scope.Default(space)}
		f.spaces[space] = s
	}
	s.looked = now
	files, err := readScopeFiles(filepath.Join(f.root, space))
	if err != nil {
		f.log.Error("reading scope files; those read before hold", "space", space, "error", err)
		return s.rules
	}
	if same(files, s.files) {
		return s.rules
	}
	rules, err := scope.Parse(space, files)
	if err != nil {
		// A slip of the pen must not open the door: what held before goes on holding.
		f.log.Error("a scope file is wrong; those read before hold", "space", space, "error", err)
		return s.rules
	}
	s.files, s.rules = files, rules
	return rules
}

func same(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for path, text := range a {
		if other, ok := b[path]; !ok || other != text {
			return false
		}
	}
	return true
}

// readScopeFiles reads the scope files of a space's folder; it has none where there is no folder.
func readScopeFiles(folder string) (map[string]string, error) {
	if !event.ValidName(filepath.Base(folder)) {
		return nil, nil
	}
	var files map[string]string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path == folder {
			return fs.SkipAll
		}
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() || name != scope.RootFile && name != scope.ScopeFile && name != scope.IgnoreFile {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > scope.MaxFile {
			return &fs.PathError{Op: "read", Path: path, Err: fs.ErrInvalid}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if files == nil {
			files = make(map[string]string)
		}
		relative := strings.TrimPrefix(strings.TrimPrefix(path, folder), string(filepath.Separator))
		files[filepath.ToSlash(relative)] = string(text)
		return nil
	})
	return files, err
}
