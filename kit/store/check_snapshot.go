package store

import (
	"crypto/sha256"
	"database/sql/driver"
	"fmt"
	"slices"

	"fieldkit/kit/canvas"
	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// snapshots holds each snapshot to its name and to what it says of itself, and the state that it stands for to that of the events
// it was made of.
func (k *checker) snapshots() error {
	if !k.has("snapshot") || !k.has("checkpoint_tile") {
		return nil // made before there were any
	}
	query := `SELECT p.hash, p.space, p.cell, p.t, p.d, p.event, p.events, p.state, p.file, min(c.at), max(c.seq, x.seq)
		FROM snapshot AS p JOIN checkpoint_tile AS x ON x.snapshot = p.id JOIN checkpoint AS c ON c.id = x.checkpoint
		GROUP BY p.id ORDER BY p.id`
	type claim struct {
		site
		at, seq int64
		state   digest.Sum
		events  int
		file    []byte
	}
	var claims []claim
	err := k.conn.each(query, nil, func(row []driver.Value) error {
		name, _ := row[0].([]byte)
		f := Finding{What: "snapshot", Hash: fmt.Sprintf("sha256:%x", name), Space: k.names[integer(row[1])], Remedy: Repair}
		say := func(rule, message string) error {
			f.Rule, f.Message = rule, message
			k.find(f)
			return k.ctx.Err()
		}
		file, _ := row[8].([]byte)
		if sum := sha256.Sum256(file); string(sum[:]) != string(name) {
			return say("hash", fmt.Sprintf("the snapshot's hash is %x", sum))
		}
		at, err := tileOf(integer(row[2]))
		if err != nil {
			return say("columns", err.Error())
		}
		f.Tile = at.String()
		space, s, err := canvas.ReadSnapshotHead(file)
		if err != nil {
			return say("format", err.Error())
		}
		if space != f.Space || s.Tile != at || s.Event != text(row[5]) || s.Events != int(integer(row[6])) || s.Clock != (event.Clock{T: integer(row[3]), D: integer(row[4])}) {
			return say("columns", "what stands beside the snapshot differs from it")
		}
		state, _ := hashOf(row[7])
		claims = append(claims, claim{site{space, at}, integer(row[9]), integer(row[10]), state, s.Events, file})
		return k.ctx.Err()
	})
	if err != nil {
		return err
	}
	logs := make(map[string][]*event.Event)
	for _, one := range claims {
		log, ok := logs[one.space]
		if !ok {
			if log, err = k.log(one.space); err != nil {
				return err
			}
			logs[one.space] = log
		}
		c := canvas.New(one.space)
		for _, e := range log {
			if e.Clock.T <= one.at {
				c.Add(e, false)
			}
		}
		if c.Load(canvas.Snapshot{File: one.file}) != nil {
			continue // by another log: nobody goes on from it
		}
		f := Finding{What: "snapshot", Rule: "state", Hash: digest.Sum(sha256.Sum256(one.file)).String(), Space: one.space, Tile: one.tile.String(), Remedy: Repair}
		if c.TileDigest(one.tile) != one.state {
			f.Message = "the snapshot holds another state than is said of it"
			k.find(f)
			continue
		}
		want, err := k.stateOf(one.site, log, one.at, one.seq)
		if err != nil {
			return err
		}
		if want != one.state {
			f.Message = "the snapshot holds another state than its events give"
			k.find(f)
		}
	}
	return nil
}

// log are the events of the log of a space that certifies itself.
func (k *checker) log(space string) (log []*event.Event, err error) {
	if _, certified := event.SelfCertified(space); !certified {
		return nil, nil
	}
	texts, err := k.texts(k.places[site{space, tile.Tile{}}])
	for _, text := range texts {
		if e, err := event.Decode(text); err == nil && e.Layer == event.SpaceLog && e.Signed() {
			log = append(log, e)
		}
	}
	return log, err
}

// stateOf is the digest of a tile's state by its events with a clock up to at that had arrived up to a seq.
func (k *checker) stateOf(where site, log []*event.Event, at, seq int64) (sum [32]byte, err error) {
	items := slices.DeleteFunc(slices.Clone(k.places[where]), func(i item) bool { return i.seq() > seq })
	texts, err := k.texts(items)
	if err != nil {
		return sum, err
	}
	c, err := canvas.Fold(where.space, func(add func(e *event.Event, uncertain bool)) error {
		for _, e := range log {
			if e.Clock.T <= at {
				add(e, false)
			}
		}
		for _, text := range texts {
			if e, err := event.Decode(text); err == nil && e.Clock.T <= at {
				add(e, false)
			}
		}
		return nil
	})
	if err != nil {
		return sum, err
	}
	return c.TileDigest(where.tile), nil
}
