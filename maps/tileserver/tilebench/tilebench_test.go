package tilebench

import (
	"context"
	"testing"
	"time"
)

// The report must hold together. Whether the goal is met is for the benchmark: a test beside others cannot tell.
func TestRun(t *testing.T) {
	result, err := run(context.Background(), 1, 2, 25*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if result.Name != "tiles" || result.Value <= 0 || result.Limit <= 0 || result.Ratio != result.Value/result.Limit ||
		result.Goal != 0.9 || result.OK != (result.Ratio >= result.Goal) {
		t.Errorf("%+v", result)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if result, err := run(ctx, 1, 1, time.Minute); err == nil {
		t.Errorf("%+v", result)
	}
}
