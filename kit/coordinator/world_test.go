package coordinator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
)

// TestViewsWhileTheFoldBeginsAnew has readers look all the time while events come in by which what was folded no longer
// holds: v0 events with parents, and a space's log. What was acknowledged is in every later look.
func TestViewsWhileTheFoldBeginsAnew(t *testing.T) {
	c, events := open(t, Config{}), story(t, 150, 3)
	spaces := []string{"camp", events[0].Space}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				_, err := c.View(ctx, spaces[i%2], nil, func(v *canvas.Canvas) error {
					for _, at := range v.Tiles() {
						v.TileState(at)
					}
					v.Witnesses()
					return nil
				})
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for i, e := range events {
		take(t, c, e)
		if i%10 == 0 {
			if got, want := stateDigest(t, c, e.Space, nil), foldOf(t, e.Space, events[:i+1], all); got != want {
				t.Fatalf("after %d events the view is not their fold", i+1)
			}
		}
	}
	cancel()
	group.Wait()
	for _, space := range spaces {
		if stateDigest(t, c, space, nil) != foldOf(t, space, events, all) {
			t.Errorf("%s is not the fold of its events", space)
		}
	}
}

// TestCommitsDoNotWaitForThoseWhoLook keeps a look open while events are handed in.
func TestCommitsDoNotWaitForThoseWhoLook(t *testing.T) {
	c := open(t, Config{})
	take(t, c, sign(t, key(2), nil))
	begun, leave, left := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		_, err := c.View(context.Background(), "camp", nil, func(*canvas.Canvas) error {
			close(begun)
			<-leave
			return nil
		})
		left <- err
	}()
	<-begun
	late := sign(t, key(2), fields{"timestamp": start + 1})
	done := make(chan struct{})
	go func() {
		defer close(done)
		take(t, c, late)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("a commit waits for a reader")
	}
	close(leave)
	if err := <-left; err != nil {
		t.Error(err)
	}
	<-done
	_, err := c.View(t.Context(), "camp", nil, func(v *canvas.Canvas) error {
		if v.Node(late.ID) == nil {
			return errors.New("what was committed meanwhile is not in the next view")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestNewsAreBounded hands in more than may wait for a reader who stays: then commits wait for the reader.
func TestNewsAreBounded(t *testing.T) {
	w := &world{space: "camp", shown: &view{canvas: canvas.New("camp"), times: new(timeline)}}
	w.heed(true)
	e := sign(t, key(2), nil)
	w.mu.RLock()
	told := make(chan int, 2*maxNews)
	go func() {
		defer close(told)
		for i := range maxNews + 10 {
			w.tell(committed(e, int64(i+1)))
			w.keepUp()
			told <- i
		}
	}()
	for n := range told {
		if n == maxNews-2 {
			break
		}
	}
	w.newsMu.Lock()
	waiting := len(w.news)
	w.newsMu.Unlock()
	if waiting > maxNews {
		t.Errorf("%d events wait", waiting)
	}
	w.mu.RUnlock()
	for range told {
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.catchUp(); w.shown.seq != maxNews+10 || len(w.news) != 0 {
		t.Errorf("folded up to %d, %d left", w.shown.seq, len(w.news))
	}
}

// TestFewSpacesStayFolded looks at more spaces than are kept: each is right all the same, before and after.
func TestFewSpacesStayFolded(t *testing.T) {
	c := open(t, Config{})
	const spaces = maxViews + 20
	var events []*event.Event
	for i := range spaces {
		events = append(events, sign(t, key(2), fields{"space_id": fmt.Sprint("s", i)}))
	}
	take(t, c, events...)
	if list, err := c.Spaces(t.Context()); err != nil || len(list) != spaces || list[0].Nodes != 1 {
		t.Fatalf("%d spaces, %v", len(list), err)
	}
	folded := func() (n int) {
		for _, w := range c.worlds {
			w.mu.RLock()
			if w.shown != nil {
				n++
			}
			w.mu.RUnlock()
		}
		return n
	}
	if n := folded(); n != maxViews {
		t.Errorf("%d spaces are folded", n)
	}
	for i := range spaces {
		space := fmt.Sprint("s", i)
		late := sign(t, key(3), fields{"space_id": space, "timestamp": start + 1})
		take(t, c, late)
		if stateDigest(t, c, space, nil) != foldOf(t, space, []*event.Event{events[i], late}, all) {
			t.Errorf("%s is not the fold of its events", space)
		}
	}
	if n := folded(); n != maxViews {
		t.Errorf("%d spaces are folded after a look at each", n)
	}
}

func TestNamesThatWereMadeUpAreNotRemembered(t *testing.T) {
	c := open(t, Config{})
	for i := range 50 {
		name := fmt.Sprint("made-up-", i)
		if ok, err := c.View(t.Context(), name, nil, func(*canvas.Canvas) error { return nil }); ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
		c.SpaceRules(name)
		c.SpaceRules(certifiedBy(name, key(1)))
	}
	if len(c.worlds) != 0 || len(c.files.held) != 0 || len(c.logs.logs) > maxLogs {
		t.Errorf("%d worlds, %d folders, %d logs", len(c.worlds), len(c.files.held), len(c.logs.logs))
	}
	for i := range maxLogs + 1 {
		c.SpaceRules(certifiedBy(fmt.Sprint("more-", i), key(1)))
	}
	if len(c.logs.logs) > maxLogs {
		t.Errorf("%d logs", len(c.logs.logs))
	}
}
