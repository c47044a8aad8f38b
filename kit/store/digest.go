package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"fieldkit/kit/digest"
	"fieldkit/maps/tile"
)

// Digest returns the digest of a tile in the tree of a space and a policy (public, private, redacted) or, with
// digest.LoRa, of what is fit for LoRa. Nothing there gives the zero Tile. It is computed when asked for, and what did
// not change since is remembered.
func (s *Store) Digest(ctx context.Context, space, policy string, at tile.Tile) (t digest.Tile, err error) {
	number := policyNumber(policy)
	switch {
	case policy == digest.LoRa:
		number = loRa
	case number < 0:
		return t, fmt.Errorf("store: %q is not a policy", policy)
	}
	if !at.Valid() {
		return t, fmt.Errorf("store: %v is not a tile", at)
	}
	err = s.digests.compute(ctx, func(c *conn) error {
		var id int64
		ok, err := c.one("SELECT id FROM space WHERE name = ?", []driver.Value{space}, &id)
		if err != nil || !ok {
			return err
		}
		w, err := s.digests.world(c, id, number)
		if err == nil {
			t, err = w.tile(c, at)
		}
		return err
	})
	return t, err
}

// Roots is all that two kits compare first.
type Roots struct {
	// Root is the kit's root digest.
	Root digest.Sum
	// Worlds are the trees it is made of: those that have events, by space and policy.
	Worlds []digest.World
}

// Roots returns the kit's root digest.
func (s *Store) Roots(ctx context.Context) (roots Roots, err error) {
	err = s.digests.compute(ctx, func(c *conn) error {
		var ids []int64
		var names []string
		err := c.each("SELECT id, name FROM space", nil, func(row []driver.Value) error {
			ids, names = append(ids, integer(row[0])), append(names, text(row[1]))
			return nil
		})
		for i, id := range ids {
			for number, policy := range policies {
				if err != nil {
					return err
				}
				var w *world
				if w, err = s.digests.world(c, id, int64(number)); err != nil {
					return err
				}
				var t digest.Tile
				if t, err = w.tile(c, tile.Tile{}); err == nil && t.Count > 0 {
					roots.Worlds = append(roots.Worlds, digest.World{Space: names[i], Policy: policy, Branch: t.Branch})
				}
			}
		}
		return err
	})
	slices.SortFunc(roots.Worlds, func(a, b digest.World) int {
		if c := strings.Compare(a.Space, b.Space); c != 0 {
			return c
		}
		return strings.Compare(a.Policy, b.Policy)
	})
	roots.Root = digest.Kit(roots.Worlds)
	return roots, err
}
