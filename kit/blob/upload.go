package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Want is what an upload must turn out to be, by the events that name it.
type Want struct {
	// Size is its length in bytes.
	Size int64
	// Types are those that events name for it; one of them must be what the content is.
	Types []string
}

// An OffsetError says that an upload does not go on where the caller thought.
type OffsetError struct {
	// Have is how many bytes are here.
	Have int64
}

func (e *OffsetError) Error() string {
	return fmt.Sprintf("%d bytes are here: go on from there", e.Have)
}

// A TypeError says that a blob is not what an event says of it, or nothing that a kit takes. The upload was dropped.
type TypeError struct {
	// Found are the types that the content can be, none where it is nothing that is known.
	Found []string
	// Wanted are those that events name.
	Wanted []string
}

func (e *TypeError) Error() string {
	found := "nothing that a kit takes"
	if len(e.Found) > 0 {
		found = e.Found[0]
	}
	return "the content is " + found + ", not " + strings.Join(e.Wanted, " or ")
}

const (
	// pieceBytes is how much is read before it is written.
	pieceBytes = 64 << 10
	// syncFrom is how much an upload must have brought to be worth a sync when it breaks off.
	syncFrom = 256 << 10
	// holdFor is how long one who sends nothing keeps others from going on: a phone that lost its WiFi comes back on a
	// new connection, while the old one still looks alive.
	holdFor = 3 * time.Second
)

// upload is a blob on its way. Its lock is taken after the store's, never before.
type upload struct {
	path string

	mu     sync.Mutex
	offset int64     // guarded by mu
	size   int64     // what it is to have, 0 as long as nobody has said, guarded by mu
	sum    hash.Hash // of what is here; nil until somebody goes on after a restart, guarded by mu
	last   time.Time // when something came, guarded by mu
	turn   int       // who may write, guarded by mu
	held   bool      // somebody is writing, guarded by mu
	gone   bool      // its file was taken away, guarded by mu
}

func (u *upload) at() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.offset
}

var pieces = sync.Pool{New: func() any { return new([pieceBytes]byte) }}

// Anew as an offset begins an upload from nothing, whatever is here of it.
const Anew = -1

// Append adds what r gives to the upload of a blob, from offset on, until r ends or all is here. It returns how much of
// the blob is here then, and whether it is whole: then it is on disk under its hash. What came before an error of r is
// kept. Besides the errors of r and of the disk there are ErrFull, ErrBusy, ErrHash, *OffsetError, *TypeError and
// *Withdrawal. Of a blob that is here already nothing is read.
func (s *Store) Append(h Hash, want Want, offset int64, r io.Reader) (at int64, whole bool, err error) {
	if state := s.State(h); state.Withdrawn != nil {
		return 0, false, state.Withdrawn
	} else if state.Here {
		return state.Size, true, nil
	}
	if want.Size < 1 {
		return 0, false, &TypeError{Wanted: want.Types}
	}
	u, err := s.begin(h, want)
	if err != nil {
		return 0, false, err
	}
	turn, err := u.take(offset, want.Size, s.options.Now())
	if err != nil {
		return u.at(), false, err
	}
	defer u.give(turn)
	at, err = s.fill(u, turn, want, r)
	var wrong *TypeError
	switch {
	case errors.As(err, &wrong):
		s.forget(h, u)
		return 0, false, err
	case err != nil || at < want.Size:
		return at, false, err
	}
	if err := s.finish(h, u, want); err != nil {
		return 0, false, err
	}
	return at, true, nil
}

// take gives the caller the turn to write, at offset.
func (u *upload) take(offset, size int64, now time.Time) (turn int, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.held && now.Sub(u.last) < holdFor && now.Sub(u.last) >= 0 || u.gone {
		return 0, ErrBusy
	}
	if offset == Anew || u.offset > size {
		u.offset, u.sum = 0, sha256.New()
		if err := os.Remove(u.path); err != nil && !os.IsNotExist(err) {
			return 0, err
		}
	}
	if offset != Anew && offset != u.offset {
		return 0, &OffsetError{u.offset}
	}
	u.turn++
	u.size, u.held, u.last = size, true, now
	return u.turn, nil
}

func (u *upload) give(turn int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.turn == turn {
		u.held = false
	}
}

// fill reads and writes, piece by piece.
func (s *Store) fill(u *upload, turn int, want Want, r io.Reader) (at int64, err error) {
	f, err := os.OpenFile(u.path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return u.at(), full(err)
	}
	defer f.Close()
	if err := u.rehash(f); err != nil {
		return u.at(), err
	}
	piece := pieces.Get().(*[pieceBytes]byte)
	defer pieces.Put(piece)
	began := u.at()
	for at = began; at < want.Size && err == nil; {
		var n int
		n, err = io.ReadFull(r, piece[:min(int64(pieceBytes), want.Size-at)])
		if n == 0 {
			break
		}
		var failed error
		if at, failed = u.write(f, turn, piece[:n], s.options.Now()); failed != nil {
			return at, failed
		}
		if failed := sniffFile(f, at, want); failed != nil {
			return at, failed
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // all that the caller had, or all that came: whoever goes on asks how much it was
	}
	if at-began >= syncFrom {
		err = errors.Join(err, full(f.Sync()))
	}
	return at, err
}

// rehash computes what is lost when the process ends: the state of the hash.
func (u *upload) rehash(f *os.File) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sum != nil {
		return nil
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.NewSectionReader(f, 0, u.offset))
	if err == nil && n != u.offset {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		u.sum = sum
	}
	return err
}

func (u *upload) write(f *os.File, turn int, piece []byte, now time.Time) (at int64, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.turn != turn || u.gone {
		return u.offset, ErrBusy
	}
	if _, err := f.WriteAt(piece, u.offset); err != nil {
		return u.offset, full(err)
	}
	u.sum.Write(piece)
	u.offset += int64(len(piece))
	u.last = now
	return u.offset, nil
}

// sniffFile refuses a content that lies as soon as enough of it is here.
func sniffFile(f *os.File, at int64, want Want) error {
	if at < min(sniffLength, want.Size) || at-pieceBytes > sniffLength {
		return nil // too early, or seen before
	}
	head := make([]byte, min(sniffLength, at))
	if _, err := f.ReadAt(head, 0); err != nil {
		return err
	}
	found := Sniff(head)
	for _, kind := range want.Types {
		if slices.Contains(found, kind) {
			return nil
		}
	}
	return &TypeError{found, want.Types}
}

// finish makes a blob of an upload that has all its bytes.
func (s *Store) finish(h Hash, u *upload, want Want) error {
	u.mu.Lock()
	sum := u.sum.Sum(nil)
	u.mu.Unlock()
	if !bytes.Equal(sum, h[:]) {
		s.forget(h, u)
		return ErrHash
	}
	f, err := os.Open(u.path)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		if s.State(h).Here {
			return nil // who came later, while the disk was slow, was done first
		}
		return full(err)
	}
	return s.publish(h, u.path, want.Size)
}

// publish gives a synced file its name as a blob.
func (s *Store) publish(h Hash, path string, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.withdrawn[h]; w != nil {
		os.Remove(path)
		delete(s.incoming, h)
		return w
	}
	whole := s.wholePath(h)
	folder := filepath.Dir(whole)
	if err := os.Mkdir(folder, 0o755); err == nil {
		err = syncFolder(filepath.Dir(folder))
		if err != nil {
			return full(err)
		}
	} else if !os.IsExist(err) {
		return full(err)
	}
	if _, err := os.Lstat(whole); err == nil {
		s.bytes -= size // it was here: what is renamed over it has the same bytes
	}
	if err := os.Rename(path, whole); err != nil {
		return full(err)
	}
	s.bytes += size
	delete(s.incoming, h)
	return full(syncFolder(folder))
}
