package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/kit/store"
	"fieldkit/maps/tile"
)

// saved is a tile of a checkpoint with a file that says its name; of no events for one that takes no snapshot.
func saved(at tile.Tile, seq int64, events int) store.CheckpointTile {
	t := store.CheckpointTile{Seq: seq}
	t.Tile = at
	if events > 0 {
		t.File = fmt.Appendf(nil, "%s with %d events", at, events)
		t.Hash, t.State = sha256.Sum256(t.File), sha256.Sum256([]byte(at.String()))
		t.Event, t.Clock, t.Events, t.Uncertain = "evt-001", event.Clock{T: 5, D: 1}, events, []byte{1, 2}
	}
	return t
}

// contents tells what a checkpoint holds.
func contents(s Keeper, one store.Checkpoint) (text string, ok bool, err error) {
	ok, err = s.LoadCheckpoint(context.Background(), one, func(t store.CheckpointTile) error {
		text += fmt.Sprintf("%s %d %q %d %v; ", t.Tile, t.Seq, t.File, t.Events, t.Uncertain)
		return nil
	})
	return text, ok, err
}

func testCheckpoints(t *testing.T, open Open) {
	f := newFixture(t, open)
	spread(f)
	ctx := context.Background()
	const space = "rhine-flood"
	a, b, c := tile.Tile{Z: 14, X: 1, Y: 1}, tile.Tile{Z: 14, X: 2, Y: 1}, tile.Tile{}
	save := func(at, seq int64, onto *store.Checkpoint, tiles ...store.CheckpointTile) store.Checkpoint {
		t.Helper()
		one, err := f.SaveCheckpoint(ctx, store.Checkpoint{Space: space, At: at, Seq: seq, Rules: "r", Timeline: []byte{byte(seq)}}, onto, tiles)
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
	check := func(one store.Checkpoint, want ...store.CheckpointTile) {
		t.Helper()
		text := ""
		for _, w := range want {
			text += fmt.Sprintf("%s %d %q %d %v; ", w.Tile, w.Seq, w.File, w.Events, w.Uncertain)
		}
		if got, ok, err := contents(f.Store, one); err != nil || !ok || got != text {
			t.Errorf("%v, %v:\n%s\nwant\n%s", ok, err, got, text)
		}
	}
	names := func(at tile.Tile) (files string) {
		list, err := f.Snapshots(ctx, space, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			if p.Hash != sha256.Sum256(p.File) || p.Tile != at {
				t.Errorf("%s is not what it says", p.Hash)
			}
			files += fmt.Sprint(p.Events, " ")
		}
		return files
	}
	const end = event.MaxTimestamp
	head := save(end, 10, nil, saved(a, 10, 3), saved(b, 12, 4), saved(c, 10, 0))
	check(head, saved(a, 10, 3), saved(b, 12, 4), saved(c, 10, 0))
	next := save(end, 20, &head, saved(b, 20, 5))
	check(next, saved(a, 10, 3), saved(b, 20, 5), saved(c, 10, 0))
	if _, ok, err := contents(f.Store, head); ok || err != nil {
		t.Errorf("a checkpoint that was replaced is loaded: %v, %v", ok, err)
	}
	if _, err := f.SaveCheckpoint(ctx, store.Checkpoint{Space: space, At: end, Seq: 30}, &head, nil); !errors.Is(err, store.ErrReplaced) {
		t.Errorf("a checkpoint that was replaced is gone on from: %v", err)
	}
	early := save(1000, 20, nil, saved(a, 20, 1))
	later := save(2000, 20, &early, saved(b, 20, 2))
	check(later, saved(a, 20, 1), saved(b, 20, 2))
	if got := names(a) + "| " + names(b) + "| " + names(c); got != "1 3 | 2 5 | " {
		t.Errorf("snapshots %s", got)
	}
	// What is here is named by its hash alone.
	named := saved(a, 20, 1)
	named.File = nil
	check(save(3000, 21, nil, named), saved(a, 20, 1))
	named.Hash[0]++
	if _, err := f.SaveCheckpoint(ctx, store.Checkpoint{Space: space, At: 4000}, nil, []store.CheckpointTile{named}); err == nil {
		t.Error("a snapshot that is not here is named")
	}
	if _, err := f.SaveCheckpoint(ctx, store.Checkpoint{Space: "nowhere", At: 4000}, nil, nil); err == nil {
		t.Error("a checkpoint of a space that has no events")
	}
	f.reopen()
	list, err := f.Checkpoints(ctx, space)
	if err != nil || len(list) != 4 {
		t.Fatalf("%d checkpoints, %v", len(list), err)
	}
	for i, at := range []int64{1000, 2000, 3000, end} {
		if one := list[i]; one.At != at || one.Rules != "r" || one.Space != space || !bytes.Equal(one.Timeline, []byte{byte(one.Seq)}) {
			t.Errorf("%+v", one)
		}
	}
	check(list[3], saved(a, 10, 3), saved(b, 20, 5), saved(c, 10, 0))
	var problems []string
	if err := f.Check(ctx, func(p string) { problems = append(problems, p) }); err != nil || len(problems) != 4 {
		t.Errorf("of four files that are no snapshots a check says %q, %v", problems, err)
	}
	if err := f.DropCheckpoints(ctx, list[:3]); err != nil {
		t.Fatal(err)
	}
	if got := names(a) + "| " + names(b); got != "3 | 5 " {
		t.Errorf("snapshots %s", got)
	}
	if list, err = f.Checkpoints(ctx, "camp.b"); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// saveAndLoad saves a checkpoint onto the one before, and loads it. A step that was done though it was reported lost may have
// replaced the one before.
func saveAndLoad(s Keeper, e *event.Event) error {
	ctx := context.Background()
	list, err := s.Checkpoints(ctx, e.Space)
	if err != nil {
		return err
	}
	var onto *store.Checkpoint
	seq := int64(1)
	if len(list) > 0 {
		onto = &list[len(list)-1]
		seq = onto.Seq + 1
	}
	one := store.Checkpoint{Space: e.Space, At: event.MaxTimestamp, Seq: seq, Rules: "r"}
	if one, err = s.SaveCheckpoint(ctx, one, onto, []store.CheckpointTile{saved(e.Tile, seq, int(seq))}); err != nil {
		return err
	}
	want := saved(e.Tile, seq, int(seq))
	text, ok, err := contents(s, one)
	if err == nil && (!ok || text != fmt.Sprintf("%s %d %q %d %v; ", want.Tile, want.Seq, want.File, want.Events, want.Uncertain)) {
		err = fmt.Errorf("the checkpoint holds %s", text)
	}
	if err != nil {
		return err
	}
	// What is in it is no snapshot, as a check would find.
	if list, err = s.Checkpoints(ctx, e.Space); err != nil {
		return err
	}
	return s.DropCheckpoints(ctx, list)
}
