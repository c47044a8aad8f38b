package coordinator

import (
	"maps"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// keep writes the scope files of a space, unless there are some: then it says in a note what it left. All are there at
// once, or none.
func (f *folderRules) keep(space string, files map[string]string) (note string, err error) {
	folder := filepath.Join(f.root, space)
	there, err := readScopeFiles(folder)
	switch {
	case err != nil:
		return "", err
	case maps.Equal(there, files):
		return "", nil
	case len(there) > 0:
		return "the scope files in " + folder + " stay as they are; those of the export differ", nil
	}
	if err := os.MkdirAll(f.root, 0o755); err != nil {
		return "", err
	}
	// Another name than a space can have, so that nobody reads it before it is whole.
	fresh, err := os.MkdirTemp(f.root, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	for _, name := range sortedNames(files) {
		path := filepath.Join(fresh, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			return "", err
		}
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return "", err
	}
	if err := syncAround(f.root); err != nil {
		return "", err
	}
	// An empty folder may be in the way; one with other things in it is the operator's.
	if err := os.Remove(folder); err != nil && !os.IsNotExist(err) {
		return "", err
	}
	if err := os.Rename(fresh, folder); err != nil {
		return "", err
	}
	return "the scope files of the export hold here now: " + folder, syncAround(f.root)
}

// syncAround has the file system of a folder write all it holds back.
func syncAround(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	return unix.Syncfs(int(dir.Fd()))
}
