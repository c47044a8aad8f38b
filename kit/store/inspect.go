package store

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"fieldkit/kit/digest"
	"fieldkit/kit/store/page"
	"fieldkit/maps/tile"
)

// An Inspection is what Inspect saw of a database.
type Inspection struct {
	// Events is how many rows were read.
	Events int64
	// LastSeq is the greatest seq that was given.
	LastSeq int64
	// Spaces are the figures as they are stored, as far as they can be read.
	Spaces []SpaceStat
	// Wanted are the segments that are to be fetched.
	Wanted []Wanted
}

// newest is how far ahead of this program's a version may be to be believed.
const newest = 1000

// Inspect checks the database at path and calls find for each thing that is not as it must be, whether it can be opened or
// not. It changes nothing, neither the database nor its log nor its version. The caller holds the folder (Lock). The error
// is ErrNewer, the context's, or of the folder; damage is none.
func Inspect(ctx context.Context, path string, find func(Finding)) (seen Inspection, err error) {
	if err := inspectHeader(path, find); err != nil {
		return seen, err
	}
	if err := inspectLog(path, find); err != nil {
		return seen, err
	}
	lent, giveBack, err := lend(path)
	if err != nil {
		return seen, explain("checking "+path, err)
	}
	defer giveBack()
	c, err := openRaw(lent)
	if err != nil {
		find(Finding{What: "file", Rule: "unreadable", Remedy: Repair, Message: fmt.Sprintf("the database cannot be opened: %v", err)})
		return seen, nil
	}
	defer c.close()
	k := newChecker(ctx, find)
	k.conn = c
	if err := step(ctx, "what the file says of itself", find, k.version); err != nil {
		return seen, err
	}
	for _, s := range k.steps() {
		if err := step(ctx, s.name, find, s.run); err != nil {
			return seen, err
		}
	}
	err = step(ctx, "the digests", find, func() error { return k.digests(rawDigest(c)) })
	seen.LastSeq = k.last
	for _, s := range k.spaces {
		seen.Events += s.Events
	}
	_ = c.each("SELECT name, events, bytes, first_t, last_t, last_seq FROM space ORDER BY name", nil, func(row []driver.Value) error {
		seen.Spaces = append(seen.Spaces, SpaceStat{text(row[0]), integer(row[1]), integer(row[2]), integer(row[3]), integer(row[4]), integer(row[5])})
		return nil
	})
	if k.has("wanted") {
		seen.Wanted, _ = wantedIn(c) // what cannot be read was told of
	}
	return seen, err
}

// inspectHeader looks at the first bytes of the file, as far as they say whether SQLite can make anything of it.
func inspectHeader(path string, find func(Finding)) error {
	say := func(rule, format string, args ...any) {
		find(Finding{What: "file", Rule: rule, Remedy: Repair, Message: fmt.Sprintf(format, args...)})
	}
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		say("absent", "%s is not there", filepath.Base(path))
		return nil
	}
	if err != nil {
		return explain("checking "+path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return explain("checking "+path, err)
	}
	header := make([]byte, page.HeaderSize)
	if _, err := file.ReadAt(header, 0); err != nil {
		say("empty", "the file has %d bytes", info.Size())
		return nil
	}
	switch size := info.Size(); {
	case string(header[:16]) != "SQLite format 3\x00":
		say("header", "the file does not begin as a database does")
	case binary.BigEndian.Uint16(header[16:]) != page.Size || header[20] != 0:
		say("header", "the header speaks of other pages than a kit makes")
	case binary.BigEndian.Uint32(header[68:]) != applicationID:
		say("header", "the header says that it is another program's: application id %#x", binary.BigEndian.Uint32(header[68:]))
	case size%page.Size != 0:
		say("truncated", "the file ends within a page, after %d bytes", size)
	default:
		steps, err := migrations()
		if err != nil {
			return err
		}
		version := int64(binary.BigEndian.Uint32(header[60:]))
		if version > int64(len(steps)) && version <= int64(len(steps))+newest {
			return fmt.Errorf("store: checking %s: %w: %d, and this program knows %d: use a fieldkit at least as new as the one that wrote it", path, ErrNewer, version, len(steps))
		}
	}
	return nil
}

// version holds what the file says of itself, its log read, to what a kit's says.
func (k *checker) version() error {
	var application, version int64
	if _, err := k.conn.one("PRAGMA application_id", nil, &application); err != nil {
		return err
	}
	if _, err := k.conn.one("PRAGMA user_version", nil, &version); err != nil {
		return err
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	if application != applicationID || version < 1 || version > int64(len(steps)) {
		k.say("file", "header", "the file is of version %d, application id %#x", version, uint32(application))
	}
	return nil
}

// inspectLog looks for what SQLite passes over in silence: of a log it reads what is whole up to the first fault, and a log
// that is gone it does not miss.
func inspectLog(path string, find func(Finding)) error {
	say := func(rule, format string, args ...any) {
		find(Finding{What: "log", Rule: rule, Remedy: Repair, Message: fmt.Sprintf(format, args...)})
	}
	file, err := os.Open(path + "-wal")
	absent := errors.Is(err, os.ErrNotExist)
	if err != nil && !absent {
		return explain("checking "+path+"-wal", err)
	}
	header := make([]byte, page.LogHeaderSize)
	var log *page.Log
	whole, beyond, torn := uint32(0), 0, 0 // frames, frames behind a fault, ends of transactions among these
	if !absent {
		defer file.Close()
		if _, err := file.ReadAt(header, 0); err == nil {
			log = page.NewLog(header)
		}
	}
	if log != nil {
		frame := make([]byte, page.FrameSize)
		for at := int64(page.LogHeaderSize); ; at += page.FrameSize {
			if _, err := file.ReadAt(frame, at); err != nil {
				break
			}
			switch f := log.Next(frame); {
			case f.Valid:
				whole++
			case f.Salted:
				beyond++
				if f.Commit {
					torn++
				}
			}
		}
	}
	switch {
	case log != nil && !log.Sound:
		say("header", "the header of the log is broken: nothing in it is read")
	case torn > 0: // without an end it is a transaction that was given up
		say("broken", "the log breaks off after %d pages: %d pages behind that are not read, %d transactions among them (the plug was pulled during a write, or the file is damaged)", whole, beyond, torn)
	}
	frames, copied, salt, ok := readIndexOf(path)
	if ok && frames > copied && (whole < frames || log == nil || salt != [8]byte(header[16:24])) && torn == 0 && (log == nil || log.Sound) {
		find(Finding{What: "log", Rule: "short", Remedy: Fetch,
			Message: fmt.Sprintf("%d pages of the log were committed, %d are here: the latest events may be gone", frames, whole)})
	}
	return nil
}

// readIndexOf reads what a killed kit left behind of its index of the log: a witness of what was committed.
func readIndexOf(path string) (frames, copied uint32, salt [8]byte, ok bool) {
	file, err := os.Open(path + "-shm")
	if err != nil {
		return 0, 0, salt, false
	}
	defer file.Close()
	b := make([]byte, page.IndexSize)
	if _, err := file.ReadAt(b, 0); err != nil {
		return 0, 0, salt, false
	}
	return page.ReadIndex(b)
}

// lend gives the database a second name in a folder of its own, where SQLite makes its index of the log and leaves that of
// a killed kit alone.
func lend(path string) (lent string, giveBack func(), err error) {
	folder := filepath.Join(filepath.Dir(path), "kit.fsck")
	if err := os.RemoveAll(folder); err != nil {
		return "", nil, err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", nil, err
	}
	giveBack = func() { os.RemoveAll(folder) }
	lent = filepath.Join(folder, FileName)
	for _, suffix := range []string{"", "-wal"} {
		if err := os.Link(path+suffix, lent+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			// A file system without second names: the files themselves, which are not written to either.
			return path, giveBack, nil
		}
	}
	return lent, giveBack, nil
}

// openRaw opens a database as it is, for reading alone. What its schema says is not trusted.
func openRaw(path string) (*conn, error) {
	c, err := openURI(url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"mode": {"ro"}, "_mutex": {"no"}}.Encode()})
	if err != nil {
		return nil, err
	}
	err = c.script(fmt.Sprintf("PRAGMA query_only = 1; PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%d", writerCacheKiB))
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// rawDigest asks a file for a digest as a store that has it open would.
func rawDigest(c *conn) func(space, policy string) (digest.Tile, error) {
	d := newDigests(nil)
	return func(space, policy string) (t digest.Tile, err error) {
		if d.trailing == nil {
			if err := d.readTrailing(c); err != nil {
				return t, err
			}
		}
		number := policyNumber(policy)
		if policy == digest.LoRa {
			number = loRa
		}
		var id int64
		if ok, err := c.one("SELECT id FROM space WHERE name = ?", []driver.Value{space}, &id); err != nil || !ok {
			return t, err
		}
		w, err := d.world(c, id, number)
		if err == nil {
			t, err = w.tile(c, tile.Tile{})
		}
		return t, err
	}
}
