package scope

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// The names of the scope files (white paper 5.1).
const (
	RootFile   = ".ulp-root"
	ScopeFile  = ".ulp-scope"
	IgnoreFile = ".ulp-ignore"
)

// MaxFile is the greatest length of a scope file in bytes.
const MaxFile = 64 << 10

// maxFiles bounds how many files a space may have.
const maxFiles = 4096

// Root are the settings that .ulp-root alone can make.
type Root struct {
	// Title is the space's name for people.
	Title string
	// Exercise marks every view EXERCISE.
	Exercise bool
	// Unsigned says whether v0 events enter.
	Unsigned bool
	// HomeZoom is the zoom of home tiles, and the finest that may be used.
	HomeZoom uint8
	// Invariants are the names that every event must declare.
	Invariants []string
	// Window is the time that the space is about.
	Window Window

	fields
}

// A Window is a span of time, both ends inclusive, in seconds since 1970 UTC; nil is open.
type Window struct {
	From *int64
	To   *int64
}

// Holds reports whether t lies in the window.
func (w Window) Holds(t int64) bool {
	return (w.From == nil || t >= *w.From) && (w.To == nil || t <= *w.To)
}

func (w Window) start() int64 {
	if w.From == nil {
		return 0
	}
	return *w.From
}

// fields are the values that a file allows; nil means that it says nothing.
type fields struct {
	realm, authority, boundary, policy, operations []string
}

func (f fields) of(rule string) []string {
	switch rule {
	case "realm":
		return f.realm
	case "authority":
		return f.authority
	case "boundary":
		return f.boundary
	case "policy":
		return f.policy
	case "operations":
		return f.operations
	}
	return nil
}

func defaultRoot(space string) Root {
	return Root{Title: space, Unsigned: true, HomeZoom: event.DefaultHomeZoom, Invariants: InvariantNames()}
}

// Parse reads the scope files of a space: their text by path relative to its folder, as "hazards/.ulp-scope". Files of
// other names are refused. The error names file and key.
func Parse(space string, files map[string]string) (*Rules, error) {
	r := Default(space)
	if len(files) > maxFiles {
		return nil, fmt.Errorf("space %s: more than %d scope files", space, maxFiles)
	}
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if err := r.add(path, files[path]); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	sort.SliceStable(r.ignores, func(i, j int) bool { return len(r.ignores[i].folder) < len(r.ignores[j].folder) })
	return r, nil
}

// CheckFile says what is wrong with one scope file, or nil.
func CheckFile(path, text string) error {
	return Default("x").add(path, text)
}

func (r *Rules) add(path, text string) error {
	folder, name := splitFile(path)
	if len(text) > MaxFile {
		return fmt.Errorf("longer than %d bytes", MaxFile)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("not UTF-8")
	}
	if err := checkFolder(folder); err != nil {
		return err
	}
	switch {
	case name == RootFile && len(folder) == 0:
		return r.addRoot(text)
	case name == ScopeFile:
		var s scopeTOML
		if err := decode(text, &s); err != nil {
			return err
		}
		f, err := s.fields()
		if err != nil {
			return err
		}
		if r.folders == nil {
			r.folders = make(map[string]fields)
		}
		r.folders[joinPath(folder)] = f
		return nil
	case name == IgnoreFile:
		return r.addIgnore(folder, text)
	}
	return fmt.Errorf("is not a scope file: a space has one .ulp-root, and .ulp-scope and .ulp-ignore in any of its folders")
}

// checkFolder holds a folder to layer/zZ/xX/yY or the beginning of it.
func checkFolder(folder []string) error {
	if len(folder) == 0 {
		return nil
	}
	if !event.ValidName(folder[0]) || len(folder) > 4 {
		return fmt.Errorf("is not in a folder of the form layer/z14/x8624/y5740")
	}
	parts := append(slices.Clone(folder[1:]), []string{"z22", "x0", "y0"}[len(folder)-1:]...)
	if _, err := tile.Parse(strings.Join(parts, "/")); err != nil {
		return err
	}
	return nil
}

type scopeTOML struct {
	Realm      allowed `toml:"realm"`
	Authority  allowed `toml:"authority"`
	Boundary   allowed `toml:"boundary"`
	Policy     allowed `toml:"policy"`
	Operations allowed `toml:"operations"`
}

type rootTOML struct {
	scopeTOML
	Title      *string   `toml:"title"`
	Exercise   bool      `toml:"exercise"`
	Unsigned   *bool     `toml:"unsigned"`
	HomeZoom   *int      `toml:"home_zoom"`
	Invariants *[]string `toml:"invariants"`
	Window     struct {
		From *moment `toml:"from"`
		To   *moment `toml:"to"`
	} `toml:"window"`
}

func (r *Rules) addRoot(text string) error {
	var t rootTOML
	if err := decode(text, &t); err != nil {
		return err
	}
	f, err := t.fields()
	if err != nil {
		return err
	}
	root := defaultRoot(r.space)
	root.fields = f
	root.Exercise = t.Exercise
	if t.Title != nil {
		if root.Title = *t.Title; root.Title == "" || utf8.RuneCountInString(root.Title) > 128 {
			return fmt.Errorf("title: must be 1 to 128 characters")
		}
	}
	if t.Unsigned != nil {
		root.Unsigned = *t.Unsigned
	}
	if r.certified {
		root.Unsigned = false
	}
	if t.HomeZoom != nil {
		if *t.HomeZoom < 0 || *t.HomeZoom > tile.MaxZoom {
			return fmt.Errorf("home_zoom: must be 0 to %d", tile.MaxZoom)
		}
		root.HomeZoom = uint8(*t.HomeZoom)
	}
	if t.Invariants != nil {
		for _, name := range *t.Invariants {
			if !contains(InvariantNames(), name) {
				return fmt.Errorf("invariants: %q is not one of %s", name, join(InvariantNames()))
			}
		}
		root.Invariants = *t.Invariants
	}
	root.Window = Window{From: t.Window.From.seconds(), To: t.Window.To.seconds()}
	if w := root.Window; w.From != nil && w.To != nil && *w.From > *w.To {
		return fmt.Errorf("window: from is later than to")
	}
	r.root, r.rootFile = root, RootFile
	return nil
}

func (s scopeTOML) fields() (fields, error) {
	for _, f := range [...]struct {
		name   string
		values []string
	}{{"realm", s.Realm}, {"authority", s.Authority}, {"boundary", s.Boundary}, {"policy", s.Policy}} {
		for _, v := range f.values {
			if !contains(event.ScopeValues(f.name), v) {
				return fields{}, fmt.Errorf("%s: %q is not one of %s", f.name, v, join(event.ScopeValues(f.name)))
			}
		}
	}
	return fields{s.Realm, s.Authority, s.Boundary, s.Policy, s.Operations}, nil
}

func decode(text string, into any) error {
	meta, err := toml.Decode(text, into)
	if err != nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return fmt.Errorf("%s: is not a key of this file", unknown[0])
	}
	return nil
}

// allowed is a string or an array of strings in TOML. An empty array allows nothing, and is not nil.
type allowed []string

func (a *allowed) UnmarshalTOML(v any) error {
	*a = allowed{}
	switch v := v.(type) {
	case string:
		*a = append(*a, v)
		return nil
	case []any:
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return fmt.Errorf("must be a string or an array of strings")
			}
			*a = append(*a, s)
		}
		return nil
	}
	return fmt.Errorf("must be a string or an array of strings")
}

// moment is seconds since 1970 UTC or a TOML date-time.
type moment int64

func (m *moment) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case int64:
		*m = moment(v)
	case time.Time:
		if strings.HasSuffix(v.Location().String(), "-local") {
			// A kit has no time zone of its own that other kits would share.
			return fmt.Errorf("must have a time zone, as 2026-06-13T00:00:00Z")
		}
		*m = moment(v.Unix())
	default:
		return fmt.Errorf("must be seconds since 1970 or a date-time with a zone")
	}
	if *m < 0 || *m > event.MaxTimestamp {
		return fmt.Errorf("is outside 0 … %d", int64(event.MaxTimestamp))
	}
	return nil
}

func (m *moment) seconds() *int64 {
	if m == nil {
		return nil
	}
	s := int64(*m)
	return &s
}

// matches reports whether value is among values; for operations a value may end in *.
func matches(values []string, value string, patterns bool) bool {
	for _, v := range values {
		if v == value {
			return true
		}
		if prefix, ok := strings.CutSuffix(v, "*"); patterns && ok && strings.HasPrefix(value, prefix) {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
func join(list []string) string             { return strings.Join(list, ", ") }
func itoa(n int) string                     { return strconv.Itoa(n) }
func joinPath(parts []string) string        { return strings.Join(parts, "/") }

func joinFile(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

func splitFile(path string) (folder []string, name string) {
	parts := strings.Split(path, "/")
	return parts[:len(parts)-1], parts[len(parts)-1]
}
