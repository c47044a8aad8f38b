package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"fieldkit/kit/store"
	"fieldkit/kit/store/storetest"
)

// A database is rebuilt and replaces another, of a kit that was killed with a log. Wherever the steps end, and whatever step
// is done a second time, the folder opens with the old events or the new ones, and the old file is somewhere, whole.
func TestReplacedUpToAnyStep(t *testing.T) {
	events := storetest.Entries(storetest.Events(300))
	old := t.TempDir()
	s, err := store.Open(old, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(context.Background(), events[:200]); err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for _, name := range []string{"kit.db", "kit.db-wal", "kit.db-shm"} {
		if files[name], err = os.ReadFile(filepath.Join(old, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	steps := len(store.Replacing(old, "T"))
	for done := range steps + 1 {
		for _, again := range []bool{false, true} {
			dir := t.TempDir()
			for name, b := range files {
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := store.Rebuild(context.Background(), store.NewPath(dir), store.Restoration{Events: func(yield func(store.Restored, error) bool) {
				for i := range events {
					if !yield(store.Restored{Seq: int64(i) + 1 + int64(i)/100, Entry: events[i]}, nil) {
						return
					}
				}
			}, Last: 310})
			if err != nil {
				t.Fatal(err)
			}
			for i, step := range store.Replacing(dir, "T")[:done] {
				if err := step(); err != nil {
					t.Fatal(err)
				}
				if again && i > 0 && i < steps-1 {
					if err := step(); err != nil {
						t.Fatalf("step %d again: %v", i, err)
					}
				}
				if _, err := os.Stat(filepath.Join(dir, "kit.db")); err != nil {
					t.Errorf("after step %d: %v", i, err)
				}
			}
			s, err := store.Open(dir, quiet())
			if err != nil {
				t.Fatalf("after %d steps: %v", done, err)
			}
			want := 200
			if done > 0 {
				want = 300
				sound(t, s)
				for name, b := range files {
					if kept, err := os.ReadFile(filepath.Join(dir, "quarantine", "T", name)); err != nil || !bytes.Equal(kept, b) {
						t.Errorf("after %d steps the quarantine has %d bytes of %s, not %d: %v", done, len(kept), name, len(b), err)
					}
				}
				out, err := s.Append(context.Background(), storetest.Entries(storetest.Events(301)[300:]))
				if err != nil || out[0].Seq != 311 {
					t.Errorf("the next event is %+v, %v, not 311", out, err)
				}
			}
			stat, err := s.Stat(context.Background())
			if err != nil || stat.Events != int64(want) && stat.Events != int64(want)+1 {
				t.Errorf("after %d steps: %+v, %v", done, stat, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A store that met damage says so until it is opened anew.
func TestBroken(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Append(context.Background(), storetest.Entries(storetest.Events(2000))); err != nil {
		t.Fatal(err)
	}
	if err := s.Damage(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kit.db", "kit.db-wal"} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(info.Size())-4096), 4096); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	reading := s.Events(context.Background(), store.Query{}, func(store.Row) error { return nil })
	if reading == nil || s.Damage() == nil {
		t.Errorf("reading: %v; broken: %v", reading, s.Damage())
	}
}
