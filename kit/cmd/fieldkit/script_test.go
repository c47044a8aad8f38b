package main

import (
	"bytes"
	"io"
	"math/rand"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are what scripts can do beside running fieldkit.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"shuffle":   shuffle,
		"lines":     countLines,
		"exitcode":  exitCode,
		"get":       get,
		"post":      post,
		"send":      send,
		"waitfor":   waitFor,
		"crash":     crash,
		"longline":  longLine,
		"sameas":    sameAs,
		"duplicate": duplicate,
		"flip":      flip,
		"lastline":  lastLine,

		"speccommands": specCommands,
		"replace":      replace,
		"noise":        noise,
		"noise-photo":  noisePhoto,
	}
}

func read(ts *testscript.TestScript, path string) string {
	if path == "stdout" || path == "stderr" {
		return ts.ReadFile(path)
	}
	return ts.ReadFile(ts.MkAbs(path))
}

func write(ts *testscript.TestScript, path, text string) {
	ts.Check(os.WriteFile(ts.MkAbs(path), []byte(text), 0o644))
}

// shuffle FILE INTO puts a file's lines in another order.
func shuffle(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.SplitAfter(read(ts, args[0]), "\n")
	rand.New(rand.NewSource(1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	write(ts, args[1], strings.Join(lines, ""))
}

// duplicate FILE INTO writes a file twice over.
func duplicate(ts *testscript.TestScript, _ bool, args []string) {
	write(ts, args[1], read(ts, args[0])+read(ts, args[0]))
}

// lines FILE N holds a file to N lines.
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	n := strings.Count(read(ts, args[0]), "\n")
	if (args[1] == itoa(n)) == neg {
		ts.Fatalf("%s has %d lines", args[0], n)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// exitcode N COMMAND… runs a command and holds it to its exit code; ! is not for it. Its stdin is the file stdin.txt
// where there is one.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	c := exec.Command(args[1], args[2:]...)
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "FIELDKIT_DATA=", "PATH="+ts.Getenv("PATH"))
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if in, err := os.Open(ts.MkAbs("stdin.txt")); err == nil {
		defer in.Close()
		c.Stdin = in
	}
	_ = c.Run()
	write(ts, "out.txt", out.String())
	write(ts, "err.txt", errs.String())
	if got := itoa(c.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("exit code %s, want %s\n%s\n%s", got, args[0], out.String(), errs.String())
	}
}

// get URL INTO fetches, and post URL FILE INTO hands in.
func get(ts *testscript.TestScript, _ bool, args []string) {
	response, err := http.Get(args[0])
	ts.Check(err)
	keep(ts, response, args[1])
}

func post(ts *testscript.TestScript, _ bool, args []string) {
	response, err := http.Post(args[0], "application/x-ndjson", strings.NewReader(read(ts, args[1])))
	ts.Check(err)
	keep(ts, response, args[2])
}

// send METHOD URL FILE STATUS INTO makes a request with a file as its body and holds the answer to its status.
func send(ts *testscript.TestScript, _ bool, args []string) {
	request, err := http.NewRequest(args[0], args[1], strings.NewReader(read(ts, args[2])))
	ts.Check(err)
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	keep(ts, response, args[4])
	if itoa(response.StatusCode) != args[3] {
		ts.Fatalf("%s %s: %s, want %s\n%s", args[0], args[1], response.Status, args[3], read(ts, args[4]))
	}
}

func keep(ts *testscript.TestScript, response *http.Response, path string) {
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	ts.Check(err)
	write(ts, path, string(text))
}

// waitfor URL waits until somebody answers.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for range 200 {
		if response, err := http.Get(args[0]); err == nil {
			response.Body.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("nobody answers at %s", args[0])
}

// crash kills the background commands with -9.
func crash(ts *testscript.TestScript, _ bool, _ []string) {
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Kill())
	}
}

// longline FILE N LAST writes a line of N bytes, then the file LAST.
func longLine(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for _, c := range args[1] {
		n = n*10 + int(c-'0')
	}
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	chunk := bytes.Repeat([]byte{'x'}, 1<<20)
	for n > 0 {
		m := min(n, len(chunk))
		_, err := f.Write(chunk[:m])
		ts.Check(err)
		n -= m
	}
	_, err = f.WriteString("\n" + read(ts, args[2]))
	ts.Check(err)
}

// sameas FILE FILE holds two files to the same content.
func sameAs(ts *testscript.TestScript, neg bool, args []string) {
	if (read(ts, args[0]) == read(ts, args[1])) == neg {
		ts.Fatalf("%s:\n%s\n%s:\n%s", args[0], read(ts, args[0]), args[1], read(ts, args[1]))
	}
}

// flip FILE changes a byte in the middle of a file.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	text := []byte(read(ts, args[0]))
	text[len(text)/2] ^= 1
	write(ts, args[0], string(text))
}

// lastline FILE INTO writes the last line of a file.
func lastLine(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.SplitAfter(read(ts, args[0]), "\n")
	write(ts, args[1], lines[max(0, len(lines)-2)])
}

// speccommands INTO writes the commands by which SPEC.md says that a directory is verified: the indented lines that begin with
// sha256sum.
func specCommands(ts *testscript.TestScript, _ bool, args []string) {
	spec, err := os.ReadFile(specPath)
	ts.Check(err)
	_, rest, found := strings.Cut(string(spec), "\n    sha256sum ")
	if !found {
		ts.Fatalf("SPEC.md has no commands")
	}
	script := "sha256sum "
	for line := range strings.Lines(rest) {
		if script != "sha256sum " && !strings.HasPrefix(line, "    ") {
			break
		}
		script += strings.TrimPrefix(line, "    ")
	}
	if n := strings.Count(script, "\n"); n < 5 {
		ts.Fatalf("SPEC.md has only %d lines of commands", n)
	}
	write(ts, args[0], script)
}

// specPath is that of SPEC.md, which scripts run elsewhere than.
var specPath = func() string {
	path, err := filepath.Abs("../../SPEC.md")
	if err != nil {
		panic(err)
	}
	return path
}()

// replace FILE OLD NEW puts other bytes in the place of the first that are OLD, as damage does: within the file.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	at := strings.Index(read(ts, args[0]), args[1])
	if at < 0 || len(args[1]) != len(args[2]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteAt([]byte(args[2]), int64(at))
	ts.Check(err)
	ts.Check(f.Close())
}

// noise FILE N overwrites N places of a file with random bytes, always the same.
func noise(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := []byte(read(ts, args[0]))
	random := rand.New(rand.NewSource(1))
	for range n {
		at := random.Intn(len(text) - 64)
		random.Read(text[at : at+1+random.Intn(63)])
	}
	write(ts, args[0], string(text))
}

// noisePhoto DATA changes a byte of the largest file that a kit keeps of its media.
func noisePhoto(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "objects", "sha256", "*", "*"))
	ts.Check(err)
	largest, size := "", int64(0)
	for _, name := range files {
		info, err := os.Stat(name)
		ts.Check(err)
		if info.Size() > size {
			largest, size = name, info.Size()
		}
	}
	if largest == "" {
		ts.Fatalf("%s keeps no media", args[0])
	}
	text, err := os.ReadFile(largest)
	ts.Check(err)
	text[len(text)/2] ^= 1
	ts.Check(os.WriteFile(largest, text, 0o644))
}
