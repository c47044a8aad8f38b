package api

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDamagedDatabase has the database overwritten under a running kit: as soon as a read meets it, the kit says what to do.
func TestDamagedDatabase(t *testing.T) {
	k := newKit(t, Config{})
	for part := range slices.Chunk(series(t, key(2), 3000, nil), 500) { // more than a connection keeps in memory
		k.take(part...)
	}
	for _, name := range []string{"kit.db", "kit.db-wal"} {
		f, err := os.OpenFile(filepath.Join(k.c.Data(), name), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if n := info.Size() - 4096; n > 0 {
			if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(n)), 4096); err != nil {
				t.Fatal(err)
			}
		}
	}
	k.get("/api/v1/digests?space=camp")
	var got statusOf
	k.read("/api/v1/status", &got)
	said := strings.Join(got.Problems, " ")
	if got.State != "broken" || !strings.Contains(said, "stop the kit and run: fieldkit fsck --repair") {
		t.Errorf("%+v", got)
	}
	if r := k.get("/healthz"); r.StatusCode != 503 || !strings.Contains(string(r.body), said) {
		t.Errorf("%s", r)
	}
}
