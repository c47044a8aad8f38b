package coordinator

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"fieldkit/kit/canvas"
	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// desk is an operator at a kit's data folder.
type desk struct {
	t     *testing.T
	clock *ticker
	c     *Coordinator
	n     int
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, clock: newTicker()}
	d.c = open(t, Config{Now: d.clock.now})
	return d
}

func (d *desk) path(path string) string { return filepath.Join(d.c.Data(), "spaces", path) }

func (d *desk) write(path, text string) {
	d.t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.path(path)), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.path(path), []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) remove(path string) {
	d.t.Helper()
	if err := os.RemoveAll(d.path(path)); err != nil {
		d.t.Fatal(err)
	}
}

// try hands in a new event of the space camp and tells what became of it.
func (d *desk) try(over fields) string {
	d.t.Helper()
	d.n++
	all := fields{"timestamp": start + d.n}
	for name, value := range over {
		all[name] = value
	}
	return status(admit(d.t, d.c, sign(d.t, key(2), all))[0])
}

func (d *desk) want(over fields, want string) {
	d.t.Helper()
	if got := d.try(over); got != want {
		d.t.Errorf("%v: %s, want %s", over, got, want)
	}
}

var private = fields{"scope": fields{"realm": "public", "authority": "source", "boundary": "interior", "policy": "private"}}

const noPrivate = "policy = [\"public\", \"redacted\"]\n"

func TestScopeFilesAreTheDoorsWithinTwoSeconds(t *testing.T) {
	d := newDesk(t)
	d.want(private, "taken")
	d.write("camp/.ulp-root", noPrivate)
	d.want(private, "refused policy .ulp-root")
	d.write("camp/hazards/.ulp-scope", `policy = "private"`)
	d.want(private, "refused policy .ulp-root") // believed unchanged
	d.clock.move(lookAgain)
	d.want(private, "taken")
	d.want(nil, "refused policy hazards/.ulp-scope")
	d.want(fields{"layer_id": "needs"}, "taken")
	d.write("camp/needs/.ulp-ignore", "z14/x8625/\n")
	d.clock.move(lookAgain)
	d.want(fields{"layer_id": "needs"}, "refused ignore needs/.ulp-ignore")
	d.remove("camp/hazards")
	d.remove("camp/needs")
	d.clock.move(lookAgain)
	d.want(private, "refused policy .ulp-root")
	d.want(fields{"layer_id": "needs"}, "taken")
	d.remove("camp")
	d.clock.move(lookAgain)
	d.want(private, "taken")
	// A clock that was set back is no reason to wait for it.
	d.write("camp/.ulp-root", noPrivate)
	d.want(private, "refused policy .ulp-root")
	d.write("camp/.ulp-root", "")
	d.clock.move(-1000 * time.Hour)
	d.want(private, "taken")
}

func TestABrokenScopeFileOpensNoDoor(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(d *desk)
		want  string // in the problem
	}{
		{"no TOML", func(d *desk) { d.write("camp/.ulp-root", noPrivate+"[[[") }, ".ulp-root"},
		{"an unknown key", func(d *desk) { d.write("camp/.ulp-root", "polcy = \"public\"") }, "polcy"},
		{"an unknown value", func(d *desk) { d.write("camp/.ulp-root", "policy = \"secret\"") }, "secret"},
		{"not UTF-8", func(d *desk) { d.write("camp/.ulp-root", "title = \"\xff\"") }, "UTF-8"},
		{"too long", func(d *desk) { d.write("camp/.ulp-root", strings.Repeat("#", scope.MaxFile+1)) }, "longer"},
		{"in a folder of no layer", func(d *desk) { d.write("camp/hazards/mine/.ulp-scope", "") }, "mine"},
		{"another space's root in a layer", func(d *desk) { d.write("camp/hazards/.ulp-root", "") }, "hazards/.ulp-root"},
		{"a pipe", func(d *desk) {
			d.remove("camp/.ulp-root")
			if err := syscall.Mkfifo(d.path("camp/.ulp-root"), 0o600); err != nil {
				d.t.Fatal(err)
			}
		}, ".ulp-root"},
		{"a link out of the folder", func(d *desk) {
			d.remove("camp/.ulp-root")
			if err := os.Symlink("/dev/zero", d.path("camp/.ulp-root")); err != nil {
				d.t.Fatal(err)
			}
		}, ".ulp-root"},
		{"a file where the folder was", func(d *desk) {
			d.remove("camp")
			d.write("camp", "hello")
		}, "camp"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newDesk(t)
			d.write("camp/.ulp-root", noPrivate)
			d.want(private, "refused policy .ulp-root")
			if problems := d.c.Problems(); len(problems) != 0 {
				t.Errorf("%q", problems)
			}
			tc.spoil(d)
			for range 2 {
				d.clock.move(lookAgain)
				d.want(private, "refused policy .ulp-root")
				d.want(nil, "taken")
			}
			if problems := d.c.Problems(); len(problems) != 1 || !strings.Contains(problems[0], tc.want) || !strings.Contains(problems[0], "camp") {
				t.Errorf("problems %q do not name %s", problems, tc.want)
			}
			d.remove("camp")
			d.clock.move(lookAgain)
			d.want(private, "taken")
			if problems := d.c.Problems(); len(problems) != 0 {
				t.Errorf("mended: %q", problems)
			}
		})
	}
}

// TestABrokenFileFromTheStart opens a kit of whose scope files one is wrong: nothing enters until it is mended.
func TestABrokenFileFromTheStart(t *testing.T) {
	d := newDesk(t)
	d.write("camp/.ulp-root", "unsigned = false\n"+noPrivate)
	d.write("camp/hazards/.ulp-scope", "realm = [")
	d.want(private, "refused scope_file hazards/.ulp-scope")
	d.want(nil, "refused scope_file hazards/.ulp-scope")
	if len(d.c.Problems()) != 1 {
		t.Errorf("%q", d.c.Problems())
	}
	d.write("camp/hazards/.ulp-scope", `realm = "team"`)
	d.clock.move(lookAgain)
	d.want(nil, "refused realm hazards/.ulp-scope")
	if len(d.c.Problems()) != 0 {
		t.Errorf("%q", d.c.Problems())
	}
}

func TestTheSpacesFolderMayBeALink(t *testing.T) {
	d, elsewhere := newDesk(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, ".ulp-root"), []byte(noPrivate), 0o644); err != nil {
		t.Fatal(err)
	}
	d.write("other/.ulp-root", "")
	if err := os.Symlink(elsewhere, d.path("camp")); err != nil {
		t.Fatal(err)
	}
	d.want(private, "refused policy .ulp-root")
}

func TestNoSpaceIsOutsideTheFolderOfSpaces(t *testing.T) {
	d := newDesk(t)
	if err := os.WriteFile(filepath.Join(d.c.Data(), ".ulp-root"), []byte("title = \"the data folder\""), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, space := range []string{"", ".", "..", "../spaces", "/", "camp/..", ".ulp", strings.Repeat("x", 129)} {
		if title := d.c.SpaceRules(space).Root().Title; title != space {
			t.Errorf("%q has the title %q", space, title)
		}
	}
}

func TestAWindowThatAnOperatorOpensVouchesForTimes(t *testing.T) {
	d := newDesk(t)
	old := sign(t, key(2), fields{"timestamp": 1_000_000_000})
	take(t, d.c, old)
	uncertain := func() (yes bool) {
		_, err := d.c.View(t.Context(), "camp", nil, func(c *canvas.Canvas) error {
			yes = c.Node(old.ID).Uncertain
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return yes
	}
	if !uncertain() {
		t.Error("an old time is shown as certain")
	}
	before := stateDigest(t, d.c, "camp", nil)
	d.write("camp/.ulp-root", "[window]\nfrom = 2001-01-01T00:00:00Z\nto = 2002-01-01T00:00:00Z\n")
	d.clock.move(lookAgain)
	if uncertain() {
		t.Error("the space's window holds the time, and it is shown as uncertain")
	}
	if stateDigest(t, d.c, "camp", nil) != before {
		t.Error("a file of this kit changed the state")
	}
	d.remove("camp")
	d.clock.move(lookAgain)
	if !uncertain() {
		t.Error("without the window the time is certain still")
	}
}

func TestASpaceLogRulesTheDoor(t *testing.T) {
	root, admin, writer := key(1), key(3), key(2)
	space := certifiedBy("rhine", root)
	data, clock := t.TempDir(), newTicker()
	c, err := Open(Config{Data: data, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	log := func(by []byte, properties fields) *event.Event {
		n++
		return sign(t, by, fields{"space_id": space, "layer_id": ".ulp", "tile": "z0/x0/y0", "operation": "set_properties", "timestamp": start + n, "properties": properties})
	}
	thing := func(over fields) *event.Event {
		n++
		all := fields{"space_id": space, "timestamp": start + n}
		for name, value := range over {
			all[name] = value
		}
		return sign(t, writer, all)
	}
	words := func(verdicts []door.Verdict) (list []string) {
		for _, v := range verdicts {
			list = append(list, status(v))
		}
		return list
	}
	// In one batch: each event of the log rules those after it.
	batch := []*event.Event{
		thing(private),
		log(writer, fields{"file/.ulp-root": noPrivate}),
		log(root, fields{"file/.ulp-root": "title = \"Rhine\"\n" + noPrivate}),
		thing(private),
		log(admin, fields{"file/hazards/.ulp-scope": `policy = "private"`}),
		log(root, fields{"grant/" + public(admin): fields{"roles": []string{"admin"}}}),
		log(admin, fields{"file/hazards/.ulp-scope": `policy = "private"`}),
		thing(private),
		thing(nil),
		log(root, fields{"file/.ulp-root": "polcy"}),
		unsigned(t, "v0", fields{"space_id": space}),
	}
	want := []string{"taken", "refused space_log built-in", "taken", "refused policy .ulp-root", "refused space_log built-in", "taken", "taken",
		"taken", "refused policy hazards/.ulp-scope", "refused space_log built-in", "refused unsigned built-in"}
	if got := words(admit(t, c, batch...)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("one batch:\n%q, want\n%q", got, want)
	}
	// Files in the data folder are not a certified space's.
	if err := os.MkdirAll(filepath.Join(data, "spaces", space), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "spaces", space, ".ulp-root"), []byte("realm = \"team\""), 0o644); err != nil {
		t.Fatal(err)
	}
	clock.move(lookAgain)
	again := func(want ...string) {
		t.Helper()
		if got := words(admit(t, c, thing(private), thing(nil))); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q, want %q", got, want)
		}
		if title := c.SpaceRules(space).Root().Title; title != "Rhine" {
			t.Errorf("title %q", title)
		}
	}
	again("taken", "refused policy hazards/.ulp-scope")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = open(t, Config{Data: data, Now: clock.now})
	again("taken", "refused policy hazards/.ulp-scope")
	// Each request after it, too.
	take(t, c, log(root, fields{"file/hazards/.ulp-scope": nil}))
	again("refused policy .ulp-root", "taken")
}

func TestGrants(t *testing.T) {
	root, owner, other := key(1), key(2), key(3)
	space := certifiedBy("rhine", root)
	c := open(t, Config{})
	node := sign(t, owner, fields{"space_id": space, "properties": fields{"state": "open"}})
	say := func(at int, value string) *event.Event {
		return sign(t, other, fields{"space_id": space, "timestamp": start + at, "operation": "set_properties", "node_id": node.ID, "properties": fields{"state": value}})
	}
	state := func() (drawn string, claims int) {
		_, err := c.View(t.Context(), space, nil, func(v *canvas.Canvas) error {
			n := v.Node(node.ID)
			drawn, claims = n.Register("property:state").Drawn.Value, len(n.Claims())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return drawn, claims
	}
	take(t, c, node, say(1, "gone"))
	if drawn, claims := state(); drawn != `"open"` || claims != 1 {
		t.Errorf("without a grant: %s, %d claims", drawn, claims)
	}
	grant := func(at int, properties fields) *event.Event {
		return sign(t, root, fields{"space_id": space, "layer_id": ".ulp", "tile": "z0/x0/y0", "operation": "set_properties", "timestamp": start + at, "properties": properties})
	}
	take(t, c, grant(2, fields{"grant/" + public(other): fields{"roles": []string{"write"}, "actors": []string{"user:bob"}}}))
	if drawn, claims := state(); drawn != `"gone"` || claims != 0 {
		t.Errorf("with a grant: %s, %d claims", drawn, claims)
	}
	if !c.SpaceRules(space).Bound(public(other), "user:bob", start) {
		t.Error("the name is not bound")
	}
	take(t, c, say(10, "far gone"), grant(11, fields{"revoke/" + public(other): fields{"since": start + 5}}))
	if drawn, claims := state(); drawn != `"gone"` || claims != 1 {
		t.Errorf("revoked from then on: %s, %d claims", drawn, claims)
	}
}
