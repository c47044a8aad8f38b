package segment

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// A list of loose events is a segment under another seal: same name, and neither seal can pass for the other.
func TestSealLoose(t *testing.T) {
	text := `{"event_id":"evt-1"}`
	s, err := Build("demo", tile.Tile{}, "public", []Line{{event.Clock{T: 1}, "evt-1", text}})
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	plain, loose := s.Seal(key), s.SealLoose(key)
	if plain.Loose || !loose.Loose || plain.Hash != loose.Hash {
		t.Errorf("%+v, %+v", plain, loose)
	}
	for _, seal := range []*Seal{plain, loose} {
		again, err := ParseSeal([]byte(seal.Text))
		if err != nil || *again != *seal {
			t.Errorf("%s came back as %+v, %v", seal.Text, again, err)
		}
	}
	for _, changed := range []string{
		strings.Replace(loose.Text, `"loose":true,`, "", 1), strings.Replace(loose.Text, `"loose":true`, `"loose":false`, 1),
		strings.Replace(plain.Text, `"policy"`, `"loose":true,"policy"`, 1), strings.Replace(loose.Text, `"loose":true`, `"loose":1`, 1),
	} {
		if _, err := ParseSeal([]byte(changed)); err == nil {
			t.Errorf("%s is taken", changed)
		}
	}
}
