package salvage_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldkit/kit/store"
	"fieldkit/kit/store/salvage"
)

// changed is the closed kit after some SQL.
func (w *world) changed(t *testing.T, statements ...string) map[string][]byte {
	t.Helper()
	dir := lay(t, w.closed)
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "kit.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		result, err := db.Exec(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 && !strings.HasPrefix(s, "DROP") && !strings.HasPrefix(s, "PRAGMA") {
			t.Fatalf("%s changes nothing, %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := files(dir)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What somebody changes by SQL, in a file that is sound as a file, is found and undone.
func TestLogicalDamage(t *testing.T) {
	w := theWorld(t)
	signed := "(SELECT min(seq) FROM event WHERE text LIKE '%\"severity\":1%' AND seq > 100)"
	for n, c := range []struct {
		name, what, rule string
		lost             int64
		do               []string
	}{
		{"another text", "event", "id", 1, []string{`UPDATE event SET text = replace(text, '"severity":1', '"severity":4') WHERE seq = ` + signed}},
		{"another signature", "event", "signature", 1, []string{`UPDATE event SET text = replace(text, '"value":"' || substr(text, instr(text, '"value":"') + 9, 9), '"value":"AAAAAAAAA') WHERE seq = ` + signed}},
		{"no JSON", "event", "syntax", 1, []string{"UPDATE event SET text = substr(text, 1, 100) WHERE seq = 50"}},
		{"another unsigned text", "event", "hash", 1, []string{`UPDATE event SET text = replace(text, '"value":7}', '"value":8}') WHERE text LIKE '%"value":7}' AND text NOT LIKE '%"signature"%'`}},
		{"hash of nothing", "event", "hash", 0, []string{"UPDATE event SET hash = randomblob(32) WHERE seq = " + signed}},
		{"hash of another", "event", "hash", 0, []string{"UPDATE event SET hash = (SELECT hash FROM event WHERE seq = 7) WHERE seq = " + signed}},
		{"no hash", "event", "hash", 0, []string{"UPDATE event SET hash = x'00' WHERE seq = " + signed}},
		{"time", "event", "columns", 0, []string{"UPDATE event SET t = t + 1 WHERE seq = 9"}},
		{"tile", "event", "columns", 0, []string{"UPDATE event SET cell = cell + 2 WHERE seq = 9"}},
		{"space", "event", "columns", 0, []string{"UPDATE event SET space = 1 + space % 3 WHERE seq = 9"}},
		{"twice", "event", "twice", 0, []string{"INSERT INTO event SELECT (SELECT max(seq) FROM event) + 1, space, policy, cell, t, d, received, door, layer, hash, text FROM event WHERE seq = 12"}},
		{"far away", "arrivals", "missing", 0, []string{"UPDATE event SET seq = 1 << 60 WHERE seq = (SELECT max(seq) FROM event)"}},
		{"below", "arrivals", "number", 0, []string{"UPDATE event SET seq = -5 WHERE seq = 40", "UPDATE event SET seq = 0 WHERE seq = 41"}},
		{"gone", "arrivals", "missing", 3, []string{"DELETE FROM event WHERE seq BETWEEN 500 AND 502"}},
		{"the last gone", "figures", "figures", -1, []string{"DELETE FROM event WHERE seq > (SELECT max(seq) FROM event) - 5"}},
		{"index lacks", "index", "event_tile", 0, []string{"DELETE FROM event_tile WHERE seq BETWEEN 40 AND 60"}},
		{"index has more", "index", "event_tile", 0, []string{"INSERT INTO event_tile SELECT space, policy, cell + 2, seq FROM event WHERE seq = 4"}},
		{"ids lack", "index", "event_id", 0, []string{"DELETE FROM event_id WHERE seq BETWEEN 40 AND 60"}},
		{"ids lead elsewhere", "index", "event_id", 0, []string{"UPDATE event_id SET seq = seq + 1 WHERE seq = 88"}},
		{"ids are more", "index", "event_id", 0, []string{"INSERT INTO event_id VALUES (12345, 88)"}},
		{"an index dropped", "schema", "schema", 0, []string{"DROP INDEX event_time"}},
		{"a table more", "schema", "schema", 0, []string{"PRAGMA recursive_triggers = 0; CREATE TABLE mine (a); INSERT INTO mine VALUES (1)"}},
		{"figures", "figures", "figures", 0, []string{"UPDATE space SET events = events + 3 WHERE name = 'small'"}},
		{"figures gone", "figures", "figures", 0, []string{"DELETE FROM space WHERE name = 'small'"}},
		{"mark ahead", "marks", "marks", 0, []string{"UPDATE mark SET indexed = 100000"}},
		{"sealed too far", "marks", "unsealed", 0, []string{"UPDATE mark SET sealed = (SELECT max(seq) FROM event)"}},
		{"tile sealed too far", "marks", "unsealed", 0, []string{"INSERT INTO tile SELECT space, policy, cell, seq FROM event WHERE seq = (SELECT max(seq) FROM event WHERE door) ON CONFLICT DO UPDATE SET sealed = excluded.sealed"}},
		{"a forged seal", "segment", "signature", 0, []string{`UPDATE segment SET seal = replace(seal, '"value":"' || substr(seal, instr(seal, '"value":"') + 9, 9), '"value":"AAAAAAAAA') WHERE id = 5`}},
		{"a seal of another segment", "segment", "columns", 0, []string{"UPDATE segment SET seal = (SELECT seal FROM segment WHERE id = 6) WHERE id = 5"}},
		{"a segment's order", "segment", "events", 0, []string{"UPDATE segment SET events = CAST(substr(events, 9, 8) || substr(events, 1, 8) || substr(events, 17) AS BLOB) WHERE id = (SELECT min(id) FROM segment WHERE length(events) > 16)"}},
		{"a segment's list cut", "segment", "events", 0, []string{"UPDATE segment SET events = substr(events, 9) WHERE id = (SELECT min(id) FROM segment WHERE length(events) > 16)"}},
		{"another program's", "file", "header", 0, []string{"PRAGMA application_id = 77"}},
		{"no version", "file", "header", 0, []string{"PRAGMA user_version = 0"}},
	} {
		if n%3 > 0 && racing {
			continue // it is slow, and they do not differ in what runs side by side
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			list, result := w.recovers(t, w.changed(t, c.do...))
			if !slices.ContainsFunc(list, func(f store.Finding) bool { return f.What == c.what && f.Rule == c.rule }) {
				t.Errorf("no finding %s %s:\n%s", c.what, c.rule, words(list))
			}
			if c.lost < 0 { // what is deleted may be found in the room that it left
				c.lost = int64(len(w.rows)) - result.Events
			}
			if result.Lost != c.lost || result.Incomplete != (c.lost > 0 || c.name == "figures" || len(result.Wanted) > 0) {
				t.Errorf("%+v\n%s", result, words(list))
			}
		})
	}
}

// A file of the version before this one is sound, and damaged it is brought to this one.
func TestEarlierVersion(t *testing.T) {
	w := theWorld(t)
	earlier := w.changed(t, "DROP TABLE gap", "DROP TABLE wanted", "DROP TABLE loose", "DROP TABLE snapshot", "DROP TABLE checkpoint", "DROP TABLE checkpoint_tile", "DROP TABLE media", "PRAGMA user_version = 1")
	if list, _ := w.recovers(t, earlier); len(list) > 0 {
		t.Error(words(list))
	}
	clear(earlier["kit.db"][5000:9000])
	if list, result := w.recovers(t, earlier); len(list) == 0 || !result.Repaired {
		t.Errorf("%+v", result)
	}
}

// Files that are not there, empty, or garbage.
func TestFilesGone(t *testing.T) {
	w := theWorld(t)
	garbage := make([]byte, 50_000)
	for i := range garbage {
		garbage[i] = byte(i * i >> 3)
	}
	for _, c := range []struct {
		name       string
		what, rule string // "" for nothing that could be seen
		from       map[string][]byte
		do         func(map[string][]byte)
	}{
		{"empty", "file", "empty", w.closed, func(f map[string][]byte) { f["kit.db"] = nil }},
		{"short", "file", "empty", w.closed, func(f map[string][]byte) { f["kit.db"] = f["kit.db"][:50] }},
		{"one page", "file", "unreadable", w.closed, func(f map[string][]byte) { f["kit.db"] = f["kit.db"][:4096] }},
		{"gone", "file", "absent", w.closed, func(f map[string][]byte) { delete(f, "kit.db") }},
		{"gone but for the log", "file", "absent", w.killed, func(f map[string][]byte) { delete(f, "kit.db") }},
		{"garbage", "file", "header", w.closed, func(f map[string][]byte) { f["kit.db"] = garbage }},
		{"header", "file", "header", w.closed, func(f map[string][]byte) { clear(f["kit.db"][:100]) }},
		{"page size", "file", "header", w.closed, func(f map[string][]byte) { f["kit.db"][16] = 2 }},
		{"log gone", "log", "short", w.killed, func(f map[string][]byte) { delete(f, "kit.db-wal") }},
		{"log empty", "log", "short", w.killed, func(f map[string][]byte) { f["kit.db-wal"] = nil }},
		{"log's header", "log", "header", w.killed, func(f map[string][]byte) { f["kit.db-wal"][20] ^= 1 }},
		{"log garbage", "log", "header", w.killed, func(f map[string][]byte) { f["kit.db-wal"] = garbage }},
		{"index garbage", "", "", w.killed, func(f map[string][]byte) { f["kit.db-shm"] = garbage[:32768] }},
		{"index gone", "", "", w.killed, func(f map[string][]byte) { delete(f, "kit.db-shm") }},
		{"log and index gone", "", "", w.killed, func(f map[string][]byte) { delete(f, "kit.db-shm"); delete(f, "kit.db-wal") }},
		{"stale log", "log", "header", w.closed, func(f map[string][]byte) { f["kit.db-wal"] = garbage }},
		{"key gone", "key", "absent", w.closed, func(f map[string][]byte) { delete(f, "kit.key") }},
		{"key garbage", "key", "unreadable", w.closed, func(f map[string][]byte) { f["kit.key"] = garbage[:100] }},
		{"name garbage", "name", "name", w.closed, func(f map[string][]byte) { f["kit.name"] = []byte("a\x00b") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			damaged := clone(c.from)
			c.do(damaged)
			if c.what == "key" || c.what == "name" {
				dir := lay(t, damaged)
				if list, result := repair(t, dir); len(list) != 1 || list[0].What != c.what || list[0].Rule != c.rule || list[0].Remedy != store.Person || result.Damaged {
					t.Errorf("%+v\n%s", result, words(list))
				}
				return
			}
			list, result := w.recovers(t, damaged)
			if (c.what != "") != slices.ContainsFunc(list, func(f store.Finding) bool { return f.What == c.what && f.Rule == c.rule }) || c.what == "" && len(list) > 0 {
				t.Errorf("wanted %s %s, %+v:\n%s", c.what, c.rule, result, words(list))
			}
			t.Logf("%+v", result)
		})
	}
}

// A file of a later program is left as it is, and so is a folder that a kit holds or that is none of a kit.
func TestNotTouched(t *testing.T) {
	w := theWorld(t)
	later := w.changed(t, "PRAGMA user_version = 99")
	dir := lay(t, later)
	if _, err := salvage.Repair(context.Background(), dir, now, func(store.Finding) {}); !errors.Is(err, store.ErrNewer) {
		t.Errorf("a later program's file: %v", err)
	}
	if after, err := files(dir); err != nil || string(after["kit.db"]) != string(later["kit.db"]) {
		t.Errorf("it was changed, %v", err)
	}
	held := lay(t, w.closed)
	s, err := store.Open(held, options())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := salvage.Check(context.Background(), held, func(store.Finding) {}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a folder that is held: %v", err)
	}
	other := t.TempDir()
	if _, err := salvage.Repair(context.Background(), other, now, func(store.Finding) {}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	if entries, err := os.ReadDir(other); err != nil || len(entries) > 0 {
		t.Errorf("%v was made in it, %v", entries, err)
	}
}
