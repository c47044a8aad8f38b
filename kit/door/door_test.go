package door_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
)

func clock() time.Time { return time.Unix(sample.Start+10, 0) }

var made = sync.OnceValue(func() []*event.Event { return sample.Events(2300, sample.Options{}) })

// some are the first n of the same events, which take their time to sign.
func some(n int) []*event.Event { return slices.Clone(made()[:n]) }

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir(), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newDoor(s door.Appender, rules door.RuleSource) *door.Door {
	return door.New(s, rules, event.NewVerifier(), clock)
}

// rules are a RuleSource made of a function for each space.
type rules map[string]func(*event.Event) *event.Refusal

type check func(*event.Event) *event.Refusal

func (c check) Check(e *event.Event) *event.Refusal { return c(e) }

func (r rules) Rules(space string) door.Checker {
	if f := r[space]; f != nil {
		return check(f)
	}
	return nil
}

// admit admits by every way there is, each into a store of its own, and sees that the verdicts are the same.
func admit(t *testing.T, source door.RuleSource, lines [][]byte) ([]door.Verdict, *store.Store) {
	t.Helper()
	ctx := context.Background()
	s := openStore(t)
	want, err := newDoor(s, source).Admit(ctx, lines)
	if err != nil {
		t.Fatal(err)
	}
	var got []door.Verdict
	report := func(v door.Verdict) error { got = append(got, v); return nil }
	tally, err := newDoor(openStore(t), source).AdmitStream(ctx, bytes.NewReader(bytes.Join(lines, []byte("\n"))), report)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("streamed, %d verdicts are %+v, %v, want %d: %+v", len(got), got, err, len(want), want)
	}
	var count door.Tally
	for _, v := range want {
		count.Add(v)
	}
	if tally != count {
		t.Errorf("the tally is %+v, want %+v", tally, count)
	}
	return want, s
}

// stored is the text of each event in the order of arrival.
func stored(t *testing.T, s *store.Store) (texts []string) {
	t.Helper()
	err := s.Events(context.Background(), store.Query{}, func(row store.Row) error {
		if row.Received != clock().Unix() {
			t.Errorf("event %d was received at %d", row.Seq, row.Received)
		}
		texts = append(texts, row.Text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestManyAreTakenInTheirOrder(t *testing.T) {
	for _, n := range []int{0, 1, 64, 65, 1300} {
		events := some(n)
		verdicts, s := admit(t, nil, sample.Lines(events))
		if len(verdicts) != n {
			t.Fatalf("%d verdicts of %d", len(verdicts), n)
		}
		for i, v := range verdicts {
			seq := int64(i + 1)
			if v != (door.Verdict{Index: i, EventID: events[i].ID, Status: door.Taken, Cursor: strconv.FormatInt(seq, 10), Seq: seq}) {
				t.Fatalf("verdict %d of %d is %+v", i, n, v)
			}
		}
		for i, text := range stored(t, s) {
			if text != events[i].Text {
				t.Fatalf("event %d is another", i)
			}
		}
	}
}

// Each of these is refused with its class, and the good ones around it are taken.
func TestBadLinesAmongGoodOnes(t *testing.T) {
	events := some(200)
	good := sample.Lines(events)
	forged := bytes.Replace(good[100], []byte(`"signature":{"key":"`+events[100].Key), []byte(`"signature":{"key":"`+events[101].Key), 1)
	swapped := []byte(events[102].Text[:len(events[102].Text)-1])
	at := bytes.Index(swapped, []byte(`"value":"`)) + len(`"value":"`)
	if events[102].Operation == event.SensorReading {
		at = bytes.LastIndex(swapped, []byte(`"signature"`))
		at += bytes.Index(swapped[at:], []byte(`"value":"`)) + len(`"value":"`)
	}
	swapped = slices.Concat(swapped[:at], bytes.Repeat([]byte("A"), 86), swapped[at+86:], []byte("}"))
	bad := []struct {
		rule string
		line []byte
	}{
		{"syntax", good[103][:200]},
		{"syntax", []byte("not json")},
		{"syntax", []byte(`{"a":NaN}`)},
		{"syntax", slices.Concat(good[104], []byte(" {}"))},
		{"utf8", []byte("{\"a\":\"\xff\"}")},
		{"number", []byte(`{"a":1e400}`)},
		{"duplicate_key", []byte(`{"a":1,"a":2}`)},
		{"depth", []byte(strings.Repeat("[", 5000))},
		{"type", []byte(`[]`)},
		{"missing", []byte(`{}`)},
		{"size", slices.Concat([]byte(`{"a":"`), bytes.Repeat([]byte("x"), event.MaxLine), []byte(`"}`))},
		{"size", slices.Concat([]byte(`{"a":"`), bytes.Repeat([]byte("x"), event.MaxSize), []byte(`"}`))},
		{"signature", swapped},
		{"id", bytes.Replace(good[105], []byte(`"timestamp":`), []byte(`"x":1,"timestamp":`), 1)},
		{"id", forged},
	}
	var lines [][]byte
	var want []string
	for i := range 100 {
		lines, want = append(lines, good[i]), append(want, "")
		if i < 3*len(bad) {
			lines, want = append(lines, bad[i%len(bad)].line), append(want, bad[i%len(bad)].rule)
		}
	}
	verdicts, s := admit(t, nil, lines)
	seq := int64(0)
	for i, v := range verdicts {
		if want[i] == "" {
			seq++
			if v.Status != door.Taken || v.Seq != seq {
				t.Errorf("good line %d: %+v", i, v)
			}
			continue
		}
		if v.Index != i || v.Status != door.Refused || v.Rule != want[i] || v.Message == "" || v.Cursor != "" {
			t.Errorf("bad line %d: %+v, want %s", i, v, want[i])
		}
	}
	if n := len(stored(t, s)); n != 100 {
		t.Errorf("%d events are stored", n)
	}
}

func TestKnownAndEquivocation(t *testing.T) {
	events := some(3)
	one, two := sample.V0("demo", "evt-001", sample.Start, 1), sample.V0("demo", "evt-001", sample.Start, 2)
	lines := sample.Lines([]*event.Event{events[0], one, events[0], two, one, events[1]})
	verdicts, s := admit(t, nil, lines)
	var got []string
	for _, v := range verdicts {
		got = append(got, v.Status+" "+v.Rule+" "+v.Field+" "+v.Cursor)
	}
	want := []string{"taken   1", "taken   2", "known   1", "refused equivocation event_id ", "known   2", "taken   3"}
	if !slices.Equal(got, want) {
		t.Errorf("verdicts are %q", got)
	}
	again, err := newDoor(s, nil).Admit(context.Background(), lines)
	if err != nil || again[0].Status != door.Known || again[0].Seq != 1 || again[3].Status != door.Refused || again[5].Seq != 3 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestRules(t *testing.T) {
	events := slices.Concat(some(150), sample.Events(20, sample.Options{Space: "free"}))
	source := rules{"rhine-flood": func(e *event.Event) *event.Refusal {
		if e.Layer != "gauges" {
			return &event.Refusal{Rule: "ignore", Field: "layer_id", File: "hazards/.ulp-ignore", Message: "does not exist"}
		}
		return nil
	}}
	verdicts, s := admit(t, source, sample.Lines(events))
	taken := 0
	for i, v := range verdicts {
		e := events[i]
		if e.Space == "free" || e.Layer == "gauges" {
			if taken++; v.Status != door.Taken {
				t.Errorf("%s of %s: %+v", e.Layer, e.Space, v)
			}
			continue
		}
		if v != (door.Verdict{Index: i, EventID: e.ID, Status: door.Refused, Rule: "ignore", Field: "layer_id", File: "hazards/.ulp-ignore", Message: "does not exist"}) {
			t.Errorf("%+v", v)
		}
	}
	if n := len(stored(t, s)); n != taken || taken == len(events) {
		t.Errorf("%d of %d are stored, %d were taken", n, len(events), taken)
	}
	// A forged event never meets the rules.
	asked := false
	source = rules{"rhine-flood": func(*event.Event) *event.Refusal { asked = true; return nil }}
	forged := strings.Replace(events[0].Text, events[0].ID, events[1].ID, 1)
	if verdicts, _ := admit(t, source, [][]byte{[]byte(forged)}); asked || verdicts[0].Rule != "id" {
		t.Errorf("the rules were asked %v, %+v", asked, verdicts)
	}
}

// logRules admits into a space only what its log has opened: a layer is open once a log event of that title is stored.
type logRules struct {
	mu   sync.Mutex
	open map[string]bool // guarded by mu
	*store.Store
}

func (l *logRules) Rules(string) door.Checker {
	return check(func(e *event.Event) *event.Refusal {
		l.mu.Lock()
		defer l.mu.Unlock()
		if e.Layer == event.SpaceLog || l.open[e.Layer] {
			return nil
		}
		return &event.Refusal{Rule: "closed", Message: "is not open yet"}
	})
}

func (l *logRules) Append(ctx context.Context, entries []store.Entry) ([]store.Outcome, error) {
	out, err := l.Store.Append(ctx, entries)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries {
		if e.Event.Layer == event.SpaceLog {
			l.open[e.Event.Actor] = true
		}
	}
	return out, err
}

// What the space log says holds for the very next event of the same batch.
func TestSpaceLogTakesEffectAtOnce(t *testing.T) {
	v0 := func(layer, actor string, n int) []byte {
		text := sample.V0("demo", fmt.Sprintf("evt-%d", n), sample.Start, n).Text
		text = strings.Replace(text, `"layer_id":"gauges"`, `"layer_id":"`+layer+`"`, 1)
		return []byte(strings.Replace(text, "node:esp32_A12", actor, 1))
	}
	var lines [][]byte
	var want []string
	for i := range 120 {
		layer := fmt.Sprintf("layer-%d", i)
		lines = append(lines, v0(layer, "a", 4*i), v0(event.SpaceLog, layer, 4*i+1), v0(layer, "a", 4*i+2))
		want = append(want, door.Refused, door.Taken, door.Taken)
	}
	l := &logRules{open: make(map[string]bool), Store: openStore(t)}
	verdicts, err := newDoor(l, l).Admit(context.Background(), lines)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range verdicts {
		if v.Status != want[i] {
			t.Errorf("line %d: %+v, want %s", i, v, want[i])
		}
	}
}

// failing is an appender that fails from some call on.
type failing struct {
	*store.Store
	left int
	err  error
	most int
}

func (f *failing) Append(ctx context.Context, entries []store.Entry) ([]store.Outcome, error) {
	f.most = max(f.most, len(entries))
	if f.left--; f.left < 0 {
		return nil, f.err
	}
	return f.Store.Append(ctx, entries)
}

func TestWhenTheStoreFails(t *testing.T) {
	events := some(2300)
	lines := sample.Lines(events)
	lines[2200] = []byte("bad")
	for calls := range 3 {
		f := &failing{Store: openStore(t), left: calls, err: fmt.Errorf("while appending: %w", store.ErrFull)}
		verdicts, err := newDoor(f, nil).Admit(context.Background(), lines)
		if !errors.Is(err, store.ErrFull) || len(verdicts) != len(lines) {
			t.Fatalf("%d verdicts, %v", len(verdicts), err)
		}
		taken := 0
		for i, v := range verdicts {
			switch {
			case v.Index != i:
				t.Fatalf("verdict %d is of %d", i, v.Index)
			case i == 2200:
				if v.Rule != "syntax" {
					t.Errorf("the bad line: %+v", v)
				}
			case v.Status == door.Taken:
				taken++
			case v.Rule != door.RuleStorage || v.Status != door.Refused || v.EventID != events[i].ID || !strings.Contains(v.Message, "full"):
				t.Errorf("line %d: %+v", i, v)
			}
		}
		if texts := stored(t, f.Store); len(texts) != taken || (taken == 0) != (calls == 0) {
			t.Errorf("%d taken, %d stored, by %d calls", taken, len(texts), calls)
		}
		if f.most > 1000 {
			t.Errorf("%d in one append", f.most)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, n := range []int{10, 1000} {
		verdicts, err := newDoor(openStore(t), nil).Admit(ended, lines[:n])
		if !errors.Is(err, context.Canceled) || len(verdicts) != n || verdicts[n-1].Rule != door.RuleStorage {
			t.Errorf("%d verdicts without time, %v", len(verdicts), err)
		}
	}
}

func TestVerdictAsJSON(t *testing.T) {
	for want, v := range map[string]door.Verdict{
		`{"index":0,"event_id":"evt-1","status":"taken","cursor":"813"}`: {EventID: "evt-1", Status: door.Taken, Cursor: "813", Seq: 813},
		`{"index":3,"event_id":"evt-2","status":"refused","rule":"adjacency","field":"to_tile","file":"built-in","message":"…"}`: {
			Index: 3, EventID: "evt-2", Status: door.Refused, Rule: "adjacency", Field: "to_tile", File: "built-in", Message: "…"},
	} {
		if got, err := json.Marshal(v); err != nil || string(got) != want {
			t.Errorf("%s, %v", got, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	s := openStore(t)
	d := newDoor(s, nil)
	lines := sample.Lines(some(300))
	var work sync.WaitGroup
	for i := range 6 {
		work.Go(func() {
			mine := slices.Concat(lines[i*50:], lines[:i*50])
			verdicts, err := d.Admit(context.Background(), mine)
			if err != nil || len(verdicts) != len(mine) {
				t.Errorf("%d verdicts, %v", len(verdicts), err)
			}
			for _, v := range verdicts {
				if v.Status == door.Refused {
					t.Errorf("%+v", v)
				}
			}
		})
	}
	work.Wait()
	if n := len(stored(t, s)); n != len(lines) {
		t.Errorf("%d are stored", n)
	}
}
