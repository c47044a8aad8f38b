package coordinator

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fieldkit/kit/blob"
	"fieldkit/kit/event"
)

// drawn is a PNG of a size.
func drawn(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func fileOf(h blob.Hash, kind string, size int) fields {
	return fields{"hash": h.String(), "type": kind, "size": size}
}

func TestWithdrawnWithWhatOthersMadeOfIt(t *testing.T) {
	root, other, stranger := key(1), key(2), key(3)
	c := open(t, Config{})
	c.KeepMedia()
	space := certifiedBy("valley", root)
	take(t, c, sign(t, root, fields{"space_id": space, "layer_id": ".ulp", "tile": "z0/x0/y0", "operation": "set_properties",
		"properties": fields{"grant/" + public(other): fields{"roles": []string{"kit"}}}}))
	node := sign(t, stranger, fields{"space_id": space})
	data := drawn(t, 400)
	h := blob.Hash(sha256.Sum256(data))
	named := sign(t, stranger, fields{"space_id": space, "operation": "set_media", "node_id": node.ID, "timestamp": start + 1,
		"previous_events": []string{node.ID}, "media": fileOf(h, "image/png", len(data))})
	take(t, c, node, named)
	// Two say what they made of it: a kit, and one who names a picture that nobody wants withdrawn.
	made, innocent := blob.Hash(sha256.Sum256([]byte("made"))), blob.Hash(sha256.Sum256([]byte("innocent")))
	derived := fields{"realm": "public", "authority": "derived", "boundary": "interior", "policy": "public"}
	say := func(by ed25519.PrivateKey, what blob.Hash) *event.Event {
		return sign(t, by, fields{"space_id": space, "operation": "set_media", "node_id": node.ID, "timestamp": start + 2, "scope": derived,
			"slot": "preview:" + h.Hex()[:16], "previous_events": []string{named.ID}, "media": fileOf(what, "image/jpeg", 9)})
	}
	take(t, c, say(other, made), say(stranger, innocent))
	blobs, err := c.Blobs()
	if err != nil {
		t.Fatal(err)
	}
	if _, whole, err := blobs.Append(h, blob.Want{Size: int64(len(data)), Types: []string{"image/png"}}, 0, bytes.NewReader(data)); !whole || err != nil {
		t.Fatal(whole, err)
	}
	c.MediaArrived(h)
	if err := c.MediaSettled(t.Context()); err != nil {
		t.Fatal(err)
	}
	record, ok := blobs.Derived(h)
	if !ok || record.Preview == nil {
		t.Fatalf("%+v", record)
	}
	if err := c.WithdrawMedia(t.Context(), h, "no"); err != nil {
		t.Fatal(err)
	}
	for _, one := range []blob.Hash{h, made, record.Preview.Hash, record.Thumbnail.Hash} {
		if blobs.State(one).Withdrawn == nil {
			t.Errorf("%s is not refused", one)
		}
	}
	if blobs.State(innocent).Withdrawn != nil {
		t.Error("a stranger had a picture withdrawn")
	}
	if ok, err := c.RestoreMedia(h); !ok || err != nil || len(blobs.Withdrawn()) != 0 {
		t.Error(ok, err, blobs.Withdrawn())
	}
}

func TestKitWithoutRoomForMediaTakesEvents(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "objects"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := open(t, Config{Data: data})
	take(t, c, sign(t, key(1), fields{}))
	if _, err := c.Blobs(); err == nil || len(c.Problems()) != 1 {
		t.Fatal("media are kept in a file", c.Problems())
	}
	if err := os.Remove(filepath.Join(data, "objects")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Blobs(); err != nil || len(c.Problems()) != 0 {
		t.Error(err, c.Problems())
	}
}

func TestMediaLeaveTheReserveFree(t *testing.T) {
	c := open(t, Config{Media: blob.Options{Reserve: 1 << 60}})
	node := sign(t, key(1), fields{})
	data := drawn(t, 10)
	h := blob.Hash(sha256.Sum256(data))
	take(t, c, node, sign(t, key(1), fields{"operation": "set_media", "node_id": node.ID, "timestamp": start + 1, "previous_events": []string{node.ID},
		"media": fileOf(h, "image/png", len(data))}))
	blobs, err := c.Blobs()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := blobs.Append(h, blob.Want{Size: int64(len(data)), Types: []string{"image/png"}}, 0, bytes.NewReader(data)); !errors.Is(err, blob.ErrFull) {
		t.Error(err)
	}
	if len(c.Problems()) != 1 {
		t.Error(c.Problems())
	}
}
