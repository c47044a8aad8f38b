// Package segment builds, seals and checks segments: immutable lists of events of one space, tile and policy, named by
// the SHA-256 of their bytes (kit/SPEC.md, section 8). It is pure. What comes from elsewhere goes through Parse and
// ParseSeal, whose errors are *event.Refusal.
package segment

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// When an open tail is sealed, and how far a segment can grow by that.
const (
	// MaxEvents is how many events a tail is sealed at, and so the most that a segment has.
	MaxEvents = 256
	// FullBytes is the size that a tail is sealed at.
	FullBytes = 64 << 10
	// MaxBytes is the most that a segment has: a tail that was not yet full, and one event more.
	MaxBytes = 80 << 10
	// MaxAge is the age of its oldest event, in seconds, that a tail is sealed at.
	MaxAge = 3600
)

// Full reports whether a tail of so many events and bytes (line ends counted) takes no further event.
func Full(events int, size int64) bool { return events >= MaxEvents || size >= FullBytes }

// Due reports whether a tail is to be sealed at the time now, in seconds since 1970 like oldest, when its oldest event
// was received. An oldest event from the future tells of a clock that was set back; such a tail does not wait for it.
func Due(events int, size, oldest, now int64) bool {
	return Full(events, size) || events > 0 && (now-oldest >= MaxAge || oldest-now >= MaxAge)
}

// A Segment is a segment's content.
type Segment struct {
	Space  string
	Tile   tile.Tile
	Policy string
	// Events are in the order of the trace.
	Events []*event.Event
	// Bytes are the events' canonical forms, each with a line feed behind it.
	Bytes []byte
	// Hash is SHA-256 of Bytes, the segment's name.
	Hash digest.Sum
}

// Build makes a segment of events of one space, tile and policy, in any order; it sorts them in place. An event that
// stands there twice, and more than a segment may have, are errors.
func Build(events []*event.Event) (*Segment, error) {
	if len(events) == 0 {
		return nil, errors.New("segment: no events")
	}
	slices.SortFunc(events, event.Compare)
	s := &Segment{Space: events[0].Space, Tile: events[0].Tile, Policy: events[0].Scope.Policy, Events: events}
	size := 0
	for i, e := range events {
		if err := s.belongs(i); err != nil {
			return nil, fmt.Errorf("segment: %s: %s", e.ID, err.Message)
		}
		size += len(e.Text) + 1
	}
	if len(events) > MaxEvents || size > MaxBytes {
		return nil, fmt.Errorf("segment: %d events of %d bytes are too many", len(events), size)
	}
	s.Bytes = make([]byte, 0, size)
	for _, e := range events {
		s.Bytes = append(append(s.Bytes, e.Text...), '\n')
	}
	s.Hash = sha256.Sum256(s.Bytes)
	return s, nil
}

// belongs judges event i by the segment and by the event before it.
func (s *Segment) belongs(i int) *event.Refusal {
	e := s.Events[i]
	switch {
	case e.Space != s.Space:
		return refuse("space", "space_id", "another space than the first event's")
	case e.Tile != s.Tile:
		return refuse("tile", "tile", "another tile than the first event's")
	case e.Scope.Policy != s.Policy:
		return refuse("policy", "scope.policy", "another policy than the first event's")
	case i > 0 && event.Compare(s.Events[i-1], e) >= 0:
		return refuse("order", "", "does not come after the event before it")
	}
	return nil
}

// Parse reads a segment as received. It judges each line as event.Parse does, and holds the lines to the rules of a
// segment; it verifies no signature. data is not kept.
func Parse(data []byte) (*Segment, error) {
	switch {
	case len(data) == 0:
		return nil, refuse("count", "", "a segment has at least one event")
	case bytes.Count(data, []byte{'\n'}) > MaxEvents:
		return nil, refuse("count", "", "more than "+strconv.Itoa(MaxEvents)+" events")
	case len(data) > MaxBytes:
		return nil, refuse("size", "", "longer than "+strconv.Itoa(MaxBytes)+" bytes")
	case data[len(data)-1] != '\n':
		return nil, refuse("end", "", "the last line does not end")
	}
	s := &Segment{Bytes: bytes.Clone(data), Hash: sha256.Sum256(data)}
	for line := range bytes.Lines(data) {
		i := len(s.Events)
		line = line[:len(line)-1]
		e, err := event.Parse(line)
		if err != nil {
			return nil, atLine(i, err)
		}
		if e.Text != string(line) {
			return nil, atLine(i, refuse("canonical", "", "is not in canonical form"))
		}
		if i == 0 {
			s.Space, s.Tile, s.Policy = e.Space, e.Tile, e.Scope.Policy
		}
		s.Events = append(s.Events, e)
		if r := s.belongs(i); r != nil {
			return nil, atLine(i, r)
		}
	}
	return s, nil
}

// atLine says which line a refusal is about, in its field: lines[3].tile.
func atLine(i int, err error) error {
	var r *event.Refusal
	if !errors.As(err, &r) {
		return err
	}
	at := *r
	at.Field = "lines[" + strconv.Itoa(i) + "]"
	if r.Field != "" {
		at.Field += "." + r.Field
	}
	return &at
}

func refuse(rule, field, message string) *event.Refusal {
	return &event.Refusal{Rule: rule, Field: field, Message: message}
}
