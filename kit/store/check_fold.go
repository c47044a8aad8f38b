package store

import (
	"bytes"
	"cmp"
	"database/sql/driver"
	"fmt"
	"slices"

	"fieldkit/kit/canvas"
	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// sites are the tiles that have events, in an order that is always the same.
func (k *checker) sites() []site {
	all := make([]site, 0, len(k.places))
	for at := range k.places {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b site) int {
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(cellOf(a.tile), cellOf(b.tile)))
	})
	return all
}

// states folds each tile twice, in the order of arrival and the other way round, with its space's log before it: one set
// of events must give one state (kit/SPEC.md, section 7).
func (k *checker) states() error {
	root := site{tile: tile.Tile{}}
	for _, at := range k.sites() {
		var log []string
		root.space = at.space
		if _, certified := event.SelfCertified(at.space); certified && at != root {
			texts, err := k.texts(k.places[root])
			if err != nil {
				return err
			}
			log = slices.DeleteFunc(texts, func(text string) bool {
				e, err := event.Decode(text)
				return err != nil || e.Layer != event.SpaceLog
			})
		}
		texts, err := k.texts(k.places[at])
		if err != nil {
			return err
		}
		texts = append(log, texts...)
		first, err := fold(at.space, texts)
		if err == nil {
			slices.Reverse(texts)
			var second [32]byte
			if second, err = fold(at.space, texts); err == nil && first != second {
				err = fmt.Errorf("the same events give two states, %x and %x", first, second)
			}
		}
		if err != nil {
			if k.ctx.Err() != nil {
				return k.ctx.Err()
			}
			k.find(Finding{What: "state", Rule: "state", Space: at.space, Tile: at.tile.String(), Remedy: Person,
				Message: fmt.Sprintf("the tile cannot be folded: %v", err)})
		}
	}
	return nil
}

// fold is the digest of the state of some events; one that does not parse was told of before.
func fold(space string, texts []string) (sum [32]byte, err error) {
	c, err := canvas.Fold(space, func(add func(e *event.Event, uncertain bool)) error {
		for _, text := range texts {
			if e, err := event.Decode(text); err == nil {
				add(e, false)
			}
		}
		return nil
	})
	if err != nil {
		return sum, err
	}
	return c.Digest(), nil
}

// texts reads the events of some items.
func (k *checker) texts(items []item) (texts []string, err error) {
	const many = 1000
	for items := range slices.Chunk(items, many) {
		seqs := make([]int64, len(items))
		for i := range items {
			seqs[i] = items[i].seq()
		}
		err := k.conn.each("SELECT e.text FROM json_each(?) AS listed CROSS JOIN event AS e ON e.seq = listed.value", []driver.Value{list(seqs)}, func(row []driver.Value) error {
			texts = append(texts, text(row[0]))
			return k.ctx.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// digests compares what ask says with what is computed from the events' own hashes. Events that came since they were
// read are no fault: then ask counts more.
func (k *checker) digests(ask func(space, policy string) (digest.Tile, error)) error {
	worlds := make(map[digest.World]map[tile.Tile]digest.Branch)
	for _, at := range k.sites() {
		items := k.places[at]
		slices.SortFunc(items, func(a, b item) int { return bytes.Compare(a.hash[:], b.hash[:]) })
		hashes := make(map[string][]digest.Sum)
		for i, e := range items {
			if i > 0 && items[i-1].hash == e.hash {
				k.find(Finding{What: "event", Rule: "twice", Space: at.space, Tile: at.tile.String(), Seq: e.seq(), Hash: e.hash.String(), Remedy: Repair,
					Message: fmt.Sprintf("events %d and %d are the same content", items[i-1].seq(), e.seq())})
				continue
			}
			hashes[e.policy()] = append(hashes[e.policy()], e.hash)
			if e.lora() {
				hashes[digest.LoRa] = append(hashes[digest.LoRa], e.hash)
			}
		}
		for policy, list := range hashes {
			w := digest.World{Space: at.space, Policy: policy}
			if worlds[w] == nil {
				worlds[w] = make(map[tile.Tile]digest.Branch)
			}
			worlds[w][at.tile] = digest.Branch{Digest: digest.Root(list), Count: uint64(len(list))}
		}
	}
	order := make([]digest.World, 0, len(worlds))
	for w := range worlds {
		order = append(order, w)
	}
	slices.SortFunc(order, func(a, b digest.World) int {
		return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Policy, b.Policy))
	})
	for _, w := range order {
		want := digest.Quad(worlds[w], tile.Tile{})
		got, err := ask(w.Space, w.Policy)
		if err != nil {
			return err
		}
		f := Finding{What: "digest", Rule: "digest", Space: w.Space, Policy: w.Policy, Remedy: Repair}
		if got.Count == want.Count && got != want {
			f.Message = fmt.Sprintf("the %s digest of %s is %s, computed from scratch %s", w.Policy, w.Space, got.Digest, want.Digest)
			k.find(f)
		}
		if got.Count < want.Count {
			f.Message = fmt.Sprintf("the %s digest of %s is of %d events, %d are here", w.Policy, w.Space, got.Count, want.Count)
			k.find(f)
		}
	}
	return nil
}
