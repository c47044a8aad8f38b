package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"fieldkit/kit/api"
	"fieldkit/kit/coordinator"
	"fieldkit/kit/event"
)

const (
	livePairs = 5
	livePosts = 100
	liveGoal  = 12
)

// live measures from the beginning of a POST to each subscriber's receipt of the event, with 10 and with 100
// subscribers: Value and Limit are the p99 of each, in milliseconds.
func live(ctx context.Context) (result, error) {
	r := result{Name: "live", Unit: "ms p99 with 100 subscribers, over p99 with 10", Goal: liveGoal}
	dir, err := os.MkdirTemp("", "fieldkit-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	kit, err := coordinator.Open(coordinator.Config{Data: dir})
	if err != nil {
		return r, err
	}
	defer kit.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return r, err
	}
	server := &http.Server{Handler: api.New(kit, api.Config{PostsPerSecond: 1e6, PostBurst: 1e6, StreamsPerClient: 200})}
	go server.Serve(listener)
	defer server.Close()
	l := &liveBench{address: listener.Addr().String(), signer: event.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))}
	var few, many, ratios []float64
	for range livePairs {
		a, err := l.p99(ctx, 10)
		if err != nil {
			return r, err
		}
		b, err := l.p99(ctx, 100)
		if err != nil {
			return r, err
		}
		few, many, ratios = append(few, a), append(many, b), append(ratios, b/a)
	}
	r.Limit, r.Value, r.Ratio = median(few), median(many), median(ratios)
	r.OK = r.Ratio <= r.Goal
	return r, nil
}

type liveBench struct {
	address string
	signer  *event.Signer
	serial  int
}

func (l *liveBench) p99(ctx context.Context, subscribers int) (milliseconds float64, err error) {
	var mu sync.Mutex
	began := make(map[string]time.Time) // by event id
	var delays []float64
	var group sync.WaitGroup
	conns := make([]*websocket.Conn, subscribers)
	for i := range conns {
		if conns[i], _, err = websocket.DefaultDialer.DialContext(ctx, "ws://"+l.address+"/api/v1/stream", nil); err != nil {
			return 0, err
		}
		defer conns[i].Close()
	}
	for _, conn := range conns {
		group.Go(func() {
			conn.SetReadDeadline(time.Now().Add(time.Minute))
			for received := 0; received < livePosts; {
				_, message, err := conn.ReadMessage()
				now := time.Now()
				if err != nil {
					return
				}
				_, rest, ok := bytes.Cut(message, []byte(`"event_id":"`))
				if !ok {
					continue
				}
				id, _, _ := bytes.Cut(rest, []byte{'"'})
				mu.Lock()
				if start, ok := began[string(id)]; ok {
					delays = append(delays, now.Sub(start).Seconds()*1000)
					received++
				}
				mu.Unlock()
			}
		})
	}
	for range livePosts {
		l.serial++
		e, err := l.signer.Sign([]byte(`{"timestamp":` + strconv.Itoa(1781300000+l.serial) + `,"space_id":"bench","layer_id":"hazards","operation":"create_node",` +
			`"transform":{"position":[9.5209,47.1410]},"properties":{"title":"Road under water"},"previous_events":[],` +
			`"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"public"},` +
			`"preserves_invariants":["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"]}`))
		if err != nil {
			return 0, err
		}
		mu.Lock()
		began[e.ID] = time.Now()
		mu.Unlock()
		response, err := http.Post("http://"+l.address+"/api/v1/events", "application/json", bytes.NewReader([]byte(e.Text)))
		if err != nil {
			return 0, err
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("the kit answered %s", response.Status)
		}
	}
	group.Wait()
	if len(delays) != subscribers*livePosts {
		return 0, fmt.Errorf("%d deliveries, want %d", len(delays), subscribers*livePosts)
	}
	slices.Sort(delays)
	return delays[len(delays)*99/100], nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
