package salvage_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"fieldkit/kit/store"
	"fieldkit/kit/store/salvage"
)

// childVariable makes the test binary a child that repairs a folder.
const childVariable = "FIELDKIT_SALVAGE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		fmt.Println("begin")
		if _, err := salvage.Repair(context.Background(), dir, now, func(store.Finding) {}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A repair is killed again and again, at any moment. The old file is always somewhere, whole; what is there opens or is what
// it was; and the repair that is let come to its end leaves what it would have left at once.
func TestRepairKilledAgainAndAgain(t *testing.T) {
	w := theWorld(t)
	damaged := clone(w.killed)
	for i := range 3000 { // the tree's upper pages, and some of the events
		damaged["kit.db"][200+i] ^= byte(i)
		damaged["kit.db"][300_000+i] ^= byte(i)
	}
	calm := lay(t, damaged)
	began := time.Now()
	_, want := repair(t, calm)
	took := time.Since(began)
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := lay(t, damaged)
	r := rand.New(rand.NewPCG(5, 6))
	replaced := 0
	for kills := range 25 {
		c := exec.Command(executable)
		c.Env = append(os.Environ(), childVariable+"="+dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		// The steps that move files are its last few milliseconds.
		time.Sleep(time.Duration(r.Int64N(int64(took) * int64(kills+1) / 25)))
		c.Process.Kill()
		ended := c.Wait() == nil
		for _, name := range []string{"kit.db", "kit.db-wal"} {
			if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil && bytes.Equal(b, damaged[name]) {
				continue
			}
			kept, err := filepath.Glob(filepath.Join(dir, store.QuarantineName, "*", name))
			if err != nil || len(kept) != 1 {
				t.Fatalf("after %d kills %s is in %v, %v", kills, name, kept, err)
			}
			if b, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(b, damaged[name]) {
				t.Fatalf("after %d kills %s is not what it was, %v", kills, kept[0], err)
			}
			replaced++
		}
		if ended || replaced > 0 {
			t.Logf("replaced after %d kills, by itself: %v", kills, ended)
			break
		}
	}
	repair(t, dir)
	list, result := check(t, dir)
	if len(list) > 0 || result.Events != want.Events || len(result.Wanted) != len(want.Wanted) {
		t.Errorf("%+v, repaired at once %+v\n%s", result, want, words(list))
	}
	for _, name := range []string{"kit.db", "kit.db-wal", "kit.db-shm"} {
		kept, err := filepath.Glob(filepath.Join(dir, store.QuarantineName, "*", name))
		if err != nil || len(kept) != 1 {
			t.Fatalf("%s is in %v, %v", name, kept, err)
		}
		if b, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(b, damaged[name]) {
			t.Errorf("%s is not what it was, %v", name, err)
		}
	}
}
