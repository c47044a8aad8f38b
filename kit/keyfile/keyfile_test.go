package keyfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestKeyComesBackAndIsNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kit.key")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no file: %v", err)
	}
	key, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load(path)
	if err != nil || !key.Equal(again) {
		t.Fatalf("another key came back, %v", err)
	}
	if _, err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("overwritten: %v", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kit.key")
	for text, want := range map[string]string{
		"":      "PEM",
		"hello": "PEM",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n": path,
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n": "private key",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Whoever looks while a key is made finds no file or the whole key, so what a kill or a power cut leaves is one of these.
func TestAKeyIsThereWholeOrNotAtAll(t *testing.T) {
	for range 100 {
		path := filepath.Join(t.TempDir(), "kit.key")
		var makers sync.WaitGroup
		var made atomic.Int32
		for range 4 {
			makers.Go(func() {
				if _, err := Create(path); err == nil {
					made.Add(1)
				} else if !errors.Is(err, fs.ErrExist) {
					t.Error(err)
				}
			})
		}
		for {
			_, err := Load(path)
			if err == nil {
				break
			}
			if !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
		makers.Wait()
		if n := made.Load(); n != 1 {
			t.Errorf("%d made the key", n)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
			t.Errorf("%v are left, %v", left, err)
		}
	}
}
