package main

import (
	"bytes"
	"io"
	"math/rand"
	"net/http"
	"os"
	"os/exec"
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
