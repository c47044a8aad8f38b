package replaybench

import (
	"bytes"
	"context"
	"testing"

	"fieldkit/kit/replay"
)

func TestTraceFoldsWhole(t *testing.T) {
	trace, err := Trace("bench", 500, 50)
	if err != nil {
		t.Fatal(err)
	}
	folded, err := replay.Read(bytes.NewReader(trace), replay.Options{})
	if err != nil || folded.Events != 500 || folded.Refused != 0 {
		t.Fatalf("%d events, %d refused, %v", folded.Events, folded.Refused, err)
	}
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		r, err := Run(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%+v", r)
	}
}
