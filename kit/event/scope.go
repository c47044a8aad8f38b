package event

import (
	"slices"
	"strconv"
	"strings"
)

// usual is what nearly every event preserves: the white paper's five.
const usual = `["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"]`

func (e *Event) readPreserves(value string) (refusal *Refusal) {
	if value == usual {
		e.Preserves = []string{"adjacency", "exclusion", "consistency", "boundary_discipline", "authority_nontransfer"}
		return nil
	}
	if e.Preserves, refusal = stringList("name", "preserves_invariants", value, 16); refusal != nil {
		return refusal
	}
	for i, name := range e.Preserves {
		if refusal := checkName("name", "", name); refusal != nil {
			refusal.Field = "preserves_invariants[" + strconv.Itoa(i) + "]"
			return refusal
		}
	}
	return nil
}

// usualScopes are all scopes that have nothing but the four fields, by their canonical text.
var usualScopes = func() map[string]Scope {
	scopes := make(map[string]Scope)
	for _, realm := range ScopeValues("realm") {
		for _, authority := range ScopeValues("authority") {
			for _, boundary := range ScopeValues("boundary") {
				for _, policy := range ScopeValues("policy") {
					text := `{"authority":"` + authority + `","boundary":"` + boundary + `","policy":"` + policy + `","realm":"` + realm + `"}`
					scopes[text] = Scope{Realm: realm, Authority: authority, Boundary: boundary, Policy: policy}
				}
			}
		}
	}
	return scopes
}()

func (e *Event) readScope(value string) (refusal *Refusal) {
	if scope, ok := usualScopes[value]; ok {
		e.Scope = scope
		return nil
	}
	if !isObject(value) {
		return refuse("type", "scope", "must be an object")
	}
	var realm, authority, boundary, policy string
	members(value, func(m member) bool {
		switch m.name {
		case "realm":
			realm = m.value
		case "authority":
			authority = m.value
		case "boundary":
			boundary = m.value
		case "policy":
			policy = m.value
		}
		return true
	})
	for _, f := range [...]struct {
		name, value string
		into        *string
	}{
		{"realm", realm, &e.Scope.Realm}, {"authority", authority, &e.Scope.Authority},
		{"boundary", boundary, &e.Scope.Boundary}, {"policy", policy, &e.Scope.Policy},
	} {
		if f.value == "" {
			return refuse("missing", "scope."+f.name, "is missing")
		}
		if !isString(f.value) {
			return refuse("type", "scope."+f.name, "must be a string")
		}
		*f.into = unquote(f.value)
		if allowed := ScopeValues(f.name); !slices.Contains(allowed, *f.into) {
			return refuse("scope", "scope."+f.name, "must be one of "+strings.Join(allowed, ", "))
		}
	}
	return nil
}

// ScopeValues are the values that a scope field may have (white paper 5.2); nil for other names.
func ScopeValues(field string) []string {
	switch field {
	case "realm":
		return []string{"personal", "team", "public"}
	case "authority":
		return []string{"source", "derived"}
	case "boundary":
		return []string{"interior", "boundary", "exterior"}
	case "policy":
		return []string{"public", "private", "redacted"}
	}
	return nil
}
