package scope

import (
	"fmt"
	"path"
	"strings"

	// A large module for one small package of it, but the one that is kept: the rules of gitignore have corners, and only
	// what is used is built in.
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"

	"fieldkit/kit/event"
)

// ignoreFile is one .ulp-ignore: gitignore patterns, later lines over earlier ones.
type ignoreFile struct {
	folder   []string
	lines    []string
	patterns []gitignore.Pattern
}

func (r *Rules) addIgnore(folder []string, text string) error {
	f := ignoreFile{folder: folder}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		for _, part := range strings.Split(strings.TrimPrefix(line, "!"), "/") {
			if _, err := path.Match(part, "x"); err != nil {
				return fmt.Errorf("line %d: %q is not a pattern of gitignore", i+1, line)
			}
		}
		f.lines = append(f.lines, line)
		f.patterns = append(f.patterns, gitignore.ParsePattern(line, folder))
	}
	r.ignores = append(r.ignores, f)
	return nil
}

// ignored finds the pattern that says that the event's path does not exist. As in git, the last pattern that matches
// decides, nearer files over farther ones, and what lies in an ignored folder cannot be brought back.
func (r *Rules) ignored(e *event.Event, folder []string) (file, pattern string, hit bool) {
	if len(r.ignores) == 0 {
		return "", "", false
	}
	whole := folder
	node := e.Node
	if e.Operation == event.CreateNode {
		node = e.ID
	}
	if node != "" {
		whole = append(append([]string{}, folder...), node)
	}
	for n := 1; n <= len(whole); n++ {
		if file, pattern, hit := r.ignoredPath(whole[:n], n <= len(folder)); hit {
			return file, pattern, true
		}
	}
	return "", "", false
}

func (r *Rules) ignoredPath(parts []string, isFolder bool) (file, pattern string, hit bool) {
	for i := len(r.ignores) - 1; i >= 0; i-- {
		f := &r.ignores[i]
		for j := len(f.patterns) - 1; j >= 0; j-- {
			switch f.patterns[j].Match(parts, isFolder) {
			case gitignore.Exclude:
				return joinFile(joinPath(f.folder), IgnoreFile), f.lines[j], true
			case gitignore.Include:
				return "", "", false
			}
		}
	}
	return "", "", false
}
