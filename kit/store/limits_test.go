package store_test

import (
	"bufio"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mattn/go-sqlite3"

	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/kit/store/storetest"
)

// quiet are options for stores that are about to have trouble.
func quiet() store.Options {
	return store.Options{Key: storetest.Key, Logger: slog.New(slog.DiscardHandler)}
}

func mustOpen(t *testing.T, dir string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A full disk: what does not fit is refused as a whole, reading goes on, and with room again so does writing.
func TestFullDisk(t *testing.T) {
	var pages atomic.Int64
	pages.Store(200)
	dir := t.TempDir()
	s := mustOpen(t, dir, quiet().WithPages(&pages))
	ctx := context.Background()
	entries := storetest.Entries(storetest.Events(2000))
	var model storetest.Model
	at := 0
	for ; at < len(entries); at += 50 {
		_, err := s.Append(ctx, entries[at:at+50])
		if err != nil {
			if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "make room") {
				t.Fatal(err)
			}
			break
		}
		model.Append(entries[at : at+50])
	}
	if at == 0 || at == len(entries) {
		t.Fatalf("full after %d events", at)
	}
	for range 3 {
		if _, err := s.Append(ctx, entries[at:at+50]); !errors.Is(err, store.ErrFull) {
			t.Fatalf("and then %v", err)
		}
		for _, d := range model.Compare(ctx, s) {
			t.Fatalf("on a full disk: %s", d)
		}
	}
	pages.Store(100_000)
	if _, err := s.Append(ctx, entries[at:at+50]); err != nil {
		// The connection that was made on the full disk is still in use.
		if _, err = s.Append(ctx, entries[at:at+50]); err != nil {
			t.Fatalf("with room again: %v", err)
		}
	}
	model.Append(entries[at : at+50])
	if _, err := s.Append(ctx, entries[at+50:]); err != nil {
		t.Fatal(err)
	}
	model.Append(entries[at+50:])
	for _, d := range model.Compare(ctx, s) {
		t.Errorf("with room again: %s", d)
	}
}

// trouble makes everything that writes fail with an error of SQLite's.
type trouble struct {
	store.Link
	err *atomic.Pointer[sqlite3.Error]
}

type troubledStatement struct {
	driver.Stmt
	trouble
}

func (l trouble) Prepare(query string) (driver.Stmt, error) {
	s, err := l.Link.Prepare(query)
	if err != nil || !strings.HasPrefix(query, "INSERT") {
		return s, err
	}
	return troubledStatement{s, l}, nil
}

func (s troubledStatement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.err.Load(); err != nil {
		return nil, *err
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func TestTrouble(t *testing.T) {
	for _, c := range []struct {
		err  sqlite3.Error
		want error
		says string
	}{
		{sqlite3.Error{Code: sqlite3.ErrFull}, store.ErrFull, "make room"},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.ENOSPC}, store.ErrFull, "make room"},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.EDQUOT}, store.ErrFull, "make room"},
		{sqlite3.Error{Code: sqlite3.ErrReadonly}, store.ErrReadOnly, "read-only"},
		{sqlite3.Error{Code: sqlite3.ErrCantOpen, SystemErrno: syscall.EROFS}, store.ErrReadOnly, "read-only"},
		{sqlite3.Error{Code: sqlite3.ErrCorrupt}, store.ErrBroken, "malformed"},
		{sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.EIO}, nil, "disk I/O error"},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			var err atomic.Pointer[sqlite3.Error]
			s := mustOpen(t, t.TempDir(), quiet().Through(func(path string) (store.Link, error) {
				l, opening := store.OpenLink(path)
				return trouble{l, &err}, opening
			}))
			ctx := context.Background()
			entries := storetest.Entries(storetest.Events(40))
			var model storetest.Model
			if _, err := s.Append(ctx, entries[:20]); err != nil {
				t.Fatal(err)
			}
			model.Append(entries[:20])
			err.Store(&c.err)
			for range 2 {
				_, got := s.Append(ctx, entries[10:])
				if got == nil || c.want != nil && !errors.Is(got, c.want) || !strings.Contains(got.Error(), c.says) {
					t.Errorf("appending gives %v, want %v", got, c.want)
				}
			}
			for _, d := range model.Compare(ctx, s) {
				t.Errorf("meanwhile: %s", d)
			}
			err.Store(nil)
			if _, err := s.Append(ctx, entries[10:]); err != nil {
				t.Fatal(err)
			}
			model.Append(entries[10:])
			for _, d := range model.Compare(ctx, s) {
				t.Errorf("afterwards: %s", d)
			}
		})
	}
}

// raw runs a script on the file, as another program would.
func raw(t *testing.T, path, script string) {
	t.Helper()
	l, err := store.OpenLink(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.ExecContext(context.Background(), script, nil); err != nil {
		t.Fatal(err)
	}
}

// filled is the folder of a store with some events.
func filled(t *testing.T, n int) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	s := mustOpen(t, dir, quiet())
	if _, err := s.Append(context.Background(), storetest.Entries(storetest.Events(n))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, store.FileName)
}

func TestNewerVersion(t *testing.T) {
	dir, file := filled(t, 10)
	raw(t, file, fmt.Sprintf("PRAGMA user_version = %d", store.Migrations()+1))
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir, quiet()); !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "run a fieldkit at least as new") {
		t.Errorf("opened: %v", err)
	}
	after, err := os.ReadFile(file)
	if err != nil || string(before) != string(after) {
		t.Errorf("the file was changed, %v", err)
	}
	raw(t, file, fmt.Sprintf("PRAGMA user_version = %d", store.Migrations()))
	s := mustOpen(t, dir, quiet())
	sound(t, s)
}

func TestNotOurs(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, file string){
		"text": func(t *testing.T, file string) {
			if err := os.WriteFile(file, []byte(strings.Repeat("no database\n", 500)), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"another program's": func(t *testing.T, file string) { raw(t, file, "CREATE TABLE a (b); PRAGMA application_id = 1") },
		"nobody's":          func(t *testing.T, file string) { raw(t, file, "CREATE TABLE event (seq)") },
		"header alone": func(t *testing.T, file string) {
			_, whole := filled(t, 10)
			b, err := os.ReadFile(whole)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, b[:100], 0o644); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			make(t, filepath.Join(dir, store.FileName))
			if _, err := store.Open(dir, quiet()); !errors.Is(err, store.ErrBroken) {
				t.Errorf("opened: %v", err)
			}
			// The folder is free again.
			if err := os.Remove(filepath.Join(dir, store.FileName)); err != nil {
				t.Fatal(err)
			}
			mustOpen(t, dir, quiet())
		})
	}
}

// A file that was cut off when it was made, with nothing in it, is a new one.
func TestEmptyFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, store.FileName), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	sound(t, mustOpen(t, dir, quiet()))
}

// Damage anywhere in the file: an error or what is true, never a panic, and Check finds it or nothing was lost.
func TestDamage(t *testing.T) {
	_, file := filled(t, 400)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(21, 22))
	events := storetest.Events(400)
	told := make(map[string]bool)
	for _, e := range events {
		told[e.Text] = true
	}
	found := 0
	for i := range 40 {
		damaged := append([]byte(nil), whole...)
		switch i % 4 {
		case 0:
			damaged = damaged[:r.IntN(len(damaged))]
		case 1:
			page := r.IntN(len(damaged)/4096) * 4096
			clear(damaged[page : page+4096])
		case 2:
			for range 200 {
				damaged[r.IntN(len(damaged))] ^= 1 << r.IntN(8)
			}
		case 3:
			page, other := r.IntN(len(damaged)/4096)*4096, r.IntN(len(damaged)/4096)*4096
			copy(damaged[page:page+4096], whole[other:other+4096])
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, store.FileName), damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if trueOrFound(t, dir, told) {
			found++
		}
	}
	if found < 30 {
		t.Errorf("only %d of 40 damages were met", found)
	}
}

// trueOrFound reports whether the store in dir says that it is damaged.
func trueOrFound(t *testing.T, dir string, told map[string]bool) (found bool) {
	s, err := store.Open(dir, quiet())
	if err != nil {
		if !errors.Is(err, store.ErrBroken) {
			t.Errorf("opening a damaged file: %v", err)
		}
		return true
	}
	defer s.Close()
	ctx := context.Background()
	read, wrong := 0, 0
	err = s.Events(ctx, store.Query{}, func(row store.Row) error {
		read++
		if !told[row.Text] {
			wrong++
		}
		return nil
	})
	problems := 0
	checking := s.Check(ctx, func(string) { problems++ })
	found = err != nil || checking != nil || problems > 0
	for _, err := range []error{err, checking} {
		if err != nil && !errors.Is(err, store.ErrBroken) {
			t.Errorf("reading a damaged file: %v", err)
		}
	}
	if (wrong > 0 || read != len(told)) && !found {
		t.Errorf("%d events of %d, %d of them false, and nobody says so", read, len(told), wrong)
	}
	_, err = s.Append(ctx, storetest.Entries(sample.Events(5, sample.Options{Seed: 5})))
	_, digesting := s.Roots(ctx)
	_, sealing := s.Seal(ctx, sample.Start+100_000)
	return found || err != nil || digesting != nil || sealing != nil
}

// Two processes never open one folder; the one that comes second is told who was first, and may when that one is gone.
func TestTwoProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "kit")
	root := filepath.Dir(dir)
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	writeEvents(t, filepath.Join(root, "events"), storetest.Events(20))
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(executable)
	c.Env = append(os.Environ(), childVariable+"="+dir, childVariable+"_FROM=0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for line := ""; line != "end\n"; {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Open(dir, quiet()); !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", c.Process.Pid)) {
		t.Errorf("while another process has it: %v", err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, out)
	c.Wait()
	s := mustOpen(t, dir, quiet())
	if n := len(held(t, s)); n != 20 {
		t.Errorf("%d events are there", n)
	}
	if _, err := store.Open(dir, quiet()); !errors.Is(err, store.ErrLocked) {
		t.Errorf("twice in one process: %v", err)
	}
	sound(t, s)
}

func TestStat(t *testing.T) {
	s := mustOpen(t, t.TempDir(), quiet())
	ctx := context.Background()
	if _, err := s.Append(ctx, storetest.Entries(storetest.Events(500))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(ctx, sample.Start+100_000); err != nil {
		t.Fatal(err)
	}
	stat, err := s.Stat(ctx)
	if err != nil || stat.Events != 500 || stat.LastSeq != 500 || stat.Segments == 0 || stat.Bytes < 500*500 || stat.Free <= 0 {
		t.Errorf("%+v, %v", stat, err)
	}
}
