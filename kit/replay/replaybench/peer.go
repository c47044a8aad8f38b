package replaybench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"fieldkit/kit/replay"
)

// A PeerResult is a Result whose limit is that of another library.
type PeerResult struct {
	Result
	// Loro is what Loro needs to import all in one batch, in the unit of Value: the next goal.
	Loro float64 `json:"loro_batch"`
}

// RunPeer measures the CPU of replaying the trace, parsing it among it, against what Yjs needs to apply the same operations one by
// one, and Loro as a batch. Neither side checks signatures. It needs node and the page's node_modules.
func RunPeer(ctx context.Context) (PeerResult, error) {
	r := PeerResult{Result: Result{Name: "replay-cpu", Unit: "ms of CPU", Goal: 1}}
	trace, err := Trace("bench", events, nodes)
	if err != nil {
		return r, err
	}
	var ours, yjs, loro, ratios []float64
	for range pairs {
		a, err := foldCPU(trace)
		if err != nil {
			return r, err
		}
		peer, err := peers(ctx, trace)
		if err != nil {
			return r, err
		}
		ours, yjs, loro, ratios = append(ours, a), append(yjs, peer.Yjs), append(loro, peer.Loro), append(ratios, a/peer.Yjs)
	}
	r.Value, r.Limit, r.Loro, r.Ratio = median(ours), median(yjs), median(loro), median(ratios)
	r.OK = r.Ratio <= r.Goal
	return r, nil
}

// foldCPU is what one replay takes, in milliseconds of CPU of all threads.
func foldCPU(trace []byte) (float64, error) {
	runtime.GC()
	before, err := usage()
	if err != nil {
		return 0, err
	}
	t, err := replay.Read(bytes.NewReader(trace), replay.Options{Trusted: true})
	if err != nil {
		return 0, err
	}
	after, err := usage()
	if t.Events != events || t.Refused != 0 {
		err = errors.Join(err, fmt.Errorf("replay: %d events folded, %d refused", t.Events, t.Refused))
	}
	return float64((after - before).Microseconds()) / 1000, err
}

// usage is the CPU time of this process so far.
func usage() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

type peerTimes struct {
	Yjs        float64 `json:"yjs"`
	Loro       float64 `json:"loro"`
	Operations int     `json:"operations"`
}

func peers(ctx context.Context, trace []byte) (t peerTimes, err error) {
	node := exec.CommandContext(ctx, "node", "--expose-gc", "tools/crdtbench.mjs")
	node.Dir, node.Stdin, node.Stderr = "dashboard", bytes.NewReader(trace), os.Stderr
	out, err := node.Output()
	if err != nil {
		return t, fmt.Errorf("dashboard/tools/crdtbench.mjs: %w", err)
	}
	if err := json.Unmarshal(out, &t); err != nil {
		return t, err
	}
	if t.Operations != events {
		err = fmt.Errorf("the peers did %d operations", t.Operations)
	}
	return t, err
}
