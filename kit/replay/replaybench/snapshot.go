package replaybench

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/klauspost/compress/zstd"

	"fieldkit/kit/canvas"
	"fieldkit/kit/replay"
)

// RunSnapshot measures loading the snapshot of a tile, from its file to a canvas that goes on from it, against the replay of
// the events that made it; and the size of the file against the canonical state's under the same zstd.
func RunSnapshot(ctx context.Context) (load, size Result, err error) {
	load = Result{Name: "snapshot-load", Unit: "ms", Goal: 20}
	size = Result{Name: "snapshot-size", Unit: "bytes", Goal: 2.5}
	trace, err := TraceIn("bench", events, nodes, 1)
	if err != nil {
		return load, size, err
	}
	folded, err := replay.Read(bytes.NewReader(trace), replay.Options{Trusted: true})
	if err != nil {
		return load, size, err
	}
	c := folded.Canvases["bench"]
	at := c.Tiles()[0]
	s, ok, err := c.Snapshot(at, func(string) bool { return true })
	if err != nil || !ok {
		return load, size, errors.Join(err, errors.New("no snapshot"))
	}
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return load, size, err
	}
	size.Value, size.Limit = float64(len(s.File)), float64(len(pack.EncodeAll(c.TileState(at), nil)))
	size.Ratio = size.Value / size.Limit
	size.OK = size.Ratio <= size.Goal
	want := c.Digest()
	var loads, replays, ratios []float64
	for range pairs {
		if err := ctx.Err(); err != nil {
			return load, size, err
		}
		perSecond, err := fold(trace)
		if err != nil {
			return load, size, err
		}
		runtime.GC()
		began := time.Now()
		loaded, hashed := canvas.New("bench"), canvas.Snapshot{File: s.File}
		if hashed.Hash() != s.Hash() {
			return load, size, errors.New("the file is another")
		}
		if err := loaded.Load(hashed); err != nil {
			return load, size, err
		}
		took := time.Since(began).Seconds()
		if loaded.Digest() != want {
			return load, size, errors.New("the loaded state is another")
		}
		replayed := events / perSecond
		loads, replays, ratios = append(loads, 1000*took), append(replays, 1000*replayed), append(ratios, replayed/took)
	}
	load.Value, load.Limit, load.Ratio = median(loads), median(replays), median(ratios)
	load.OK = load.Ratio >= load.Goal
	return load, size, nil
}
