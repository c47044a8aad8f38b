package depot

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/kit/store/sample"
)

var kitKey = ed25519.NewKeyFromSeed(make([]byte, 32))

func TestFolderName(t *testing.T) {
	met := make(map[string]string)
	for id, want := range map[string]string{
		"camp": "camp", "rhine-flood.mjh77eujvcf5etge": "", "a.b_c-d": "", "0": "", "console": "", "com": "", "com10": "", "camp.con": "",
		"Camp": "~Camp~", "camp.": "~camp.~", "camp..": "~camp..~", "con": "~con~", "con.x": "~con.x~", "nul": "~nul~", "com1": "~com1~",
		"lpt9.txt": "~lpt9.txt~", "objects": "~objects~", "tiles": "~tiles~", "space.json": "~space.json~", "sha256sums": "~sha256sums~",
		"SHA256SUMS": "~SHA256SUMS~", strings.Repeat("A", 128): "~" + strings.Repeat("A", 128) + "~",
	} {
		got := FolderName(id)
		if want == "" {
			want = id
		}
		if got != want && (len(got) < 9 || got[8:] != want) {
			t.Errorf("%s is called %s", id, got)
		}
		if back, ok := ParseFolderName(got); !ok || back != id {
			t.Errorf("%s means %q, %v", got, back, ok)
		}
		if other, ok := met[strings.ToLower(got)]; ok {
			t.Errorf("FAT takes %s for %s", id, other)
		}
		met[strings.ToLower(got)] = id
	}
	for _, folder := range []string{"", ".", "..", "Camp", "con", "tiles", "12345678~camp~", FolderName("Camp") + "~", strings.ToUpper(FolderName("camp.")), "a/b", ".git"} {
		if id, ok := ParseFolderName(folder); ok {
			t.Errorf("%q means %s", folder, id)
		}
	}
}

func TestClassify(t *testing.T) {
	hex := strings.Repeat("ab", 32)
	for path, want := range map[string]kind{
		"space.json": spaceKind, "SHA256SUMS": sumsKind, ".ulp-root": scopeKind, ".ulp-scope": scopeKind, "hazards/z14/x1/y2/.ulp-ignore": scopeKind,
		FolderName("tiles") + "/z1/.ulp-scope": scopeKind, "tiles/z1/.ulp-scope": other, "hazards/.ulp-root": other, "Hazards/.ulp-scope": other,
		"hazards/z14/x1/y2/n/.ulp-scope": other, ".ulp/.ulp-scope": other, "../.ulp-scope": other, "x/../.ulp-scope": other,
		"objects/sha256/" + hex[:2] + "/" + hex[2:]: objectKind, "objects/sha256/" + hex: other, "objects/sha256/AB/" + hex[2:]: other,
		"objects/md5/" + hex[:2] + "/" + hex[2:]: other, "objects/sha256/" + hex[:4] + "/" + hex[4:]: other, "objects": other,
		"tiles/z14/x8625/y5753/manifest.json": manifestKind, "tiles/z0/x0/y0/index.json": indexKind, "tiles/z0/x1/y0/index.json": other,
		"tiles/z14/x08625/y5753/manifest.json": other, "tiles/z14/x8625/y5753/snapshots/" + hex + ".json": descriptorKind,
		"tiles/z14/x8625/y5753/snapshots/" + hex: other, "tiles/z14/x8625/y5753/snapshots/x/" + hex + ".json": other, "": other, "/space.json": other,
		"space.json/": other, "space.json.part": other,
	} {
		if got, _ := classify(path); got != want {
			t.Errorf("%s is %v, not %v", path, got, want)
		}
	}
}

// batch is a segment of a few events of one tile.
func batch(t testing.TB, seed uint64, n int) (*segment.Segment, []*event.Event) {
	t.Helper()
	events := sample.Events(200, sample.Options{Seed: seed})
	first := events[0]
	events = slices.DeleteFunc(events, func(e *event.Event) bool { return e.Tile != first.Tile || e.Scope.Policy != first.Scope.Policy })
	events = events[:min(n, len(events))]
	slices.SortFunc(events, event.Compare)
	var lines []segment.Line
	for _, e := range events {
		lines = append(lines, segment.Line{Clock: e.Clock, ID: e.ID, Text: e.Text})
	}
	g, err := segment.Build(first.Space, first.Tile, first.Scope.Policy, lines)
	if err != nil {
		t.Fatal(err)
	}
	return g, events
}

// writes writes a tile of one segment; without finish it breaks off.
func writes(t testing.TB, out string, finish bool) {
	t.Helper()
	w, err := Create(out, "rhine-flood")
	if err != nil {
		t.Fatal(err)
	}
	g, events := batch(t, 0, 3)
	at := w.Tile(g.Tile)
	if err := errors.Join(at.Segment(g.Seal(kitKey), g.Bytes, events), at.End(), w.Scope(".ulp-root", "title = \"Rhine\"\n")); err != nil {
		t.Fatal(err)
	}
	if !finish {
		w.Discard()
		return
	}
	s, err := w.Finish(func(path string) { t.Errorf("%s is stray", path) })
	if err != nil || s.Events != uint64(len(events)) || s.Tiles != 1 || s.Segments != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
}

// faults is what Check finds.
func faults(t testing.TB, folder string) (found []Refusal) {
	t.Helper()
	r, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Check(t.Context(), func(f Refusal) { found = append(found, f) }); err != nil {
		t.Fatal(err)
	}
	return found
}

func files(t testing.TB, folder string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// What was not written to its end is not whole, and becomes whole when it is written again; a damaged object is made good.
func TestWriteAgain(t *testing.T) {
	out := t.TempDir()
	folder := filepath.Join(out, "rhine-flood")
	writes(t, out, false)
	if found := faults(t, folder); len(found) != 1 || found[0].Rule != "whole" {
		t.Errorf("found %+v", found)
	}
	if !IsSpace(folder) {
		t.Error("what is there is not found")
	}
	writes(t, out, true)
	whole := files(t, folder)
	if found := faults(t, folder); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	g, _ := batch(t, 0, 3)
	object := filepath.Join(folder, objectPath(g.Hash))
	for name, text := range map[string]string{object: "", object + partSuffix: "half", filepath.Join(folder, "space.json"): "{}", filepath.Join(folder, "SHA256SUMS"): ""} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		writes(t, out, true)
		if !maps.Equal(files(t, folder), whole) {
			t.Errorf("%s is not made good", name)
		}
	}
	// Nothing is written through links that were put there.
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for _, name := range []string{object, object + partSuffix, filepath.Join(folder, "space.json")} {
		if err := errors.Join(os.RemoveAll(name), os.Symlink(elsewhere, name)); err != nil {
			t.Fatal(err)
		}
	}
	writes(t, out, true)
	if _, err := os.Lstat(elsewhere); err == nil || !maps.Equal(files(t, folder), whole) {
		t.Error("it was written through a link")
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(folder, "objects")), os.Symlink(t.TempDir(), filepath.Join(folder, "objects"))); err != nil {
		t.Fatal(err)
	}
	w, err := Create(out, "rhine-flood")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if _, err := w.object([]byte("x")); err == nil {
		t.Error("it was written through a linked folder")
	}
}

func TestCreateRefuses(t *testing.T) {
	out := t.TempDir()
	writes(t, out, true)
	if err := os.Rename(filepath.Join(out, "rhine-flood"), filepath.Join(out, "camp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(out, "link")); err != nil {
		t.Fatal(err)
	}
	for space, rule := range map[string]string{"camp": "space", "link": "link"} {
		_, err := Create(out, space)
		var no *event.Refusal
		if !errors.As(err, &no) || no.Rule != rule {
			t.Errorf("%s: %v", space, err)
		}
	}
}

// A manifest keeps seals of what is there, and none of what would be new.
func TestManifestGrows(t *testing.T) {
	out := t.TempDir()
	old, events := batch(t, 0, 2)
	all, more := batch(t, 0, 3)
	other, others := batch(t, 0, 1)
	write := func(parts ...any) string {
		w, err := Create(out, "rhine-flood")
		if err != nil {
			t.Fatal(err)
		}
		at := w.Tile(old.Tile)
		for i := 0; i < len(parts); i += 2 {
			g := parts[i].(*segment.Segment)
			if err := at.Segment(g.Seal(kitKey), g.Bytes, parts[i+1].([]*event.Event)); err != nil {
				t.Fatal(err)
			}
		}
		if err := at.End(); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Finish(func(string) {}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(w.Folder, tilePath(old.Tile), manifestFile))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	write(old, events)
	if text := write(all, more); strings.Count(text, old.Hash.String()) != 1 || strings.Count(text, all.Hash.String()) != 1 {
		t.Errorf("the manifest is %s", text)
	}
	if text := write(other, others); strings.Contains(text, all.Hash.String()) || !strings.Contains(text, other.Hash.String()) {
		t.Errorf("the manifest is %s", text)
	}
}

func TestManifestFaults(t *testing.T) {
	out := t.TempDir()
	writes(t, out, true)
	g, _ := batch(t, 0, 3)
	seal := g.Seal(kitKey).Text
	path := filepath.Join(out, "rhine-flood", tilePath(g.Tile), manifestFile)
	for name, c := range map[string]struct {
		text  string
		seals int
		rules []string
	}{
		"twice":          {string(manifestText(g.Tile.String(), []string{seal, seal})), 1, []string{"order"}},
		"another tile":   {string(manifestText("z1/x0/y0", []string{seal})), 1, []string{"tile"}},
		"no tile":        {`{"segments":[` + seal + `]}`, 1, []string{"tile"}},
		"no segments":    {`{"tile_id":"` + g.Tile.String() + `"}`, 0, []string{"form"}},
		"breaks off":     {`{"segments":[` + seal + `,`, 1, []string{"form"}},
		"twice a member": {`{"segments":[` + seal + `],"segments":[]}`, 1, []string{"form"}},
		"more behind it": {string(manifestText(g.Tile.String(), []string{seal})) + "{}", 1, []string{"form"}},
		"no JSON":        {"\x00", 0, []string{"form"}},
		"an array":       {"[]", 0, []string{"form"}},
		"no seals":       {`{"segments":[` + strings.Repeat("1,", 200) + `1]}`, 0, []string{"type", "form"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := Open(filepath.Join(out, "rhine-flood"))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			seals, rules := 0, []string(nil)
			err = r.Manifest(g.Tile, func(seal *segment.Seal, fault *event.Refusal) error {
				if fault == nil {
					seals++
				} else if !slices.Contains(rules, fault.Rule) {
					rules = append(rules, fault.Rule)
				}
				return nil
			})
			if err != nil {
				rules = append(rules, Explain(err).Rule)
			}
			if seals != c.seals || !slices.Equal(rules, c.rules) {
				t.Errorf("%d seals, refused %v", seals, rules)
			}
		})
	}
}

// FuzzManifest: whatever comes in, it is read to its end or refused, and seals are given as they stand there.
func FuzzManifest(f *testing.F) {
	g, _ := batch(f, 0, 2)
	f.Add(manifestText(g.Tile.String(), []string{g.Seal(kitKey).Text}))
	for _, text := range []string{"", "{}", `{"tile_id":1}`, `{"segments":[{},[],1,"x"],"more":{"a":[1]}}`, `{"segments":{}}`, `{"tile_id":"\ud800"}`, "{\"a\":1,\"a\":2}", strings.Repeat("[", 20000)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := parseManifest(bytes.NewReader(text), func(seal []byte) error {
			if !bytes.Contains(text, seal) || len(seal) == 0 {
				t.Fatalf("%q stands not in %q", seal, text)
			}
			return nil
		})
		var no *event.Refusal
		if err != nil && (!errors.As(err, &no) || no.Rule == "" || no.Message == "") {
			t.Fatalf("refused with %#v", err)
		}
	})
}

// FuzzSmall: space.json and descriptors are read or refused, and what is read is written and read again the same.
func FuzzSmall(f *testing.F) {
	s := &Space{Space: "camp", Events: 2, Tiles: 1, Segments: 1, Trees: []digest.World{{Space: "camp", Policy: "public", Branch: digest.Branch{Digest: digest.Sum{1}, Count: 2}}}}
	f.Add(s.text())
	sum := digest.Sum(sha256.Sum256(nil)).String()
	f.Add(line(descriptor{sum, "evt-1", sum}))
	f.Add([]byte(`{"format":"fieldkit-directory-1","space":"camp","events":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSpace(text)
		if err == nil {
			again, err := parseSpace(s.text())
			if err != nil || string(again.text()) != string(s.text()) {
				t.Fatalf("%q is read as %+v, then %+v, %v", text, s, again, err)
			}
		} else if no := (*event.Refusal)(nil); !errors.As(err, &no) {
			t.Fatal(err)
		}
		if _, _, err := parseDescriptor(text); err != nil {
			if no := (*event.Refusal)(nil); !errors.As(err, &no) {
				t.Fatal(err)
			}
		}
	})
}

// FuzzSums: each line is given once, good or bad; a good one is of the form and names no file outside the folder.
func FuzzSums(f *testing.F) {
	sum := strings.Repeat("0", 64)
	f.Add(sum + "  space.json\n" + sum + "  tiles/z0/x0/y0/index.json\n")
	f.Add(sum + " *space.json\n\\" + sum + "  a\n" + sum + "  ../x\n")
	f.Add(strings.Repeat("x", 10000) + "\n" + sum + "  space.json")
	f.Fuzz(func(t *testing.T, text string) {
		err := parseSums(strings.NewReader(text), func(sum digest.Sum, path string, bad bool) error {
			k, _ := classify(path)
			if !bad && k != other {
				if !filepath.IsLocal(path) || !strings.Contains(text, sum.String()[len("sha256:"):]+"  "+path) {
					t.Fatalf("%q gives %q", text, path)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestFind(t *testing.T) {
	out := t.TempDir()
	writes(t, out, true)
	if err := os.MkdirAll(filepath.Join(out, "System Volume Information"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(out, "rhine-flood"), filepath.Join(out, "again")); err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(out, "rhine-flood")}
	for _, path := range []string{out, want[0], out + "/"} {
		if got, err := Find(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("in %s are %v, %v", path, got, err)
		}
	}
	if got, err := Find(filepath.Join(out, "nowhere")); err == nil || len(got) > 0 {
		t.Errorf("nowhere are %v", got)
	}
}
