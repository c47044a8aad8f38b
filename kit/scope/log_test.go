package scope

import (
	"crypto/ed25519"
	"encoding/json"
	"math/rand"
	"testing"

	"fieldkit/kit/event"
)

func seed(n byte) ed25519.PrivateKey {
	s := make([]byte, 32)
	s[0] = n
	return ed25519.NewKeyFromSeed(s)
}

func keyText(k ed25519.PrivateKey) string { return event.KeyText(k.Public().(ed25519.PublicKey)) }

func certified(name string, k ed25519.PrivateKey) string {
	return name + "." + event.Fingerprint([32]byte(k.Public().(ed25519.PublicKey)))
}

// logEvent signs a log event at second t.
func logEvent(t *testing.T, k ed25519.PrivateKey, space string, at int64, properties map[string]any) *event.Event {
	t.Helper()
	draft, err := json.Marshal(map[string]any{
		"timestamp": at, "space_id": space, "layer_id": ".ulp", "operation": "set_properties", "tile": "z0/x0/y0",
		"scope":                map[string]string{"realm": "public", "authority": "source", "boundary": "interior", "policy": "public"},
		"preserves_invariants": InvariantNames(), "previous_events": []string{}, "properties": properties,
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := event.NewSigner(k).Sign(draft)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSpaceLog(t *testing.T) {
	root, admin, writer, stranger := seed(1), seed(2), seed(3), seed(4)
	space := certified("rhine", root)
	events := []*event.Event{
		logEvent(t, root, space, 100, map[string]any{
			"file/.ulp-root":          "title = \"Rhine\"\nexercise = true\n[window]\nfrom = 50\n",
			"grant/" + keyText(admin): map[string]any{"roles": []string{"admin"}},
			"unheard/of":              1,
		}),
		logEvent(t, admin, space, 110, map[string]any{
			"grant/" + keyText(writer): map[string]any{"roles": []string{"write"}, "actors": []string{"user:alice"}, "layers": []string{"hazards"}},
		}),
		logEvent(t, stranger, space, 120, map[string]any{"grant/" + keyText(stranger): map[string]any{"roles": []string{"write"}}}),
		logEvent(t, admin, space, 130, map[string]any{"file/.ulp-scope": "nonsense = 1"}),
		logEvent(t, admin, space, 99, map[string]any{"file/.ulp-root": "title = \"too early\""}),
		logEvent(t, root, space, 200, map[string]any{"revoke/" + keyText(writer): map[string]any{"since": 180}}),
		logEvent(t, admin, space, 140, map[string]any{"file/needs/.ulp-scope": "policy = \"public\""}),
		logEvent(t, root, space, 210, map[string]any{"revoke/" + keyText(admin): map[string]any{"since": 205}}),
		logEvent(t, admin, space, 220, map[string]any{"file/.ulp-root": "title = \"after the revocation\""}),
	}
	var first [32]byte
	for round := range 20 {
		log := NewLog(space)
		for _, i := range rand.Perm(len(events)) {
			log.Add(events[i])
			log.Add(events[rand.Intn(len(events))])
		}
		for _, e := range events {
			log.Add(e)
		}
		r, witnesses := log.Rules()
		digest, ok := r.LogDigest()
		if round == 0 {
			first = digest
		}
		if digest != first || !ok {
			t.Fatal("the order of arrival changed the log's digest")
		}
		if len(witnesses) != 4 {
			t.Fatalf("%d witnesses, want the stranger's, the nonsense, the early and the late: %+v", len(witnesses), witnesses)
		}
		if r.Root().Title != "Rhine" || !r.Root().Exercise {
			t.Fatalf("root %+v", r.Root())
		}
		k := keyText(writer)
		if !r.Granted(k, RoleWrite, "hazards", 179) || r.Granted(k, RoleWrite, "hazards", 180) || r.Granted(k, RoleWrite, "needs", 100) {
			t.Fatal("the writer's grant is for layer hazards, before 180")
		}
		if !r.Bound(k, "user:alice", 100) || r.Bound(k, "user:bob", 100) || r.Bound(k, "user:alice", 200) || !r.Bound(k, "key:"+k, 999) {
			t.Fatal("actors are bound by grants")
		}
		if !r.Granted(keyText(root), RoleWrite, "any", 1<<40) || r.Granted(keyText(stranger), RoleWrite, "hazards", 100) {
			t.Fatal("the root key may, a stranger may not")
		}
		if got := r.Effective(event.Clock{T: 49, D: 3}); got.T != 50 {
			t.Fatalf("a time outside the window counts as %d", got.T)
		}
	}
}

func TestLogOfASpaceThatDoesNotCertifyItselfHasNoEffect(t *testing.T) {
	log := NewLog("demo")
	log.Add(logEvent(t, seed(1), "demo", 100, map[string]any{"file/.ulp-root": "title = \"x\""}))
	r, _ := log.Rules()
	if r.Root().Title != "demo" {
		t.Errorf("title %q", r.Root().Title)
	}
	if _, ok := r.LogDigest(); ok {
		t.Error("it has a log digest")
	}
}

func TestALogHasAnEnd(t *testing.T) {
	root := seed(1)
	space := certified("rhine", root)
	log := NewLog(space)
	for i := range MaxLog {
		log.Add(logEvent(t, root, space, int64(i), map[string]any{"x": i}))
	}
	r, _ := log.Rules()
	refusal := r.CheckDoor(logEvent(t, root, space, MaxLog, map[string]any{"x": 1}))
	if refusal == nil || refusal.Rule != "space_log" {
		t.Errorf("one more is refused with %v", refusal)
	}
}

func TestAClosedSpaceTakesNothing(t *testing.T) {
	r := Closed("demo", ".ulp-root", "titel: is not a key of this file")
	refusal := r.CheckDoor(logEvent(t, seed(1), "demo", 100, map[string]any{"x": 1}))
	if refusal == nil || refusal.File != ".ulp-root" || refusal.Rule != "scope_file" {
		t.Errorf("refused with %v", refusal)
	}
}
