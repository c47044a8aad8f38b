// Package depot writes and reads the directory form of a space (kit/SPEC.md, "Directory form"): plain files that a stranger
// verifies with sha256sum, on any file system, FAT sticks among them. What it reads is anybody's: it follows no link out of
// the folder, bounds what it holds in memory, and says of each fault which file it is in.
package depot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/maps/tile"
)

// Format names the form and its version.
const Format = "fieldkit-directory-1"

// The fixed names in a space's folder.
const (
	spaceFile     = "space.json"
	sumsFile      = "SHA256SUMS"
	tilesFolder   = "tiles"
	objectsFolder = "objects"
	indexFile     = "index.json"
	manifestFile  = "manifest.json"
	snapshots     = "snapshots"
	partSuffix    = ".part" // of a file that is not whole yet
)

// The greatest lengths in bytes of what is read.
const (
	maxSmall    = 64 << 10 // space.json, an index, a descriptor, a scope file
	maxManifest = 64 << 20
	maxSnapshot = 256 << 20
	maxSums     = 1 << 30
)

// A Refusal says what is wrong with a file of the form.
type Refusal struct {
	// Path is the file's, with the space's folder in front.
	Path string `json:"path"`
	// Line is that of an event in a segment, from 1; 0 for the file as a whole.
	Line    int    `json:"line,omitzero"`
	EventID string `json:"event_id,omitempty"`
	Status  string `json:"status"`
	event.Refusal
}

// refuse makes the refusal of a file as a whole.
func refuse(rule, field, message string) *event.Refusal {
	return &event.Refusal{Rule: rule, Field: field, Message: message}
}

// Explain is what an error of reading says to a person.
func Explain(err error) *event.Refusal {
	var r *event.Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, fs.ErrNotExist):
		return refuse("missing", "", "is not there")
	}
	return refuse("read", "", "cannot be read: "+err.Error())
}

// A kind is what a file of the form is.
type kind int

const (
	other kind = iota
	spaceKind
	sumsKind
	indexKind
	manifestKind
	descriptorKind
	objectKind
	scopeKind
)

// classify says what the file at a path in a space's folder is, other where the form has no such file. name is the
// scope file's path as the space knows it.
func classify(path string) (k kind, name string) {
	switch path {
	case spaceFile:
		return spaceKind, ""
	case sumsFile:
		return sumsKind, ""
	}
	parts := strings.Split(path, "/")
	if last := parts[len(parts)-1]; last == scope.RootFile || last == scope.ScopeFile || last == scope.IgnoreFile {
		if len(parts) > 1 {
			layer, ok := ParseFolderName(parts[0])
			if !ok {
				return other, ""
			}
			parts[0] = layer
		}
		name = strings.Join(parts, "/")
		if scope.CheckFile(name, "") != nil {
			return other, ""
		}
		return scopeKind, name
	}
	switch parts[0] {
	case objectsFolder:
		if sum, ok := digest.ParseSum("sha256:" + strings.Join(parts[min(2, len(parts)):], "")); ok && path == objectPath(sum) {
			return objectKind, ""
		}
	case tilesFolder:
		if len(parts) < 5 {
			return other, ""
		}
		if _, err := tile.Parse(strings.Join(parts[1:4], "/")); err != nil {
			return other, ""
		}
		switch rest := parts[4:]; {
		case len(rest) == 1 && rest[0] == indexFile:
			return indexKind, ""
		case len(rest) == 1 && rest[0] == manifestFile:
			return manifestKind, ""
		case len(rest) == 2 && rest[0] == snapshots:
			hex, json := strings.CutSuffix(rest[1], ".json")
			if _, ok := digest.ParseSum("sha256:" + hex); ok && json {
				return descriptorKind, ""
			}
		}
	}
	return other, ""
}

// scopePath is where a scope file lies in the space's folder.
func scopePath(name string) string {
	layer, rest, nested := strings.Cut(name, "/")
	if !nested {
		return name
	}
	return FolderName(layer) + "/" + rest
}

func objectPath(sum digest.Sum) string {
	hex := strings.TrimPrefix(sum.String(), "sha256:")
	return objectsFolder + "/sha256/" + hex[:2] + "/" + hex[2:]
}

func tilePath(at tile.Tile) string { return tilesFolder + "/" + at.String() }

// dropped reports whether a file is one that a desktop leaves wherever it looks.
func dropped(name string) bool {
	return strings.HasPrefix(name, "._") || name == ".DS_Store" || name == "Thumbs.db" || name == "desktop.ini"
}

// IsSpace reports whether a folder holds the form of a space, whole or not.
func IsSpace(dir string) bool {
	for _, name := range []string{spaceFile, sumsFile} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	manifests, _ := fs.Glob(os.DirFS(dir), tilesFolder+"/z*/x*/y*/"+manifestFile)
	return len(manifests) > 0
}

// Find gives the space folders at a path: the folder itself, or those in it, by name. It has none where there are none.
func Find(path string) (folders []string, err error) {
	path = filepath.Clean(path)
	if IsSpace(path) {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if dir := filepath.Join(path, e.Name()); e.IsDir() && IsSpace(dir) {
			folders = append(folders, dir)
		}
	}
	return folders, err
}
