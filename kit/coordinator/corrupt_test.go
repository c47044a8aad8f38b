package coordinator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"fieldkit/kit/depot"
	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// find is the path of the first file of an export, in its order, that a pattern matches.
func find(t testing.TB, out, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(out, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("nothing matches %s: %v", pattern, err)
	}
	return paths[0]
}

func change(t testing.TB, path string, how func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, how(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func flipped(text []byte) []byte {
	text[len(text)/2] ^= 1
	return text
}

// relist makes SHA256SUMS say what is there, as somebody would who means harm.
func relist(t testing.TB, folder string) {
	t.Helper()
	var list strings.Builder
	for path, text := range tree(t, folder) {
		if path != "/SHA256SUMS" {
			fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256([]byte(text)), path[1:])
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "SHA256SUMS"), []byte(list.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Each fault is refused, by its rule and with its file, and all the rest is taken.
func TestImportOfDamagedExports(t *testing.T) {
	a := open(t, Config{})
	writeScope(t, a, "camp", ".ulp-root", "title = \"Camp\"\n")
	for _, e := range mixed(t, a.Key()) {
		if e.Space == "camp" || e.Space == certified {
			take(t, a, e)
		}
	}
	a.snapshots = fakeSnapshots{}
	whole := t.TempDir()
	export(t, a, whole).sound(t)
	want := roots(t, a)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(path, text string) {
		t.Helper()
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		must(os.WriteFile(path, []byte(text), 0o644))
	}
	const camp = "camp/"
	at := camp + "tiles/z14/x8625/y5753/"
	// A segment of the tile, and how many events it has: in camp are 12 signed ones and 10 v0.
	segment := func(out string) string {
		manifest, err := os.ReadFile(filepath.Join(out, at, "manifest.json"))
		must(err)
		_, rest, _ := strings.Cut(string(manifest), `"hash":"sha256:`)
		return filepath.Join(out, camp, "objects/sha256", rest[:2], rest[2:64])
	}
	for _, c := range []struct {
		name   string
		damage func(out string)
		// refused are path and rule of what must be refused, whatever else is.
		refused []string
		// whole: all events are taken all the same.
		whole bool
	}{
		{"index", func(out string) { change(t, filepath.Join(out, at, "index.json"), flipped) }, []string{at + "index.json sum"}, true},
		{"space", func(out string) { change(t, filepath.Join(out, camp, "space.json"), flipped) }, []string{camp + "space.json sum"}, true},
		{"another space's name", func(out string) {
			change(t, filepath.Join(out, camp, "space.json"), func(b []byte) []byte { return bytes.Replace(b, []byte(`"space":"camp"`), []byte(`"space":"camq"`), 1) })
		}, []string{camp + "space.json sum"}, true},
		{"no space", func(out string) { must(os.Remove(filepath.Join(out, camp, "space.json"))) }, []string{camp + "space.json missing"}, true},
		{"a manifest's last byte", func(out string) {
			change(t, filepath.Join(out, at, "manifest.json"), func(b []byte) []byte { return b[:len(b)-3] })
		}, []string{at + "manifest.json sum", at + "manifest.json form"}, true},
		{"no manifest", func(out string) { must(os.Remove(filepath.Join(out, at, "manifest.json"))) }, []string{at + "manifest.json missing"}, false},
		{"a seal", func(out string) {
			change(t, filepath.Join(out, at, "manifest.json"), func(b []byte) []byte { return bytes.Replace(b, []byte(`"count":`), []byte(`"count":1`), 1) })
			relist(t, filepath.Join(out, camp))
		}, []string{at + "manifest.json signature"}, false},
		{"a seal of another tile", func(out string) {
			change(t, filepath.Join(out, at, "manifest.json"), func([]byte) []byte {
				other, err := os.ReadFile(filepath.Join(out, camp, "tiles/z14/x8625/y5754/manifest.json"))
				must(err)
				return bytes.Replace(other, []byte(`"tile_id":"z14/x8625/y5754"`), []byte(`"tile_id":"z14/x8625/y5753"`), 1)
			})
			relist(t, filepath.Join(out, camp))
		}, []string{at + "manifest.json tile"}, false},
		{"a seal of another space", func(out string) {
			other, err := os.ReadFile(find(t, out, depot.FolderName(certified)+"/tiles/z14/x8625/y5753/manifest.json"))
			must(err)
			change(t, filepath.Join(out, at, "manifest.json"), func([]byte) []byte { return other })
		}, []string{at + "manifest.json space"}, false},
		{"a segment", func(out string) { change(t, segment(out), flipped) }, []string{camp + "objects hash"}, false},
		{"a segment is too long", func(out string) {
			change(t, segment(out), func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 100<<20)...) })
		}, []string{camp + "objects size"}, false},
		{"no segment", func(out string) { must(os.Remove(segment(out))) }, []string{camp + "objects missing"}, false},
		{"a link for a segment", func(out string) {
			path := segment(out)
			must(os.Rename(path, path+"x"))
			must(os.Symlink(path+"x", path))
		}, []string{camp + "objects link", camp + "objects extra"}, false},
		{"a pipe for a segment", func(out string) {
			path := segment(out)
			must(os.Remove(path))
			must(syscall.Mkfifo(path, 0o644))
		}, []string{camp + "objects link"}, false},
		{"a folder for a manifest", func(out string) {
			must(os.Remove(filepath.Join(out, at, "manifest.json")))
			must(os.Mkdir(filepath.Join(out, at, "manifest.json"), 0o755))
		}, []string{at + "manifest.json link"}, false},
		{"a link that leads out", func(out string) { must(os.Symlink("/etc", filepath.Join(out, camp, "tiles/z14/x1"))) },
			[]string{camp + "tiles/z14/x1 link"}, true},
		{"a manifest that goes on and on", func(out string) {
			must(os.Truncate(filepath.Join(out, at, "manifest.json"), 1<<40))
		}, []string{at + "manifest.json size"}, false},
		{"an index that goes on and on", func(out string) {
			must(os.Truncate(filepath.Join(out, at, "index.json"), 1<<40))
		}, []string{at + "index.json size"}, true},
		{"a file too many", func(out string) { write(filepath.Join(out, camp, "objects/sha256/../../notes.txt"), "hello") },
			[]string{camp + "notes.txt extra"}, true},
		{"what a desktop leaves", func(out string) { write(filepath.Join(out, camp, "tiles/.DS_Store"), "hello") }, nil, true},
		{"SHA256SUMS", func(out string) { change(t, filepath.Join(out, camp, "SHA256SUMS"), flipped) }, []string{camp + " "}, true},
		{"no SHA256SUMS", func(out string) { must(os.Remove(filepath.Join(out, camp, "SHA256SUMS"))) }, []string{camp + "SHA256SUMS whole"}, true},
		{"SHA256SUMS of one long line", func(out string) {
			change(t, filepath.Join(out, camp, "SHA256SUMS"), func([]byte) []byte { return bytes.Repeat([]byte("x"), 10<<20) })
		}, []string{camp + "SHA256SUMS form"}, true},
		{"sums of what lies elsewhere", func(out string) {
			change(t, filepath.Join(out, camp, "SHA256SUMS"), func(b []byte) []byte {
				sum := strings.Repeat("0", 64)
				return append(b, sum+"  ../../../etc/passwd\n"+sum+"  /etc/passwd\n"+sum+"  tiles/../space.json\n"...)
			})
		}, []string{camp + "SHA256SUMS form"}, true},
		{"a scope file", func(out string) { change(t, filepath.Join(out, camp, ".ulp-root"), flipped) }, []string{camp + ".ulp-root sum"}, true},
		{"a scope file that is wrong", func(out string) {
			write(filepath.Join(out, camp, ".ulp-root"), "titel = 1\n")
			relist(t, filepath.Join(out, camp))
		}, []string{camp + ".ulp-root scope_file"}, true},
		{"a scope file elsewhere", func(out string) {
			write(filepath.Join(out, camp, "a/b/c/.ulp-root"), "")
			relist(t, filepath.Join(out, camp))
		}, []string{camp + "a/b/c/.ulp-root extra", camp + "SHA256SUMS form"}, true},
		{"other figures", func(out string) {
			change(t, filepath.Join(out, camp, "space.json"), func(b []byte) []byte { return bytes.Replace(b, []byte(`"count":`), []byte(`"count":1`), 1) })
			relist(t, filepath.Join(out, camp))
		}, []string{camp + "space.json digest"}, true},
		{"a descriptor", func(out string) { change(t, find(t, out, at+"snapshots/*.json"), flipped) }, []string{at + "snapshots sum"}, true},
		{"a snapshot", func(out string) {
			name := strings.TrimSuffix(filepath.Base(find(t, out, at+"snapshots/*.json")), ".json")
			change(t, filepath.Join(out, camp, "objects/sha256", name[:2], name[2:]), flipped)
		}, []string{camp + "objects hash"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := t.TempDir()
			must(os.CopyFS(out, os.DirFS(whole)))
			c.damage(out)
			b := open(t, Config{})
			said := imports(t, b, out)
			for _, want := range c.refused {
				path, rule, _ := strings.Cut(want, " ")
				if !slices.ContainsFunc(said.refused, func(r depot.Refusal) bool {
					return strings.HasPrefix(r.Path, path) && (rule == "" || r.Rule == rule) && r.Message != "" && r.Status == "refused"
				}) {
					t.Errorf("not refused: %s; refused: %+v", want, said.refused)
				}
			}
			if len(c.refused) == 0 {
				said.sound(t)
			}
			for _, r := range said.refused {
				if !strings.HasPrefix(r.Path, camp) {
					t.Errorf("refused as well: %+v", r)
				}
			}
			if (roots(t, b) == want) != c.whole {
				t.Errorf("the same world: %v", !c.whole)
			}
			if n := said.of("camp").Taken; n == 0 || said.of(certified).Taken == 0 {
				t.Errorf("of the rest was taken %+v", said.carried)
			}
			healthy(t, b)
			// Once more from a whole one: what was missing comes.
			imports(t, b, whole).sound(t)
			if roots(t, b) != want {
				t.Error("two worlds in the end")
			}
		})
	}
}

// fakeSnapshots are two of each tile.
type fakeSnapshots struct{}

func (fakeSnapshots) Snapshots(_ context.Context, space string, at tile.Tile) (list []depot.Snapshot, err error) {
	for i := range 2 {
		file := fmt.Sprintf("snapshot %d of %s in %s", i, at, space)
		list = append(list, depot.Snapshot{Hash: sha256.Sum256([]byte(file)), Event: fmt.Sprintf("evt-%d", i), Bytes: []byte(file),
			State: fmt.Appendf(nil, `{"fold":1,"space":%q,"tile":%q}`, space, at)})
	}
	return list, nil
}

// fakeBlobs is a store of blobs in memory.
type fakeBlobs map[digest.Sum][]byte

func (f fakeBlobs) Open(sum digest.Sum) (io.ReadCloser, error) {
	blob, ok := f[sum]
	if !ok {
		return nil, errors.New("not here")
	}
	return io.NopCloser(bytes.NewReader(blob)), nil
}

func (f fakeBlobs) Put(sum digest.Sum, mediaType string, size int64, r io.Reader) error {
	blob, err := io.ReadAll(r)
	if err == nil && (sha256.Sum256(blob) != sum || int64(len(blob)) != size || mediaType != "image/jpeg") {
		err = &event.Refusal{Rule: "hash", Message: "is another blob"}
	}
	if err == nil {
		f[sum] = blob
	}
	return err
}

func TestMediaTravel(t *testing.T) {
	a, b, c := open(t, Config{}), open(t, Config{}), open(t, Config{})
	kept := fakeBlobs{}
	a.blobs, b.blobs, c.blobs = kept, fakeBlobs{}, fakeBlobs{}
	node := sign(t, key(5), fields{})
	take(t, a, node)
	photo := func(text string, size int) digest.Sum {
		sum := digest.Sum(sha256.Sum256([]byte(text)))
		take(t, a, sign(t, key(5), fields{"operation": "set_media", "node_id": node.ID,
			"media": fields{"hash": sum.String(), "type": "image/jpeg", "size": size}}))
		return sum
	}
	whole, here, lying := photo("a photo", 7), photo("not here", 8), photo("of another size", 3)
	kept[whole], kept[lying] = []byte("a photo"), []byte("of another size")
	out := t.TempDir()
	said := export(t, a, out).sound(t)
	if s := said.of("camp"); s.Media != 1 || len(s.Notes) != 1 {
		t.Errorf("%+v", s)
	}
	if s := imports(t, b, out).sound(t).of("camp"); s.Media != 1 {
		t.Errorf("%+v", s)
	}
	got := b.blobs.(fakeBlobs)
	if string(got[whole]) != "a photo" || got[here] != nil || got[lying] != nil {
		t.Errorf("b has %q", got)
	}
	if s := imports(t, b, out).sound(t).of("camp"); s.Media != 0 {
		t.Errorf("taken twice: %+v", s)
	}
	hex := whole.String()[len("sha256:"):]
	change(t, filepath.Join(out, "camp/objects/sha256", hex[:2], hex[2:]), flipped)
	bad := imports(t, c, out)
	if len(bad.refused) != 1 || bad.refused[0].Rule != "hash" || !strings.Contains(bad.refused[0].Path, hex[2:]) || len(c.blobs.(fakeBlobs)) != 0 {
		t.Errorf("%+v", bad)
	}
	// Exported again, it is whole again.
	export(t, a, out).sound(t)
	imports(t, c, out).sound(t)
	if string(c.blobs.(fakeBlobs)[whole]) != "a photo" {
		t.Error("the photo did not come")
	}
}

func TestSnapshotsTravel(t *testing.T) {
	a := open(t, Config{})
	take(t, a, sign(t, key(5), fields{}))
	a.snapshots = fakeSnapshots{}
	out := t.TempDir()
	export(t, a, out).sound(t)
	files := tree(t, out)
	last := sha256.Sum256([]byte("snapshot 1 of " + home + " in camp"))
	text := files["/camp/tiles/"+home+"/index.json"]
	if !strings.Contains(text, `"last_snapshot":"`+digest.Sum(last).String()+`","snapshot_event":"evt-1"`) {
		t.Errorf("the index is %s", text)
	}
	hex := digest.Sum(last).String()[len("sha256:"):]
	state := digest.Sum(sha256.Sum256([]byte(`{"fold":1,"space":"camp","tile":"` + home + `"}`)))
	want := `{"snapshot":"sha256:` + hex + `","event":"evt-1","state":"` + state.String() + `"}` + "\n"
	if got := files["/camp/tiles/"+home+"/snapshots/"+hex+".json"]; got != want {
		t.Errorf("the descriptor is %s", got)
	}
	if files["/camp/objects/sha256/"+hex[:2]+"/"+hex[2:]] != "snapshot 1 of "+home+" in camp" {
		t.Error("the snapshot's file is not there")
	}
	imports(t, open(t, Config{}), out).sound(t)
}
