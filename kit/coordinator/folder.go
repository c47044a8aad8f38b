package coordinator

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
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

	mu sync.Mutex
	// held are the spaces that have files, or had when they could last be read. Names that somebody made up are not
	// remembered: they cost nothing.
	held map[string]*spaceFolder // guarded by mu
}

type spaceFolder struct {
	looked  time.Time
	files   map[string]string // as last read whole, by path in the folder
	rules   *scope.Rules
	problem string
}

// lookAgain is how long the files are believed unchanged.
const lookAgain = 2 * time.Second

// rules are those of the files as they are, or were up to lookAgain ago.
func (f *folderRules) rules(space string) *scope.Rules {
	if !event.ValidName(space) {
		return scope.Default(space) // no folder has such a name
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	s := f.held[space]
	if s != nil && now.Sub(s.looked) < lookAgain && now.Sub(s.looked) >= 0 {
		return s.rules
	}
	files, err := readScopeFiles(filepath.Join(f.root, space))
	if err == nil && len(files) == 0 {
		delete(f.held, space)
		return scope.Default(space)
	}
	first := s == nil
	if first {
		s = &spaceFolder{rules: scope.Default(space)}
		f.held[space] = s
	}
	s.looked = now
	switch {
	case err != nil:
		f.report(s, space, err)
		if first {
			s.rules = scope.Closed(space, scope.BuiltIn, "the scope files of the space cannot be read")
		}
	case first || !maps.Equal(files, s.files):
		s.files = files
		f.parse(s, space, first)
	}
	return s.rules
}

// parse makes rules of the files. A slip of the pen must not open the door: where one is wrong, what held before goes on
// holding; where nothing did, nothing enters the space.
func (f *folderRules) parse(s *spaceFolder, space string, first bool) {
	rules, err := scope.Parse(space, s.files)
	if err == nil {
		s.rules, s.problem = rules, ""
		return
	}
	f.report(s, space, err)
	if first {
		s.rules = closed(space, s.files, err)
	}
}

// closed are the rules of a space of whose files one is wrong.
func closed(space string, files map[string]string, reason error) *scope.Rules {
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if err := scope.CheckFile(path, files[path]); err != nil {
			return scope.Closed(space, path, err.Error())
		}
	}
	return scope.Closed(space, scope.BuiltIn, reason.Error())
}

// report remembers what is wrong with a space's files, and logs it once.
func (f *folderRules) report(s *spaceFolder, space string, err error) {
	problem := "the scope files of " + space + " cannot be used; what was read before holds, and without that nothing enters: " + err.Error()
	if problem != s.problem {
		f.log.Error("scope files cannot be used; what was read before holds, and without that nothing enters", "space", space, "error", err)
	}
	s.problem = problem
}

// problems are what is wrong with the files, by space.
func (f *folderRules) problems() (list []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, space := range slices.Sorted(maps.Keys(f.held)) {
		if s := f.held[space]; s.problem != "" {
			list = append(list, s.problem)
		}
	}
	return list
}

// readScopeFiles reads the scope files of a space's folder, by path in it; it has none where there is no folder.
func readScopeFiles(folder string) (map[string]string, error) {
	// The folder may be a link to where the operator keeps it. Links within it are not followed.
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		if os.IsNotExist(err) {
			err = nil
		}
		return nil, err
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		if err == nil {
			err = &fs.PathError{Op: "read", Path: folder, Err: errors.New("is not a folder")}
		}
		return nil, err
	}
	files := make(map[string]string)
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() || name != scope.RootFile && name != scope.ScopeFile && name != scope.IgnoreFile {
			return nil
		}
		text, err := readScopeFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		files[filepath.ToSlash(relative)] = text
		return err
	})
	return files, err
}

func readScopeFile(path string) (string, error) {
	// What is no plain file, a pipe above all, may be waited for in vain.
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		if err == nil {
			err = &fs.PathError{Op: "read", Path: path, Err: errors.New("is not a plain file")}
		}
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	// One byte more than allowed: scope then says what is wrong.
	text, err := io.ReadAll(io.LimitReader(file, scope.MaxFile+1))
	return string(text), err
}
