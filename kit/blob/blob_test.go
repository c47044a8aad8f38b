package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// jpegOf is n bytes that begin as a JPEG does, the same for the same seed.
func jpegOf(seed uint64, n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(data)
	copy(data, "\xff\xd8\xff\xe0\x00\x10JFIF\x00")
	return data
}

func sumOf(data []byte) Hash { return sha256.Sum256(data) }

func wantOf(data []byte) Want { return Want{Size: int64(len(data)), Types: []string{"image/jpeg"}} }

// clock is one that tests turn.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

func open(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	if o.free == nil {
		o.free = func(string) (int64, error) { return 1 << 40, nil }
	}
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// read is what a blob holds, nil where it is not here.
func read(t *testing.T, s *Store, h Hash) []byte {
	t.Helper()
	f, err := s.Open(h)
	if errors.Is(err, ErrNotHere) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sound(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Check(context.Background(), func(f Fault) { t.Error(f.Message) }); err != nil {
		t.Fatal(err)
	}
}

func TestUploadInOneGo(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for i, size := range []int{12, sniffLength, pieceBytes, pieceBytes + 1, 3*pieceBytes + 17} {
		data := jpegOf(uint64(i), size)
		h := sumOf(data)
		if at, whole, err := s.Append(h, wantOf(data), 0, bytes.NewReader(data)); at != int64(size) || !whole || err != nil {
			t.Fatal(at, whole, err)
		}
		if !bytes.Equal(read(t, s, h), data) {
			t.Errorf("%d bytes came back different", size)
		}
		if state := s.State(h); !state.Here || state.Size != int64(size) || state.Incoming {
			t.Errorf("%+v", state)
		}
		// What is here is not read again.
		if _, whole, err := s.Append(h, wantOf(data), 0, iotest.ErrReader(errors.New("was read"))); !whole || err != nil {
			t.Error(whole, err)
		}
	}
	sound(t, s)
	again := open(t, dir, Options{})
	if again.Stat() != s.Stat() || again.Stat().Bytes == 0 {
		t.Errorf("%+v, before %+v", again.Stat(), s.Stat())
	}
}

func TestUploadGoesOnWhereItStopped(t *testing.T) {
	dir := t.TempDir()
	data := jpegOf(1, 5*pieceBytes+99)
	h, want := sumOf(data), wantOf(data)
	at := int64(0)
	for _, n := range []int{1, 300, 700, pieceBytes, 2 * pieceBytes} {
		s := open(t, dir, Options{}) // as after a restart
		if state := s.State(h); state.Offset != at || state.Incoming != (at > 0) || state.Here {
			t.Fatalf("%+v at %d", state, at)
		}
		var wrong *OffsetError
		if have, _, err := s.Append(h, want, at+1, bytes.NewReader(data)); !errors.As(err, &wrong) || wrong.Have != at || have != at {
			t.Fatal(have, err)
		}
		next, whole, err := s.Append(h, want, at, io.MultiReader(bytes.NewReader(data[at:at+int64(n)]), iotest.ErrReader(io.ErrUnexpectedEOF)))
		if next != at+int64(n) || whole || err != nil {
			t.Fatal(next, whole, err)
		}
		at = next
		if read(t, s, h) != nil {
			t.Fatal("a part is to be seen")
		}
	}
	s := open(t, dir, Options{})
	if next, whole, err := s.Append(h, want, at, bytes.NewReader(data[at:])); next != want.Size || !whole || err != nil {
		t.Fatal(next, whole, err)
	}
	if !bytes.Equal(read(t, s, h), data) {
		t.Error("it came back different")
	}
	if files, err := os.ReadDir(filepath.Join(dir, incomingFolder)); err != nil || len(files) != 0 {
		t.Errorf("%v are left over, %v", files, err)
	}
}

func TestUploadThatIsNotWhatItIsCalled(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	data := jpegOf(1, 1000)
	other := bytes.Clone(data)
	other[999]++
	h := sumOf(data)
	if _, whole, err := s.Append(h, wantOf(data), 0, bytes.NewReader(other)); whole || !errors.Is(err, ErrHash) {
		t.Fatal(whole, err)
	}
	if state := s.State(h); state.Here || state.Incoming {
		t.Errorf("%+v", state)
	}
	for name, text := range map[string]string{
		"svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "html": "<!doctype html><script>alert(1)</script>",
		"text": "hello", "gif": "GIF89a", "zip": "PK\x03\x04", "xml": "<?xml version='1.0'?>", "nothing": "",
	} {
		h := sumOf([]byte(text))
		for _, kind := range append([]string{"image/svg+xml", "text/html"}, Types...) {
			var wrong *TypeError
			if _, _, err := s.Append(h, Want{int64(len(text)), []string{kind}}, 0, strings.NewReader(text)); !errors.As(err, &wrong) {
				t.Fatalf("%s as %s: %v", name, kind, err)
			}
		}
		if s.State(h) != (State{}) {
			t.Errorf("%s: something is left over", name)
		}
	}
	// What lies is refused before all of it has come.
	long := append([]byte("<html>"), make([]byte, 1<<20)...)
	reader := bytes.NewReader(long)
	if _, _, err := s.Append(sumOf(long), Want{int64(len(long)), []string{"image/png"}}, 0, reader); err == nil || reader.Len() < len(long)-2*pieceBytes {
		t.Errorf("%v, %d bytes unread", err, reader.Len())
	}
	if _, whole, err := s.Append(h, wantOf(data), 0, bytes.NewReader(data)); !whole || err != nil {
		t.Error(whole, err)
	}
}

// stuck gives what it has, then waits until it is let go.
type stuck struct {
	data io.Reader
	free chan struct{}
}

func (r *stuck) Read(p []byte) (int, error) {
	if n, err := r.data.Read(p); err == nil {
		return n, nil
	}
	<-r.free
	return 0, io.ErrUnexpectedEOF
}

func TestTwoUploadersOfOneBlob(t *testing.T) {
	c := &clock{at: time.Unix(1_000_000, 0)}
	s := open(t, t.TempDir(), Options{Now: c.now})
	data := jpegOf(1, 4*pieceBytes)
	h, want := sumOf(data), wantOf(data)
	first := &stuck{bytes.NewReader(data[:2*pieceBytes]), make(chan struct{})}
	done := make(chan error)
	go func() {
		_, _, err := s.Append(h, want, 0, first)
		done <- err
	}()
	for s.State(h).Offset < 2*pieceBytes {
		time.Sleep(time.Millisecond)
	}
	if _, _, err := s.Append(h, want, 2*pieceBytes, bytes.NewReader(data[2*pieceBytes:])); !errors.Is(err, ErrBusy) {
		t.Fatalf("beside one who is sending: %v", err)
	}
	c.pass(holdFor)
	if _, whole, err := s.Append(h, want, 2*pieceBytes, bytes.NewReader(data[2*pieceBytes:])); !whole || err != nil {
		t.Fatalf("after one who has gone silent: %v, %v", whole, err)
	}
	close(first.free)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !bytes.Equal(read(t, s, h), data) {
		t.Error("it came back different")
	}
	// Many at once, who all go on wherever it stands.
	data = jpegOf(2, 40*pieceBytes)
	h, want = sumOf(data), wantOf(data)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for whole := false; !whole; {
				at := s.State(h).Offset
				var err error
				var wrong *OffsetError
				_, whole, err = s.Append(h, want, at, bytes.NewReader(data[at:min(int64(len(data)), at+3*pieceBytes)]))
				if err != nil && !errors.Is(err, ErrBusy) && !errors.As(err, &wrong) {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if !bytes.Equal(read(t, s, h), data) {
		t.Error("it came back different")
	}
	sound(t, s)
}

func TestEventsComeFirst(t *testing.T) {
	c := &clock{at: time.Unix(1_000_000, 0)}
	free := int64(1 << 30)
	s := open(t, t.TempDir(), Options{Now: c.now, Reserve: 1 << 29, MaxBytes: 18_000, MaxIncoming: 10_000, MaxUploads: 3,
		free: func(string) (int64, error) { return free, nil }})
	put := func(seed uint64, n, part int) error {
		data := jpegOf(seed, n)
		_, _, err := s.Append(sumOf(data), wantOf(data), 0, bytes.NewReader(data[:part]))
		return err
	}
	free = 1<<29 + 999
	if err := put(1, 1000, 1000); !errors.Is(err, ErrFull) {
		t.Errorf("into the reserve: %v", err)
	}
	free = 1 << 30
	if err := put(1, 10_001, 1); !errors.Is(err, ErrFull) {
		t.Errorf("more than all uploads may be: %v", err)
	}
	for i := range 3 {
		if err := put(uint64(i), 1000+i, 500); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(9, 1000, 1000); !errors.Is(err, ErrFull) {
		t.Errorf("a fourth: %v", err)
	}
	c.pass(evictAfter)
	if err := put(9, 1000, 1000); err != nil {
		t.Errorf("when one has brought nothing for long: %v", err)
	}
	if got := s.Stat().Uploads; got != 2 {
		t.Errorf("%d uploads are left", got)
	}
	for i := range 2 {
		if err := put(uint64(20+i), 9000, 9000); (err == nil) != (i == 0) {
			t.Errorf("%d of 9,000 of 18,000 bytes: %v", i+1, err)
		}
	}
	for i := range 2 {
		if err := put(uint64(30+i), 1000, 10); err != nil {
			t.Fatal(err)
		}
	}
	c.pass(7 * 24 * time.Hour)
	if s.Tidy() != 2 || s.Stat().Uploads != 0 || s.Tidy() != 0 {
		t.Error("old uploads are not dropped")
	}
}

func TestWithdrawn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	data := jpegOf(1, 2000)
	h, other := sumOf(data), sumOf([]byte("another kit's thumbnail"))
	if _, whole, err := s.Append(h, wantOf(data), 0, bytes.NewReader(data)); !whole || err != nil {
		t.Fatal(err)
	}
	record, err := s.PutDerived(h, 1, "image/jpeg", jpegOf(2, 100), jpegOf(3, 300))
	if err != nil {
		t.Fatal(err)
	}
	if source, ok := s.Source(record.Preview.Hash); !ok || source != h {
		t.Error("what it was made of is forgotten")
	}
	if err := s.Withdraw(h, "a child's face", other); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		for _, gone := range []Hash{h, record.Thumbnail.Hash, record.Preview.Hash, other} {
			var w *Withdrawal
			if _, err := s.Open(gone); !errors.As(err, &w) || w.Reason != "a child's face" {
				t.Errorf("round %d: %v", round, err)
			}
			if _, err := os.Lstat(s.Path(gone)); !os.IsNotExist(err) {
				t.Errorf("round %d: the bytes are here: %v", round, err)
			}
		}
		var w *Withdrawal
		if _, _, err := s.Append(h, wantOf(data), 0, bytes.NewReader(data)); !errors.As(err, &w) {
			t.Errorf("it was taken again: %v", err)
		}
		if _, err := s.PutDerived(h, 1, "image/jpeg", jpegOf(4, 100), jpegOf(5, 300)); !errors.As(err, &w) {
			t.Errorf("made again: %v", err)
		}
		if s.Stat().Bytes != 0 || len(s.Withdrawn()) != 4 {
			t.Errorf("%+v", s.Stat())
		}
		s = open(t, dir, Options{})
	}
	// A plug pulled between the mark and the bytes.
	if err := os.MkdirAll(filepath.Dir(s.Path(h)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Path(h), data, 0o644); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	if _, err := os.Lstat(s.Path(h)); !os.IsNotExist(err) {
		t.Error("the bytes stayed")
	}
	if ok, err := s.Restore(h); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := s.Restore(h); ok || err != nil {
		t.Error(ok, err)
	}
	s = open(t, dir, Options{})
	if len(s.Withdrawn()) != 0 || s.State(h).Here {
		t.Errorf("%v", s.Withdrawn())
	}
	if _, whole, err := s.Append(h, wantOf(data), 0, bytes.NewReader(data)); !whole || err != nil {
		t.Error(err)
	}
	sound(t, s)
}

func TestWithdrawnWhileItComes(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	data := jpegOf(1, 3*pieceBytes)
	h := sumOf(data)
	reader := io.MultiReader(bytes.NewReader(data[:pieceBytes]), call(func() { _ = s.Withdraw(h, "no") }), bytes.NewReader(data[pieceBytes:]))
	if _, whole, err := s.Append(h, wantOf(data), 0, reader); whole || err == nil {
		t.Fatal(whole, err)
	}
	if _, err := os.Lstat(s.Path(h)); !os.IsNotExist(err) || s.State(h).Withdrawn == nil {
		t.Error("it is here")
	}
}

// call does something where a reader is read.
type call func()

func (f call) Read([]byte) (int, error) { f(); return 0, io.EOF }

func TestCheckAndQuarantine(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	data := jpegOf(1, 2000)
	h := sumOf(data)
	if _, _, err := s.Append(h, wantOf(data), 0, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	sound(t, s)
	data[1000]++
	if err := os.WriteFile(s.Path(h), data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, wholeFolder, "readme"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var problems []string
	if err := s.Check(context.Background(), func(f Fault) { problems = append(problems, f.Message) }); err != nil || len(problems) != 2 {
		t.Fatal(problems, err)
	}
	if broken, err := s.Broken(h); !broken || err != nil {
		t.Error(broken, err)
	}
	if !s.State(h).Here {
		t.Error("Check moved it")
	}
	if err := s.Quarantine(h); err != nil || s.State(h).Here || s.Stat().Bytes != 0 {
		t.Fatal(err, s.Stat())
	}
	if err := s.Quarantine(h); !errors.Is(err, ErrNotHere) {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, quarantineFolder, h.Hex())); err != nil {
		t.Error(err)
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]string{
		"\xff\xd8\xff\xdb":                              "image/jpeg",
		"\x89PNG\r\n\x1a\n":                             "image/png",
		"RIFF\x00\x00\x00\x00WEBPVP8 ":                  "image/webp",
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00":      "image/heic",
		"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00":      "video/mp4",
		"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00":      "audio/mp4",
		"\x00\x00\x00\x18ftypqt  \x00\x00\x00\x00":      "video/quicktime",
		"\x00\x00\x00\x18ftyp3gp5\x00\x00\x00\x00":      "video/3gpp",
		"\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f": "video/webm",
		"OggS\x00\x02":                                  "audio/ogg",
		"RIFF\x00\x00\x00\x00WAVEfmt ":                  "audio/wav",
		"ID3\x04\x00":                                   "audio/mpeg",
		"\xff\xfb\x90\x64":                              "audio/mpeg",
		"#!AMR\n":                                       "audio/amr",
		"%PDF-1.7":                                      "application/pdf",
		"<svg ":                                         "",
		"\xff\xff\xff\xff":                              "",
		"\x00\x00\x00\x18ftypavif":                      "",
		"":                                              "",
	} {
		got := append(Sniff([]byte(head)), "")
		if got[0] != want {
			t.Errorf("%q is %q, not %q", head, got[0], want)
		}
		for _, kind := range got[:len(got)-1] {
			if !strings.Contains(strings.Join(Types, " ")+" ", kind+" ") {
				t.Errorf("%s is not among those that a kit takes", kind)
			}
		}
	}
}

func TestParseHash(t *testing.T) {
	h := sumOf(nil)
	for _, text := range []string{h.String(), h.Hex()} {
		if got, ok := ParseHash(text); !ok || got != h {
			t.Errorf("%s: %v", text, ok)
		}
	}
	for _, text := range []string{"", "sha256:", h.Hex()[1:], strings.ToUpper(h.Hex()), h.Hex() + "0", "sha256:sha256:" + h.Hex(), strings.Repeat("g", 64)} {
		if _, ok := ParseHash(text); ok {
			t.Errorf("%q was read", text)
		}
	}
}

func FuzzSniff(f *testing.F) {
	for _, seed := range []string{"\xff\xd8\xff\xdb", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "\xff\xfb\x90\x64", "RIFF\x00\x00\x00\x00WAVEfmt ", "<svg", "<html>", "\x1aE\xdf\xa3", "OggS", "#!AMR", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		for _, kind := range Sniff(head) {
			if !slices.Contains(Types, kind) {
				t.Errorf("%s is not among those that a kit takes", kind)
			}
		}
	})
}
