// Package coordinator holds a kit together: what comes in at the door is stored, folded into the canvas of its space
// and told to those who listen, in that order.
package coordinator

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/keyfile"
	"fieldkit/kit/store"
)

// Config is what a coordinator needs to know.
type Config struct {
	// Data is the kit's folder. It is made when it is not there.
	Data string
	// Name is what people call the camp; "" keeps the name it had, or "camp".
	Name string
	// Now is the kit's clock; nil is the machine's.
	Now func() time.Time
	// Logger gets what an operator should know; nil discards it.
	Logger *slog.Logger
}

// A Coordinator is an open kit. It is safe for concurrent use.
type Coordinator struct {
	name    string
	data    string
	key     ed25519.PrivateKey
	now     func() time.Time
	log     *slog.Logger
	store   *store.Store
	door    *door.Door
	hub     *hub
	started time.Time

	// mu owns worlds and everything in them: written by the store's writer as it commits, read by views.
	mu     sync.RWMutex
	worlds map[string]*world

	files folderRules

	folding   sync.Mutex // one fold of an earlier moment at a time
	earlier   earlier
	summaries summaries

	stop    context.CancelFunc // ends what runs by itself
	running sync.WaitGroup

	troubleMu sync.Mutex
	trouble   error // guarded by troubleMu
}

// Open opens the kit in a data folder. store.ErrLocked means that a running kit holds it.
func Open(config Config) (*Coordinator, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	data, err := filepath.Abs(config.Data)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	config.Data = data
	c := &Coordinator{data: config.Data, now: config.Now, log: config.Logger, worlds: make(map[string]*world), hub: newHub(), started: config.Now()}
	c.files = folderRules{root: filepath.Join(config.Data, "spaces"), log: config.Logger, now: config.Now, spaces: make(map[string]*spaceFolder)}
	if c.key, err = kitKey(config.Data); err != nil {
		return nil, err
	}
	if c.name, err = kitName(config.Data, config.Name); err != nil {
		return nil, err
	}
	if c.store, err = store.Open(config.Data, store.Options{Key: c.key, Now: config.Now, Logger: config.Logger, Committed: c.committed}); err != nil {
		return nil, err
	}
	c.door = door.New(c.store, c, event.NewVerifier(), config.Now)
	stats, err := c.store.Spaces(context.Background())
	if err != nil {
		c.store.Close()
		return nil, err
	}
	var last int64
	for _, s := range stats {
		last = max(last, s.LastSeq)
	}
	c.hub.start(last)
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.running.Go(func() { c.keepSealed(ctx) })
	return c, nil
}

// EndStreams tells those who listen that the kit is closing; the rest goes on.
func (c *Coordinator) EndStreams() { c.hub.close() }

// Close ends all subscriptions and closes the store.
func (c *Coordinator) Close() error {
	c.hub.close()
	c.stop()
	c.running.Wait()
	return c.store.Close()
}

// Name is what people call the camp.
func (c *Coordinator) Name() string { return c.name }

// Key is the kit's public key as text.
func (c *Coordinator) Key() string { return event.KeyText(c.key.Public().(ed25519.PublicKey)) }

// SigningKey signs what the kit itself says.
func (c *Coordinator) SigningKey() ed25519.PrivateKey { return c.key }

// Data is the kit's folder.
func (c *Coordinator) Data() string { return c.data }

// Now is the kit's clock.
func (c *Coordinator) Now() time.Time { return c.now() }

// Started is when the kit was opened.
func (c *Coordinator) Started() time.Time { return c.started }

// Store is where the kit keeps its events.
func (c *Coordinator) Store() *store.Store { return c.store }

// Admit takes events at the local door, a verdict each; what is taken is on disk when it returns.
func (c *Coordinator) Admit(ctx context.Context, lines [][]byte) ([]door.Verdict, error) {
	verdicts, err := c.door.Admit(ctx, lines)
	if err == nil || ctx.Err() == nil {
		c.troubleMu.Lock()
		c.trouble = err
		c.troubleMu.Unlock()
	}
	return verdicts, err
}

// Trouble is why the store did not take what was handed in last, nil when it did.
func (c *Coordinator) Trouble() error {
	c.troubleMu.Lock()
	defer c.troubleMu.Unlock()
	return c.trouble
}

// Cursor is the sequence number of the last event, 0 when there is none.
func (c *Coordinator) Cursor() int64 { return c.hub.cursor() }

// committed folds what the store has just made durable, then wakes the subscribers. The store calls it in order, from
// its one writer.
func (c *Coordinator) committed(events []store.Committed) {
	c.mu.Lock()
	for i := range events {
		e := &events[i]
		w := c.worlds[e.Event.Space]
		if w == nil {
			w = &world{space: e.Event.Space}
			c.worlds[e.Event.Space] = w
		}
		w.add(c, e)
	}
	for _, w := range c.worlds {
		w.settle(c)
	}
	c.mu.Unlock()
	c.hub.publish(events)
}

func kitKey(data string) (ed25519.PrivateKey, error) {
	path := filepath.Join(data, "kit.key")
	key, err := keyfile.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return keyfile.Create(path)
	}
	return key, err
}

func kitName(data, name string) (string, error) {
	path := filepath.Join(data, "kit.name")
	if name == "" {
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return "camp", nil
		}
		return string(text), err
	}
	if len(name) > 128 {
		return "", fmt.Errorf("the kit's name is longer than 128 bytes")
	}
	return name, os.WriteFile(path, []byte(name), 0o644)
}
