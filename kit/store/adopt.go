package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"fmt"

	"fieldkit/kit/segment"
)

// An Adoption is another kit's segment, with its seal, to be kept as it is.
type Adoption struct {
	// Seal was judged by whoever adopts: verified, fitting, by a kit that may. Of a loose list the events alone are kept.
	Seal *segment.Seal
	// Entries are the segment's events in its order. They count as come by sync, whatever Door says.
	Entries []Entry
}

// Adopted is what became of an Adoption.
type Adopted struct {
	// Outcomes are those of the entries: taken or known.
	Outcomes []Outcome
	// Kept: the segment is here, now or before. One that brings nothing new is not kept: all its events were here, in
	// segments or on their way into one. Nor is one that cannot be put together again, because an event of it is here
	// under another signature.
	Kept bool
}

// adoption is an Adoption on its way: a range of its request's entries.
type adoption struct {
	seal     *segment.Seal
	from, to int
	kept     bool
}

// Adopt stores segments of other kits with their events, as Append stores events: all in one transaction or, with an
// error, none as far as is known; done again it does no harm.
func (s *Store) Adopt(ctx context.Context, list []Adoption) ([]Adopted, error) {
	r := &request{done: make(chan error, 1)}
	for _, a := range list {
		hash := sha256.New()
		from := len(r.entries)
		for _, e := range a.Entries {
			e.Door = false
			r.entries = append(r.entries, e)
			r.bytes += len(e.Event.Text)
			hash.Write([]byte(e.Event.Text))
			hash.Write([]byte{'\n'})
		}
		if [32]byte(hash.Sum(nil)) != a.Seal.Hash {
			return nil, fmt.Errorf("store: these are not the events of segment %s", a.Seal.Hash)
		}
		r.adoptions = append(r.adoptions, adoption{seal: a.Seal, from: from, to: len(r.entries)})
	}
	if len(r.entries) == 0 {
		return nil, nil
	}
	if err := s.submit(ctx, r); err != nil {
		return nil, err
	}
	adopted := make([]Adopted, len(list))
	for i, a := range r.adoptions {
		adopted[i] = Adopted{r.outcomes[a.from:a.to:a.to], a.kept}
	}
	return adopted, nil
}

// adopt keeps the segments of a group, whose events are in the file by now, and lists as loose what is in none.
func (w *writer) adopt(c *conn, p *plan, group []*request) error {
	loose := make(map[int64]home)
	for i := range p.fresh {
		if r := &p.fresh[i]; !r.door {
			loose[r.Seq] = r.home
		}
	}
	for _, r := range group {
		for i := range r.adoptions {
			if err := w.adoptOne(c, p, r, &r.adoptions[i], loose); err != nil {
				return err
			}
		}
	}
	rows := newRows(c, "INSERT INTO loose (space, policy, cell, seq) VALUES", 4, 50)
	for i := range p.fresh {
		seq := p.fresh[i].Seq
		if h, ok := loose[seq]; ok {
			if err := rows.add(h.space, h.policy, h.cell, seq); err != nil {
				return err
			}
		}
	}
	return rows.flush()
}

// adoptOne keeps a segment where it brings something; loose are the events of this transaction that no segment holds.
func (w *writer) adoptOne(c *conn, p *plan, r *request, a *adoption, loose map[int64]home) error {
	a.kept = false
	if a.seal.Loose {
		return nil
	}
	var n int64
	if _, err := c.one("SELECT count(*) FROM segment WHERE hash = ?", []driver.Value{a.seal.Hash[:]}, &n); err != nil || n > 0 {
		a.kept = n > 0
		return err
	}
	texts := make(map[int64]string, a.to-a.from)
	seqs := make([]int64, 0, a.to-a.from)
	events := make([]byte, 0, 8*(a.to-a.from))
	brings := false
	for i, o := range r.outcomes[a.from:a.to] {
		_, fresh := loose[o.Seq]
		brings = brings || fresh
		texts[o.Seq] = r.entries[a.from+i].Event.Text
		seqs = append(seqs, o.Seq)
		events = binary.BigEndian.AppendUint64(events, uint64(o.Seq))
	}
	s := p.spaces[a.seal.Space]
	if s == nil {
		s = w.spaces[a.seal.Space]
	}
	h := home{s.id, policyNumber(a.seal.Policy), cellOf(a.seal.Tile)}
	listed := []driver.Value{h.space, h.cell, h.policy, list(seqs)}
	const these = "FROM loose WHERE space = ? AND cell = ? AND policy = ? AND seq IN (SELECT value FROM json_each(?))"
	if !brings {
		if _, err := c.one("SELECT count(*) "+these, listed, &n); err != nil || n == 0 {
			return err
		}
	}
	same := true
	err := c.each("SELECT e.seq, e.text FROM json_each(?) AS listed CROSS JOIN event AS e ON e.seq = listed.value",
		[]driver.Value{list(seqs)}, func(row []driver.Value) error {
			same = same && texts[integer(row[0])] == text(row[1])
			return nil
		})
	if err != nil || !same || len(texts) < len(seqs) {
		return err
	}
	err = c.exec("INSERT INTO segment (hash, space, cell, policy, events, seal) VALUES (?, ?, ?, ?, ?, ?)",
		a.seal.Hash[:], h.space, h.cell, h.policy, events, a.seal.Text)
	if err == nil {
		err = c.exec("DELETE "+these, listed...)
	}
	if err != nil {
		return err
	}
	a.kept = true
	for _, seq := range seqs {
		delete(loose, seq)
	}
	return nil
}
