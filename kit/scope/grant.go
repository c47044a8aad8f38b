package scope

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/event"
)

// Roles that a grant may give.
const (
	// RoleWrite writes the registers of others' nodes, deletes and merges them.
	RoleWrite = "write"
	// RoleAdmin signs the space log.
	RoleAdmin = "admin"
	// RoleKit admits segments and lists of events by its signature.
	RoleKit = "kit"
)

// A Grant is what the space log allows to a key.
type Grant struct {
	// Roles are RoleWrite, RoleAdmin, RoleKit; others are kept, without effect.
	Roles []string `json:"roles,omitempty"`
	// Actors are the actor ids that are truly this key's.
	Actors []string `json:"actors,omitempty"`
	// Layers bound RoleWrite; empty means all.
	Layers []string `json:"layers,omitempty"`
}

const maxGrantNames = 64

func parseGrant(value string) (Grant, error) {
	var g Grant
	if err := json.Unmarshal([]byte(value), &g); err != nil {
		return g, fmt.Errorf("must be an object with roles, actors and layers, each an array of strings")
	}
	for _, list := range [][]string{g.Roles, g.Actors, g.Layers} {
		if len(list) > maxGrantNames {
			return g, fmt.Errorf("more than %d names in one list", maxGrantNames)
		}
	}
	return g, nil
}

type revocation struct {
	Since *int64 `json:"since"`
}

func parseRevocation(value string) (since int64, err error) {
	var r revocation
	if err := json.Unmarshal([]byte(value), &r); err != nil || r.Since == nil || *r.Since < 0 || *r.Since > event.MaxTimestamp {
		return 0, fmt.Errorf("must be an object with since, in seconds since 1970")
	}
	return *r.Since, nil
}

// Granted reports whether key held role at time t, in layer where the role is bound to layers. The root key holds
// every role.
func (r *Rules) Granted(key, role, layer string, t int64) bool {
	if r.isRoot(key) {
		return true
	}
	g, ok := r.grantOf(key, t)
	return ok && contains(g.Roles, role) && (role != RoleWrite || len(g.Layers) == 0 || contains(g.Layers, layer))
}

// Bound reports whether actor is truly key's at time t: its own name, or one that a grant binds to it. Otherwise the
// name is a claim.
func (r *Rules) Bound(key, actor string, t int64) bool {
	if key == "" {
		return false
	}
	if actor == "key:"+key {
		return true
	}
	g, ok := r.grantOf(key, t)
	return ok && contains(g.Actors, actor)
}

func (r *Rules) grantOf(key string, t int64) (Grant, bool) {
	g, ok := r.grants[key]
	if !ok {
		return g, false
	}
	since, revoked := r.revoked[key]
	return g, !revoked || t < since
}

// isRoot reports whether the space's id is made from key.
func (r *Rules) isRoot(key string) bool {
	if !r.certified || key == "" {
		return false
	}
	fingerprint, _ := event.SelfCertified(r.space)
	raw, ok := event.ParseKey(key)
	return ok && event.Fingerprint(raw) == fingerprint
}
