// Package blob keeps the bytes that events name by their hash, as files in a folder (white paper 6.2):
//
//	sha256/ab/cdef…   whole blobs, each under its hash
//	incoming/         uploads in progress, under the hash that they are to have
//	derived/          what was made of a blob (a thumbnail, a preview), under the hash of that blob
//	withdrawn/        what is not to be kept, and why
//	quarantine/       what a check found broken
//
// # Contract
//
//   - A blob is visible whole or not at all: it is written under another name, hashed while it is written, synced, and
//     then renamed; the folder is synced before anybody is told. What was told is there after a power cut.
//   - A blob is never changed. It goes by Withdraw or Quarantine alone.
//   - An upload goes on where it stopped, also after the process was killed. After a power cut its end may be missing or
//     wrong; the hash shows it, and then it begins anew.
//   - Withdraw is on disk when it returns. What is withdrawn is refused from then on, whoever brings it.
//   - Events come first: blobs leave a reserve of the disk free.
//
// A Store is safe for concurrent use, by one process: the kit's lock on its data folder sees to that.
package blob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What callers branch on, besides *OffsetError, *TypeError and *Withdrawal.
var (
	// ErrFull: the disk has no room for it beside the reserve, or a limit on blobs is reached.
	ErrFull = errors.New("there is no room for more media: the rest of the disk is for reports")
	// ErrBusy: somebody else is adding to the same blob, or too many uploads are open.
	ErrBusy = errors.New("somebody is sending this one already")
	// ErrHash: the bytes are not those that the name says. The upload was dropped.
	ErrHash = errors.New("the bytes do not have this hash; what had come of them was dropped")
	// ErrNotHere: there is no such blob here.
	ErrNotHere = errors.New("the blob is not here")
)

// Options are the limits of a store. Zero fields have the values that are named here.
type Options struct {
	// Reserve is how many bytes of the disk stay free for events: 512 MiB.
	Reserve int64
	// MaxBytes bounds all blobs together: 32 GiB.
	MaxBytes int64
	// MaxIncoming bounds uploads in progress together, by the sizes they are to have: 512 MiB; MaxUploads their number: 256.
	MaxIncoming int64
	MaxUploads  int
	// KeepIncoming is how long an upload that brings nothing more is kept: seven days.
	KeepIncoming time.Duration
	// Now is the clock; nil is the machine's.
	Now func() time.Time

	free func(dir string) (int64, error) // tests make the disk full with it
}

// evictAfter is how long an upload must have brought nothing before it may be dropped to make room for another.
const evictAfter = time.Hour

// A Store is an open folder of blobs.
type Store struct {
	dir     string
	options Options

	mu        sync.Mutex
	bytes     int64                // of whole blobs, guarded by mu
	incoming  map[Hash]*upload     // guarded by mu
	withdrawn map[Hash]*Withdrawal // guarded by mu
	derived   map[Hash]Hash        // what was made of which blob: source by derived, guarded by mu
}

const (
	wholeFolder      = "sha256"
	incomingFolder   = "incoming"
	derivedFolder    = "derived"
	withdrawnFolder  = "withdrawn"
	quarantineFolder = "quarantine"
	// partSuffix and madeSuffix are those of what is written in one go, before and after it is whole; what a crash leaves of
	// them is thrown away.
	partSuffix = ".part"
	madeSuffix = ".made"
)

// Open opens a folder, which is made where there is none.
func Open(dir string, o Options) (*Store, error) {
	o.Reserve = orElse(o.Reserve, 512<<20)
	o.MaxBytes = orElse(o.MaxBytes, 32<<30)
	o.MaxIncoming = orElse(o.MaxIncoming, 512<<20)
	o.MaxUploads = orElse(o.MaxUploads, 256)
	o.KeepIncoming = orElse(o.KeepIncoming, 7*24*time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.free == nil {
		o.free = freeBytes
	}
	s := &Store{dir: dir, options: o, incoming: make(map[Hash]*upload), withdrawn: make(map[Hash]*Withdrawal), derived: make(map[Hash]Hash)}
	for _, folder := range []string{wholeFolder, incomingFolder, derivedFolder, withdrawnFolder} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return nil, err
		}
	}
	for _, load := range []func() error{s.loadWithdrawn, s.loadDerived, s.loadWhole, s.loadIncoming} {
		if err := load(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func orElse[T int | int64 | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

func freeBytes(dir string) (int64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return 0, err
	}
	return int64(disk.Bavail) * int64(disk.Bsize), nil
}

// loadWhole counts what is here. What was withdrawn when the plug was pulled goes now.
func (s *Store) loadWhole() error {
	return s.eachWhole(func(h Hash, size int64) error {
		if s.withdrawn[h] != nil {
			return s.drop(h)
		}
		s.bytes += size
		return nil
	})
}

// eachWhole calls yield for each file that has a blob's name.
func (s *Store) eachWhole(yield func(h Hash, size int64) error) error {
	root := filepath.Join(s.dir, wholeFolder)
	folders, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(root, folder.Name()))
		if err != nil {
			return err
		}
		for _, file := range files {
			h, ok := ParseHash(folder.Name() + file.Name())
			if !ok || len(folder.Name()) != 2 {
				continue
			}
			info, err := file.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // withdrawn meanwhile
			}
			if err != nil {
				return err
			}
			if !info.Mode().IsRegular() {
				continue
			}
			if err := yield(h, info.Size()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Each calls yield for each blob that is here, until it returns an error.
func (s *Store) Each(yield func(h Hash, size int64) error) error { return s.eachWhole(yield) }

func (s *Store) wholePath(h Hash) string {
	digits := h.Hex()
	return filepath.Join(s.dir, wholeFolder, digits[:2], digits[2:])
}

// Path is where a whole blob lies or would lie, for people.
func (s *Store) Path(h Hash) string { return s.wholePath(h) }

// A State says what of a blob is here.
type State struct {
	// Here says that all of it is; Size is its length then.
	Here bool
	Size int64
	// Incoming says that an upload was begun, of which Offset bytes are here.
	Incoming bool
	Offset   int64
	// Withdrawn is not nil where the blob is not to be kept.
	Withdrawn *Withdrawal
}

// State tells of one blob.
func (s *Store) State(h Hash) (state State) {
	s.mu.Lock()
	state.Withdrawn = s.withdrawn[h]
	u := s.incoming[h]
	s.mu.Unlock()
	if state.Withdrawn != nil {
		return state
	}
	if info, err := os.Lstat(s.wholePath(h)); err == nil && info.Mode().IsRegular() {
		state.Here, state.Size = true, info.Size()
		return state
	}
	if u != nil {
		state.Incoming, state.Offset = true, u.at()
	}
	return state
}

// Open opens a blob for reading. The error is ErrNotHere, a *Withdrawal, or of the disk.
func (s *Store) Open(h Hash) (*os.File, error) {
	s.mu.Lock()
	w := s.withdrawn[h]
	s.mu.Unlock()
	if w != nil {
		return nil, w
	}
	f, err := os.Open(s.wholePath(h))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotHere
	}
	return f, err
}

// Stat are the store's figures.
type Stat struct {
	// Bytes are those of whole blobs.
	Bytes int64
	// Uploads are in progress; Withdrawn are refused.
	Uploads, Withdrawn int
}

// Stat tells how much is here.
func (s *Store) Stat() Stat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stat{s.bytes, len(s.incoming), len(s.withdrawn)}
}

// Room reports whether there is room for more; if not, the error is ErrFull, or of the disk.
func (s *Store) Room() error {
	free, err := s.options.free(s.dir)
	if err == nil && (s.Stat().Bytes >= s.options.MaxBytes || free < s.options.Reserve) {
		err = ErrFull
	}
	return err
}

// syncFolder makes names in a folder durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// writeWhole writes a file that is there whole or not at all, and is there after a power cut.
func writeWhole(path string, data []byte) error {
	part := path + partSuffix
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return full(err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(part, path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	} else {
		os.Remove(part)
	}
	return full(err)
}

// full gives an error of a disk without room the name that callers know.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.Join(ErrFull, err)
	}
	return err
}

// names are the hashes whose files lie in a folder, by file name without suffix. What was being written when the process
// ended is thrown away.
func (s *Store) names(folder, suffix string) (list []Hash, err error) {
	files, err := os.ReadDir(filepath.Join(s.dir, folder))
	for _, file := range files {
		if strings.HasSuffix(file.Name(), partSuffix) || strings.HasSuffix(file.Name(), madeSuffix) {
			os.Remove(filepath.Join(s.dir, folder, file.Name()))
			continue
		}
		digits, ok := strings.CutSuffix(file.Name(), suffix)
		if h, good := ParseHash(digits); ok && good && len(digits) == 64 && file.Type().IsRegular() {
			list = append(list, h)
		}
	}
	return list, err
}
