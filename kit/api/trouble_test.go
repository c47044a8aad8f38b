package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fieldkit/kit/coordinator"
	"fieldkit/maps/tile"
)

// expect holds /api/v1/status and /healthz to a state, and to words that people are told.
func (k *kit) expect(state, words string) {
	k.t.Helper()
	var got statusOf
	k.read("/api/v1/status", &got)
	if got.State != state || !strings.Contains(strings.Join(got.Problems, "\n"), words) {
		k.t.Errorf("%+v, want %s: %s", got, state, words)
	}
	want := 503
	if state == "ok" {
		want = 200
	}
	if r := k.get("/healthz"); r.StatusCode != want || !strings.Contains(string(r.body), words) {
		k.t.Errorf("%s, want %d %s", r, want, words)
	}
}

// report hands in a report, and gives the HTTP status.
func (k *kit) report(serial int) answerOf {
	return k.post(linesType, []byte(unsigned(fmt.Sprint("e", serial), fields{"properties": fields{"a": strings.Repeat("x", 8000)}})))
}

// immutable makes the database one that nobody can write, also through files that are open, as on a disk that the kernel
// has set to read-only; it reports whether this machine lets it.
func immutable(t *testing.T, folder string, yes bool) bool {
	t.Helper()
	for _, name := range []string{"kit.db", "kit.db-wal"} {
		file, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		const flag = 0x10 // FS_IMMUTABLE_FL, linux/fs.h
		value, err := unix.IoctlGetInt(int(file.Fd()), unix.FS_IOC_GETFLAGS)
		if err == nil {
			value &^= flag
			if yes {
				value |= flag
			}
			err = unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, value)
		}
		if err != nil {
			t.Logf("NOT TRIED on a disk that cannot be written: %v; kit/coordinator tries a store that says it is", err)
			return false
		}
	}
	return true
}

// TestADiskThatCannotBeWritten takes writing away from a running kit, and gives it back.
func TestADiskThatCannotBeWritten(t *testing.T) {
	k := newKit(t, Config{})
	if a := k.report(1); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	if !immutable(t, k.data, true) {
		return
	}
	restore := func() { immutable(t, k.data, false) }
	defer restore()
	for range 2 {
		if a := k.report(2); a.status != 503 || !strings.Contains(a.Detail, "cannot be written") {
			t.Errorf("%+v", a)
		}
		k.expect("read-only", "wait on the phones")
		// Reading goes on.
		for _, path := range []string{"spaces", "spaces/camp/state", "spaces/camp/state?at=9", "digests", "events/e1"} {
			if r := k.get("/api/v1/" + path); r.StatusCode != 200 {
				t.Errorf("%s: %s", path, r)
			}
		}
	}
	restore()
	// It goes on by itself, though nobody hands anything in.
	for began := time.Now(); k.get("/healthz").StatusCode != 200 && time.Since(began) < 20*time.Second; {
		time.Sleep(100 * time.Millisecond)
	}
	k.expect("ok", "")
	if a := k.report(2); a.status != 200 || a.Taken+a.Known != 1 {
		t.Errorf("%+v", a)
	}
	if n := len(k.stored()); n != 2 {
		t.Errorf("%d events are stored", n)
	}
}

// TestADamagedPage spoils a page of the database under a running kit.
func TestADamagedPage(t *testing.T) {
	k := newKit(t, Config{})
	serial := 0
	for ; serial < 900; serial += 30 {
		var lines []string
		for i := range 30 {
			lines = append(lines, unsigned(fmt.Sprint("e", serial+i), fields{"properties": fields{"a": strings.Repeat("x", 3000)}}))
		}
		if a := k.post(linesType, []byte(strings.Join(lines, "\n"))); a.status != 200 || a.Taken != 30 {
			t.Fatalf("%+v", a)
		}
	}
	k.expect("ok", "")
	file, err := os.OpenFile(filepath.Join(k.data, "kit.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// Leaves of tables (their first byte is 13, sqlite.org/fileformat.html) that are in the file by now.
	spoilt := 0
	for page := make([]byte, 4096); ; {
		at := int64(50+spoilt) * 4096
		if _, err := file.ReadAt(page, at); err != nil {
			break
		}
		if page[0] == 13 {
			if _, err := file.WriteAt(bytes.Repeat([]byte{0xff}, 4096), at); err != nil {
				t.Fatal(err)
			}
		}
		spoilt++
	}
	if spoilt < 100 {
		t.Fatalf("the database has only %d pages", spoilt)
	}
	if r := k.get("/api/v1/events?limit=1000"); r.StatusCode == 200 && bytes.Count(r.body, []byte{'\n'}) >= serial {
		t.Fatal("nobody met the damage")
	}
	k.expect("broken", "fieldkit fsck --repair")
	// What is handed in waits where it is: an acknowledgement must be worth something.
	if a := k.report(serial); a.status != 503 || !strings.Contains(a.Detail, "fsck") {
		t.Errorf("%+v", a)
	}
	k.expect("broken", "wait on the phones")
}

// TestAClockThatJumps sets the clock of a running kit ten years ahead, back, and ten years back.
func TestAClockThatJumps(t *testing.T) {
	const years = 10 * 365 * 24 * 60 * 60
	k := newKit(t, Config{})
	stream := k.listen("space=camp")
	stream.want("hello")
	stream.want("ready")
	serial := 0
	live := func(want string) {
		t.Helper()
		for range 30 {
			serial++
			if a := k.post(linesType, []byte(unsigned(fmt.Sprint("e", serial), fields{"timestamp": k.unix.Load()}))); a.status != 200 || a.Taken != 1 {
				t.Fatalf("%+v", a)
			}
			if h := stream.want("event"); h.Event.ID != fmt.Sprint("e", serial) {
				t.Fatalf("%+v", h)
			}
		}
		k.expect("ok", want)
		segments := func() int64 {
			if _, err := k.c.Store().Seal(t.Context(), k.unix.Load()); err != nil {
				t.Fatal(err)
			}
			stat, err := k.c.Store().Stat(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return stat.Segments
		}
		// Once what is due is sealed, there is no more: no loop.
		if a, b := segments(), segments(); a != b {
			t.Errorf("sealed again: %d, %d", a, b)
		}
	}
	live("")
	for _, by := range []int64{years, -years, -years, years} {
		k.unix.Add(by)
		live("clock was set from")
	}
	// Nothing of now is held to be uncertain for what the clock was.
	serial++
	e := unsigned(fmt.Sprint("e", serial), fields{"timestamp": k.unix.Load()})
	if a := k.post(linesType, []byte(e)); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	var history struct {
		Events []struct {
			Uncertain bool `json:"time_uncertain"`
		}
	}
	k.read(fmt.Sprint("/api/v1/spaces/camp/nodes/e", serial), &history)
	if len(history.Events) != 1 || history.Events[0].Uncertain {
		t.Errorf("%+v", history)
	}
	// Within the hour all of it is sealed, whatever the clock was.
	k.unix.Add(3600)
	if _, err := k.c.Store().Seal(t.Context(), k.unix.Load()); err != nil {
		t.Fatal(err)
	}
	at, err := tile.Parse(home)
	if err != nil {
		t.Fatal(err)
	}
	seals, err := k.c.Store().Manifest(t.Context(), "camp", at)
	if err != nil {
		t.Fatal(err)
	}
	sealed := 0
	for _, text := range seals {
		var seal struct{ Count int }
		if err := json.Unmarshal([]byte(text), &seal); err != nil {
			t.Fatal(err)
		}
		sealed += seal.Count
	}
	if sealed != serial || len(seals) > 8 {
		t.Errorf("%d of %d events are sealed, in %d segments", sealed, serial, len(seals))
	}
	k.close()
	c, err := coordinator.Open(coordinator.Config{Data: k.data})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Store().Check(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
		t.Fatal(err)
	}
}
