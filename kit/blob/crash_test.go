package blob

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const (
	crashBlobs  = 40
	crashRounds = 30
	crashFolder = "FIELDKIT_BLOB_CRASH"
)

func crashBlob(i int) []byte { return jpegOf(uint64(i), 20_000+i*37_000) }

// TestMain is the process that is killed, where the variable says so: it uploads blobs in pieces of any length, each from
// where it stands, and withdraws one of them.
func TestMain(m *testing.M) {
	dir := os.Getenv(crashFolder)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := Open(dir, Options{Reserve: 1})
	if err != nil {
		panic(err)
	}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for i := 0; ; i = (i + 1) % crashBlobs {
		data := crashBlob(i)
		h := sumOf(data)
		at := s.State(h).Offset
		end := min(int64(len(data)), at+1+random.Int64N(100_000))
		if _, whole, err := s.Append(h, wantOf(data), at, bytes.NewReader(data[at:end])); err != nil {
			panic(err)
		} else if whole && i%4 == 0 {
			if _, err := s.PutDerived(h, 1, "image/jpeg", data[:1000], data[:5000]); err != nil {
				panic(err)
			}
		}
		// Said on the pipe, so that the test knows what was acknowledged.
		if s.State(h).Here {
			os.Stdout.Write([]byte{byte(i)})
		}
	}
}

func TestKilledWhileUploading(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(7, 7))
	acknowledged := make(map[byte]bool)
	partial, offsets := 0, make(map[Hash]int64)
	for range crashRounds {
		child := exec.Command(self)
		child.Env = append(os.Environ(), crashFolder+"="+dir)
		var told bytes.Buffer
		child.Stdout = &told
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(10+random.IntN(60)) * time.Millisecond)
		child.Process.Kill()
		child.Wait()
		for _, i := range told.Bytes() {
			acknowledged[i] = true
		}
		s := open(t, dir, Options{})
		sound(t, s)
		for i := range acknowledged {
			if !s.State(sumOf(crashBlob(int(i)))).Here {
				t.Fatalf("blob %d was acknowledged and is gone", i)
			}
		}
		for i := range crashBlobs {
			h := sumOf(crashBlob(i))
			state := s.State(h)
			if state.Incoming {
				partial++
				if state.Offset < offsets[h] {
					t.Fatalf("blob %d goes back from %d to %d", i, offsets[h], state.Offset)
				}
				offsets[h] = state.Offset
			}
		}
		for _, suffix := range []string{partSuffix, madeSuffix} {
			if files, err := filepath.Glob(filepath.Join(dir, "*", "*"+suffix)); err != nil || len(files) > 0 {
				t.Fatalf("left over: %v, %v", files, err)
			}
		}
	}
	if partial == 0 || len(acknowledged) == 0 {
		t.Fatalf("%d parts, %d whole: it shows nothing", partial, len(acknowledged))
	}
	// All that was begun can be gone on with.
	s := open(t, dir, Options{})
	for i := range crashBlobs {
		data := crashBlob(i)
		h := sumOf(data)
		at := s.State(h).Offset
		if _, whole, err := s.Append(h, wantOf(data), at, io.NewSectionReader(bytes.NewReader(data), at, int64(len(data)))); !whole || err != nil {
			t.Fatalf("blob %d from %d: %v, %v", i, at, whole, err)
		}
		if !bytes.Equal(read(t, s, h), data) {
			t.Fatalf("blob %d came back different", i)
		}
	}
}
