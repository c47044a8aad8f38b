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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"fieldkit/kit/blob"
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
	// Media are the limits of what it keeps of media.
	Media blob.Options

	momentEvents int64 // tests have moments nearer together
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

	mu     sync.Mutex        // held for a moment at a time, never while another lock is taken
	worlds map[string]*world // those somebody has looked at, guarded by mu
	looks  atomic.Int64      // how often somebody has looked

	files   folderRules
	logs    spaceLogs
	earlier *earlier
	// momentEvents is how many events lie between two moments that are saved, at least.
	momentEvents int64
	tiles        tileCache
	summaries    summaries
	trouble      trouble
	clock        *clockWatch
	spaces       spaceNames
	media        media
	verifier     *event.Verifier

	carrying  sync.Mutex // held by an export or an import
	snapshots Snapshots
	blobs     Blobs

	life    context.Context    // of what runs by itself
	stop    context.CancelFunc // ends it
	running sync.WaitGroup
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
	c := &Coordinator{data: config.Data, now: config.Now, log: config.Logger, worlds: make(map[string]*world),
		spaces: spaceNames{names: make(map[string]bool)}, hub: newHub(), earlier: newEarlier(), started: config.Now(), clock: newClockWatch(config.Now)}
	if c.momentEvents = config.momentEvents; c.momentEvents == 0 {
		c.momentEvents = momentEvents
	}
	c.media = newMedia(config.Media)
	c.files = folderRules{root: filepath.Join(config.Data, "spaces"), log: config.Logger, now: config.Now, held: make(map[string]*spaceFolder)}
	if c.key, err = kitKey(config.Data); err != nil {
		return nil, err
	}
	if c.store, err = store.Open(config.Data, store.Options{Key: c.key, Now: config.Now, Logger: config.Logger, Committed: c.committed}); err != nil {
		return nil, err
	}
	c.snapshots, c.blobs = savedSnapshots{c}, carriedMedia{c}
	c.verifier = event.NewVerifier()
	c.door = door.New(c.store, c, c.verifier, config.Now)
	// The name after the store: a folder that another process has open is left alone.
	c.name, err = kitName(config)
	var stat store.Stat
	if err == nil {
		stat, err = c.store.Stat(context.Background())
	}
	if err == nil {
		err = c.spaces.load(context.Background(), c.store)
	}
	if err != nil {
		c.store.Close()
		return nil, err
	}
	c.hub.start(stat.LastSeq)
	ctx, stop := context.WithCancel(context.Background())
	c.life, c.stop = ctx, stop
	c.running.Go(func() { c.keepSealed(ctx) })
	c.running.Go(func() { c.keepSaved(ctx) })
	c.running.Go(func() { c.keepTrying(ctx) })
	return c, nil
}

// EndStreams tells those who listen that the kit is closing; the rest goes on.
func (c *Coordinator) EndStreams() { c.hub.close() }

// Close ends all subscriptions and closes the store.
func (c *Coordinator) Close() error {
	c.hub.close()
	c.stop()
	c.running.Wait()
	c.saveAll(context.Background())
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

// Cursor is the sequence number of the last event, 0 when there is none.
func (c *Coordinator) Cursor() int64 { return c.hub.cursor() }

// committed tells those who look and those who listen of what the store has just made durable. The store calls it in
// order, from one goroutine, and answers those who handed the events in when it returns: so nothing here waits for a
// reader, but for one that falls far behind.
func (c *Coordinator) committed(events []store.Committed) {
	var touched []*world
	c.mu.Lock()
	worlds := make([]*world, len(events))
	for i, e := range events {
		worlds[i] = c.worlds[e.Event.Space]
	}
	c.mu.Unlock()
	for i, e := range events {
		if i == 0 || e.Event.Space != events[i-1].Event.Space {
			c.spaces.add(e.Event.Space)
		}
		if e.Event.Layer == event.SpaceLog {
			c.logs.add(e.Event)
		}
		if w := worlds[i]; w != nil {
			w.tell(e)
			if !slices.Contains(touched, w) {
				touched = append(touched, w)
			}
		}
	}
	for _, w := range touched {
		w.keepUp()
	}
	c.earlier.forget(events)
	c.hub.publish(events)
	c.media.heard(events)
}

func kitKey(data string) (ed25519.PrivateKey, error) {
	path := filepath.Join(data, "kit.key")
	key, err := keyfile.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return keyfile.Create(path)
	}
	return key, err
}

// maxName is the greatest length of a kit's name in characters.
const maxName = 128

func kitName(config Config) (string, error) {
	path := filepath.Join(config.Data, "kit.name")
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return "", err
	}
	kept, name := strings.TrimSpace(string(text)), config.Name
	switch {
	case name == "" && kept == "":
		return "camp", nil
	case name == "" || name == kept:
		return kept, nil
	case utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name):
		return "", fmt.Errorf("the kit's name: must be at most %d characters of text, in one line", maxName)
	}
	// Whole or not at all: a plug pulled meanwhile must not leave half a name.
	if err = writeSynced(path+".new", name); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		// A kit whose disk is full must open all the same.
		config.Logger.Warn("the kit's name could not be written; it holds until the kit is closed", "error", err)
	}
	return name, nil
}

// writeSynced writes a file whose bytes are on the disk when it returns.
func writeSynced(path, text string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
