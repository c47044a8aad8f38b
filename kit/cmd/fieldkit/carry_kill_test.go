package main

import (
	"bytes"
	"io/fs"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldkit/kit/depot"
	"fieldkit/kit/replay/replaybench"
)

// inHere runs the program within this process and gives its stdout.
func inHere(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, bytes.NewReader(stdin), &out, &errs); code != exitOK {
		t.Fatalf("fieldkit %s: exit code %d\n%s", strings.Join(args, " "), code, errs.String())
	}
	return out.String()
}

// killed runs the program as a process and kills it after a while; ended says that it was too late.
func killed(t *testing.T, after time.Duration, args ...string) (ended bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "fieldkit")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, args...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(after, func() { c.Process.Kill() })
	return c.Wait() == nil
}

// whole holds an export that says it is whole to it, and tells whether it does.
func whole(t *testing.T, folder string) bool {
	t.Helper()
	if _, err := os.Stat(filepath.Join(folder, "SHA256SUMS")); err != nil {
		return false
	}
	r, err := depot.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// A file that was not renamed yet is no fault of what the list names.
	err = r.Check(t.Context(), func(f depot.Refusal) {
		if f.Rule != "extra" {
			t.Errorf("an export that says it is whole is not: %+v", f)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return true
}

func content(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(folder, path))
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestKilledExportAndImport kills exports onto one stick, while the kit learns more, and imports from it. What says it is
// whole is, at any time; and in the end the stick holds what an export in one go does, and both kits the same world.
func TestKilledExportAndImport(t *testing.T) {
	trace, err := replaybench.Trace("bench", 2000, 100)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(trace, []byte{'\n'})
	dir := t.TempDir()
	a, b, stick, fresh := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "stick"), filepath.Join(dir, "fresh")
	random := rand.New(rand.NewSource(1))
	const rounds = 10
	broken := 0
	for i := range rounds {
		part := lines[i*len(lines)/rounds : (i+1)*len(lines)/rounds]
		inHere(t, bytes.Join(part, nil), "append", "--data", a)
		killed(t, time.Duration(40+random.Intn(400))*time.Millisecond, "export", "--data", a, stick)
		if !whole(t, filepath.Join(stick, "bench")) {
			broken++
		}
	}
	if broken == 0 {
		t.Error("all were killed too late to show anything")
	}
	inHere(t, nil, "export", "--data", a, stick)
	inHere(t, nil, "export", "--data", a, fresh)
	if !whole(t, filepath.Join(stick, "bench")) {
		t.Error("the stick is not whole")
	}
	// Snapshots of earlier tips stay on the stick, and its list has them; all else is as in one go.
	held := content(t, stick)
	for path, text := range content(t, fresh) {
		if held[path] != text && filepath.Base(path) != "SHA256SUMS" {
			t.Errorf("the stick holds another %s than an export in one go", path)
		}
		delete(held, path)
	}
	for path := range held {
		if !strings.Contains(path, "/snapshots/") && !strings.Contains(path, "/objects/") {
			t.Errorf("the stick holds %s, an export in one go does not", path)
		}
	}
	for range rounds {
		if killed(t, time.Duration(40+random.Intn(300))*time.Millisecond, "import", "--data", b, stick) {
			break
		}
	}
	inHere(t, nil, "import", "--data", b, stick)
	if one, two := inHere(t, nil, "digest", "--data", a), inHere(t, nil, "digest", "--data", b); one != two {
		t.Errorf("two worlds:\n%s\n%s", one, two)
	}
}
