package depot

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/maps/tile"
)

// A Reader reads one space's folder, which may be anybody's.
type Reader struct {
	// Folder is the space's folder.
	Folder string

	root *os.Root
}

// Open opens a space's folder for reading.
func Open(folder string) (*Reader, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	return &Reader{Folder: folder, root: root}, nil
}

// Close gives the folder back.
func (r *Reader) Close() error { return r.root.Close() }

// Path is how refusals name a file: with the space's folder in front.
func (r *Reader) Path(name string) string { return path.Join(filepath.Base(r.Folder), name) }

// ObjectPath is how refusals name a blob.
func (r *Reader) ObjectPath(sum digest.Sum) string { return r.Path(objectPath(sum)) }

// ManifestPath is how refusals name a tile's manifest.
func (r *Reader) ManifestPath(at tile.Tile) string { return r.Path(tilePath(at) + "/" + manifestFile) }

// read reads a plain file of at most so many bytes.
func (r *Reader) read(name string, most int64) ([]byte, error) {
	f, size, err := openPlain(r.root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size <= most {
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(f, most+1)); err != nil {
			return nil, err
		}
		if int64(len(data)) <= most {
			return data, nil
		}
	}
	return nil, refuse("size", "", "is longer than it may be")
}

// Space reads space.json.
func (r *Reader) Space() (*Space, error) {
	raw, err := r.read(spaceFile, maxSmall)
	if err != nil {
		return nil, err
	}
	return parseSpace(raw)
}

// Tiles calls yield for each tile that has a folder, z0/x0/y0, where the space's log stands, first, and refused for each
// folder that cannot be read. The error is yield's.
func (r *Reader) Tiles(yield func(tile.Tile) error, refused func(Refusal)) error {
	zooms := r.folders(tilesFolder, refused)
	slices.SortFunc(zooms, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	for _, z := range zooms {
		for _, x := range r.folders(tilesFolder+"/"+z, refused) {
			for _, y := range r.folders(tilesFolder+"/"+z+"/"+x, refused) {
				at, err := tile.Parse(z + "/" + x + "/" + y)
				if err != nil {
					continue // what is in it, Check refuses
				}
				if err := yield(at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// folders are the names of the folders in one, sorted.
func (r *Reader) folders(name string, refused func(Refusal)) (names []string) {
	f, err := r.root.Open(name)
	if err == nil {
		var entries []fs.DirEntry
		entries, err = f.ReadDir(-1)
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, e.Name())
			}
		}
		f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		refused(Refusal{Path: r.Path(name), Status: "refused", Refusal: *Explain(err)})
	}
	slices.Sort(names)
	return names
}

// maxFaults is how many seals of a manifest may be wrong before the rest of it is left.
const maxFaults = 100

// Manifest reads a tile's manifest and calls yield for each seal that it lists, or for what is wrong with one: its
// signature is verified, and that it stands in its place, once. The error is yield's, or a fault of the manifest as a whole, after
// the seals before it.
func (r *Reader) Manifest(at tile.Tile, yield func(*segment.Seal, *event.Refusal) error) error {
	f, size, err := openPlain(r.root, tilePath(at)+"/"+manifestFile)
	if err != nil {
		return err
	}
	defer f.Close()
	if size > maxManifest {
		return refuse("size", "", "longer than 64 MiB")
	}
	n, faults, last := -1, 0, ""
	id, err := parseManifest(f, func(raw []byte) error {
		n++
		seal, err := segment.ParseSeal(raw)
		switch {
		case err != nil:
		case seal.Tile != at:
			err = refuse("tile", "tile", "is another tile than the folder's")
		case seal.Hash.String() <= last:
			err = refuse("order", "hash", "does not come after the one before it")
		default:
			last = seal.Hash.String()
		}
		if err != nil {
			if faults++; faults > maxFaults {
				return refuse("form", "segments", "more than "+itoa(maxFaults)+" of them are wrong; the rest is left")
			}
			fault := *Explain(err)
			fault.Field = strings.TrimSuffix("segments["+itoa(n)+"]."+fault.Field, ".")
			return yield(nil, &fault)
		}
		return yield(seal, nil)
	})
	if err == nil && id != at.String() {
		err = refuse("tile", "tile_id", "is another tile than the folder's")
	}
	return err
}

// Segment reads the segment of a seal and holds it to it. The signatures of the events are not verified. Where there are
// lines beside an error, the object is what its name says, so that they may be looked at one by one.
func (r *Reader) Segment(seal *segment.Seal) (events []*event.Event, lines [][]byte, err error) {
	data, err := r.read(objectPath(seal.Hash), segment.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	if sha256.Sum256(data) != seal.Hash {
		return nil, nil, refuse("hash", "", "is not what its name says: it was changed or is not whole")
	}
	lines = bytes.Split(bytes.TrimSuffix(data, []byte{'\n'}), []byte{'\n'})
	g, events, err := segment.Parse(data)
	if err == nil {
		err = seal.Check(g)
	}
	if err != nil {
		return nil, lines, err
	}
	return events, lines, nil
}

// Object opens a blob. Whoever reads it sees to its hash.
func (r *Reader) Object(sum digest.Sum) (io.ReadCloser, int64, error) {
	f, size, err := openPlain(r.root, objectPath(sum))
	if err != nil {
		return nil, 0, err
	}
	return f, size, nil
}

// Scope reads the scope files, by their paths in the space. Only what SHA256SUMS vouches for is given.
func (r *Reader) Scope() (map[string]string, error) {
	files := make(map[string]string)
	err := r.sums(func(sum digest.Sum, name string, k kind, scopeName string) error {
		if k != scopeKind {
			return nil
		}
		raw, err := r.read(name, maxSmall)
		if err == nil && sha256.Sum256(raw) == sum {
			files[scopeName] = string(raw)
		}
		return nil
	})
	return files, err
}

// sums calls yield for each file of the form that SHA256SUMS lists.
func (r *Reader) sums(yield func(sum digest.Sum, name string, k kind, scopeName string) error) error {
	f, size, err := openPlain(r.root, sumsFile)
	if err != nil {
		return err
	}
	defer f.Close()
	if size > maxSums {
		return refuse("size", "", "longer than 1 GiB")
	}
	return parseSums(f, func(sum digest.Sum, name string, bad bool) error {
		k, scopeName := classify(name)
		if bad {
			k = other
		}
		return yield(sum, name, k, scopeName)
	})
}
