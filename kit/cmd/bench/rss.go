package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fieldkit/kit/coordinator"
	"fieldkit/kit/replay/replaybench"
)

const (
	rssEvents = 100_000
	rssNodes  = 10_000
	rssLimit  = 120 // MiB
)

// rss measures the resident memory of a serving kit with 100,000 events, after it has folded them and answered: the
// binary as a process, VmRSS of /proc.
func rss(ctx context.Context) (result, error) {
	r := result{Name: "rss", Unit: "MiB", Limit: rssLimit, Goal: 1}
	dir, err := os.MkdirTemp("", "fieldkit-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	data := filepath.Join(dir, "data")
	if err := fill(ctx, data, rssEvents, rssNodes); err != nil {
		return r, err
	}
	binary, err := buildKit(ctx, dir)
	if err != nil {
		return r, err
	}
	const address = "127.0.0.1:18089"
	kit := exec.CommandContext(ctx, binary, "serve", "--data", data, "--listen", address)
	if err := kit.Start(); err != nil {
		return r, err
	}
	defer func() { kit.Process.Kill(); kit.Wait() }()
	for _, path := range []string{"/healthz", "/api/v1/spaces", "/api/v1/spaces/bench/state?bbox=9.5,47,9.6,47.3", "/api/v1/digests", "/"} {
		if err := get(ctx, "http://"+address+path); err != nil {
			return r, err
		}
	}
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		resident, err := residentMiB(kit.Process.Pid)
		if err != nil {
			return r, err
		}
		r.Value = max(r.Value, resident)
	}
	r.Ratio = r.Value / r.Limit
	r.OK = r.Ratio <= r.Goal
	return r, nil
}

// buildKit builds the binary into dir.
func buildKit(ctx context.Context, dir string) (binary string, err error) {
	binary = filepath.Join(dir, "fieldkit")
	build := exec.CommandContext(ctx, "go", "build", "-tags=sqlite_omit_load_extension", "-trimpath", "-o", binary, "./kit/cmd/fieldkit")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
}

// fill puts events on so many things into a data folder through the door.
func fill(ctx context.Context, data string, events, nodes int) error {
	trace, err := replaybench.Trace("bench", events, nodes)
	if err != nil {
		return err
	}
	kit, err := coordinator.Open(coordinator.Config{Data: data})
	if err != nil {
		return err
	}
	defer kit.Close()
	return admit(ctx, kit, bytes.Split(bytes.TrimSpace(trace), []byte{'\n'}))
}

// admit hands events in at the door.
func admit(ctx context.Context, kit *coordinator.Coordinator, lines [][]byte) error {
	for len(lines) > 0 {
		n := min(1000, len(lines))
		verdicts, err := kit.Admit(ctx, lines[:n])
		if err != nil {
			return err
		}
		for _, v := range verdicts {
			if v.Message != "" {
				return fmt.Errorf("refused: %s", v.Message)
			}
		}
		lines = lines[n:]
	}
	return nil
}

// get asks until the kit answers.
func get(ctx context.Context, url string) error {
	for try := 0; ; try++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			if try == 100 {
				return err
			}
			time.Sleep(100 * time.Millisecond)
			continue
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, response.Status)
		}
		return nil
	}
}

func residentMiB(pid int) (float64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("/proc has no VmRSS")
	}
	kib, err := strconv.ParseFloat(fields[0], 64)
	return kib / 1024, err
}
