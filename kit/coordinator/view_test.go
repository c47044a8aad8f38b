package coordinator

import (
	"context"
	"fmt"
	"math/rand"
	"sync"
	"testing"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
)

// story is a mixed trace in two spaces, one of which certifies itself: writes by those who may and others, readings, v0
// events whose parents come after them, log events in the middle, times out of order.
func story(t testing.TB, n int, seed int64) []*event.Event {
	random := rand.New(rand.NewSource(seed))
	root := key(1)
	spaces := []string{"camp", certifiedBy("rhine", root)}
	var events []*event.Event
	nodes := map[string][]*event.Event{}
	events = append(events, sign(t, root, fields{"space_id": spaces[1], "layer_id": ".ulp", "tile": "z0/x0/y0", "operation": "set_properties",
		"properties": fields{"file/.ulp-root": "title = \"Rhine\"\n"}}))
	for i := range n {
		space := spaces[random.Intn(2)]
		at := start + random.Intn(1000)
		writer := key(byte(2 + random.Intn(4)))
		over := fields{"space_id": space, "timestamp": at, "tile": fmt.Sprintf("z14/x8625/y%d", 5750+random.Intn(4))}
		known := nodes[space]
		switch kind := random.Intn(10); {
		case kind < 4 || len(known) == 0:
			over["properties"] = fields{"title": fmt.Sprint("thing ", i)}
			e := sign(t, writer, over)
			nodes[space], events = append(known, e), append(events, e)
		case kind < 7:
			on := known[random.Intn(len(known))]
			over["node_id"], over["tile"], over["operation"] = on.ID, on.Tile.String(), "set_properties"
			over["properties"] = fields{fmt.Sprint("p", random.Intn(3)): i}
			over["previous_events"] = []string{on.ID}
			events = append(events, sign(t, writer, over))
		case kind == 7:
			over["operation"], over["sensor"], over["value"] = "sensor_reading", "rain", i
			events = append(events, sign(t, writer, over))
		case kind == 8 && space == "camp":
			over["previous_events"] = []string{fmt.Sprint("v0-", random.Intn(n)), fmt.Sprint("v0-", random.Intn(n))}
			if over["previous_events"].([]string)[0] == over["previous_events"].([]string)[1] {
				over["previous_events"] = []string{}
			}
			over["properties"] = fields{"p0": i}
			events = append(events, unsigned(t, fmt.Sprint("v0-", i+n), over))
		default:
			over["space_id"], over["layer_id"], over["tile"], over["operation"] = spaces[1], ".ulp", "z0/x0/y0", "set_properties"
			over["properties"] = fields{"grant/" + public(key(byte(2+random.Intn(4)))): fields{"roles": []string{"write"}}}
			events = append(events, sign(t, root, over))
		}
	}
	return events
}

func TestRestartShowsTheSameState(t *testing.T) {
	data, events := t.TempDir(), story(t, 300, 1)
	digests := func(c *Coordinator) string {
		roots, err := c.Store().Roots(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x %x %x", roots.Root, stateDigest(t, c, "camp", nil), stateDigest(t, c, events[0].Space, nil))
	}
	c, err := Open(Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(events); i += 7 {
		take(t, c, events[i:min(i+7, len(events))]...)
		if i%5 == 0 {
			digests(c) // somebody looks in between
		}
	}
	before := digests(c)
	if want := foldOf(t, "camp", events, all); stateDigest(t, c, "camp", nil) != want {
		t.Error("the state is not the fold of the events")
	}
	if want := foldOf(t, events[0].Space, events, all); stateDigest(t, c, events[0].Space, nil) != want {
		t.Error("the certified space's state is not the fold of the events")
	}
	cursor := c.Cursor()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = open(t, Config{Data: data})
	if after := digests(c); after != before || c.Cursor() != cursor {
		t.Errorf("before %s at %d, after %s at %d", before, cursor, after, c.Cursor())
	}
}

func TestAnEarlierMomentIsOfTheEventsUpToIt(t *testing.T) {
	c, events := open(t, Config{}), story(t, 200, 2)
	half := len(events) / 2
	take(t, c, events[:half]...)
	check := func(events []*event.Event) {
		t.Helper()
		for _, space := range []string{"camp", events[0].Space} {
			for _, at := range []int64{0, start - 1, start, start + 333, start + 666, start + 2000} {
				if got, want := stateDigest(t, c, space, &at), foldOf(t, space, events, until(at)); got != want {
					t.Errorf("%s at %d: %x, want %x", space, at, got, want)
				}
			}
		}
	}
	check(events[:half])
	// What comes in late belongs to moments that were folded already.
	for _, e := range events[half:] {
		take(t, c, e)
	}
	check(events)
	check(events)
}

// TestEarlierMomentsStayTrueWhileEventsComeIn folds a moment again and again while events that belong to it arrive: none
// that was committed before may be missing.
func TestEarlierMomentsStayTrueWhileEventsComeIn(t *testing.T) {
	c := open(t, Config{})
	var events []*event.Event
	for i := range 60 {
		events = append(events, sign(t, key(2), fields{"timestamp": start + i, "properties": fields{"n": i}}))
	}
	take(t, c, events[0])
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for at := int64(start + 1000); ctx.Err() == nil; {
				stateDigest(t, c, "camp", &at)
			}
		})
	}
	at := int64(start + 1000)
	for i, e := range events[1:] {
		take(t, c, e)
		if got, want := stateDigest(t, c, "camp", &at), foldOf(t, "camp", events[:i+2], all); got != want {
			t.Fatalf("after %d events the moment lacks some", i+2)
		}
	}
	cancel()
	group.Wait()
}

func TestEarlierMomentsAreFew(t *testing.T) {
	c := open(t, Config{})
	take(t, c, sign(t, key(2), nil))
	for at := int64(start); at < start+20; at++ {
		stateDigest(t, c, "camp", &at)
	}
	if n := len(c.earlier.kept); n != keptMoments {
		t.Errorf("%d moments are kept", n)
	}
	take(t, c, sign(t, key(2), fields{"timestamp": start + 18}))
	if n := len(c.earlier.kept); n != 1 || c.earlier.kept[0].at != start+17 {
		t.Errorf("%d moments are kept after an event of the last two", n)
	}
	at := int64(start)
	if ok, err := c.View(t.Context(), "nowhere", &at, func(*canvas.Canvas) error { return nil }); ok || err != nil {
		t.Errorf("a view of nothing: %v, %v", ok, err)
	}
}

func TestTimeUncertain(t *testing.T) {
	second := func(n int64) *int64 { return &n }
	const now = 1_000_000_000
	for _, tc := range []struct {
		name      string
		timestamp int64
		window    scope.Window
		want      bool
	}{
		{"the kit's own time", now, scope.Window{}, false},
		{"ten minutes ahead", now + earlySeconds, scope.Window{}, false},
		{"more than ten minutes ahead", now + earlySeconds + 1, scope.Window{}, true},
		{"a week old", now - lateSeconds, scope.Window{}, false},
		{"older than a week", now - lateSeconds - 1, scope.Window{}, true},
		{"the beginning of time", 0, scope.Window{}, true},
		{"the end of time", event.MaxTimestamp, scope.Window{}, true},
		{"old, in the window", 500, scope.Window{From: second(400), To: second(600)}, false},
		{"old, before the window", 399, scope.Window{From: second(400), To: second(600)}, true},
		{"old, after the window", 601, scope.Window{From: second(400), To: second(600)}, true},
		{"old, window open at its end", 500, scope.Window{From: second(400)}, false},
		{"old, window open at its beginning", 500, scope.Window{To: second(600)}, true},
		{"ahead, in the window", 2 * now, scope.Window{From: second(400), To: second(3 * now)}, false},
		{"ahead, before the window", 2 * now, scope.Window{From: second(3 * now), To: second(4 * now)}, true},
		{"ahead, window open at its end", 2 * now, scope.Window{From: second(400)}, true},
		{"the kit's own time, outside the window", now, scope.Window{To: second(400)}, false},
	} {
		if got := TimeUncertain(tc.timestamp, now, tc.window); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

// TestAMomentThatMayLackAnEventIsNotKept has events come in between the beginning of a fold and its end.
func TestAMomentThatMayLackAnEventIsNotKept(t *testing.T) {
	for _, tc := range []struct {
		name string
		late fields
		kept bool
	}{
		{"of the moment", fields{"timestamp": start}, false},
		{"before it", fields{"timestamp": start - 9}, false},
		{"after it", fields{"timestamp": start + 1}, true},
		{"of another space", fields{"space_id": "other"}, true},
	} {
		e := newEarlier()
		e.begin("camp", start)
		e.forget([]store.Committed{committed(sign(t, key(2), tc.late), 1)})
		e.keep(&view{})
		if kept := e.get("camp", start, scope.Window{}) != nil; kept != tc.kept {
			t.Errorf("an event %s: kept %v", tc.name, kept)
		}
	}
}
