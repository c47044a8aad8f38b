package coordinator

import (
	"sync"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// ringSize is how many of the latest events are kept for subscribers; who is farther behind reads the store.
const ringSize = 1024

// An Item is an event that was committed.
type Item struct {
	Seq      int64
	Received int64
	Event    *event.Event

	once     sync.Once
	features []byte
}

// hub tells subscribers what was committed. They come and take: nothing is pushed to anybody, so a slow one holds up
// nobody and costs no memory.
type hub struct {
	mu     sync.Mutex
	ring   []*Item // ascending
	floor  int64   // everything above it is in the ring
	last   int64
	wake   chan struct{} // closed and replaced at each commit
	closed bool
}

func newHub() *hub { return &hub{wake: make(chan struct{})} }

func (h *hub) start(last int64) { h.floor, h.last = last, last }

func (h *hub) cursor() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

func (h *hub) publish(events []store.Committed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		h.ring = append(h.ring, &Item{Seq: e.Seq, Received: e.Received, Event: e.Event})
		h.last = e.Seq
	}
	if extra := len(h.ring) - ringSize; extra > 0 {
		h.floor = h.ring[extra-1].Seq
		h.ring = append(make([]*Item, 0, ringSize), h.ring[extra:]...)
	}
	if !h.closed {
		close(h.wake)
		h.wake = make(chan struct{})
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.wake)
	}
}

// After gives the events after a cursor. behind is true when the ring does not reach back that far: then they are to be
// read from the store. With nothing to give, wake is closed at the next commit; it is nil when the kit is closing.
func (c *Coordinator) After(cursor int64) (items []*Item, behind bool, wake <-chan struct{}) {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if cursor < h.floor {
		return nil, true, h.wake
	}
	for i := len(h.ring); i > 0 && h.ring[i-1].Seq > cursor; i-- {
		items = h.ring[i-1:]
	}
	if h.closed {
		return items, false, nil
	}
	return items, false, h.wake
}

// Features is the text of what an item changed, made once for all who ask.
func (i *Item) Features(make func() []byte) []byte {
	i.once.Do(func() { i.features = make() })
	return i.features
}
