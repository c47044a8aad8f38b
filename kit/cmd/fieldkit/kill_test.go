package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"fieldkit/kit/replay/replaybench"
)

const (
	killEvents = 10_000
	kills      = 50
)

// process is the program as a process: this test's own binary under the program's name.
type process struct {
	cmd     *exec.Cmd
	address string
}

// launchKit starts it and does not wait for it to come up.
func launchKit(t *testing.T, data string, stderr io.Writer) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(data), "fieldkit")
	if err := os.Symlink(self, program); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	if built := os.Getenv("FIELDKIT_BIN"); built != "" {
		program = built
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	p := &process{exec.Command(program, "serve", "--data", data, "--listen", address), "http://" + address}
	p.cmd.Stderr = stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

func startKit(t *testing.T, data string) *process {
	t.Helper()
	var errs bytes.Buffer
	p := launchKit(t, data, &errs)
	for range 400 {
		if response, err := http.Get(p.address + "/healthz"); err == nil {
			response.Body.Close()
			return p
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("the kit does not come up: %s", errs.String())
	return nil
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// post hands lines in; it reports whether all were acknowledged.
func (p *process) post(lines [][]byte) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address+"/api/v1/events", bytes.NewReader(bytes.Join(lines, []byte{'\n'})))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var out struct{ Taken, Known int }
	return response.StatusCode == http.StatusOK && json.NewDecoder(response.Body).Decode(&out) == nil && out.Taken+out.Known == len(lines)
}

func (p *process) get(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get(p.address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, response.Status, err)
	}
	return string(text)
}

// TestKilledKitHoldsTheSameWorld feeds two kits the same events in different orders; one is killed 50 times meanwhile.
func TestKilledKitHoldsTheSameWorld(t *testing.T) {
	trace, err := replaybench.Trace("bench", killEvents, 1000)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(trace), []byte{'\n'})
	calm := startKit(t, filepath.Join(t.TempDir(), "calm"))
	for at := 0; at < len(lines); at += 1000 {
		if !calm.post(lines[at : at+1000]) {
			t.Fatal("the calm kit did not take them")
		}
	}
	random := rand.New(rand.NewSource(1))
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	data := filepath.Join(t.TempDir(), "killed")
	const batch = killEvents / kills
	next := 0
	for round := range kills {
		kit := startKit(t, data)
		delay := time.Duration(random.Intn(60)) * time.Millisecond
		done := make(chan struct{})
		go func() {
			time.Sleep(delay)
			kit.cmd.Process.Kill()
			close(done)
		}()
		for next < len(lines) && kit.post(lines[next:min(next+batch, len(lines))]) {
			next = min(next+batch, len(lines))
		}
		<-done
		kit.cmd.Wait()
		if round == 0 && next == len(lines) {
			t.Fatal("it was killed too late to show anything")
		}
	}
	kit := startKit(t, data)
	var acknowledged struct{ Events int }
	if err := json.Unmarshal([]byte(kit.get(t, "/api/v1/status")), &acknowledged); err != nil || acknowledged.Events < next {
		t.Fatalf("%d events are there, %d were acknowledged (%v)", acknowledged.Events, next, err)
	}
	for next < len(lines) {
		if !kit.post(lines[next:min(next+batch, len(lines))]) {
			t.Fatal("the killed kit does not take the rest")
		}
		next = min(next+batch, len(lines))
	}
	a, b := calm.get(t, "/api/v1/digests"), kit.get(t, "/api/v1/digests")
	if a != b {
		t.Errorf("two worlds:\n%s\n%s", a, b)
	}
	a, b = calm.get(t, "/api/v1/spaces/bench/state?format=canonical"), kit.get(t, "/api/v1/spaces/bench/state?format=canonical")
	if a != b {
		t.Error("two states")
	}
	if want := fmt.Sprintf(`"count":%d`, killEvents); !bytes.Contains([]byte(calm.get(t, "/api/v1/digests")), []byte(want)) {
		t.Errorf("not %s events: %s", want, calm.get(t, "/api/v1/digests"))
	}
}
