package event

import (
	"bytes"
	"crypto/ed25519"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// signatures are the parsed events of the vectors, in order of their names, with what must become of them.
func signatures(tb testing.TB) (names []string, events []*Event, wants []expectation) {
	vectors := loadVectors(tb, "signature/*.json")
	for _, name := range slices.Sorted(maps.Keys(vectors)) {
		e, err := Parse([]byte(vectors[name].Input))
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		names, events, wants = append(names, name), append(events, e), append(wants, vectors[name].Expect)
	}
	return names, events, wants
}

// check holds a verdict to what the vector wants.
func (want expectation) check(t *testing.T, name string, verdict error) {
	t.Helper()
	r, refused := verdict.(*Refusal)
	switch {
	case want.Valid && verdict != nil:
		t.Errorf("%s: %v, must verify", name, verdict)
	case !want.Valid && (!refused || r.Rule != want.Rule || r.Field != want.Field):
		t.Errorf("%s: %v, must be refused with rule %q, field %q", name, verdict, want.Rule, want.Field)
	}
}

func TestSignatureVectorsAlone(t *testing.T) {
	names, events, wants := signatures(t)
	warm := NewVerifier()
	for i, e := range events {
		for range 2 { // the second time the key is known
			wants[i].check(t, names[i], warm.Verify(e))
		}
		wants[i].check(t, names[i]+", fresh", NewVerifier().Verify(e))
		if want := wants[i]; want.Valid {
			hash := e.Hash()
			if got := expectIdentity(e.Text); got.EventID != want.EventID || e.ID != want.EventID || got.ContentHash != want.ContentHash || "sha256:"+hexOf(hash[:]) != want.ContentHash {
				t.Errorf("%s: event %s of content %x, want %s, %s", names[i], e.ID, hash, want.EventID, want.ContentHash)
			}
		}
	}
}

// TestSignatureVectorsInBatches: whatever stands in a batch, good or bad, each verdict is the one it gets alone. The
// sizes reach beyond 95, where the library changes its algorithm.
func TestSignatureVectorsInBatches(t *testing.T) {
	names, events, wants := signatures(t)
	var good []int
	for i, want := range wants {
		if want.Valid {
			good = append(good, i)
		}
	}
	warm := NewVerifier()
	batch := func(indices []int) {
		t.Helper()
		list := make([]*Event, len(indices))
		for n, i := range indices {
			list[n] = events[i]
		}
		verdicts := warm.VerifyBatch(list, nil)
		if len(verdicts) != len(indices) {
			t.Fatalf("%d verdicts on %d events", len(verdicts), len(indices))
		}
		for n, i := range indices {
			wants[i].check(t, names[i], verdicts[n])
		}
	}
	var all []int
	for i := range events {
		batch([]int{i})                                    // a batch of one
		batch(append(slices.Clone(good), i))               // among good ones
		batch(append([]int{i, i}, good[:4]...))            // twice
		batch(append(slices.Repeat(good, 5), i))           // many
		batch(append(slices.Repeat([]int{i}, 8), good[0])) // against one good
		all = append(all, i)
	}
	batch(all)
	batch(good)
	batch(nil)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		batch(all[:1+random.IntN(len(all))])
	}
}

func TestBatchPassesOverNilAndUnsignedEvents(t *testing.T) {
	_, events, wants := signatures(t)
	unsigned, err := Parse([]byte(goodUnsigned("", base(DeleteNode).edited(`event_id="evt-001"`, `actor_id="user:alice"`)).Input))
	if err != nil {
		t.Fatal(err)
	}
	var list []*Event
	for _, e := range events {
		list = append(list, nil, e, unsigned)
	}
	for i, verdict := range NewVerifier().VerifyBatch(list, bytes.NewReader(bytes.Repeat([]byte{7}, 64))) {
		if i%3 == 1 {
			wants[i/3].check(t, "batch", verdict)
		} else if verdict != nil {
			t.Errorf("place %d: %v", i, verdict)
		}
	}
}

// TestNoOddKeyMayAuthor goes through every encoding with a y of p or more and every point of small order.
func TestNoOddKeyMayAuthor(t *testing.T) {
	odd := append(smallOrder(), notCanonical(func([]byte) bool { return true })...)
	if len(smallOrder()) != 14 || len(odd) != 14+38 {
		t.Fatalf("%d of small order, %d in all", len(smallOrder()), len(odd))
	}
	for _, e := range odd {
		if r := CheckAuthor([32]byte(e)); r == nil || r.Rule != "key" || r.Field != "signature.key" {
			t.Errorf("%x may author (%v)", e, r)
		}
	}
	if r := CheckAuthor([32]byte(ed25519.NewKeyFromSeed(seed(1)).Public().(ed25519.PublicKey))); r != nil {
		t.Errorf("an honest key may not author: %v", r)
	}
}

// TestSignaturesAgreeWithTheStandardLibrary: of honest keys, crypto/ed25519 and ZIP-215 judge alike.
func TestSignaturesAgreeWithTheStandardLibrary(t *testing.T) {
	v := NewVerifier()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
		key := ed25519.NewKeyFromSeed(seed)
		e, err := NewSigner(key).Sign([]byte(base(SetProperties).edited(`properties={"n":` + numbers().Draw(t, "n") + `}`).json()))
		if err != nil {
			t.Fatal(err)
		}
		if !ed25519.Verify(key.Public().(ed25519.PublicKey), e.SignedBytes(), e.signature[:]) {
			t.Fatal("crypto/ed25519 does not take our signature")
		}
		if rapid.Bool().Draw(t, "flip") {
			i := rapid.IntRange(0, 511).Draw(t, "bit")
			e.signature[i/8] ^= 1 << (i % 8)
		}
		standard := ed25519.Verify(key.Public().(ed25519.PublicKey), e.SignedBytes(), e.signature[:])
		ours, batch := v.Verify(e), v.VerifyBatch([]*Event{e}, nil)[0]
		if (ours == nil) != standard || (batch == nil) != standard {
			t.Fatalf("crypto/ed25519 says %v, we %v, a batch %v", standard, ours, batch)
		}
	})
}

// TestVerifierForgetsKeysUnderAFlood: the cache stays bounded, and verdicts do not depend on what it holds.
func TestVerifierForgetsKeysUnderAFlood(t *testing.T) {
	names, events, wants := signatures(t)
	v := NewVerifier()
	for i := range maxKeys + 10 {
		v.author([32]byte{byte(i), byte(i >> 8), 1})
	}
	if len(v.keys) > maxKeys {
		t.Errorf("%d keys are kept", len(v.keys))
	}
	for i, e := range events {
		wants[i].check(t, names[i], v.Verify(e))
	}
}

func TestVerifierServesManyAtOnce(t *testing.T) {
	names, events, wants := signatures(t)
	v := NewVerifier()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i, verdict := range v.VerifyBatch(events, nil) {
				wants[i].check(t, names[i], verdict)
			}
			for i, e := range events[:20] {
				wants[i].check(t, names[i], v.Verify(e))
			}
		})
	}
	group.Wait()
}

// TestSomeGoodSignaturesAreRefusedByStricterVerifiers proves that the vectors tell ZIP-215 from verification without
// cofactor, which crypto/ed25519 does: were all alike, they would prove nothing.
func TestSomeGoodSignaturesAreRefusedByStricterVerifiers(t *testing.T) {
	_, events, wants := signatures(t)
	apart := 0
	for i, e := range events {
		if wants[i].Valid && !ed25519.Verify(e.key[:], e.SignedBytes(), e.signature[:]) {
			apart++
		}
	}
	if apart < 12 {
		t.Errorf("only %d", apart)
	}
}
