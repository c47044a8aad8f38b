package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A Fault is something that is not as it must be.
type Fault struct {
	// Hash is the blob's; zero for a file that is no blob.
	Hash Hash
	// Rule is hash, read, withdrawn or extra.
	Rule string
	// Message is a sentence for a person.
	Message string
}

// Check is CheckFolder on the folder of the store.
func (s *Store) Check(ctx context.Context, found func(Fault)) error {
	return CheckFolder(ctx, s.dir, found)
}

// CheckFolder reads every blob in a folder and calls found for each that is not what its name says, for each that was withdrawn
// and is there, and for each file among them that is no blob. It changes nothing and opens no store: the folder need not be
// there. The error is of reading, or of ctx.
func CheckFolder(ctx context.Context, dir string, found func(Fault)) error {
	s := &Store{dir: dir}
	root := filepath.Join(dir, wholeFolder)
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case path == root && errors.Is(err, fs.ErrNotExist):
			return fs.SkipAll
		case err == nil:
			err = ctx.Err()
		}
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || d.IsDir() {
			return err
		}
		h, ok := ParseHash(filepath.Dir(name) + filepath.Base(name))
		if !ok || !d.Type().IsRegular() || path != s.wholePath(h) {
			found(Fault{Rule: "extra", Message: fmt.Sprintf("%s is no blob", name)})
			return nil
		}
		if _, err := os.Lstat(s.withdrawnPath(h)); err == nil {
			found(Fault{h, "withdrawn", fmt.Sprintf("%s was withdrawn and is still here; the kit drops it when it starts", h)})
		}
		switch sum, err := sumFile(path); {
		case errors.Is(err, fs.ErrNotExist): // withdrawn meanwhile
		case err != nil:
			found(Fault{h, "read", fmt.Sprintf("%s cannot be read: %v", h, err)})
		case sum != h:
			found(Fault{h, "hash", fmt.Sprintf("%s has other bytes than its name says", h)})
		}
		return nil
	})
}

func sumFile(path string) (h Hash, err error) {
	f, err := os.Open(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	sum.Sum(h[:0])
	return h, err
}

// Broken reports whether a blob that is here has other bytes than its name says.
func (s *Store) Broken(h Hash) (bool, error) {
	sum, err := sumFile(s.wholePath(h))
	if errors.Is(err, fs.ErrNotExist) {
		return false, ErrNotHere
	}
	return err == nil && sum != h, err
}

// Quarantine puts a blob aside, whatever it holds: it is not here any more, may be brought again, and lies in quarantine/
// for people. The error is ErrNotHere or of the disk.
func (s *Store) Quarantine(h Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	whole, aside := s.wholePath(h), filepath.Join(s.dir, quarantineFolder)
	info, err := os.Lstat(whole)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotHere
	}
	if err == nil {
		err = os.MkdirAll(aside, 0o755)
	}
	if err == nil {
		err = os.Rename(whole, filepath.Join(aside, h.Hex()))
	}
	if err != nil {
		return err
	}
	s.bytes -= info.Size()
	// What was made of it is made again when it comes again; a thumbnail that was lost itself, when the kit is opened.
	if err := os.Remove(s.derivedPath(h)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errors.Join(syncFolder(aside), syncFolder(filepath.Dir(whole)))
}
