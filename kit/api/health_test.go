package api

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// statusOf is what /api/v1/status says.
type statusOf struct {
	Name, Key, Version, Cursor, State string
	Started, Now                      int64
	Events, Spaces, Clients           int
	Storage                           struct{ Bytes, Free int64 }
	Problems                          []string
}

func TestStatus(t *testing.T) {
	k := newKit(t, Config{Version: "1.2.3"})
	k.take(series(t, key(2), 3, nil)...)
	k.take(sign(t, key(2), fields{"space_id": "other"}))
	k.unix.Add(60)
	var got statusOf
	k.read("/api/v1/status", &got)
	if got.Name != "Camp A" || got.Key != k.c.Key() || got.Version != "1.2.3" || got.Cursor != "4" || got.Started != start || got.Now != start+60 || got.State != "ok" ||
		got.Events != 4 || got.Spaces != 2 || got.Clients != 0 || got.Storage.Bytes == 0 || got.Storage.Free == 0 || got.Problems == nil {
		t.Errorf("%+v", got)
	}
	if r := k.get("/healthz"); r.StatusCode != 200 || string(r.body) != "ok\n" {
		t.Errorf("%s", r)
	}
	for _, name := range []string{"fieldkit_cursor 4", "fieldkit_streams 0", "fieldkit_store_bytes", "fieldkit_store_free_bytes",
		`fieldkit_events_total{verdict="taken"} 4`, `fieldkit_http_requests_total{route="POST /api/v1/events",status="200"} 2`, "go_goroutines"} {
		if !bytes.Contains(k.get("/metrics").body, []byte(name)) {
			t.Errorf("no metric %s", name)
		}
	}
	// A scope file that is wrong is the operator's to mend; the kit goes on.
	k.scopeFile("camp/.ulp-root", "polcy = 7")
	k.get("/api/v1/spaces/camp/rules")
	if k.read("/api/v1/status", &got); got.State != "ok" || len(got.Problems) == 0 || !strings.Contains(strings.Join(got.Problems, " "), "polcy") {
		t.Errorf("%+v", got)
	}
}

// TestAStoreThatWasClosed asks a kit whose store is gone: it says so, and answers.
func TestAStoreThatWasClosed(t *testing.T) {
	k := newKit(t, Config{})
	e := sign(t, key(2), nil)
	k.take(e)
	if err := k.c.Store().Close(); err != nil {
		t.Fatal(err)
	}
	if r := k.get("/healthz"); r.StatusCode != 503 || !strings.Contains(string(r.body), "the store does not work") {
		t.Errorf("%s", r)
	}
	var got statusOf
	k.read("/api/v1/status", &got)
	if got.State != "store" || len(got.Problems) != 1 || got.Name != "Camp A" || got.Cursor != "1" {
		t.Errorf("%+v", got)
	}
	for _, path := range []string{"events", "events/" + e.ID, "spaces", "spaces/camp", "digests", "digests?space=camp", "spaces/camp/state?at=7"} {
		k.get("/api/v1/"+path).isProblem(t, 503, "")
	}
	if a := k.post(linesType, []byte(sign(t, key(3), nil).Text)); a.status != 503 {
		t.Errorf("%+v", a)
	}
	if r := k.get("/metrics"); r.StatusCode != 200 {
		t.Errorf("%s", r)
	}
}

// inTmpfs has the test run again in a process with a file system of its own of the given size, mounted where the
// environment says; there it reports true. It needs a kernel that gives namespaces to everybody.
func inTmpfs(t *testing.T, size string) (dir string, yes bool) {
	t.Helper()
	const variable = "FIELDKIT_TEST_TMPFS"
	if dir = os.Getenv(variable); dir != "" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
			fmt.Println("no tmpfs:", err)
			os.Exit(3)
		}
		return dir, true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	c.Env = append(os.Environ(), variable+"="+t.TempDir())
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := c.CombinedOutput()
	switch {
	case err != nil && (c.ProcessState == nil || c.ProcessState.ExitCode() == 3):
		t.Logf("NOT TRIED on a disk that is full: this machine gives no namespace with a tmpfs (%v); kit/coordinator tries a store that says it is", err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	}
	return "", false
}

// TestAFullDisk fills the disk under a running kit, then makes room again: nothing acknowledged is lost, all is said where
// people look, and it goes on by itself.
func TestAFullDisk(t *testing.T) {
	disk, yes := inTmpfs(t, "6m")
	if !yes {
		return
	}
	k := &kit{t: t, data: filepath.Join(disk, "data")}
	k.unix.Store(start)
	k.open(Config{})
	serial := 0
	batch := func() string {
		var events []string
		for range 20 {
			serial++
			events = append(events, unsigned(fmt.Sprint("e", serial), fields{"properties": fields{"a": strings.Repeat("x", 8000)}}))
		}
		return strings.Join(events, "\n")
	}
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := 0
	var full string
	for range 100 {
		full = batch()
		a := k.post(linesType, []byte(full))
		if a.status == 507 {
			if !strings.Contains(a.Detail, "full") || len(a.Verdicts) != 0 {
				t.Errorf("%+v", a)
			}
			break
		}
		if a.status != 200 || a.Taken != 20 {
			t.Fatalf("%+v", a)
		}
		taken += a.Taken
	}
	if n := len(k.stored()); n != taken || taken == 0 {
		t.Errorf("%d are stored, %d were acknowledged", n, taken)
	}
	check := func(state string, status int) {
		t.Helper()
		var got statusOf
		if k.read("/api/v1/status", &got); got.State != state || status == 503 && len(got.Problems) == 0 {
			t.Errorf("%+v, want %s", got, state)
		}
		if r := k.get("/healthz"); r.StatusCode != status {
			t.Errorf("%s, want %d", r, status)
		}
	}
	check("full", 503)
	// Reading goes on, and what is refused anyway does not say that there is room.
	if a := k.post(linesType, []byte("nonsense")); a.status != 422 {
		t.Errorf("%+v", a)
	}
	check("full", 503)
	for _, path := range []string{"spaces", "spaces/camp/state", "spaces/camp/state?at=9", "digests", "events/e1"} {
		if r := k.get("/api/v1/" + path); r.StatusCode != 200 {
			t.Errorf("%s: %s", path, r)
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	check("ok", 200) // there is room: nobody need try first
	var a answerOf
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(100 * time.Millisecond) {
		if a = k.post(linesType, []byte(full)); a.status == 200 {
			break
		}
	}
	if a.Taken+a.Known != 20 || len(k.stored()) != taken+20 {
		t.Errorf("with room again: %+v, %d stored", a, len(k.stored()))
	}
	check("ok", 200)
	k.close()
	k2 := &kit{t: t, data: k.data}
	k2.open(Config{})
	if n := len(k2.stored()); n != taken+20 {
		t.Errorf("%d are stored after a restart", n)
	}
}
