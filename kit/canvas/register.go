package canvas

import (
	"slices"
	"strings"

	"fieldkit/kit/event"
)

// An Author is who wrote: the principal that is held to have spoken, and the name it gave itself.
type Author struct {
	// Principal is key:<K> or, for a v0 event, actor:<actor_id>.
	Principal string
	// Key is "" for a v0 event.
	Key string
	// Actor is actor_id as claimed.
	Actor string
}

// A Stamp says which event wrote, when, and by whom. All writes of one event share it.
type Stamp struct {
	// Event is the id of the event.
	Event string
	Clock event.Clock
	// Time is the event's timestamp; Clock.T may come from a parent.
	Time      int64
	By        *Author
	Derived   bool
	Uncertain bool

	effective event.Clock // Clock within the space's window
}

// A Write is one value that one event gave to one register.
type Write struct {
	// Value is canonical JSON.
	Value string
	// Unit is that of a sensor's reading.
	Unit string
	*Stamp

	replaced bool // a greater write names this one as seen
}

// compare is the order of a register: source before derived, then t, d, event_id.
func (s *Stamp) compare(o *Stamp) int {
	if s.Derived != o.Derived {
		if s.Derived {
			return -1
		}
		return 1
	}
	if c := s.effective.Compare(o.effective); c != 0 {
		return c
	}
	return strings.Compare(s.Event, o.Event)
}

// Later reports whether w comes after o in the order of the trace: by id where the clocks are equal, as what came in first
// must not count.
func (w *Write) Later(o *Write) bool {
	c := w.effective.Compare(o.effective)
	return c > 0 || c == 0 && w.Event > o.Event
}

// A register holds the greatest write of each principal; what a principal wrote before, it has replaced itself.
type register struct {
	name   string
	writes []Write
}

// A Register is what is to be seen of a register.
type Register struct {
	Name string
	// Drawn is the write that is shown.
	Drawn *Write
	// Others are the other live writes whose values differ from it, greatest first.
	Others []*Write
}

// insert takes w, unless its principal has written something greater.
func (r *register) insert(w Write) (at *Write, changed bool) {
	for i := range r.writes {
		mine := &r.writes[i]
		if mine.By.Principal != w.By.Principal {
			continue
		}
		if mine.compare(w.Stamp) >= 0 {
			return mine, false
		}
		*mine = w
		return mine, true
	}
	r.writes = append(r.writes, w)
	return &r.writes[len(r.writes)-1], true
}

// replace marks the write of event id as replaced, if by is greater. A lesser one cannot have seen it, whatever it
// says: so the greatest write always stands.
func (r *register) replace(id string, by *Stamp) {
	for i := range r.writes {
		if w := &r.writes[i]; w.Event == id && by.compare(w.Stamp) > 0 {
			w.replaced = true
		}
	}
}

// see sorts out what is shown. Nothing is, where every write has been replaced (claims that were settled).
func (r *register) see() Register {
	live := make([]*Write, 0, len(r.writes))
	for i := range r.writes {
		if !r.writes[i].replaced {
			live = append(live, &r.writes[i])
		}
	}
	if len(live) == 0 {
		return Register{Name: r.name}
	}
	slices.SortFunc(live, func(a, b *Write) int { return b.compare(a.Stamp) })
	seen := Register{Name: r.name, Drawn: live[0]}
	for _, w := range live[1:] {
		if w.Value != live[0].Value || w.Unit != live[0].Unit {
			seen.Others = append(seen.Others, w)
		}
	}
	return seen
}

// registers is sorted by name: a node has few, and a map would take several times the room.
type registers []register

func (rs registers) find(name string) (int, bool) {
	return slices.BinarySearchFunc(rs, name, func(r register, name string) int {
		switch {
		case r.name < name:
			return -1
		case r.name > name:
			return 1
		}
		return 0
	})
}

func (rs registers) get(name string) *register {
	if i, ok := rs.find(name); ok {
		return &rs[i]
	}
	return nil
}

func (rs *registers) at(name string) *register {
	i, ok := rs.find(name)
	if !ok {
		*rs = slices.Insert(*rs, i, register{name: name})
	}
	return &(*rs)[i]
}
