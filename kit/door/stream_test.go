package door_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
)

func TestStreamOfOddLines(t *testing.T) {
	events := some(5)
	text := "\n \n" + events[0].Text + "\r\n\n\t\n" + events[1].Text + "\n" + strings.Repeat(" ", 70_000) + "\n  " + events[2].Text +
		"  \n" + strings.Repeat(" ", event.MaxLine) + "\nx\n" + events[3].Text
	var got []string
	s := openStore(t)
	tally, err := newDoor(s, nil).AdmitStream(context.Background(), strings.NewReader(text), func(v door.Verdict) error {
		got = append(got, v.Status+v.Rule)
		return nil
	})
	want := []string{"taken", "taken", "refusedsize", "taken", "refusedsyntax", "taken"}
	if err != nil || !slices.Equal(got, want) || tally.Taken != 4 || tally.Refused != 2 || tally.Seq != 4 {
		t.Errorf("%q, %+v, %v", got, tally, err)
	}
}

// endless gives so many bytes of a line, then what follows.
type endless struct {
	left int64
	then io.Reader
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return e.then.Read(p)
	}
	n := int(min(int64(len(p)), e.left))
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= int64(n)
	return n, nil
}

// A line of a gigabyte is refused, takes no memory, and the next one is taken.
func TestALineOfAGigabyte(t *testing.T) {
	events := some(2)
	stream := io.MultiReader(strings.NewReader(events[0].Text+"\n"), &endless{1 << 30, strings.NewReader("\n" + events[1].Text + "\n")})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var got []string
	_, err := newDoor(openStore(t), nil).AdmitStream(context.Background(), stream, func(v door.Verdict) error {
		got = append(got, v.Status+v.Rule)
		return nil
	})
	runtime.ReadMemStats(&after)
	if want := []string{"taken", "refusedsize", "taken"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

// Whoever sends slowly gets each verdict before sending the next line.
func TestSlowSenderIsNotKeptWaiting(t *testing.T) {
	events := some(30)
	r, w := io.Pipe()
	verdicts := make(chan door.Verdict)
	done := make(chan error)
	go func() {
		_, err := newDoor(openStore(t), nil).AdmitStream(context.Background(), r, func(v door.Verdict) error {
			verdicts <- v
			return nil
		})
		done <- err
	}()
	late := time.After(time.Minute)
	for i, e := range events {
		if _, err := io.WriteString(w, e.Text+"\n"); err != nil {
			t.Fatal(err)
		}
		select {
		case v := <-verdicts:
			if v.Index != i || v.Status != door.Taken {
				t.Fatalf("%+v", v)
			}
		case <-late:
			t.Fatalf("no verdict on event %d", i)
		}
	}
	w.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What was complete before the sender broke off is taken; what it cut off is not, though it might look whole.
func TestSenderBreaksOff(t *testing.T) {
	events := some(1500)
	broken := errors.New("the cable was pulled")
	text := bytes.Join(sample.Lines(events), []byte("\n"))
	r, w := io.Pipe()
	go func() {
		w.Write(text)
		w.CloseWithError(broken)
	}()
	s := openStore(t)
	tally, err := newDoor(s, nil).AdmitStream(context.Background(), r, func(door.Verdict) error { return nil })
	if err != broken || tally.Taken != len(events)-1 || tally.Refused != 0 {
		t.Errorf("%+v, %v", tally, err)
	}
	if n := len(stored(t, s)); n != len(events)-1 {
		t.Errorf("%d are stored", n)
	}
}

func TestStreamEnds(t *testing.T) {
	events := some(2200)
	text := bytes.Join(sample.Lines(events), []byte("\n"))
	enough := errors.New("enough")
	seen := 0
	_, err := newDoor(openStore(t), nil).AdmitStream(context.Background(), bytes.NewReader(text), func(door.Verdict) error {
		seen++
		return enough
	})
	if err != enough || seen == 0 {
		t.Errorf("the report failed: %v after %d", err, seen)
	}

	// The store fails: the stream is not read to its end, which would never come.
	f := &failing{Store: openStore(t), left: 1, err: store.ErrFull}
	lines := io.MultiReader(bytes.NewReader(text), forever{[]byte("\n" + events[0].Text)})
	tally, err := newDoor(f, nil).AdmitStream(context.Background(), lines, func(door.Verdict) error { return nil })
	if !errors.Is(err, store.ErrFull) || tally.Taken == 0 || tally.Refused == 0 {
		t.Errorf("%+v, %v", tally, err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	_, err = newDoor(openStore(t), nil).AdmitStream(ctx, forever{[]byte(events[0].Text + "\n")}, func(v door.Verdict) error {
		if v.Index == 1500 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// forever says the same again and again.
type forever struct{ text []byte }

func (f forever) Read(p []byte) (n int, err error) {
	for n < len(p) {
		m := copy(p[n:], f.text)
		if n += m; m < len(f.text) {
			break
		}
	}
	return n, nil
}

// FuzzStream: whatever is sent, each line that is not blank gets a verdict, in order, and the good line behind it is
// taken.
func FuzzStream(f *testing.F) {
	good := some(1)[0]
	f.Add([]byte("{}\n\n[]\r\n"))
	f.Add([]byte(good.Text + "\n" + good.Text))
	f.Add([]byte("\xff\n\"\n{\"a\":"))
	s, err := store.Open(f.TempDir(), store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, sent []byte) {
		want := 1
		for line := range bytes.Lines(sent) {
			if len(bytes.TrimSpace(line)) > 0 {
				want++
			}
		}
		var last door.Verdict
		n := 0
		_, err := newDoor(s, nil).AdmitStream(context.Background(), io.MultiReader(bytes.NewReader(sent), strings.NewReader("\n"+good.Text)), func(v door.Verdict) error {
			if v.Index != n || v.Status == door.Refused && (v.Rule == "" || v.Message == "") {
				t.Errorf("verdict %d is %+v", n, v)
			}
			n++
			last = v
			return nil
		})
		if err != nil || n != want || last.EventID != good.ID || last.Status == door.Refused {
			t.Errorf("%d verdicts, want %d, the last %+v, %v", n, want, last, err)
		}
	})
}
