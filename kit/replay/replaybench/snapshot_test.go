package replaybench

import (
	"context"
	"testing"
)

func BenchmarkSnapshot(b *testing.B) {
	for b.Loop() {
		load, size, err := RunSnapshot(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%+v\n%+v", load, size)
	}
}
