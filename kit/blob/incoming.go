package blob

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"time"
)

// begin finds or makes the record of an upload, where there is room for it.
func (s *Store) begin(h Hash, want Want) (*upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	coming, missing := s.load(h, want)
	for s.incoming[h] == nil && len(s.incoming) >= s.options.MaxUploads || coming > s.options.MaxIncoming {
		if !s.evict(h) {
			return nil, ErrFull
		}
		coming, missing = s.load(h, want)
	}
	free, err := s.options.free(s.dir)
	if err != nil {
		return nil, err
	}
	if s.bytes+coming > s.options.MaxBytes || free-missing < s.options.Reserve {
		return nil, ErrFull
	}
	u := s.incoming[h]
	if u == nil {
		u = &upload{path: filepath.Join(s.dir, incomingFolder, h.Hex()), sum: sha256.New(), last: s.options.Now()}
		s.incoming[h] = u
	}
	return u, nil
}

// load is how many bytes all uploads are to have, h among them, and how many of them are still to come. It needs mu.
func (s *Store) load(h Hash, want Want) (coming, missing int64) {
	coming, missing = want.Size, want.Size
	for other, u := range s.incoming {
		u.mu.Lock()
		if other == h {
			missing -= u.offset
		} else {
			coming += max(u.size, u.offset)
			missing += max(0, u.size-u.offset)
		}
		u.mu.Unlock()
	}
	return coming, missing
}

// evict drops the upload that has brought nothing for longest, if it has for evictAfter. It needs mu.
func (s *Store) evict(but Hash) bool {
	var oldest Hash
	var found *upload
	var since time.Time
	for h, u := range s.incoming {
		u.mu.Lock()
		if h != but && !u.held && (found == nil || u.last.Before(since)) {
			oldest, found, since = h, u, u.last
		}
		u.mu.Unlock()
	}
	if found == nil || s.options.Now().Sub(since) < evictAfter {
		return false
	}
	found.remove()
	delete(s.incoming, oldest)
	return true
}

// forget drops an upload.
func (s *Store) forget(h Hash, u *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.remove()
	if s.incoming[h] == u {
		delete(s.incoming, h)
	}
}

func (u *upload) remove() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gone = true
	os.Remove(u.path)
}

// loadIncoming finds the uploads that were in progress when the process ended.
func (s *Store) loadIncoming() error {
	list, err := s.names(incomingFolder, "")
	if err != nil {
		return err
	}
	for _, h := range list {
		path := filepath.Join(s.dir, incomingFolder, h.Hex())
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if s.withdrawn[h] != nil {
			os.Remove(path)
			continue
		}
		s.incoming[h] = &upload{path: path, offset: info.Size(), last: info.ModTime()}
	}
	return nil
}

// Tidy drops uploads that have brought nothing for long, and tells how many. It is to be called now and then.
func (s *Store) Tidy() (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	for h, u := range s.incoming {
		u.mu.Lock()
		old := !u.held && now.Sub(u.last) >= s.options.KeepIncoming
		u.mu.Unlock()
		if old {
			u.remove()
			delete(s.incoming, h)
			dropped++
		}
	}
	return dropped
}
