package door

import "sync"

// desk is where lines wait for a worker, and chunks for their turn. A worker that is free takes what has come in, be it
// one line: nobody waits for a batch to fill, and while all workers are busy a batch fills by itself.
type desk struct {
	mu    sync.Mutex
	moved sync.Cond // something below has changed

	coming  *chunk   // guarded by mu; what no worker has taken yet, or nil
	order   []*chunk // guarded by mu; what workers have taken, in the order of the lines
	most    int      // chunks in order, at most
	ended   bool     // guarded by mu; nothing more is coming
	stopped bool     // guarded by mu; nothing more is wanted
}

func newDesk(workers int) *desk {
	d := &desk{most: workers + 2}
	d.moved.L = &d.mu
	return d
}

// put brings a whole chunk, when there is room for it.
func (d *desk) put(c *chunk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.coming != nil {
		d.moved.Wait()
	}
	d.coming = c
	d.moved.Broadcast()
}

// add brings the line with this index, when there is room for it. It reports false when no more is wanted.
func (d *desk) add(index int, line []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.stopped {
		if d.coming == nil {
			d.coming = newChunk(index)
		}
		if d.coming.add(line) {
			d.moved.Broadcast()
			return true
		}
		d.moved.Wait()
	}
	return false
}

// end says that nothing more comes.
func (d *desk) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	d.moved.Broadcast()
}

// stop says that nothing more is wanted. What is here already goes its way.
func (d *desk) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	d.moved.Broadcast()
}

// take gives a worker what has come, or nil when nothing more does.
func (d *desk) take() *chunk {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.coming == nil || len(d.order) >= d.most {
		if d.coming == nil && d.ended {
			return nil
		}
		d.moved.Wait()
	}
	c := d.coming
	c.judged = make(chan struct{})
	d.coming, d.order = nil, append(d.order, c)
	d.moved.Broadcast()
	return c
}

// next gives the chunk whose turn it is, when it is judged, or nil when there is none any more; and whether another one
// is on its way.
func (d *desk) next() (c *chunk, more bool) {
	d.mu.Lock()
	for len(d.order) == 0 {
		if d.coming == nil && d.ended {
			d.mu.Unlock()
			return nil, false
		}
		d.moved.Wait()
	}
	c = d.order[0]
	d.mu.Unlock()
	<-c.judged
	d.mu.Lock()
	defer d.mu.Unlock()
	d.order = append(d.order[:0], d.order[1:]...)
	d.moved.Broadcast()
	return c, len(d.order) > 0
}
