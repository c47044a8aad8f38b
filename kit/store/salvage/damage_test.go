package salvage_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/kit/store/storetest"
)

var rounds = flag.Int("rounds", 14, "how many random damages are tried")

// kinds of damage, to the file of this name.
var kinds = []struct {
	name string
	do   func(r *rand.Rand, b []byte) []byte
}{
	{"overwritten", func(r *rand.Rand, b []byte) []byte {
		n := min(len(b), 1<<r.IntN(17)) // 1 byte to 64 KiB
		at := r.IntN(len(b) - n + 1)
		for i := range n {
			b[at+i] = byte(r.Uint32())
		}
		return b
	}},
	{"zeroed", func(r *rand.Rand, b []byte) []byte {
		n := min(len(b), 512<<r.IntN(8))
		at := r.IntN(len(b)-n+1) &^ 511
		clear(b[at : at+n])
		return b
	}},
	{"flipped", func(r *rand.Rand, b []byte) []byte {
		for range 1 + r.IntN(200) {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		return b
	}},
	{"truncated", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }},
	{"swapped", func(r *rand.Rand, b []byte) []byte {
		for range 1 + r.IntN(4) {
			i, j := r.IntN(len(b)/4096)*4096, r.IntN(len(b)/4096)*4096
			page := append([]byte{}, b[i:i+4096]...)
			copy(b[i:i+4096], b[j:j+4096])
			copy(b[j:j+4096], page)
		}
		return b
	}},
	{"copied over", func(r *rand.Rand, b []byte) []byte {
		i, j := r.IntN(len(b)/4096)*4096, r.IntN(len(b)/4096)*4096
		copy(b[i:i+4096], b[j:j+4096])
		return b
	}},
	{"early pages", func(r *rand.Rand, b []byte) []byte {
		n := min(len(b), 1<<r.IntN(13))
		at := r.IntN(min(len(b), 10*4096) - n + 1)
		for i := range n {
			b[at+i] = byte(r.Uint32())
		}
		return b
	}},
}

// Random damages to the file of a kit that was closed, and to file and log of one that was killed.
func TestRandomDamage(t *testing.T) {
	w := theWorld(t)
	var quiet, told atomic.Int64
	t.Run("all", func(t *testing.T) {
		for n := range *rounds {
			if n%3 > 0 && racing {
				continue
			}
			kind := kinds[n%len(kinds)]
			r := rand.New(rand.NewPCG(uint64(n), 77))
			damaged, file := clone(w.closed), "kit.db"
			if n/len(kinds)%2 == 1 {
				damaged = clone(w.killed)
				if r.IntN(3) > 0 {
					file = "kit.db-wal"
				}
			}
			damaged[file] = kind.do(r, damaged[file])
			t.Run(fmt.Sprintf("%d %s %s", n, kind.name, file), func(t *testing.T) {
				t.Parallel()
				list, result := w.recovers(t, damaged)
				if len(list) == 0 {
					quiet.Add(1)
					if result.Events != int64(len(w.rows)) {
						t.Errorf("%d events are here of %d, and nobody says so", result.Events, len(w.rows))
					}
				} else {
					told.Add(1)
				}
				t.Logf("%d findings, %d events left of %d, %d lost, %d rejected, %d segments wanted", len(list), result.Events, len(w.rows), result.Lost, result.Rejected, len(result.Wanted))
			})
		}
	})
	t.Logf("%d damages were told of, %d hit nothing that matters", told.Load(), quiet.Load())
	if told.Load() < quiet.Load() {
		t.Error("the tests damage too little")
	}
}

// Pages of three kits lie in one file, so that three events claim each place: all of them are kept, those of the kit whose
// file it was where they were.
func TestPlacesClaimedTwice(t *testing.T) {
	const many = 60
	var file []byte
	var first []store.Row
	for kit := range 3 {
		dir := t.TempDir()
		s, err := store.Open(dir, options())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), storetest.Entries(sample.Events(many, sample.Options{Seed: uint64(kit) + 40}))); err != nil {
			t.Fatal(err)
		}
		if kit == 0 {
			if err := s.Events(t.Context(), store.Query{}, func(r store.Row) error { first = append(first, r); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "kit.db"))
		if err != nil {
			t.Fatal(err)
		}
		file = append(file, b...)
	}
	clear(file[:16])
	dir := lay(t, map[string][]byte{"kit.db": file, "kit.key": theWorld(t).closed["kit.key"]})
	if list, result := repair(t, dir); !result.Repaired || result.Events != 3*many {
		t.Fatalf("%+v\n%s", result, words(list))
	}
	if list, _ := check(t, dir); len(list) > 0 {
		t.Error(words(list))
	}
	s, err := store.Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var rows []store.Row
	if err := s.Events(t.Context(), store.Query{}, func(r store.Row) error { rows = append(rows, r); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3*many || !slices.Equal(rows[:many], first) {
		t.Errorf("%d events are there, or others come first", len(rows))
	}
}

// A healthy kit is sound, closed or killed.
func TestHealthy(t *testing.T) {
	w := theWorld(t)
	for name, files := range map[string]map[string][]byte{"closed": w.closed, "killed": w.killed} {
		t.Run(name, func(t *testing.T) {
			if list, result := w.recovers(t, files); len(list) > 0 || result.Damaged || result.Events != int64(len(w.rows)) {
				t.Errorf("%+v\n%s", result, words(list))
			}
		})
	}
}
