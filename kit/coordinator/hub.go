package coordinator

import (
	"sync"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

// What is kept of the latest events for subscribers, with what was made of them; who is farther behind reads the store.
const (
	ringItems = 1024
	ringBytes = 16 << 20
)

// An Item is an event that was committed.
type Item struct {
	Seq      int64
	Received int64
	Event    *event.Event

	once     sync.Once
	features []byte
	hub      *hub // nil for one that is in no ring
	size     int  // guarded by hub.mu
}

// hub tells subscribers what was committed. They come and take: nothing is pushed to anybody, so a slow one holds up
// nobody and costs no memory.
type hub struct {
	mu     sync.Mutex
	ring   []*Item       // ascending, guarded by mu; never changed in place, subscribers read parts of it
	bytes  int           // of the ring, guarded by mu
	floor  int64         // everything above it is in the ring, guarded by mu
	last   int64         // guarded by mu
	wake   chan struct{} // closed and replaced at each commit, guarded by mu
	closed bool          // guarded by mu
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
		size := len(e.Event.Text)
		h.ring = append(h.ring, &Item{Seq: e.Seq, Received: e.Received, Event: e.Event, hub: h, size: size})
		h.bytes += size
		h.last = e.Seq
	}
	h.trim()
	if !h.closed {
		close(h.wake)
		h.wake = make(chan struct{})
	}
}

// trim drops the oldest where there are too many, or too much is made of them. It needs mu.
func (h *hub) trim() {
	n := 0
	for ; n < len(h.ring) && (len(h.ring)-n > ringItems || h.bytes > ringBytes); n++ {
		h.floor = h.ring[n].Seq
		h.bytes -= h.ring[n].size
		h.ring[n].size = 0
	}
	if n > 0 {
		h.ring = append(make([]*Item, 0, ringItems), h.ring[n:]...)
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
// read from the store. With nothing to give, wake is closed at the next commit. It is nil when the kit is closing, with
// or without something to give.
func (c *Coordinator) After(cursor int64) (items []*Item, behind bool, wake <-chan struct{}) {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		wake = h.wake
	}
	if cursor < h.floor {
		return nil, true, wake
	}
	first := len(h.ring)
	for first > 0 && h.ring[first-1].Seq > cursor {
		first--
	}
	return h.ring[first:len(h.ring):len(h.ring)], false, wake
}

// Features is the text of what an item changed, made once for all who ask.
func (i *Item) Features(make func() []byte) []byte {
	i.once.Do(func() {
		i.features = make()
		if i.hub != nil {
			i.hub.weigh(i, len(i.features))
		}
	})
	return i.features
}

// weigh adds to what an item costs, as long as it is in the ring.
func (h *hub) weigh(i *Item, bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i.Seq > h.floor {
		i.size += bytes
		h.bytes += bytes
		h.trim()
	}
}
