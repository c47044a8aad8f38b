package event

import (
	"crypto/ed25519"
	"testing"
)

var testKey = ed25519.NewKeyFromSeed(make([]byte, 32))

const draft = `{"timestamp":1730000000,"space_id":"demo","layer_id":"layout","operation":"create_node",
 "scope":{"realm":"team","authority":"source","boundary":"interior","policy":"public"},
 "preserves_invariants":["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"],
 "previous_events":[],"node_type":"hazard","transform":{"position":[9.5209,47.1410]},
 "properties":{"title":"Brücke \"Vaduz\" gesperrt","severity":3,"note":"a\u2028b"}}`

func TestSignedEventComesBackTheSame(t *testing.T) {
	e, err := NewSigner(testKey).Sign([]byte(draft))
	if err != nil {
		t.Fatal(err)
	}
	if err := NewVerifier().Verify(e); err != nil {
		t.Fatal(err)
	}
	again, err := Parse([]byte(e.Text))
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := Decode(e.Text)
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != e.Hash() || decoded.Hash() != e.Hash() || again.ID != e.ID {
		t.Fatalf("%s became %s", e.ID, again.ID)
	}
	if e.Tile.String() != "z14/x8625/y5753" {
		t.Errorf("home tile is %s", e.Tile)
	}
	if e.Actor != "key:"+e.Key || e.Principal() != e.Actor {
		t.Errorf("actor %q, principal %q", e.Actor, e.Principal())
	}
}

func BenchmarkParse(b *testing.B) {
	e, err := NewSigner(testKey).Sign([]byte(draft))
	if err != nil {
		b.Fatal(err)
	}
	raw := []byte(e.Text)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	e, err := NewSigner(testKey).Sign([]byte(draft))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(e.Text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyBatch(b *testing.B) {
	e, err := NewSigner(testKey).Sign([]byte(draft))
	if err != nil {
		b.Fatal(err)
	}
	events := make([]*Event, 1000)
	for i := range events {
		events[i] = e
	}
	v := NewVerifier()
	for b.Loop() {
		v.VerifyBatch(events, nil)
	}
}
