package scope

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// A Witness says why an event has no effect.
type Witness struct {
	EventID string `json:"event_id"`
	event.Refusal
}

// A Log collects the events of one space's own log and makes rules of them. Order and duplicates do not matter.
type Log struct {
	space  string
	events map[string]*event.Event // by id
}

// MaxLog is how many events the local door lets into a space's log. All that holds in a space is made anew from its log, which
// may be anybody's; one event has room for 256 settings.
const MaxLog = 1024

// NewLog returns the empty log of a space.
func NewLog(space string) *Log {
	return &Log{space: space, events: make(map[string]*event.Event)}
}

// Add takes an event of layer .ulp; it reports whether the log has changed.
func (l *Log) Add(e *event.Event) bool {
	if _, ok := l.events[e.ID]; ok && (e.Signed() || l.events[e.ID].Text <= e.Text) {
		return false
	}
	l.events[e.ID] = e
	return true
}

// Has reports whether the log holds an event of this id.
func (l *Log) Has(id string) bool { return l.events[id] != nil }

// Rules reads the log in order and gives the rules for the fold, and a witness for each event that has no effect. For
// a space that does not certify itself these are the bare rules, and no event has effect.
func (l *Log) Rules() (*Rules, []Witness) {
	var witnesses []Witness
	witness := func(e *event.Event, refusal *event.Refusal) {
		witnesses = append(witnesses, Witness{EventID: e.ID, Refusal: *refusal})
	}
	sorted := make([]*event.Event, 0, len(l.events))
	for _, e := range l.events {
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, event.Compare)
	if _, ok := event.SelfCertified(l.space); !ok {
		return Bare(l.space), nil
	}
	s := &logState{rules: Default(l.space), files: make(map[string]string)}
	s.rules.grants, s.rules.revoked = make(map[string]Grant), make(map[string]int64)
	digest := sha256.New()
	for _, e := range sorted {
		if refusal := s.apply(e); refusal != nil {
			witness(e, refusal)
			continue
		}
		hash := e.Hash()
		digest.Write(hash[:])
	}
	digest.Sum(s.rules.logDigest[:0])
	s.rules.logEvents = len(sorted)
	return s.finish(), witnesses
}

type logState struct {
	rules *Rules
	files map[string]string
}

// apply takes one event whole or not at all.
func (s *logState) apply(e *event.Event) *event.Refusal {
	if refusal := Invariants(e); refusal != nil {
		return refusal
	}
	if refusal := s.rules.checkLogEvent(e); refusal != nil {
		return refusal
	}
	e.EachProperty(func(name, value string) bool {
		kind, rest, _ := strings.Cut(name, "/")
		switch kind {
		case "file":
			if value == "null" {
				delete(s.files, rest)
			} else {
				s.files[rest] = text(value)
			}
		case "grant":
			if value == "null" {
				delete(s.rules.grants, rest)
			} else {
				s.rules.grants[rest], _ = parseGrant(value)
			}
		case "revoke":
			if value == "null" {
				delete(s.rules.revoked, rest)
			} else {
				s.rules.revoked[rest], _ = parseRevocation(value)
			}
		}
		return true
	})
	return nil
}

// finish reads the files that are left. Each was checked when it came.
func (s *logState) finish() *Rules {
	r, err := Parse(s.rules.space, s.files)
	if err != nil {
		r = Default(s.rules.space) // more files than a space may have: the built-in rules
	} else {
		r.files = s.files
	}
	r.grants, r.revoked, r.logDigest, r.logEvents = s.rules.grants, s.rules.revoked, s.rules.logDigest, s.rules.logEvents
	return r
}

// checkLogEvent judges an event of layer .ulp by form, content and author.
func (r *Rules) checkLogEvent(e *event.Event) *event.Refusal {
	if !r.certified {
		return nil // kept, without effect
	}
	if e.Tile != (tile.Tile{}) {
		return refuse("space_log", "tile", BuiltIn, "the space log stands in z0/x0/y0")
	}
	if e.Operation != event.SetProperties || e.Node != "" {
		return refuse("space_log", "operation", BuiltIn, "the space log has set_properties without node_id only")
	}
	if !e.Signed() || !r.Granted(e.Key, RoleAdmin, event.SpaceLog, e.Clock.T) {
		return refuse("space_log", "signature.key", BuiltIn, "the space log takes the space's root key or one that it granted admin")
	}
	var refusal *event.Refusal
	e.EachProperty(func(name, value string) bool {
		if err := checkLogProperty(name, value); err != nil {
			refusal = refuse("space_log", "properties."+name, BuiltIn, err.Error())
		}
		return refusal == nil
	})
	return refusal
}

func checkLogProperty(name, value string) error {
	kind, rest, _ := strings.Cut(name, "/")
	switch kind {
	case "file":
		if value == "null" {
			return nil
		}
		if value[0] != '"' {
			return fmt.Errorf("must be the file's text or null")
		}
		return CheckFile(rest, text(value))
	case "grant", "revoke":
		if _, ok := event.ParseKey(rest); !ok {
			return fmt.Errorf("must name a key, 32 bytes in unpadded base64url")
		}
		if value == "null" {
			return nil
		}
		var err error
		if kind == "grant" {
			_, err = parseGrant(value)
		} else {
			_, err = parseRevocation(value)
		}
		return err
	}
	return nil // unknown: kept, without effect
}

// text unquotes a canonical JSON string.
func text(value string) string {
	var s string
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return ""
	}
	return s
}
