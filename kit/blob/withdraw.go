package blob

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// A Withdrawal says that a blob is not to be kept here, and why. As an error it means that the blob is refused.
type Withdrawal struct {
	Hash Hash `json:"-"`
	// Name is the hash as events write it.
	Name string `json:"hash"`
	// Reason is the operator's, for those who look for the blob.
	Reason string `json:"reason"`
	// Time is when, in seconds since 1970 UTC.
	Time int64 `json:"time"`
	// Of is the blob from which this one was made, "" where it was withdrawn for itself.
	Of string `json:"of,omitempty"`
}

func (w *Withdrawal) Error() string { return "withdrawn: " + w.Reason }

const jsonSuffix = ".json"

func (s *Store) withdrawnPath(h Hash) string {
	return filepath.Join(s.dir, withdrawnFolder, h.Hex()+jsonSuffix)
}

func (s *Store) loadWithdrawn() error {
	list, err := s.names(withdrawnFolder, jsonSuffix)
	if err != nil {
		return err
	}
	for _, h := range list {
		text, err := os.ReadFile(s.withdrawnPath(h))
		if err != nil {
			return err
		}
		w := &Withdrawal{}
		if err := json.Unmarshal(text, w); err != nil {
			// Somebody's pen: that it is withdrawn stands in its name.
			w = &Withdrawal{Reason: "no reason can be read"}
		}
		w.Hash, w.Name = h, h.String()
		s.withdrawn[h] = w
	}
	return nil
}

// Withdraw drops a blob, what was made of it and what more is named, and refuses them from then on; more are blobs that
// others made of it. The bytes may not have been here. On disk when it returns. It is no erasure: the disk may still hold
// what the files held, and copies elsewhere know nothing of it.
func (s *Store) Withdraw(h Hash, reason string, more ...Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, _ := s.readDerived(h)
	for _, f := range []*File{record.Thumbnail, record.Preview} {
		if f != nil && !slices.Contains(more, f.Hash) {
			more = append(more, f.Hash)
		}
	}
	// The blob itself last to be marked, first to be remembered: with it marked, all the others are.
	for _, made := range more {
		if made != h && s.withdrawn[made] == nil {
			if err := s.withdraw(&Withdrawal{Hash: made, Name: made.String(), Reason: reason, Time: s.options.Now().Unix(), Of: h.String()}); err != nil {
				return err
			}
		}
	}
	return s.withdraw(&Withdrawal{Hash: h, Name: h.String(), Reason: reason, Time: s.options.Now().Unix()})
}

// withdraw marks one blob and drops it. It needs mu.
func (s *Store) withdraw(w *Withdrawal) error {
	text, err := json.Marshal(w, json.Deterministic(true))
	if err != nil {
		return err
	}
	// The mark first: a plug pulled behind it drops the bytes when the kit is opened again.
	if err := writeWhole(s.withdrawnPath(w.Hash), append(text, '\n')); err != nil {
		return err
	}
	s.withdrawn[w.Hash] = w
	if u := s.incoming[w.Hash]; u != nil {
		u.remove()
		delete(s.incoming, w.Hash)
	}
	if info, err := os.Lstat(s.wholePath(w.Hash)); err == nil {
		s.bytes -= info.Size()
	}
	return s.drop(w.Hash)
}

// drop removes a blob's file, and what stands in quarantine for it.
func (s *Store) drop(h Hash) error {
	for _, path := range []string{s.wholePath(h), filepath.Join(s.dir, quarantineFolder, h.Hex())} {
		switch err := os.Remove(path); {
		case err == nil:
			if err := syncFolder(filepath.Dir(path)); err != nil {
				return err
			}
		case !os.IsNotExist(err):
			return err
		}
	}
	return nil
}

// Restore lifts the refusal of a blob and of what was made of it; ok is false where it was not withdrawn. The bytes must
// come again.
func (s *Store) Restore(h Hash) (ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.withdrawn[h] == nil {
		return false, nil
	}
	for made, w := range s.withdrawn {
		if made != h && w.Of != h.String() {
			continue
		}
		if err := os.Remove(s.withdrawnPath(made)); err != nil && !os.IsNotExist(err) {
			return true, err
		}
		delete(s.withdrawn, made)
	}
	return true, syncFolder(filepath.Join(s.dir, withdrawnFolder))
}

// Withdrawn are all that are refused, by hash.
func (s *Store) Withdrawn() []*Withdrawal {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Withdrawal, 0, len(s.withdrawn))
	for _, w := range s.withdrawn {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b *Withdrawal) int { return strings.Compare(a.Name, b.Name) })
	return list
}
