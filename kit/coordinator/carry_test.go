package coordinator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"fieldkit/kit/depot"
	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/replay"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// told is what an export or an import said.
type told struct {
	refused []depot.Refusal
	carried []Carried
}

func (r *told) report() Report {
	return Report{
		Refused: func(d depot.Refusal) { r.refused = append(r.refused, d) },
		Carried: func(c Carried) { r.carried = append(r.carried, c) },
	}
}

// sound fails the test where something was refused.
func (r *told) sound(t testing.TB) *told {
	t.Helper()
	for _, d := range r.refused {
		t.Errorf("refused: %+v", d)
	}
	return r
}

// of is what was said of a space.
func (r *told) of(space string) (one Carried) {
	for _, c := range r.carried {
		if c.Space == space {
			one = c
		}
	}
	return one
}

func export(t testing.TB, c *Coordinator, out string) *told {
	t.Helper()
	r := new(told)
	if err := c.Export(t.Context(), out, r.report()); err != nil {
		t.Fatal(err)
	}
	return r
}

func imports(t testing.TB, c *Coordinator, path string) *told {
	t.Helper()
	r := new(told)
	if err := c.Import(t.Context(), path, r.report()); err != nil {
		t.Fatal(err)
	}
	return r
}

func roots(t testing.TB, c *Coordinator) digest.Sum {
	t.Helper()
	roots, err := c.store.Roots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return roots.Root
}

// healthy holds a kit's store to its own check.
func healthy(t testing.TB, c *Coordinator) {
	t.Helper()
	if err := c.store.Check(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

// tree is every file of a folder by its path.
func tree(t testing.TB, folder string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, folder)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var (
	rootKey, adminKey = key(1), key(2)
	certified         = certifiedBy("valley", rootKey)
)

// logEvent is one of the certified space's log.
func logEvent(t testing.TB, by byte, timestamp int64, properties fields) *event.Event {
	return sign(t, key(by), fields{"space_id": certified, "layer_id": event.SpaceLog, "tile": "z0/x0/y0", "operation": "set_properties",
		"timestamp": timestamp, "properties": properties})
}

// mixed are events of all kinds: three policies, v0 events, odd names, a space that certifies itself and grants the kit.
func mixed(t testing.TB, kit string) (events []*event.Event) {
	add := func(e *event.Event) *event.Event { events = append(events, e); return e }
	add(logEvent(t, 1, start, fields{"file/.ulp-root": "title = \"Valley\"\n", "file/Hazards/.ulp-scope": "realm = \"public\"\n",
		"grant/" + public(adminKey): fields{"roles": []string{"admin"}}}))
	if kit != "" {
		add(logEvent(t, 2, start+1, fields{"grant/" + kit: fields{"roles": []string{"kit"}}}))
	}
	policies := []string{"public", "private", "redacted"}
	for i := range 60 {
		scoped := fields{"realm": "public", "authority": "source", "boundary": "interior", "policy": policies[i%3]}
		at := []string{"z14/x8625/y5753", "z14/x8625/y5754", "z9/x269/y179"}[i%4%3]
		space := []string{certified, "camp", "Camp", "tiles", "con"}[i%5]
		add(sign(t, key(byte(3+i%4)), fields{"space_id": space, "timestamp": start + i, "scope": scoped, "tile": at, "properties": fields{"title": fmt.Sprint(i)}}))
	}
	for i := range 10 {
		add(unsigned(t, fmt.Sprintf("evt-%03d", i), fields{"timestamp": start + i, "properties": fields{"title": fmt.Sprint(i)}}))
	}
	return events
}

// segments are the lines of all segments of an export, as somebody concatenates them.
func segments(t testing.TB, out string) []byte {
	t.Helper()
	var b bytes.Buffer
	folders, err := depot.Find(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		r, err := depot.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		err = r.Tiles(func(at tile.Tile) error {
			return r.Manifest(at, func(seal *segment.Seal, fault *event.Refusal) error {
				_, lines, err := r.Segment(seal)
				b.Write(append(bytes.Join(lines, []byte{'\n'}), '\n'))
				return err
			})
		}, func(f depot.Refusal) { t.Errorf("refused: %+v", f) })
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func replayed(t testing.TB, text []byte) [32]byte {
	t.Helper()
	trace, err := replay.Read(bytes.NewReader(text), replay.Options{})
	if err != nil || trace.Refused > 0 {
		t.Fatalf("%d refused, %v", trace.Refused, err)
	}
	return trace.Digest()
}

// log is all that a kit has, a line each.
func logOf(t testing.TB, c *Coordinator) []byte {
	t.Helper()
	var b bytes.Buffer
	err := c.store.Events(t.Context(), store.Query{}, func(r store.Row) error { b.WriteString(r.Text + "\n"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExportImport(t *testing.T) {
	a, b := open(t, Config{}), open(t, Config{})
	writeScope(t, a, "camp", ".ulp-root", "title = \"Camp\"\n")
	writeScope(t, a, "camp", "Hazards/.ulp-scope", "realm = \"public\"\n")
	take(t, a, mixed(t, a.Key())...)
	out := t.TempDir()
	export(t, a, out).sound(t)
	said := imports(t, b, out).sound(t)
	if roots(t, a) != roots(t, b) {
		t.Error("two worlds")
	}
	healthy(t, a)
	healthy(t, b)
	for _, space := range []string{certified, "camp", "Camp", "tiles", "con"} {
		if stateDigest(t, a, space, nil) != stateDigest(t, b, space, nil) {
			t.Errorf("two states of %s", space)
		}
		if s := said.of(space); s.Adopted == 0 || s.Known != 0 {
			t.Errorf("of %s: %+v", space, s)
		}
	}
	if got, want := replayed(t, segments(t, out)), replayed(t, logOf(t, a)); got != want {
		t.Error("the segments replay to another state than the log")
	}
	files := tree(t, out)
	for path, text := range map[string]string{
		"/camp/.ulp-root": "title = \"Camp\"\n", "/camp/" + depot.FolderName("Hazards") + "/.ulp-scope": "realm = \"public\"\n",
		"/" + certified + "/.ulp-root": "title = \"Valley\"\n", "/" + certified + "/" + depot.FolderName("Hazards") + "/.ulp-scope": "realm = \"public\"\n",
	} {
		if files[path] != text {
			t.Errorf("%s is %q", path, files[path])
		}
	}
	if !strings.Contains(strings.Join(said.of("camp").Notes, ""), "hold here now") {
		t.Errorf("nothing is said of the scope files: %q", said.of("camp").Notes)
	}
	if got := b.SpaceRules("camp").Root().Title; got != "Camp" {
		t.Errorf("the space is called %q", got)
	}
	// The segments are a's there too, so b's export is the same in every byte.
	again, twice := t.TempDir(), t.TempDir()
	export(t, b, again).sound(t)
	export(t, a, twice).sound(t)
	if want := tree(t, out); !maps.Equal(tree(t, twice), want) || !maps.Equal(tree(t, again), want) {
		t.Error("two exports of one world differ")
	}
	export(t, a, out).sound(t)
	if !maps.Equal(tree(t, out), tree(t, twice)) {
		t.Error("an export over itself changes it")
	}
	if said := imports(t, b, out).sound(t); said.of("camp").Taken != 0 {
		t.Errorf("taken twice: %+v", said)
	}
}

func writeScope(t testing.TB, c *Coordinator, space, name, text string) {
	t.Helper()
	path := filepath.Join(c.data, "spaces", space, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// An operator's own scope files stay, and his word that v0 events do not enter holds here too.
func TestImportLeavesScopeFiles(t *testing.T) {
	a, b := open(t, Config{}), open(t, Config{})
	writeScope(t, a, "camp", ".ulp-root", "title = \"Theirs\"\n")
	writeScope(t, b, "camp", ".ulp-root", "title = \"Ours\"\nunsigned = false\n")
	take(t, a, mixed(t, a.Key())...)
	out := t.TempDir()
	export(t, a, out).sound(t)
	said := imports(t, b, out)
	if len(said.refused) != 10 {
		t.Errorf("%d refused, there are 10 v0 events", len(said.refused))
	}
	for _, r := range said.refused {
		if r.Rule != "unsigned" || r.Line == 0 || r.EventID == "" || r.File != ".ulp-root" || !strings.HasPrefix(r.Path, "camp/objects/sha256/") {
			t.Errorf("refused: %+v", r)
		}
	}
	if !strings.Contains(strings.Join(said.of("camp").Notes, ""), "stay as they are") || b.SpaceRules("camp").Root().Title != "Ours" {
		t.Errorf("%q, %q", said.of("camp").Notes, b.SpaceRules("camp").Root().Title)
	}
}

// A kit that no log grants is no kit: what it sealed comes in at the door, like anything that somebody hands in.
func TestImportWithoutGrant(t *testing.T) {
	for _, c := range []struct {
		name    string
		log     func(a *Coordinator) []*event.Event
		adopted bool
	}{
		{"no grant", func(*Coordinator) []*event.Event { return nil }, false},
		{"by an admin's admin", func(a *Coordinator) []*event.Event {
			return []*event.Event{
				logEvent(t, 2, start+5, fields{"grant/" + public(key(3)): fields{"roles": []string{"admin"}}}),
				logEvent(t, 3, start+6, fields{"grant/" + a.Key(): fields{"roles": []string{"kit"}}}),
			}
		}, true},
		{"another role", func(a *Coordinator) []*event.Event {
			return []*event.Event{logEvent(t, 1, start+5, fields{"grant/" + a.Key(): fields{"roles": []string{"write", "admin"}}})}
		}, false},
		{"revoked", func(a *Coordinator) []*event.Event {
			return []*event.Event{logEvent(t, 1, start+5, fields{"grant/" + a.Key(): fields{"roles": []string{"kit"}},
				"revoke/" + a.Key(): fields{"since": start}})}
		}, false},
		{"revoked later", func(a *Coordinator) []*event.Event {
			return []*event.Event{logEvent(t, 1, start+5, fields{"grant/" + a.Key(): fields{"roles": []string{"kit"}},
				"revoke/" + a.Key(): fields{"since": start + 100}})}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := open(t, Config{}), open(t, Config{})
			take(t, a, mixed(t, "")...)
			take(t, a, c.log(a)...)
			at := tile.Tile{Z: 14, X: 8625, Y: 5753}
			out := t.TempDir()
			export(t, a, out).sound(t)
			imports(t, b, out).sound(t)
			if roots(t, a) != roots(t, b) {
				t.Error("two worlds")
			}
			seals, err := b.store.Manifest(t.Context(), certified, at)
			if err != nil || len(seals) > 0 != c.adopted {
				t.Errorf("%d segments are there, %v", len(seals), err)
			}
			if c.adopted {
				return
			}
			// They are this kit's own now.
			if _, err := b.store.SealAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			seals, err = b.store.Manifest(t.Context(), certified, at)
			if err != nil || len(seals) == 0 || slices.ContainsFunc(seals, func(s string) bool { return !strings.Contains(s, b.Key()) }) {
				t.Errorf("the manifest is %v, %v", seals, err)
			}
		})
	}
}

// What came singly travels in lists, equivocations too, and is loose wherever it comes to.
func TestLooseEventsTravel(t *testing.T) {
	a, b := open(t, Config{}), open(t, Config{})
	events := mixed(t, a.Key())
	take(t, a, events[:30]...)
	var entries []store.Entry
	for _, e := range events[30:] {
		entries = append(entries, store.Entry{Event: e, Hash: e.Hash(), Received: start})
	}
	for value := range 3 {
		e := unsigned(t, "evt-same", fields{"properties": fields{"title": fmt.Sprint(value)}})
		entries = append(entries, store.Entry{Event: e, Hash: e.Hash(), Received: start})
	}
	if _, err := a.store.Append(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	out, again, theirs := t.TempDir(), t.TempDir(), t.TempDir()
	export(t, a, out).sound(t)
	export(t, a, again).sound(t)
	if !maps.Equal(tree(t, out), tree(t, again)) {
		t.Error("two exports of one world differ")
	}
	imports(t, b, out).sound(t)
	if roots(t, a) != roots(t, b) {
		t.Error("two worlds")
	}
	healthy(t, b)
	if rows, err := b.store.ByID(t.Context(), "camp", "evt-same"); err != nil || len(rows) != 3 {
		t.Errorf("the equivocation has %d contents, %v", len(rows), err)
	}
	export(t, b, theirs).sound(t)
	lists := 0
	for path, text := range tree(t, theirs) {
		if strings.HasSuffix(path, "manifest.json") {
			lists += strings.Count(text, `"loose":true`)
			if strings.Contains(text, `"loose":true,"policy":"public","signature":{"key":"`+a.Key()) {
				t.Error("b sends a list that a signed")
			}
		}
	}
	if lists < 3 {
		t.Errorf("%d lists", lists)
	}
	if got, want := replayed(t, segments(t, theirs)), replayed(t, logOf(t, a)); got != want {
		t.Error("the segments replay to another state than the log")
	}
}

// Two kits that exchange what they have, on two sticks or on one, have the same in the end; and no export takes the place of
// what its kit does not have.
func TestExchange(t *testing.T) {
	a, b, c := open(t, Config{}), open(t, Config{}), open(t, Config{})
	events := mixed(t, a.Key())
	take(t, a, events[:2]...)
	take(t, b, events[:2]...)
	for i, e := range events[2:] {
		take(t, []*Coordinator{a, b}[i%2], e)
	}
	stick := t.TempDir()
	export(t, a, stick).sound(t)
	before := tree(t, stick)
	said := export(t, b, stick)
	if len(said.refused) != 5 || said.refused[0].Rule != "foreign" || len(said.carried) != 0 {
		t.Errorf("b wrote over what it has not: %+v", said)
	}
	if !maps.Equal(tree(t, stick), before) {
		t.Error("the stick was changed")
	}
	imports(t, b, stick).sound(t)
	export(t, b, stick).sound(t)
	imports(t, a, stick).sound(t)
	if roots(t, a) != roots(t, b) {
		t.Error("two worlds")
	}
	// a's own seals are still there, and with them all of it.
	export(t, a, stick).sound(t)
	imports(t, c, stick).sound(t)
	if roots(t, a) != roots(t, c) {
		t.Error("a third kit has another world")
	}
	for path, text := range before {
		if strings.Contains(path, "/objects/") && tree(t, stick)[path] != text {
			t.Errorf("%s is no longer there", path)
		}
	}
	healthy(t, a)
	healthy(t, b)
}

// An import that ends in the middle goes on when it is done again.
func TestInterruptedImport(t *testing.T) {
	a, b := open(t, Config{}), open(t, Config{})
	take(t, a, mixed(t, a.Key())...)
	out := t.TempDir()
	export(t, a, out).sound(t)
	ctx, cancel := context.WithCancel(t.Context())
	r := new(told)
	report := r.report()
	report.Carried = func(Carried) { cancel() }
	if err := b.Import(ctx, out, report); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if roots(t, a) == roots(t, b) {
		t.Error("it was ended too late to show anything")
	}
	imports(t, b, out).sound(t)
	if roots(t, a) != roots(t, b) {
		t.Error("two worlds")
	}
}

// An export of a kit that takes events meanwhile is whole in itself.
func TestExportWhileEventsCome(t *testing.T) {
	a := open(t, Config{})
	var coming []*event.Event
	for i := range 400 {
		coming = append(coming, sign(t, key(byte(3+i%4)), fields{"timestamp": start + i, "tile": fmt.Sprintf("z14/x86%02d/y5753", i%40)}))
	}
	take(t, a, coming[:100]...)
	var appending sync.WaitGroup
	appending.Go(func() {
		for _, e := range coming[100:] {
			if _, err := a.Admit(t.Context(), [][]byte{[]byte(e.Text)}); err != nil {
				t.Error(err)
			}
		}
	})
	out, events := t.TempDir(), uint64(0)
	for range 4 {
		said := export(t, a, out).sound(t)
		if n := said.of("camp").Events; n < events {
			t.Errorf("%d events after %d", n, events)
		} else {
			events = n
		}
		imports(t, open(t, Config{}), out).sound(t)
	}
	appending.Wait()
	export(t, a, out).sound(t)
	b := open(t, Config{})
	imports(t, b, out).sound(t)
	if roots(t, a) != roots(t, b) {
		t.Error("two worlds")
	}
}

func TestExportOfNothing(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if err := open(t, Config{}).Export(t.Context(), out, new(told).report()); err == nil {
		t.Error("nothing is exported, and nobody is told")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a folder was made")
	}
}
