package coordinator

import (
	"bytes"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

func committed(e *event.Event, seq int64) store.Committed {
	return store.Committed{Seq: seq, Received: start, Event: e}
}

func TestHubGivesEachEventOnceInOrder(t *testing.T) {
	h := newHub()
	h.start(100)
	c := &Coordinator{hub: h}
	e := sign(t, key(2), nil)
	cursor := int64(100)
	for seq := int64(101); seq <= 100+3*ringItems; seq++ {
		h.publish([]store.Committed{committed(e, seq)})
		if seq%500 != 0 {
			continue
		}
		items, behind, wake := c.After(cursor)
		if behind || wake == nil || int64(len(items)) != seq-cursor {
			t.Fatalf("after %d: %d items, behind %v", cursor, len(items), behind)
		}
		for _, item := range items {
			if cursor++; item.Seq != cursor {
				t.Fatalf("item %d where %d should be", item.Seq, cursor)
			}
		}
	}
	if _, behind, _ := c.After(100); !behind {
		t.Error("the ring does not reach back that far")
	}
	if len(h.ring) != ringItems || h.floor != h.last-ringItems {
		t.Errorf("%d items above %d of %d", len(h.ring), h.floor, h.last)
	}
	items, behind, wake := c.After(h.last)
	if len(items) != 0 || behind {
		t.Errorf("%d items behind the last", len(items))
	}
	h.close()
	h.close()
	select {
	case <-wake:
	default:
		t.Error("closing wakes nobody")
	}
	for _, cursor := range []int64{0, h.last - 1, h.last} {
		if _, _, wake := c.After(cursor); wake != nil {
			t.Error("a closed hub asks to wait")
		}
	}
	h.publish([]store.Committed{committed(e, h.last+1)}) // what is still being stored while the kit closes
}

// TestHubIsBoundedInBytes has things described at length: what is remembered of it stays bounded, and who is behind is
// told so.
func TestHubIsBoundedInBytes(t *testing.T) {
	h := newHub()
	c := &Coordinator{hub: h}
	e := sign(t, key(2), nil)
	long := bytes.Repeat([]byte("x"), 1<<20)
	for seq := int64(1); seq <= 100; seq++ {
		h.publish([]store.Committed{committed(e, seq)})
		items, behind, _ := c.After(seq - 1)
		if behind || len(items) != 1 {
			t.Fatalf("after %d: %d items, behind %v", seq-1, len(items), behind)
		}
		if got := items[0].Features(func() []byte { return long }); len(got) != len(long) {
			t.Fatal("not what was made")
		}
		if got := items[0].Features(func() []byte { return nil }); len(got) != len(long) {
			t.Fatal("made twice")
		}
	}
	if h.bytes > ringBytes || len(h.ring) > ringBytes>>20 || len(h.ring) == 0 {
		t.Errorf("%d items of %d bytes", len(h.ring), h.bytes)
	}
	// What has left the ring weighs nothing any more.
	before := h.bytes
	(&Item{Seq: 1, hub: h}).Features(func() []byte { return long })
	if h.bytes != before {
		t.Errorf("%d bytes were %d", h.bytes, before)
	}
	if _, behind, _ := c.After(1); !behind {
		t.Error("what was dropped is not missed")
	}
}
