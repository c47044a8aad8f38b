package depot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"fieldkit/kit/digest"
	"fieldkit/kit/scope"
)

// A Writer writes one space's folder. Objects come first, then what names them; last, when all is on the disk, the list
// SHA256SUMS, without which a folder is not whole. It adds and updates, and takes nothing away but that list, before the
// first change. Each file is written under another name and renamed. It is for one goroutine.
type Writer struct {
	// Folder is the space's folder.
	Folder string

	root    *os.Root
	space   string
	census  census
	tiles   int
	sealed  int
	changed bool // SHA256SUMS is gone
}

// Create begins to write a space in the folder out, which is made where there is none.
func Create(out, space string) (*Writer, error) {
	folder := filepath.Join(out, FolderName(space))
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	// What is on a stick may lead anywhere.
	if info, err := os.Lstat(folder); err != nil || !info.IsDir() {
		return nil, errors.Join(err, refuse("link", "", "is a link or no folder: take it away, or export to another place"))
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	w := &Writer{Folder: folder, root: root, space: space, census: newCensus()}
	r := &Reader{Folder: folder, root: root}
	if there, err := r.Space(); err == nil && there.Space != space {
		root.Close()
		return nil, refuse("space", "", "holds the space "+there.Space+": export to another place")
	}
	return w, nil
}

// Discard ends without finishing: what was written stays, and is not whole.
func (w *Writer) Discard() error { return w.root.Close() }

// Scope writes a scope file, by its path in the space.
func (w *Writer) Scope(name, text string) error {
	if err := scope.CheckFile(name, text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return w.put(scopePath(name), []byte(text))
}

// Media writes a blob that r gives, of at most so many bytes. It reports false, and keeps nothing, where r gives another.
func (w *Writer) Media(sum digest.Sum, r io.Reader, most int64) (ok bool, err error) {
	if w.holds(sum) {
		return true, nil
	}
	name := objectPath(sum)
	hash := sha256.New()
	err = w.write(name, func(f io.Writer) error {
		n, err := io.Copy(io.MultiWriter(f, hash), io.LimitReader(r, most+1))
		if err == nil && (n > most || digest.Sum(hash.Sum(nil)) != sum) {
			err = errOther
		}
		return err
	})
	if errors.Is(err, errOther) {
		return false, nil
	}
	return err == nil, err
}

// errOther: the content is not what was named.
var errOther = errors.New("another content")

// Withhold takes away a blob of media that an earlier export has written, for one that was withdrawn since; ok says that it was
// there.
func (w *Writer) Withhold(sum digest.Sum) (ok bool, err error) {
	if _, err := w.root.Lstat(objectPath(sum)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := w.change(); err != nil {
		return false, err
	}
	err = w.root.Remove(objectPath(sum))
	return err == nil, err
}

// object writes a blob under its name, unless it is there.
func (w *Writer) object(data []byte) (digest.Sum, error) {
	sum := digest.Sum(sha256.Sum256(data))
	if w.holds(sum) {
		return sum, nil
	}
	return sum, w.write(objectPath(sum), func(f io.Writer) error { _, err := f.Write(data); return err })
}

// holds reports whether a blob is there, and whole: a stick that was pulled may hold a name without its content.
func (w *Writer) holds(sum digest.Sum) bool {
	there, err := hashFile(w.root, objectPath(sum), math.MaxInt64)
	return err == nil && there == sum
}

// put writes a file that is no object, unless it is there with this content.
func (w *Writer) put(name string, data []byte) error {
	r := &Reader{root: w.root}
	if there, err := r.read(name, int64(len(data))); err == nil && bytes.Equal(there, data) {
		return nil
	}
	if err := w.change(); err != nil {
		return err
	}
	return w.write(name, func(f io.Writer) error { _, err := f.Write(data); return err })
}

// change says, before anything changes, that the folder is not whole.
func (w *Writer) change() error {
	if w.changed {
		return nil
	}
	if err := w.root.Remove(sumsFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w.changed = true
	return nil
}

// write makes a file, under another name until it is whole.
func (w *Writer) write(name string, content func(io.Writer) error) error {
	if folder := path.Dir(name); folder != "." {
		if err := w.root.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	part := name + partSuffix
	// Anew, so that nothing is written through a link.
	if err := w.root.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := w.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	err = content(f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = w.root.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, w.root.Remove(part))
	}
	return nil
}

// Finish writes what says what the folder holds, and returns when all is on the disk. stray is called for each file that
// is not of the form or is damaged; it is not in the list.
func (w *Writer) Finish(stray func(path string)) (*Space, error) {
	defer w.root.Close()
	s := &Space{Space: w.space, Tiles: w.tiles, Segments: w.sealed, Trees: w.census.trees(w.space)}
	for _, t := range s.Trees {
		s.Events += t.Count
	}
	if err := w.put(spaceFile, s.text()); err != nil {
		return nil, err
	}
	// Before the list is there, all that it lists.
	if err := w.sync(); err != nil {
		return nil, err
	}
	if err := w.write(sumsFile, func(f io.Writer) error { return w.list(f, stray) }); err != nil {
		return nil, err
	}
	return s, w.sync()
}

// sync has the file system write all it holds back. One call: a stick takes seconds for each file.
func (w *Writer) sync() error {
	dir, err := w.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return &fs.PathError{Op: "sync", Path: w.Folder, Err: err}
	}
	return nil
}

// list makes SHA256SUMS by reading every file back.
func (w *Writer) list(into io.Writer, stray func(path string)) error {
	list := bufio.NewWriter(into)
	err := fs.WalkDir(w.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == sumsFile || name == sumsFile+partSuffix || dropped(d.Name()) {
			return err
		}
		if strings.HasSuffix(name, partSuffix) {
			return w.root.Remove(name) // an export that did not come to its end left it
		}
		k, _ := classify(name)
		if k == other || !d.Type().IsRegular() {
			stray(name)
			return nil
		}
		sum, err := hashFile(w.root, name, math.MaxInt64)
		if err != nil {
			return err
		}
		if k == objectKind && objectPath(sum) != name {
			stray(name)
			return nil
		}
		_, err = fmt.Fprintf(list, "%s  %s\n", sum.String()[len("sha256:"):], name)
		return err
	})
	return errors.Join(err, list.Flush())
}

// hashFile is SHA-256 of a plain file in the folder, of at most so many bytes.
func hashFile(root *os.Root, name string, most int64) (sum digest.Sum, err error) {
	f, size, err := openPlain(root, name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	if size > most {
		return sum, refuse("size", "", "is longer than it may be")
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return sum, err
	}
	return digest.Sum(hash.Sum(nil)), nil
}

// openPlain opens a file that is nothing but a file: what is none, a pipe above all, may be waited for in vain.
func openPlain(root *os.Root, name string) (*os.File, int64, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, refuse("link", "", "is not a plain file")
	}
	f, err := root.Open(name)
	return f, info.Size(), err
}
