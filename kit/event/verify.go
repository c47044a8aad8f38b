package event

import (
	"io"
	"sync"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// zip215 is the one rule of verification, alone and in batches (https://zips.z.cash/zip-0215): rules that differ in a
// corner would split kits for good.
var zip215 = &ed25519.Options{Verify: ed25519.VerifyOptionsZIP_215}

// maxKeys bounds the cache of expanded keys (about 1.3 KiB each).
const maxKeys = 1024

// A Verifier verifies signatures and remembers the keys it has seen, which makes the next signature by the same key
// cheaper. It is safe for concurrent use.
type Verifier struct {
	mu   sync.Mutex
	keys map[[32]byte]author // guarded by mu
}

// author is what is known of a key: expanded for verification, or why it may not author.
type author struct {
	expanded *ed25519.ExpandedPublicKey
	refusal  *Refusal
}

// NewVerifier returns a Verifier with an empty cache.
func NewVerifier() *Verifier { return &Verifier{keys: make(map[[32]byte]author)} }

// author gives what is known of key, and finds it out once.
func (v *Verifier) author(key [32]byte) author {
	v.mu.Lock()
	a, ok := v.keys[key]
	v.mu.Unlock()
	if ok {
		return a
	}
	if a.refusal = CheckAuthor(key); a.refusal == nil {
		var err error
		if a.expanded, err = ed25519.NewExpandedPublicKey(key[:]); err != nil {
			a.refusal = refuse("key", "signature.key", "is not a point of the curve")
		}
	}
	v.mu.Lock()
	if len(v.keys) >= maxKeys {
		// A flood of new keys must not make the cache grow; those in use come back at once.
		clear(v.keys)
	}
	v.keys[key] = a
	v.mu.Unlock()
	return a
}

// CheckAuthor says why key may not author: not a point, of small order, or not canonically encoded. It is a rule on
// the event, apart from verification, which by ZIP-215 would accept such keys.
func CheckAuthor(key [32]byte) *Refusal {
	y, err := curve.NewCompressedEdwardsYFromBytes(key[:])
	if err != nil {
		return refuse("key", "signature.key", "is not a point of the curve")
	}
	if !y.IsCanonicalVartime() {
		return refuse("key", "signature.key", "is not canonically encoded")
	}
	point, err := curve.NewEdwardsPoint().SetCompressedY(y)
	if err != nil {
		return refuse("key", "signature.key", "is not a point of the curve")
	}
	if point.IsSmallOrder() {
		return refuse("key", "signature.key", "is of small order")
	}
	return nil
}

// Verify checks e's key and signature; a v0 event passes. The error is a *Refusal.
func (v *Verifier) Verify(e *Event) error {
	if !e.Signed() {
		return nil
	}
	a := v.author(e.key)
	if a.refusal != nil {
		return a.refusal
	}
	if !ed25519.VerifyExpandedWithOptions(a.expanded, e.SignedBytes(), e.signature[:], zip215) {
		return badSignature()
	}
	return nil
}

// VerifyBatch checks many events at once, with the verdicts that Verify would give: nil or a *Refusal for each. Nil
// events are passed over. rand feeds the batch equation; nil means the system's.
func (v *Verifier) VerifyBatch(events []*Event, rand io.Reader) []error {
	verdicts := make([]error, len(events))
	batch := ed25519.NewBatchVerifierWithCapacity(len(events))
	added := make([]int, 0, len(events))
	for i, e := range events {
		if e == nil || !e.Signed() {
			continue
		}
		a := v.author(e.key)
		if a.refusal != nil {
			verdicts[i] = a.refusal
			continue
		}
		batch.AddExpandedWithOptions(a.expanded, e.SignedBytes(), e.signature[:], zip215)
		added = append(added, i)
	}
	if len(added) == 0 {
		return verdicts
	}
	if all, each := batch.Verify(rand); !all {
		for n, i := range added {
			if !each[n] {
				verdicts[i] = badSignature()
			}
		}
	}
	return verdicts
}

func badSignature() *Refusal {
	return refuse("signature", "signature.value", "does not verify: the event was changed, or another key signed it")
}
