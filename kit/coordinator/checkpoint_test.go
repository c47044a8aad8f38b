package coordinator

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

func saveNow(t testing.TB, c *Coordinator) {
	t.Helper()
	if err := c.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// folded says how many events of a space its view folded itself, since what it went on from.
func folded(t testing.TB, c *Coordinator, space string) (fresh int, base bool) {
	t.Helper()
	_, err := c.view(t.Context(), space, func(v *view) error {
		fresh, base = v.fresh, v.base != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fresh, base
}

func witnesses(t testing.TB, c *Coordinator, space string) (lines []scope.Witness) {
	t.Helper()
	_, err := c.View(t.Context(), space, nil, func(v *canvas.Canvas) error {
		lines = v.Witnesses()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestAKitGoesOnFromWhatItSaved takes a story in pieces: in between the kit saves, or not, is closed and started anew, and events of
// long ago come in late, change the rules, turn up what others waited for.
func TestAKitGoesOnFromWhatItSaved(t *testing.T) {
	for seed := range int64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			events := story(t, 400, seed)
			spaces := []string{"camp", events[0].Space}
			random := rand.New(rand.NewSource(seed))
			random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			config := Config{Data: t.TempDir(), Now: newTicker().now, momentEvents: 25}
			c, err := Open(config)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { c.Close() }()
			wentOn := 0
			for done := 0; done < len(events); {
				n := min(1+random.Intn(60), len(events)-done)
				take(t, c, events[done:done+n]...)
				done += n
				for _, space := range spaces {
					if got, want := stateDigest(t, c, space, nil), foldOf(t, space, events[:done], all); got != want {
						t.Fatalf("after %d events %s is another than from the beginning", done, space)
					}
					at := int64(start + random.Intn(1000))
					if got, want := stateDigest(t, c, space, &at), foldOf(t, space, events[:done], until(at)); got != want {
						t.Fatalf("after %d events %s at %d is another than from the beginning", done, space, at)
					}
				}
				if random.Intn(3) > 0 {
					saveNow(t, c)
				}
				if random.Intn(3) == 0 {
					if err := c.Close(); err != nil {
						t.Fatal(err)
					}
					if c, err = Open(config); err != nil {
						t.Fatal(err)
					}
					for _, space := range spaces {
						if fresh, base := folded(t, c, space); base && fresh < done/3 {
							wentOn++
						}
					}
				}
			}
			if wentOn == 0 {
				t.Error("the kit never went on from what it saved")
			}
			fresh := open(t, Config{Now: config.Now})
			take(t, fresh, events...)
			for _, space := range spaces {
				if got, want := witnesses(t, c, space), witnesses(t, fresh, space); !slices.Equal(got, want) {
					t.Errorf("%s: %d witnesses, from the beginning %d", space, len(got), len(want))
				}
			}
			var problems []string
			if err := c.store.Check(t.Context(), func(p string) { problems = append(problems, p) }); err != nil || len(problems) > 0 {
				t.Errorf("%v, %v", problems, err)
			}
		})
	}
}

// TestMomentsAreSaved looks at a space at many times: what is folded for each lies between two moments.
func TestMomentsAreSaved(t *testing.T) {
	c := open(t, Config{momentEvents: 50})
	var events []*event.Event
	for i := range 1000 {
		events = append(events, sign(t, key(2), fields{"timestamp": start + i, "properties": fields{"n": i}, "tile": fmt.Sprintf("z14/x8625/y%d", 5750+i/400)}))
	}
	take(t, c, events...)
	stateDigest(t, c, "camp", nil)
	saveNow(t, c)
	list, err := c.store.Checkpoints(t.Context(), "camp")
	if err != nil || len(list) != 9 { // seven moments of 125 and one of all; the last moment is that of the last event
		t.Fatalf("%d checkpoints, %v", len(list), err)
	}
	for at := int64(start - 1); at < start+1001; at += 37 {
		if got, want := stateDigest(t, c, "camp", &at), foldOf(t, "camp", events, until(at)); got != want {
			t.Errorf("at %d it is another", at-start)
		}
		if v := c.earlier.get("camp", at, scope.Window{}); v.fresh > 125 {
			t.Errorf("for %d %d events were folded", at-start, v.fresh)
		}
	}
	again, err := c.store.Checkpoints(t.Context(), "camp")
	if saveNow(t, c); err != nil || len(again) != len(list) {
		t.Errorf("%d checkpoints after looking, %v", len(again), err)
	}
}

// TestWhatWasSavedMayBeBroken changes what was saved beneath the kit: it is folded anew then, and true.
func TestWhatWasSavedMayBeBroken(t *testing.T) {
	for _, harm := range []string{
		"UPDATE snapshot SET file = zeroblob(length(file))",
		"UPDATE snapshot SET hash = randomblob(32)",
		"UPDATE snapshot SET file = x'', hash = x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' WHERE id = 1",
		"UPDATE checkpoint SET timeline = x'05'",
		"UPDATE checkpoint SET rules = 'fold 0'",
		"DELETE FROM snapshot",
		"DELETE FROM checkpoint",
	} {
		t.Run(harm, func(t *testing.T) {
			config := Config{Data: t.TempDir(), Now: newTicker().now, momentEvents: 25}
			c, err := Open(config)
			if err != nil {
				t.Fatal(err)
			}
			events := story(t, 200, 3)
			take(t, c, events...)
			spaces := []string{"camp", events[0].Space}
			for _, space := range spaces {
				stateDigest(t, c, space, nil)
			}
			saveNow(t, c)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite3", filepath.Join(config.Data, "kit.db"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(harm); err != nil {
				t.Fatal(err)
			}
			db.Close()
			c = open(t, config)
			at := int64(start + 600)
			for _, space := range spaces {
				if stateDigest(t, c, space, nil) != foldOf(t, space, events, all) || stateDigest(t, c, space, &at) != foldOf(t, space, events, until(at)) {
					t.Errorf("%s is not the fold of its events", space)
				}
			}
			saveNow(t, c)
			for _, space := range spaces {
				if stateDigest(t, c, space, &at) != foldOf(t, space, events, until(at)) {
					t.Errorf("%s is not the fold of its events after saving again", space)
				}
			}
		})
	}
}

// TestSavingWhileEventsComeIn saves all the time while events come in; what was saved then is gone on from.
func TestSavingWhileEventsComeIn(t *testing.T) {
	config := Config{Data: t.TempDir(), Now: newTicker().now, momentEvents: 40}
	c, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	events := story(t, 600, 5)
	spaces := []string{"camp", events[0].Space}
	take(t, c, events[0])
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 2 { // the saver, and an export
		group.Go(func() {
			for ctx.Err() == nil {
				for _, space := range spaces {
					if err := c.saveSpace(ctx, space); err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Go(func() {
		for ctx.Err() == nil {
			for _, space := range spaces {
				if _, err := c.View(ctx, space, nil, func(*canvas.Canvas) error { return nil }); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
			for _, w := range c.allWorlds() {
				err := c.save(ctx, w)
				if err == nil {
					err = c.saveMoments(ctx, w.space)
				}
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		}
	})
	for _, e := range events[1:] {
		take(t, c, e)
	}
	cancel()
	group.Wait()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = open(t, config)
	for _, space := range spaces {
		if stateDigest(t, c, space, nil) != foldOf(t, space, events, all) {
			t.Errorf("%s is not the fold of its events", space)
		}
		if one, ok, err := c.Space(t.Context(), space); !ok || err != nil {
			t.Fatal(ok, err)
		} else if _, err := c.view(t.Context(), space, func(v *view) error {
			if v.times.total != one.Events || v.seq != one.Cursor {
				t.Errorf("the timeline of %s has %d of %d events, up to %d of %d", space, v.times.total, one.Events, v.seq, one.Cursor)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for at := int64(start); at < start+1000; at += 111 {
			if stateDigest(t, c, space, &at) != foldOf(t, space, events, until(at)) {
				t.Errorf("%s at %d is not the fold of its events", space, at-start)
			}
		}
	}
}
