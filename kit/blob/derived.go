package blob

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
)

// A File is a blob as an event would name it.
type File struct {
	Hash Hash   `json:"-"`
	Name string `json:"hash"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// Derived is what this kit made of a blob. It is remembered so that it is made once, and goes with the blob.
type Derived struct {
	// Maker is the version of what made it.
	Maker     int   `json:"maker"`
	Thumbnail *File `json:"thumbnail,omitempty"`
	Preview   *File `json:"preview,omitempty"`
	// Failed says why nothing could be made.
	Failed string `json:"failed,omitempty"`
}

func (s *Store) derivedPath(source Hash) string {
	return filepath.Join(s.dir, derivedFolder, source.Hex()+jsonSuffix)
}

func (s *Store) loadDerived() error {
	list, err := s.names(derivedFolder, jsonSuffix)
	if err != nil {
		return err
	}
	for _, source := range list {
		if record, ok := s.readDerived(source); ok {
			s.remember(source, record)
		}
	}
	return nil
}

func (s *Store) remember(source Hash, record Derived) {
	for _, f := range []*File{record.Thumbnail, record.Preview} {
		if f != nil {
			s.derived[f.Hash] = source
		}
	}
}

func (s *Store) readDerived(source Hash) (record Derived, ok bool) {
	text, err := os.ReadFile(s.derivedPath(source))
	if err != nil || json.Unmarshal(text, &record) != nil {
		return Derived{}, false // it is made again
	}
	for _, f := range []*File{record.Thumbnail, record.Preview} {
		if f == nil {
			continue
		}
		var good bool
		if f.Hash, good = ParseHash(f.Name); !good {
			return Derived{}, false
		}
	}
	return record, true
}

// Derived tells what was made of a blob; ok is false where nobody has tried yet.
func (s *Store) Derived(source Hash) (record Derived, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readDerived(source)
}

// Source tells of which blob this one was made here.
func (s *Store) Source(made Hash) (source Hash, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, ok = s.derived[made]
	return source, ok
}

// PutDerived stores what was made of a blob: the bytes as blobs of their own, then the record. It is refused with a
// *Withdrawal where the source was withdrawn meanwhile, or what was made of it is refused by itself.
func (s *Store) PutDerived(source Hash, maker int, kind string, thumbnail, preview []byte) (record Derived, err error) {
	record.Maker = maker
	for _, one := range []struct {
		data []byte
		into **File
	}{{thumbnail, &record.Thumbnail}, {preview, &record.Preview}} {
		h := Hash(sha256.Sum256(one.data))
		if err := s.put(source, h, one.data); err != nil {
			return Derived{}, err
		}
		*one.into = &File{Hash: h, Name: h.String(), Type: kind, Size: int64(len(one.data))}
	}
	return record, s.record(source, record)
}

// FailDerived remembers that nothing can be made of a blob.
func (s *Store) FailDerived(source Hash, maker int, why string) error {
	return s.record(source, Derived{Maker: maker, Failed: why})
}

func (s *Store) record(source Hash, record Derived) error {
	text, err := json.Marshal(record, json.Deterministic(true))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.withdrawn[source]; w != nil {
		// What was put for it meanwhile goes too.
		for _, f := range []*File{record.Thumbnail, record.Preview} {
			if f != nil {
				made := *w
				made.Hash, made.Name, made.Of = f.Hash, f.Name, source.String()
				err = errors.Join(err, s.withdraw(&made))
			}
		}
		return errors.Join(w, err)
	}
	if err := writeWhole(s.derivedPath(source), append(text, '\n')); err != nil {
		return err
	}
	s.remember(source, record)
	return nil
}

// put stores a blob that is in memory.
func (s *Store) put(source, h Hash, data []byte) error {
	s.mu.Lock()
	withdrawn, used := s.withdrawn[source], s.bytes
	s.mu.Unlock()
	if withdrawn != nil {
		return withdrawn
	}
	state := s.State(h)
	if state.Withdrawn != nil {
		return state.Withdrawn
	}
	if state.Here {
		return nil
	}
	free, err := s.options.free(s.dir)
	if err != nil {
		return err
	}
	if used+int64(len(data)) > s.options.MaxBytes || free-int64(len(data)) < s.options.Reserve {
		return ErrFull
	}
	path := filepath.Join(s.dir, incomingFolder, h.Hex()+madeSuffix)
	if err := writeWhole(path, data); err != nil {
		return err
	}
	if err := s.publish(h, path, int64(len(data))); err != nil {
		if removed := os.Remove(path); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
		return err
	}
	return nil
}
