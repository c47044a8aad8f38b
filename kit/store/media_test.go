package store_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/kit/store/storetest"
)

// photograph signs an event that names a file.
func photograph(t *testing.T, n int, hash [32]byte) store.Entry {
	t.Helper()
	e, err := event.NewSigner(storetest.Key).Sign(fmt.Appendf(nil, `{"timestamp":%d,"space_id":"a","layer_id":"hazards",
		"operation":"set_media","node_id":"evt-%032d","tile":"z14/x8625/y5753","preserves_invariants":[],"previous_events":[],
		"scope":{"realm":"team","authority":"source","boundary":"interior","policy":"public"},
		"media":{"hash":"sha256:%s","type":"image/jpeg","size":7}}`, sample.Start+n, 2, hex.EncodeToString(hash[:])))
	if err != nil {
		t.Fatal(err)
	}
	return store.Entry{Event: e, Hash: e.Hash(), Received: sample.Start, Door: true}
}

func TestFilesAreFoundByTheEventsThatNameThem(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	one, two := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("two"))
	open := func() *store.Store {
		s, err := store.Open(dir, store.Options{Key: storetest.Key})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	expect := func(s *store.Store, hash [32]byte, kit string, seqs ...int64) {
		t.Helper()
		rows, err := s.Media(ctx, hash, 10)
		if err != nil || len(rows) != len(seqs) {
			t.Fatalf("%d rows, %v; want %v", len(rows), err, seqs)
		}
		for i, row := range rows {
			by, err := s.SealedBy(ctx, row.Seq)
			if row.Seq != seqs[i] || by != kit || err != nil {
				t.Errorf("row %d is %d of %q, %v", i, row.Seq, by, err)
			}
		}
		if err := s.Check(ctx, func(problem string) { t.Error(problem) }); err != nil {
			t.Fatal(err)
		}
	}
	s := open()
	other := storetest.Entries(storetest.Events(5))
	if _, err := s.Append(ctx, append(other, photograph(t, 1, one), photograph(t, 2, two), photograph(t, 3, one))); err != nil {
		t.Fatal(err)
	}
	expect(s, one, "", 6, 8)
	expect(s, two, "", 7)
	expect(s, sha256.Sum256(nil), "")
	if rows, err := s.Media(ctx, one, 1); err != nil || len(rows) != 1 {
		t.Errorf("of one row there are %d, %v", len(rows), err)
	}
	if n, err := s.Seal(ctx, sample.Start+4000); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	expect(s, one, event.KeyText(storetest.Key.Public().(ed25519.PublicKey)), 6, 8)
	// A kit of the time before the table has it filled when it is opened.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw(t, filepath.Join(dir, store.FileName), "DROP TABLE media; PRAGMA user_version = 4")
	s = open()
	expect(s, one, event.KeyText(storetest.Key.Public().(ed25519.PublicKey)), 6, 8)
	expect(s, two, event.KeyText(storetest.Key.Public().(ed25519.PublicKey)), 7)
	// What Check says of a row that is missing.
	s.Close()
	raw(t, filepath.Join(dir, store.FileName), "DELETE FROM media WHERE seq = 7")
	problems := 0
	if err := open().Check(ctx, func(string) { problems++ }); err != nil || problems != 1 {
		t.Errorf("%d problems, %v", problems, err)
	}
}
