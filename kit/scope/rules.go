// Package scope says what an event may be and who may: the scope files .ulp-root, .ulp-scope and .ulp-ignore, the five
// invariants, and a space's own log of settings and grants (kit/SPEC.md, section 6). It is pure: files come in as
// text, events one by one, and no verdict depends on anything but the event and the rules.
package scope

import (
	"maps"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// BuiltIn stands in a refusal's File where no file set the rule.
const BuiltIn = "built-in"

// positionSlack is how far outside its tile a new node may lie, in degrees: a tile's edge is computed in floating point, which
// may differ by machine, and a door that refuses on a hair's breadth would be a riddle to people.
const positionSlack = 1e-6

// Rules are what holds in one space. They are immutable and safe for concurrent use.
type Rules struct {
	space string
	root  Root
	// configured is false for the fold of a space that does not certify itself: only what no file can change holds.
	configured bool
	folders    map[string]fields // by path; "" is the space's own .ulp-scope
	ignores    []ignoreFile      // by depth, the space's own first
	rootFile   string
	certified  bool
	grants     map[string]Grant
	revoked    map[string]int64
	logDigest  [32]byte
	logEvents  int
	files      map[string]string // of the log, by path
	// closed is why nothing enters, nil where something does.
	closed *event.Refusal
}

// Default are the rules of a space of which there are no files: the built-in ones.
func Default(space string) *Rules {
	r := &Rules{space: space, root: defaultRoot(space), configured: true, rootFile: BuiltIn}
	_, r.certified = event.SelfCertified(space)
	if r.certified {
		r.root.Unsigned = false
	}
	return r
}

// Bare are the rules for the fold of a space that does not certify itself: the five invariants and nothing that a file
// on one kit and not on another could change.
func Bare(space string) *Rules {
	r := Default(space)
	r.configured = false
	return r
}

// Closed are the rules of a space into which nothing is let, because file cannot be read as it was meant.
func Closed(space, file, reason string) *Rules {
	r := Default(space)
	r.closed = refuse("scope_file", "space_id", file, reason+": nothing enters this space until the file is mended")
	return r
}

// Root are the settings of the space as a whole.
func (r *Rules) Root() Root { return r.root }

// Certified reports whether the space certifies itself.
func (r *Rules) Certified() bool { return r.certified }

// LogDigest is the space log digest; ok is false where the space does not certify itself.
func (r *Rules) LogDigest() (digest [32]byte, ok bool) { return r.logDigest, r.certified }

// Files are the scope files that the space's log sets, by path; nil where there is no log.
func (r *Rules) Files() map[string]string { return maps.Clone(r.files) }

// Effective is the clock that counts for order: a time outside the space's window counts as the window's start.
func (r *Rules) Effective(c event.Clock) event.Clock {
	if !r.configured || r.root.Window.Holds(c.T) {
		return c
	}
	c.T = r.root.Window.start()
	return c
}

// Check judges an event by all rules that hold in the fold as well as at the door. Nil means that it may have effect.
func (r *Rules) Check(e *event.Event) *event.Refusal {
	if refusal := Invariants(e); refusal != nil {
		return refusal
	}
	if !r.configured || e.Layer == event.SpaceLog {
		return nil
	}
	return r.checkConfigured(e)
}

// CheckDoor judges an event that somebody hands in here: Check, and what only the local door asks.
func (r *Rules) CheckDoor(e *event.Event) *event.Refusal {
	if r.closed != nil {
		return r.closed
	}
	if refusal := r.Check(e); refusal != nil {
		return refusal
	}
	if e.Layer == event.SpaceLog {
		if r.certified && r.logEvents >= MaxLog {
			return refuse("space_log", "layer_id", BuiltIn, "the space's log has "+itoa(MaxLog)+" events already; one event has room for 256 settings")
		}
		return r.checkLogEvent(e)
	}
	if e.Operation != event.CreateNode {
		return nil
	}
	lon, lat, ok := e.Anchor()
	if ok && !e.Tile.ContainsPosition(lon, lat, positionSlack) {
		home := tile.At(lon, lat, e.Tile.Z)
		return refuse("tile", "tile", BuiltIn, "the node's position lies in "+home.String())
	}
	return nil
}

func (r *Rules) checkConfigured(e *event.Event) *event.Refusal {
	if !e.Signed() && !r.root.Unsigned {
		if r.certified {
			return refuse("unsigned", "signature", BuiltIn, "a space that certifies itself takes signed events only")
		}
		return refuse("unsigned", "signature", r.rootFile, "this space takes signed events only")
	}
	if e.Tile.Z > r.root.HomeZoom {
		return refuse("tile", "tile", r.rootFile, "is finer than the space's home zoom "+itoa(int(r.root.HomeZoom)))
	}
	for _, name := range r.root.Invariants {
		if !contains(e.Preserves, name) {
			return refuse("invariants", "preserves_invariants", r.rootFile, "must name "+name)
		}
	}
	path := folderPath(e)
	for _, f := range [...]struct{ rule, field, value string }{
		{"realm", "scope.realm", e.Scope.Realm}, {"authority", "scope.authority", e.Scope.Authority},
		{"boundary", "scope.boundary", e.Scope.Boundary}, {"policy", "scope.policy", e.Scope.Policy},
		{"operations", "operation", e.Operation},
	} {
		allowed, file := r.nearest(path, f.rule)
		if allowed != nil && !matches(allowed, f.value, f.rule == "operations") {
			return refuse(f.rule, f.field, file, "\""+f.value+"\" is not among what is allowed here: "+join(allowed))
		}
	}
	if file, pattern, hit := r.ignored(e, path); hit {
		return refuse("ignore", "layer_id", file, "the pattern "+pattern+" says that this path does not exist")
	}
	return nil
}

// nearest finds the file closest to the event that says something of the field.
func (r *Rules) nearest(path []string, rule string) (allowed []string, file string) {
	for n := len(path); n >= 0; n-- {
		folder := joinPath(path[:n])
		if values := r.folders[folder].of(rule); values != nil {
			return values, joinFile(folder, ScopeFile)
		}
	}
	if values := r.root.fields.of(rule); values != nil {
		return values, r.rootFile
	}
	return nil, ""
}

// folderPath is where an event stands in its space: layer, zoom, column, row.
func folderPath(e *event.Event) []string {
	return []string{e.Layer, "z" + itoa(int(e.Tile.Z)), "x" + itoa(int(e.Tile.X)), "y" + itoa(int(e.Tile.Y))}
}

func refuse(rule, field, file, message string) *event.Refusal {
	return &event.Refusal{Rule: rule, Field: field, File: file, Message: message}
}
