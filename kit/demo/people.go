package demo

import (
	"crypto/ed25519"
	"crypto/sha256"

	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// Names of the keys that the spaces certify themselves by.
const (
	floodRoot  = "rhine-flood root"
	quakesRoot = "quakes root"
)

// A person is somebody who signs in the demo: people, and the gauges' logger.
type person struct {
	name string
	// actor is actor_id; "" leaves the key's own name.
	actor string
	// grant is what the space log gives the key; nil is nothing.
	grant *scope.Grant
}

// write grants a name, and the registers of others' nodes in the layers (in all layers, where there are none).
func write(actor string, layers ...string) *scope.Grant {
	return &scope.Grant{Roles: []string{scope.RoleWrite}, Actors: []string{actor}, Layers: layers}
}

// floodPeople are those of the flood. The passer-by calls himself by a name that nobody has granted him, and the
// resident gives none: what they say of others' nodes stands beside them as a claim.
var floodPeople = []person{
	{"eoc", "user:eoc", write("user:eoc")},
	{"fire-balzers", "user:fire-balzers", write("user:fire-balzers")},
	{"fire-vaduz", "user:fire-vaduz", write("user:fire-vaduz")},
	{"fire-ruggell", "user:fire-ruggell", write("user:fire-ruggell")},
	{"commune-schaan", "user:commune-schaan", write("user:commune-schaan")},
	{"red-cross", "user:red-cross", write("user:red-cross", "needs", "resources")},
	{"gauges", "node:rhine-gauges", write("node:rhine-gauges", "gauges")},
	{"marco", "user:marco", nil},
	{"resident", "", nil},
}

// quakesPeople has only who brings the feed.
var quakesPeople = []person{
	{"usgs-feed", "feed:usgs", &scope.Grant{Actors: []string{"feed:usgs"}}},
}

// Key is the private key of that name: of the people above, or floodRoot or quakesRoot. All of them are made of their
// names, so that everybody has them; they prove nothing and guard nothing.
func Key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("fieldkit demo, a key that everybody knows: " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicText(name string) string {
	return event.KeyText(Key(name).Public().(ed25519.PublicKey))
}

func selfCertified(name, root string) string {
	return name + "." + event.Fingerprint([32]byte(Key(root).Public().(ed25519.PublicKey)))
}
