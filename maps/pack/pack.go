// Package pack holds the map packs that come with the kit, and puts packs into a folder for the tile server to find.
//
// The street map of Liechtenstein is in the repository (© OpenStreetMap contributors, ODbL 1.0; OpenMapTiles schema,
// CC-BY 4.0); the world's outline (Natural Earth, public domain) is made by maps/cmd/worldpack before the kit is built.
package pack

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fieldkit/maps/mbtiles"
)

const suffix = ".mbtiles"

//go:embed all:data
var data embed.FS

// Install writes the kit's own packs into dir, which is made if need be. A pack that is there with the same bytes is left
// alone, another of the same name is replaced. A pack that was not built is skipped.
func Install(dir string) error {
	contained, err := fs.Sub(data, "data")
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return install(dir, contained)
}

func install(dir string, contained fs.FS) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	names, err := fs.Glob(contained, "*"+suffix)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(contained, name)
		if err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		path := filepath.Join(dir, name)
		if same, err := hasContent(path, content); err != nil {
			return fmt.Errorf("pack: %w", err)
		} else if same {
			continue
		}
		if err := writeFile(path, bytes.NewReader(content)); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
	}
	return nil
}

func hasContent(path string, content []byte) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() != int64(len(content)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	there, err := os.ReadFile(path)
	return bytes.Equal(there, content), err
}

// Add checks a pack and copies it into dir, where it replaces one of the same name. It returns the name under which it
// will be served and what Check found. A broken file is refused, and then nothing in dir has changed.
func Add(dir, file string) (name string, findings []mbtiles.Finding, err error) {
	name = strings.TrimSuffix(filepath.Base(file), suffix)
	if name == "" || name[0] == '.' {
		return "", nil, fmt.Errorf("pack: %q is no name for a pack: it is empty or begins with a dot", name)
	}
	findings = mbtiles.Check(file)
	if broken, found := mbtiles.FirstBroken(findings); found {
		return "", findings, fmt.Errorf("pack: %s is broken: %s", filepath.Base(file), broken)
	}
	if info, err := os.Stat(file + "-wal"); err == nil && info.Size() > 0 {
		return "", findings, fmt.Errorf("pack: %s is still being written: part of it is in %s-wal; close the program that has it open", filepath.Base(file), filepath.Base(file))
	}
	source, err := os.Open(file)
	if err != nil {
		return "", findings, fmt.Errorf("pack: %w", err)
	}
	defer source.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", findings, fmt.Errorf("pack: %w", err)
	}
	if err := writeFile(filepath.Join(dir, name+suffix), source); err != nil {
		return "", findings, fmt.Errorf("pack: %w", err)
	}
	return name, findings, nil
}

// writeFile brings content to disk under a hidden name, and only then to its own: whoever looks, at whatever moment the
// power fails, finds the old file or the new one.
func writeFile(path string, content io.Reader) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*"+suffix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if _, err := io.Copy(temp, content); err != nil {
		return err
	}
	if err := errors.Join(temp.Chmod(0o644), temp.Sync()); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
