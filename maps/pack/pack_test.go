package pack

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"fieldkit/maps/mbtiles"
	"fieldkit/maps/tile"
)

// The packs of the kit must be beyond reproach, and say whose data they are.
func TestContainedPacksAreSound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "maps")
	if err := Install(dir); err != nil {
		t.Fatal(err)
	}
	owners := map[string]string{"liechtenstein": "© OpenStreetMap contributors", "world": "Natural Earth"}
	files, err := filepath.Glob(filepath.Join(dir, "*.mbtiles"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no packs installed (%v)", err)
	}
	for _, file := range files {
		if findings := mbtiles.Check(file); len(findings) != 0 {
			t.Errorf("%s: %v", filepath.Base(file), findings)
		}
		pack, err := mbtiles.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer pack.Close()
		owner := owners[strings.TrimSuffix(filepath.Base(file), ".mbtiles")]
		if m := pack.Metadata(); owner == "" || !strings.Contains(m.Attribution, owner) || len(m.VectorLayers) == 0 {
			t.Errorf("%s: %+v", filepath.Base(file), m)
		}
		if _, _, found, err := pack.Tile(context.Background(), tile.At(9.52, 47.14, 0)); !found || err != nil {
			t.Errorf("%s: no tile at zoom 0 (%v)", filepath.Base(file), err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "liechtenstein.mbtiles")); err != nil {
		t.Error(err)
	}
}

func TestInstallWritesOnlyWhatDiffers(t *testing.T) {
	dir := t.TempDir()
	contained := fstest.MapFS{
		"a.mbtiles": {Data: []byte("one")}, "b.mbtiles": {Data: []byte("two")}, ".gitkeep": {}, "notes.txt": {Data: []byte("x")},
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.mbtiles", "one")
	write("b.mbtiles", "owt")
	write("mine.mbtiles", "mine")
	before, err := os.Stat(filepath.Join(dir, "a.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	if err := install(dir, contained); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(filepath.Join(dir, "a.mbtiles"))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("a pack that was right was written again (%v)", err)
	}
	expectFiles(t, dir, map[string]string{"a.mbtiles": "one", "b.mbtiles": "two", "mine.mbtiles": "mine"})
}

func expectFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(want) {
		t.Errorf("%v (%v), want %v", files, err, want)
	}
	for name, content := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != content {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestAdd(t *testing.T) {
	from, dir := t.TempDir(), filepath.Join(t.TempDir(), "maps")
	source := filepath.Join(from, "valley.mbtiles")
	png := []byte("\x89PNG\r\n\x1a\n")
	err := mbtiles.Create(source, []mbtiles.Row{{Name: "format", Value: "png"}}, func(yield func(tile.Tile, []byte) bool) { yield(tile.Tile{}, png) })
	if err != nil {
		t.Fatal(err)
	}
	name, findings, err := Add(dir, source)
	if err != nil || name != "valley" || len(findings) == 0 {
		t.Errorf("%q, %v, %v; a pack without name and attribution is taken, and told about", name, findings, err)
	}
	whole, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]string{"valley.mbtiles": string(whole)}
	expectFiles(t, dir, there)

	for what, spoil := range map[string]func() error{
		"cut off":   func() error { return os.WriteFile(source, whole[:len(whole)/2], 0o600) },
		"no pack":   func() error { return os.WriteFile(source, []byte("hello"), 0o600) },
		"not there": func() error { return os.Remove(source) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, findings, err := Add(dir, source); err == nil || len(findings) == 0 || !strings.Contains(err.Error(), "valley.mbtiles is broken: file: ") {
			t.Errorf("%s: %v, %v", what, findings, err)
		}
		expectFiles(t, dir, there)
		if err := os.WriteFile(source, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	if err := os.WriteFile(source+"-wal", []byte("more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Add(dir, source); err == nil || !strings.Contains(err.Error(), "still being written") {
		t.Errorf("with a journal beside it: %v", err)
	}
	if err := os.Remove(source + "-wal"); err != nil {
		t.Fatal(err)
	}
	hidden := filepath.Join(from, ".mbtiles")
	if err := os.WriteFile(hidden, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Add(dir, hidden); err == nil {
		t.Error("a pack without a name was taken")
	}
}
