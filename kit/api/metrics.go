package api

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fieldkit/kit/store"
)

// metrics are the kit's numbers for Prometheus.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	verdicts *prometheus.CounterVec
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fieldkit_http_requests_total", Help: "Requests answered, by route and status."}, []string{"route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fieldkit_http_request_duration_seconds", Help: "Time to answer, by route; streams are not in it.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10}}, []string{"route"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fieldkit_events_total", Help: "Events handed in over HTTP, by verdict."}, []string{"verdict"}),
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(m.requests, m.duration, m.verdicts,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("fieldkit_streams", "Open streams.", func() float64 { return float64(s.Streams()) }),
		gauge("fieldkit_cursor", "Sequence number of the last event.", func() float64 { return float64(s.kit.Cursor()) }),
		gauge("fieldkit_store_bytes", "Size of the store on disk.", func() float64 { return float64(s.stat().Bytes) }),
		gauge("fieldkit_media_bytes", "Size of all media that are here.", func() float64 {
			blobs, err := s.kit.Blobs()
			if err != nil {
				return 0
			}
			return float64(blobs.Stat().Bytes)
		}),
		gauge("fieldkit_store_free_bytes", "Room left on the store's disk.", func() float64 { return float64(s.stat().Free) }),
	)
	return m
}

// stat are the store's figures for a gauge, zero where they cannot be had.
func (s *Server) stat() store.Stat {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	stat, err := s.kit.Store().Stat(ctx)
	if err != nil {
		return store.Stat{}
	}
	return stat
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

func (m *metrics) events(taken, known, refused int) {
	m.verdicts.WithLabelValues("taken").Add(float64(taken))
	m.verdicts.WithLabelValues("known").Add(float64(known))
	m.verdicts.WithLabelValues("refused").Add(float64(refused))
}

// count wraps a route's handler. What it is given is a counted writer: ServeHTTP makes it.
func (m *metrics) count(route string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began, done := time.Now(), false
		c, ok := w.(*counted)
		if !ok {
			c = &counted{ResponseWriter: w}
		}
		defer func() {
			status := c.status
			switch {
			case status == 0 && done:
				status = http.StatusOK
			case status == 0:
				status = http.StatusInternalServerError // it panicked
			}
			m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
			if !c.hijacked {
				m.duration.WithLabelValues(route).Observe(time.Since(began).Seconds())
			}
		}()
		next(c, r)
		done = true
	}
}

// counted remembers the status of an answer, 0 as long as nothing of it has left.
type counted struct {
	http.ResponseWriter
	status   int
	hijacked bool
}

func (c *counted) WriteHeader(status int) {
	if c.status == 0 && status >= http.StatusOK {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counted) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	return c.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// Hijack lets a WebSocket take the connection over.
func (c *counted) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err == nil {
		c.hijacked, c.status = true, http.StatusSwitchingProtocols
	}
	return conn, buffer, err
}
