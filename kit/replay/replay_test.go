package replay

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

const start = 1781352000

type fields map[string]any

func key(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func draft(over fields) []byte {
	d := fields{
		"timestamp": start, "space_id": "camp", "layer_id": "hazards", "operation": "create_node", "tile": "z14/x8625/y5753",
		"previous_events": []string{}, "preserves_invariants": scope.InvariantNames(),
		"scope": fields{"realm": "public", "authority": "source", "boundary": "interior", "policy": "public"},
	}
	for name, value := range over {
		d[name] = value
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return text
}

func sign(t testing.TB, k ed25519.PrivateKey, over fields) *event.Event {
	t.Helper()
	e, err := event.NewSigner(k).Sign(draft(over))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// story is a trace of two spaces, one of which certifies itself and rules itself by its log, with v0 events whose clocks
// depend on each other and two contents under one id.
func story(t testing.TB, n int) (lines []string) {
	random := rand.New(rand.NewSource(1))
	root := key(1)
	certified := "rhine." + event.Fingerprint([32]byte(root.Public().(ed25519.PublicKey)))
	var nodes []*event.Event
	for i := range n {
		at := start + random.Intn(500)
		writer := key(byte(2 + random.Intn(3)))
		switch kind := random.Intn(8); {
		case kind < 3 || len(nodes) == 0:
			e := sign(t, writer, fields{"timestamp": at, "space_id": []string{"camp", certified}[i%2], "properties": fields{"n": i}})
			nodes, lines = append(nodes, e), append(lines, e.Text)
		case kind < 6:
			on := nodes[random.Intn(len(nodes))]
			lines = append(lines, sign(t, writer, fields{"timestamp": at, "space_id": on.Space, "operation": "set_properties", "node_id": on.ID, "properties": fields{"n": i}}).Text)
		case kind == 6:
			grantee := event.KeyText(writer.Public().(ed25519.PublicKey))
			lines = append(lines, sign(t, root, fields{"timestamp": at, "space_id": certified, "layer_id": ".ulp", "tile": "z0/x0/y0", "operation": "set_properties",
				"properties": fields{"grant/" + grantee: fields{"roles": []string{"write"}}}}).Text)
		default:
			lines = append(lines, string(draft(fields{"event_id": fmt.Sprint("v0-", i/16), "actor_id": "user:dave", "timestamp": at, "properties": fields{"n": i},
				"previous_events": []string{fmt.Sprint("v0-", 1000+i)}})))
		}
	}
	return lines
}

func read(t testing.TB, r io.Reader, o Options) *Trace {
	t.Helper()
	trace, err := Read(r, o)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

func text(lines []string) io.Reader { return strings.NewReader(strings.Join(lines, "\n")) }

func TestOneDigestInAnyOrder(t *testing.T) {
	lines := story(t, 700)
	want := read(t, text(lines), Options{})
	if want.Events != 700 || want.Refused != 0 || len(want.Spaces()) != 2 || !slices.IsSorted(want.Spaces()) {
		t.Fatalf("%d events, %d refused, %v", want.Events, want.Refused, want.Spaces())
	}
	for space, c := range want.Canvases {
		folded, err := canvas.Fold(space, func(add func(*event.Event, bool)) error {
			for _, line := range lines {
				e, err := event.Parse([]byte(line))
				if err != nil {
					return err
				}
				add(e, false)
			}
			return nil
		})
		if err != nil || folded.Digest() != c.Digest() {
			t.Errorf("%s is not the fold of its events, %v", space, err)
		}
	}
	random := rand.New(rand.NewSource(2))
	for range 3 {
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		for name, o := range map[string]Options{"checked": {}, "trusted": {Trusted: true}} {
			if got := read(t, text(lines), o); got.Digest() != want.Digest() || got.Events != 700 {
				t.Errorf("%s, shuffled: %d events, %x, want %x", name, got.Events, got.Digest(), want.Digest())
			}
		}
		if got := read(t, text(append(slices.Clone(lines), lines...)), Options{}); got.Digest() != want.Digest() {
			t.Errorf("twice over: %x, want %x", got.Digest(), want.Digest())
		}
	}
	for name, r := range map[string]io.Reader{"byte by byte": iotest.OneByteReader(text(lines)), "with its end": iotest.DataErrReader(text(lines)), "half by half": iotest.HalfReader(text(lines))} {
		if got := read(t, r, Options{}); got.Digest() != want.Digest() {
			t.Errorf("%s: %x, want %x", name, got.Digest(), want.Digest())
		}
	}
	if got := read(t, strings.NewReader(strings.Join(lines, "\r\n\r\n")+"\r\n"), Options{}); got.Digest() != want.Digest() || got.Refused != 0 {
		t.Errorf("lines of Windows: %x, want %x", got.Digest(), want.Digest())
	}
	if empty := read(t, strings.NewReader(""), Options{}); empty.Events != 0 || len(empty.Spaces()) != 0 {
		t.Errorf("%+v", empty)
	}
}

func TestUntil(t *testing.T) {
	lines := story(t, 300)
	for _, at := range []int64{0, start - 1, start, start + 250, start + 500, event.MaxTimestamp} {
		var before []string
		for _, line := range lines {
			if e, err := event.Parse([]byte(line)); err != nil {
				t.Fatal(err)
			} else if e.Clock.T <= at {
				before = append(before, line)
			}
		}
		got, want := read(t, text(lines), Options{Until: &at}), read(t, text(before), Options{})
		if got.Digest() != want.Digest() || got.Events != len(before) || got.Refused != 0 {
			t.Errorf("until %d: %d events of %d, %x, want %x", at, got.Events, len(before), got.Digest(), want.Digest())
		}
	}
}

// refusals are the lines that were refused, in the order they were told.
func refusals(told *[]string) func(int, string, *event.Refusal) {
	return func(line int, id string, r *event.Refusal) {
		*told = append(*told, fmt.Sprintf("%d %s %s", line, r.Rule, id))
	}
}

func TestRefusedLinesAreTold(t *testing.T) {
	good := story(t, 1000)
	one := sign(t, key(2), nil)
	value := one.Text[strings.Index(one.Text, `"value":"`)+9:][:86]
	forged := strings.Replace(one.Text, value, strings.Repeat("A", 86), 1)
	var lines, want []string
	for i, line := range good {
		if i%100 == 7 {
			for _, bad := range []struct{ line, rule, id string }{
				{"no", "syntax", ""}, {forged, "signature", one.ID}, {strings.Repeat("x", event.MaxLine+1), "size", ""},
				{`{"a":1}` + strings.Repeat(" ", event.MaxLine), "size", ""}, {strings.Repeat("[", 3<<20), "size", ""}, {"{}", "missing", ""}, {"", "", ""}, {" \t ", "", ""},
				{strings.Replace(one.Text, "hazards", "needs", 1), "id", ""}, {"{\"a\":\"\xff\"}", "utf8", ""},
			} {
				if lines = append(lines, bad.line); bad.rule != "" {
					want = append(want, fmt.Sprintf("%d %s %s", len(lines), bad.rule, bad.id))
				}
			}
		}
		lines = append(lines, line)
	}
	for range 3 {
		var told []string
		trace := read(t, text(lines), Options{Refused: refusals(&told)})
		if strings.Join(told, "\n") != strings.Join(want, "\n") {
			t.Fatalf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
		}
		if trace.Refused != len(want) || trace.Events != len(good) || trace.Digest() != read(t, text(good), Options{}).Digest() {
			t.Errorf("%d refused, %d events", trace.Refused, trace.Events)
		}
	}
	// Who trusts a trace does not look at signatures, at all else he does.
	var told []string
	read(t, text([]string{forged, "no"}), Options{Trusted: true, Refused: refusals(&told)})
	if strings.Join(told, ", ") != "2 syntax " {
		t.Errorf("trusted: %v", told)
	}
}

// TestAReaderThatFails folds what came before, and says so.
func TestAReaderThatFails(t *testing.T) {
	lines := story(t, 300)
	broken := errors.New("the stick was pulled out")
	r := io.MultiReader(text(lines), strings.NewReader("\n"+lines[0][:50]), iotest.ErrReader(broken))
	trace, err := Read(r, Options{})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if trace.Events != 300 || trace.Refused != 0 || trace.Digest() != read(t, text(lines), Options{}).Digest() {
		t.Errorf("%d events, %d refused", trace.Events, trace.Refused)
	}
}

// endless gives one byte for ever.
type endless []byte

func newEndless(c byte) endless { return bytes.Repeat([]byte{c}, 1<<20) }

func (e endless) Read(p []byte) (int, error) { return copy(p, e), nil }

// TestALongLineIsPassedOver streams a line of 128 MiB between two events: the memory that it takes does not grow with it.
func TestALongLineIsPassedOver(t *testing.T) {
	lines := story(t, 2)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, c := range []byte{'x', '[', ' '} {
		r := io.MultiReader(strings.NewReader(lines[0]+"\n"), io.LimitReader(newEndless(c), 128<<20), bytes.NewReader([]byte("\n"+lines[1]+"\n")))
		var told []string
		trace := read(t, r, Options{Refused: refusals(&told)})
		if trace.Events != 2 || strings.Join(told, ", ") != "2 size " {
			t.Errorf("%q: %d events, told %v", c, trace.Events, told)
		}
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
		t.Errorf("%d bytes were taken for it", took)
	}
}

// TestLinesThatAreNoneTakeNoMemory streams many lines, none of which is an event.
func TestLinesThatAreNoneTakeNoMemory(t *testing.T) {
	line := append(bytes.Repeat([]byte("x"), 60_000), '\n')
	lines := 0
	r := readerFunc(func(p []byte) (int, error) {
		if lines == 2000 {
			return 0, io.EOF
		}
		lines++
		return copy(p, line), nil
	})
	var peak uint64
	trace := read(t, r, Options{Refused: func(line int, _ string, _ *event.Refusal) {
		if line%200 == 0 {
			runtime.GC()
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}})
	// A batch has 15 MB; some are on their way.
	if limit := uint64(runtime.GOMAXPROCS(0)*4+4) * 16 << 20; trace.Refused != 2000 || peak > limit {
		t.Errorf("%d refused, %d bytes at most, %d allowed", trace.Refused, peak, limit)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
