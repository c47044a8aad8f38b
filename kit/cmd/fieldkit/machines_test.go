package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fieldkit/kit/demo"
	"fieldkit/kit/event"
	"fieldkit/kit/keyfile"
	"fieldkit/kit/replay/replaybench"
	"fieldkit/kit/store/sample"
)

// otherVariable is the command of the program built for another machine, as "qemu-aarch64-static bin/fieldkit-arm64".
// make determinism sets it.
const otherVariable = "FIELDKIT_OTHER"

// machine runs the program in one of its builds.
type machine struct {
	command []string
	folder  string
}

// run gives what a command says, on stdout and stderr, and its exit code.
func (m machine) run(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	c := exec.Command(m.command[0], append(m.command[1:], args...)...)
	c.Dir = m.folder
	c.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s\n-- exit %d\n%s", out.String(), c.ProcessState.ExitCode(), errs.String())
}

// numbers are spellings of what floating arithmetic gets wrong first.
func numbers(r *rand.Rand) string {
	switch r.IntN(8) {
	case 0:
		return []string{"0.30000000000000004", "-0", "-0.0", "0.1", "1E2", "1e-7", "0.000001", "5e-324", "2.2250738585072014e-308",
			"9007199254740991", "-9007199254740991", "4503599627370497.5", "0.1e1", "333333333.3333333"}[r.IntN(14)]
	case 1:
		return fmt.Sprintf("%.20g", 0.1+float64(r.IntN(100))/7)
	case 2:
		return fmt.Sprintf("%d.%dE-%d", r.IntN(1000), r.IntN(1e9), r.IntN(330))
	default:
		for {
			if f := math.Float64frombits(r.Uint64()); math.Abs(f) <= 1<<53-1 {
				return fmt.Sprintf("%.17g", f)
			}
		}
	}
}

// draft is an event with such numbers wherever one may stand.
func numericDraft(r *rand.Rand, i int, of string) string {
	head := fmt.Sprintf(`{"timestamp":%d,"space_id":"numbers","layer_id":"a","previous_events":[],
		"preserves_invariants":["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"],
		"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"public"},`, 1781300000+i/3)
	degrees := func(limit float64) string { return fmt.Sprintf("%.7f", (r.Float64()*2-1)*limit) }
	position := func() string { return "[" + degrees(180) + "," + degrees(85) + "," + degrees(9000) + "]" }
	switch {
	case of == "" || r.IntN(4) == 0:
		return head + fmt.Sprintf(`"operation":"create_node","transform":{"position":%s,"rotation":[%s,%s,%s,%s],"scale":[%s]},"properties":{"a":%s,"b":[%s,{"c":%s}]}}`,
			position(), numbers(r), numbers(r), numbers(r), numbers(r), numbers(r), numbers(r), numbers(r), numbers(r))
	case r.IntN(3) == 0:
		return head + fmt.Sprintf(`"operation":"sensor_reading","sensor":"s%d","value":%s,"tile":"z14/x8625/y5753"}`, r.IntN(5), numbers(r))
	case r.IntN(2) == 0:
		return head + fmt.Sprintf(`"operation":"set_geometry","node_id":%q,"tile":"z14/x8625/y5753","geometry":{"type":"LineString","coordinates":[%s,%s]}}`, of, position(), position())
	default:
		return head + fmt.Sprintf(`"operation":"set_properties","node_id":%q,"tile":"z14/x8625/y5753","properties":{"a":%s,"x":%s}}`, of, numbers(r), numbers(r))
	}
}

// traces are sets of events, a line each, by name.
func traces(t *testing.T) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	var lines bytes.Buffer
	if err := demo.Events(func(e *event.Event) error { lines.WriteString(e.Text + "\n"); return nil }); err != nil {
		t.Fatal(err)
	}
	all["demo"] = bytes.Clone(lines.Bytes())
	files, err := filepath.Glob("../../testdata/vectors/canvas/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	for _, file := range files {
		var v struct{ Events []json.RawMessage }
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &v)
		}
		if err != nil {
			t.Fatal(err)
		}
		lines.Reset()
		for _, e := range v.Events {
			if err := json.Compact(&lines, e); err != nil {
				t.Fatal(err)
			}
			lines.WriteByte('\n')
		}
		all["vector "+filepath.Base(file)] = bytes.Clone(lines.Bytes())
	}
	if all["bench"], err = replaybench.Trace("bench", 1000, 100); err != nil {
		t.Fatal(err)
	}
	all["sample"] = bytes.Join(sample.Lines(sample.Events(5200, sample.Options{Seed: 9})), []byte{'\n'})
	lines.Reset()
	r := rand.New(rand.NewPCG(1, 2))
	signers := []*event.Signer{event.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))), event.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32)))}
	node := ""
	for i := range 1500 {
		e, err := signers[r.IntN(2)].Sign([]byte(numericDraft(r, i, node)))
		if err != nil {
			t.Fatal(err)
		}
		if e.Operation == event.CreateNode {
			node = e.ID
		}
		lines.WriteString(e.Text + "\n")
	}
	all["numbers"] = bytes.Clone(lines.Bytes())
	return all
}

// TestTwoMachinesAgree gives one program, built for two machines, the same traces: canonical bytes, ids, signatures, state,
// digests and what a store holds must be the same bytes. By default the second is this one again, so that the test itself
// is tried everywhere.
func TestTwoMachinesAgree(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	here := machine{folder: t.TempDir()}
	program := filepath.Join(here.folder, "fieldkit")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	here.command = []string{program}
	there := machine{command: here.command, folder: t.TempDir()}
	only := func(name string) bool { return strings.HasPrefix(name, "vector") }
	if other := strings.Fields(os.Getenv(otherVariable)); len(other) > 0 {
		there.command = other
		only = func(string) bool { return true }
	}
	key := filepath.Join(here.folder, "me.key")
	if _, err := keyfile.Create(key); err != nil {
		t.Fatal(err)
	}
	compared, size := 0, 0
	agree := func(stdin []byte, args ...string) {
		t.Helper()
		a, b := here.run(t, stdin, args...), there.run(t, stdin, args...)
		compared++
		size += len(a)
		if a != b {
			at := 0
			for at < min(len(a), len(b)) && a[at] == b[at] {
				at++
			}
			from := max(0, at-60)
			t.Errorf("%s: differs at byte %d:\n%s\n%s", strings.Join(args, " "), at, a[from:min(len(a), at+60)], b[from:min(len(b), at+60)])
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	var drafts, values bytes.Buffer
	for i := range 300 {
		drafts.WriteString(strings.ReplaceAll(numericDraft(r, i, ""), "\n", "") + "\n")
	}
	for range 20_000 {
		values.WriteString(numbers(r) + "\n")
	}
	values.WriteString("1e21\n123456789012345680000\n1.7976931348623157e308\n")
	agree(values.Bytes(), "event", "canon")
	agree(drafts.Bytes(), "event", "canon")
	agree(drafts.Bytes(), "event", "sign", "--key", key)
	for name, trace := range traces(t) {
		if !only(name) {
			continue
		}
		agree(trace, "replay")
		if len(trace) < 2<<20 { // an emulated machine is slow, with signatures above all
			agree(trace, "event", "id")
			agree(trace, "replay", "--digest")
			agree(trace, "replay", "--digest", "--at", "1781316000")
		}
		data := strings.ReplaceAll(name, " ", "-")
		agree(trace, "append", "--data", data)
		agree(nil, "digest", "--data", data)
		spaces := make(map[string]bool)
		for line := range bytes.Lines(trace) {
			e, err := event.Parse(bytes.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			spaces[e.Space] = true
		}
		for space := range spaces {
			agree(nil, "digest", "--data", data, "--space", space)
			agree(nil, "state", "--data", data, "--space", space, "--format", "canonical")
			agree(nil, "state", "--data", data, "--space", space, "--format", "geojson")
		}
	}
	t.Logf("%d answers compared, %d bytes: %s against %s", compared, size, here.command, there.command)
}
