package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"fieldkit/kit/api"
	"fieldkit/kit/coordinator"
	"fieldkit/kit/projector/mvt/mvtbench"
	"fieldkit/maps/tile"
	"fieldkit/maps/tileserver/tilebench"
)

const cachedGoal = 0.8

// cached measures tiles of a space of 10,000 things that the kit keeps, over HTTP, against those of a map pack.
func cached(ctx context.Context) (any, error) {
	dir, err := os.MkdirTemp("", "fieldkit-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	kit, err := coordinator.Open(coordinator.Config{Data: filepath.Join(dir, "data")})
	if err != nil {
		return nil, err
	}
	defer kit.Close()
	lines, err := mvtbench.Events("bench", 10_000)
	if err != nil {
		return nil, err
	}
	for len(lines) > 0 {
		n := min(1000, len(lines))
		verdicts, err := kit.Admit(ctx, lines[:n])
		if err != nil {
			return nil, err
		}
		for _, v := range verdicts {
			if v.Message != "" {
				return nil, fmt.Errorf("refused: %s", v.Message)
			}
		}
		lines = lines[n:]
	}
	var paths []string
	for z := range uint8(16) {
		middle := tile.At(mvtbench.Lon, mvtbench.Lat, z)
		for _, at := range append(middle.Neighbours(), middle) {
			if t, _, err := kit.Tile(ctx, "bench", nil, at, mvtbench.Options); err != nil {
				return nil, err
			} else if t.Zipped != nil {
				paths = append(paths, "/api/v1/spaces/bench/tiles/"+at.Plain()+"?groups=space")
			}
		}
	}
	var handler http.Handler = api.New(kit, api.Config{ReadsPerSecond: 1e9, ReadBurst: 1e9})
	return tilebench.Against(ctx, "mvt-cached", cachedGoal, handler, paths)
}
