package replaybench

import (
	"bytes"
	"testing"

	"fieldkit/kit/canvas"
	"fieldkit/kit/replay"
)

func BenchmarkLoad(b *testing.B) {
	trace, err := TraceIn("bench", events, nodes, 1)
	if err != nil {
		b.Fatal(err)
	}
	folded, err := replay.Read(bytes.NewReader(trace), replay.Options{Trusted: true})
	if err != nil {
		b.Fatal(err)
	}
	c := folded.Canvases["bench"]
	s, _, err := c.Snapshot(c.Tiles()[0], func(string) bool { return true })
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		if err := canvas.New("bench").Load(s); err != nil {
			b.Fatal(err)
		}
	}
}
