package api

import (
	"encoding/hex"
	"net/http"

	"fieldkit/maps/tile"
)

func hashText(sum [32]byte) string { return "sha256:" + hex.EncodeToString(sum[:]) }

type rootAnswer struct {
	Space  string `json:"space"`
	Policy string `json:"policy"`
	Digest string `json:"digest"`
	Count  uint64 `json:"count"`
}

type rootsAnswer struct {
	Root   string       `json:"root"`
	Spaces []rootAnswer `json:"spaces"`
}

type ownAnswer struct {
	Digest string `json:"digest"`
	Count  uint64 `json:"count"`
}

type childAnswer struct {
	Tile   string `json:"tile"`
	Digest string `json:"digest"`
	Count  uint64 `json:"count"`
}

type digestAnswer struct {
	Space    string        `json:"space"`
	Policy   string        `json:"policy"`
	Tile     string        `json:"tile"`
	Digest   string        `json:"digest"`
	Count    uint64        `json:"count"`
	Own      ownAnswer     `json:"own"`
	Children []childAnswer `json:"children"`
}

func (s *Server) getDigests(w http.ResponseWriter, r *http.Request) {
	q := parseQuery(r, "space", "policy", "tile")
	policy, at := q.text("policy"), q.tile("tile")
	switch policy {
	case "":
		policy = "public"
	case "public", "private", "redacted", "lora":
	default:
		q.fail("policy", "must be public, private, redacted or lora")
	}
	space := q.space()
	if space == "" && (q.text("policy") != "" || at != nil) {
		q.fail("space", "is needed with policy and tile")
	}
	if q.refused(w) {
		return
	}
	if space == "" {
		s.roots(w, r)
		return
	}
	if at == nil {
		at = &tile.Tile{}
	}
	d, err := s.kit.Store().Digest(r.Context(), space, policy, *at)
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	out := digestAnswer{space, policy, at.String(), hashText(d.Digest), d.Count, ownAnswer{hashText(d.Own.Digest), d.Own.Count}, []childAnswer{}}
	for i, child := range d.Children {
		if child.Count > 0 {
			out.Children = append(out.Children, childAnswer{at.Children()[i].String(), hashText(child.Digest), child.Count})
		}
	}
	answer(w, http.StatusOK, out)
}

func (s *Server) roots(w http.ResponseWriter, r *http.Request) {
	roots, err := s.kit.Store().Roots(r.Context())
	if err != nil {
		s.storeFailed(w, err)
		return
	}
	out := rootsAnswer{Root: hashText(roots.Root), Spaces: []rootAnswer{}}
	for _, one := range roots.Worlds {
		out.Spaces = append(out.Spaces, rootAnswer{one.Space, one.Policy, hashText(one.Digest), one.Count})
	}
	answer(w, http.StatusOK, out)
}
