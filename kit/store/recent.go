package store

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"fieldkit/kit/event"
)

// trailing is how many events may be missing from the index tables before a large append writes them there, and a small
// one. Their keys are random: the more of them are put in at once, sorted, the fewer pages each costs.
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

// idKey is the key of an id: the first 8 bytes of what a derived id spells, which are random already, else of SHA-256.
func idKey(id string) int64 {
	if !event.Reserved(id) {
		sum := sha256.Sum256([]byte(id))
		return int64(binary.BigEndian.Uint64(sum[:]))
	}
	// Thirteen digits of 5 bits are one bit more than wanted.
	var key uint64
	for i := range 13 {
		c := id[len("evt-")+i]
		digit := uint64(c - 'a')
		if c <= '7' {
			digit = uint64(c-'2') + 26
		}
		if i < 12 {
			key = key<<5 | digit
		} else {
			key = key<<4 | digit>>1
		}
	}
	return int64(key)
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

// IDKey is the key of an event id in the table event_id.
func IDKey(id string) int64 { return idKey(id) }
