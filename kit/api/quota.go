package api

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxClients bounds how many addresses are remembered; when it is reached, all begin anew.
const maxClients = 4096

// quota is a token bucket for each client.
type quota struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex
	clients map[string]*rate.Limiter // guarded by mu
}

func newQuota(limit rate.Limit, burst int) *quota {
	return &quota{limit: limit, burst: burst, clients: make(map[string]*rate.Limiter)}
}

// allow takes one token of a client. If there is none it says how long to wait.
func (q *quota) allow(client string, now time.Time) (wait time.Duration, ok bool) {
	if client == "" {
		return 0, true
	}
	q.mu.Lock()
	l := q.clients[client]
	if l == nil {
		if len(q.clients) >= maxClients {
			clear(q.clients)
		}
		l = rate.NewLimiter(q.limit, q.burst)
		q.clients[client] = l
	}
	q.mu.Unlock()
	r := l.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// retryAfter says when to come again.
func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

// limited holds the requests that count to a quota.
func limited(q *quota, counts func(*http.Request) bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if counts(r) {
			if wait, ok := q.allow(client(r), time.Now()); !ok {
				retryAfter(w, wait)
				refuse(w, http.StatusTooManyRequests, "", "too many questions at once from this device; ask again in a moment")
				return
			}
		}
		next(w, r)
	}
}

// maxBodies is how many bytes of large bodies are in memory at the same time, of all clients together.
const maxBodies = 64 << 20

// room is what is left of a bounded number of bytes.
type room struct {
	mu    sync.Mutex
	taken int // guarded by mu
}

// take takes n bytes if there are as many.
func (r *room) take(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken+n > maxBodies {
		return false
	}
	r.taken += n
	return true
}

func (r *room) give(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= n
}

// gate bounds how much of something goes on at the same time.
type gate struct {
	perClient, most int

	mu      sync.Mutex
	open    int            // guarded by mu
	clients map[string]int // guarded by mu
}

// enter lets one more in, if there is room; leave is to follow.
func (g *gate) enter(client string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open >= g.most || client != "" && g.clients[client] >= g.perClient {
		return false
	}
	g.open++
	g.clients[client]++
	return true
}

func (g *gate) leave(client string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.clients[client]--; g.clients[client] == 0 {
		delete(g.clients, client)
	}
}
