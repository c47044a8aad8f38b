package coordinator

import (
	"context"
	"strconv"
	"sync"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// MaxSpaces is how many spaces a kit takes at its door. Names cost nothing to make up, and each space is folded,
// listed and counted.
const MaxSpaces = 1000

// Rules are those that the local door goes by in a space.
func (c *Coordinator) Rules(space string) door.Checker {
	return doorRules{c.SpaceRules(space), &c.spaces, space}
}

type doorRules struct {
	*scope.Rules
	spaces *spaceNames
	space  string
}

func (r doorRules) Check(e *event.Event) *event.Refusal {
	if refusal := r.CheckDoor(e); refusal != nil {
		return refusal
	}
	if !r.spaces.enter(r.space) {
		return &event.Refusal{Rule: "spaces", Field: "space_id", File: scope.BuiltIn,
			Message: "this kit has " + strconv.Itoa(MaxSpaces) + " spaces and takes no more of them"}
	}
	return nil
}

// spaceNames are the spaces that the kit has something of.
type spaceNames struct {
	mu    sync.Mutex
	names map[string]bool // guarded by mu, never nil; false for one that something was let into and is not committed yet
}

// load learns what the store has.
func (n *spaceNames) load(ctx context.Context, from *store.Store) error {
	stats, err := from.Spaces(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range stats {
		n.names[s.Space] = true
	}
	return err
}

// enter reports whether a space is here or may be begun.
func (n *spaceNames) enter(space string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.names[space]; ok {
		return true
	}
	if len(n.names) >= MaxSpaces {
		return false
	}
	n.names[space] = false
	return true
}

// add says that the kit has something of a space.
func (n *spaceNames) add(space string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.names[space] {
		n.names[space] = true
	}
}

func (n *spaceNames) has(space string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.names[space]
}

// SpaceRules are the rules of a space as this kit knows them: of its log, or of the files in the data folder.
func (c *Coordinator) SpaceRules(space string) *scope.Rules {
	if _, certified := event.SelfCertified(space); !certified {
		return c.files.rules(space)
	}
	rules, err := c.logs.rules(c.store, space)
	if err != nil {
		// A store that cannot be read will hardly take the event either; the fold holds it to the log's rules in any case.
		c.log.Error("reading a space log", "space", space, "error", err)
		return scope.Default(space)
	}
	return rules
}

// maxLogs bounds how many space logs are remembered, those of made-up names among them; when it is reached, all are
// read again.
const maxLogs = 1024

// spaceLogs remembers the logs of spaces that certify themselves.
type spaceLogs struct {
	mu   sync.Mutex
	logs map[string]*spaceLog // guarded by mu
}

type spaceLog struct {
	mu    sync.Mutex
	log   *scope.Log   // guarded by mu, nil until it was read
	rules *scope.Rules // guarded by mu
}

func (l *spaceLogs) rules(s *store.Store, space string) (*scope.Rules, error) {
	l.mu.Lock()
	one := l.logs[space]
	if one == nil {
		if l.logs == nil || len(l.logs) >= maxLogs {
			l.logs = make(map[string]*spaceLog)
		}
		one = &spaceLog{}
		l.logs[space] = one
	}
	l.mu.Unlock()
	// An event of the log that is committed meanwhile waits in add.
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.log != nil {
		return one.rules, nil
	}
	log := scope.NewLog(space)
	query := store.Query{Space: space, Layer: event.SpaceLog, Tile: &tile.Tile{}}
	err := s.Events(context.Background(), query, func(r store.Row) error {
		e, err := event.Decode(r.Text)
		if err == nil {
			log.Add(e)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	one.log = log
	one.rules, _ = log.Rules()
	return one.rules, nil
}

// add takes an event of a space log that was committed.
func (l *spaceLogs) add(e *event.Event) {
	l.mu.Lock()
	one := l.logs[e.Space]
	l.mu.Unlock()
	if one == nil {
		return
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.log != nil && one.log.Add(e) {
		one.rules, _ = one.log.Rules()
	}
}
