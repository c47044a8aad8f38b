package store

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"sync"

	"fieldkit/kit/event"
)

// trailing is how many events may be missing from event_id before a large append writes them there, and a small one.
// Keys are random: the more of them are put in at once, sorted, the fewer pages each costs.
const (
	trailing      = 8192
	trailingSmall = 256
)

// An entry is an event under a key of event_id.
type entry struct {
	key, seq int64
	hash     [32]byte
}

// recent holds the entries that are not in event_id yet. The writer alone changes it, after a commit; readers look
// into it before they look into the table, so that an entry on its way is never missed.
type recent struct {
	mu      sync.RWMutex
	entries []entry         // guarded by mu
	byKey   map[int64]int32 // guarded by mu; the latest of entries under a key
	older   []int32         // guarded by mu; for each of entries the one before it under its key, or -1
}

func newRecent() *recent { return &recent{byKey: make(map[int64]int32)} }

// add adds entries; with replace, it forgets all others at the same moment.
func (r *recent) add(entries []entry, replace bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if replace {
		clear(r.byKey)
		r.entries, r.older = r.entries[:0], r.older[:0]
	}
	for _, e := range entries {
		last, ok := r.byKey[e.key]
		if !ok {
			last = -1
		}
		r.byKey[e.key] = int32(len(r.entries))
		r.entries = append(r.entries, e)
		r.older = append(r.older, last)
	}
}

// find calls yield for the entries under key.
func (r *recent) find(key int64, yield func(entry)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	i, ok := r.byKey[key]
	for ok && i >= 0 {
		yield(r.entries[i])
		i = r.older[i]
	}
}

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// idKey is the key of an id: the first 8 bytes of what a derived id spells, which are random already, else of SHA-256.
func idKey(id string) int64 {
	if event.Reserved(id) {
		var b [10]byte
		if n, err := base32Lower.Decode(b[:], []byte(id[4:20])); err == nil && n == len(b) {
			return int64(binary.BigEndian.Uint64(b[:]))
		}
	}
	sum := sha256.Sum256([]byte(id))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// contentKey is the key of a content hash.
func contentKey(hash [32]byte) int64 { return int64(binary.BigEndian.Uint64(hash[:])) }

// sameKey is the key under which the same content is found: a signed event's id says what the content is; a v0 event's
// does not, and whoever sent thousands of contents under one id would make each append look at all of them.
func sameKey(e *event.Event, hash [32]byte) int64 {
	if e.Signed() {
		return idKey(e.ID)
	}
	return contentKey(hash)
}
