package mvtbench

import (
	"context"
	"testing"
	"time"
)

// The report must hold together. Whether the goal is met is for the benchmark: a test beside others cannot tell.
func TestRun(t *testing.T) {
	result, err := run(context.Background(), 1, 2, 5*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if result.Name != "mvt" || result.Value <= 0 || result.Limit <= 0 || result.Ratio != result.Value/result.Limit || result.OK != (result.Ratio >= goal) {
		t.Errorf("%+v", result)
	}
}

func TestEvents(t *testing.T) {
	lines, err := Events("bench", 50)
	if err != nil || len(lines) != 50 {
		t.Fatal(len(lines), err)
	}
}
