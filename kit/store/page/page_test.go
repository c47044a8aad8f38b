package page_test

import (
	"bytes"
	"database/sql"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"fieldkit/kit/store/page"
)

// row is a row of the table that the tests write.
type row struct {
	id   int64
	n    int64
	text string
	blob []byte
}

// write makes a database with rows of all sizes, long ones above all, and gives its files: with most of it in the log.
func write(t testing.TB, n int) (rows map[int64]row, file, log, index []byte) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, text TEXT, blob BLOB, none TEXT) STRICT; CREATE TABLE b (x INTEGER, y INTEGER, PRIMARY KEY (x, y)) STRICT, WITHOUT ROWID"); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	rows = make(map[int64]row)
	whole := []int64{0, 1, -1, 127, 128, -129, 1 << 15, -1 << 23, 1 << 40, math.MaxInt64, math.MinInt64}
	for i := range n {
		a := row{int64(i) * 77, whole[i%len(whole)], strings.Repeat("é", r.IntN(1<<r.IntN(14))), make([]byte, r.IntN(300))}
		if i%50 == 0 {
			a.text = strings.Repeat("x", 4000+i%200) // about the length where a row begins to overflow
		}
		rows[a.id] = a
		if _, err := db.Exec("INSERT INTO a VALUES (?, ?, ?, ?, NULL)", a.id, a.n, a.text, a.blob); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("INSERT INTO b VALUES (?, ?)", a.n, a.id); err != nil {
			t.Fatal(err)
		}
	}
	read := func(suffix string) []byte {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	log, index = read("-wal"), read("-shm")
	if _, err := db.Exec("PRAGMA wal_checkpoint(FULL)"); err != nil {
		t.Fatal(err)
	}
	return rows, read(""), log, index
}

func rowOf(c page.Cell, values []page.Value) row {
	return row{c.Rowid, values[1].Int, string(values[2].Bytes), bytes.Clone(values[3].Bytes)}
}

// What SQLite wrote is read, row by row, from its file: through cell pointers, and by sweeping.
func TestReadsWhatSQLiteWrites(t *testing.T) {
	rows, file, _, _ := write(t, 700)
	pages := slices.Collect(slices.Chunk(file, page.Size))
	next := func(n uint32) []byte {
		if n == 0 || int(n) > len(pages) {
			return nil
		}
		return pages[n-1]
	}
	pointed, swept, pairs := make(map[int64]bool), make(map[int64]bool), 0
	take := func(into map[int64]bool, c page.Cell) {
		values, ok := c.Record(next)
		if !ok || len(values) != 5 || values[1].Type != page.Integer || values[0].Type != page.Null || values[4].Type != page.Null {
			return
		}
		got, want := rowOf(c, values), rows[c.Rowid]
		if got.id == want.id && got.n == want.n && got.text == want.text && bytes.Equal(got.blob, want.blob) {
			into[c.Rowid] = true
		}
	}
	for i, b := range pages {
		kind, cells, sound := page.Cells(b, i == 0)
		if sound != (kind == page.TableLeaf) {
			t.Errorf("page %d of kind %d: sound is %v", i+1, kind, sound)
		}
		for _, c := range cells {
			switch kind {
			case page.TableLeaf:
				take(pointed, c)
			case page.IndexLeaf, page.IndexInterior:
				if values, ok := c.Record(next); ok && len(values) == 2 && rows[values[1].Int].n == values[0].Int {
					pairs++
				}
			}
		}
		page.Sweep(b, 5, func(c page.Cell) { take(swept, c) })
	}
	// Row 0 is not swept for: no table of the kit has one.
	if len(pointed) != len(rows) || len(swept) != len(rows)-1 || pairs != len(rows) {
		t.Errorf("of %d rows %d were read, %d swept up, %d pairs", len(rows), len(pointed), len(swept), pairs)
	}
}

// Of a log the frames are read that SQLite reads, and no others; and its index says how many there are.
func TestLog(t *testing.T) {
	_, _, log, index := write(t, 60)
	count := func(log []byte) (valid, salted, commits uint32) {
		l := page.NewLog(log[:page.LogHeaderSize])
		for frame := range slices.Chunk(log[page.LogHeaderSize:], page.FrameSize) {
			f := l.Next(frame)
			if f.Valid {
				valid++
			}
			if f.Salted {
				salted++
			}
			if f.Commit {
				commits++
			}
		}
		return valid, salted, commits
	}
	frames := uint32(len(log)-page.LogHeaderSize) / page.FrameSize
	if valid, salted, commits := count(log); valid != frames || salted != frames || commits < 60 || !page.NewLog(log).Sound {
		t.Errorf("of %d frames %d are valid, %d salted, %d commits", frames, valid, salted, commits)
	}
	if n, copied, salt, ok := page.ReadIndex(index[:page.IndexSize]); !ok || n != frames || copied != 0 || !bytes.Equal(salt[:], log[16:24]) {
		t.Errorf("the index tells of %d frames, %d copied, %v", n, copied, ok)
	}
	log[page.LogHeaderSize+10*page.FrameSize+500] ^= 4
	if valid, salted, _ := count(log); valid != 10 || salted != frames {
		t.Errorf("with the eleventh damaged %d are valid, %d salted", valid, salted)
	}
	log[18] ^= 1
	if valid, salted, _ := count(log); valid != 0 || salted != 0 || page.NewLog(log).Sound {
		t.Errorf("with another salt %d are valid, %d salted", valid, salted)
	}
	index[20] ^= 1
	if _, _, _, ok := page.ReadIndex(index[:page.IndexSize]); ok {
		t.Error("an index that does not agree with itself")
	}
}

// Whatever a page holds, reading it ends, and gives nothing that is not in it.
func FuzzPage(f *testing.F) {
	_, file, log, _ := write(f, 120)
	for i, b := range slices.Collect(slices.Chunk(file, page.Size)) {
		if i%5 == 0 {
			f.Add(b)
		}
	}
	f.Add(log[:page.FrameSize])
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0x0d, 0, 0, 0xff, 0xff}, 1000))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := make([]byte, page.FrameSize)
		copy(b, data)
		page.NewLog(b[:page.LogHeaderSize]).Next(b)
		page.ReadIndex(b[:page.IndexSize])
		b = b[:page.Size]
		steps := 0
		next := func(n uint32) []byte { // a chain that may go in a circle
			if steps++; n%7 == 0 {
				return nil
			}
			return b
		}
		read := func(c page.Cell) {
			steps = 0
			if len(c.Local) > c.Payload || c.Payload > page.MaxPayload || c.Offset < 0 || c.Offset >= len(b) {
				t.Fatalf("a cell of %d bytes, %d here, at %d", c.Payload, len(c.Local), c.Offset)
			}
			values, ok := c.Record(next)
			size := 0
			for _, v := range values {
				size += len(v.Bytes)
			}
			if ok && size > c.Payload || steps > page.MaxPayload/(page.Size-4)+1 {
				t.Fatalf("%d bytes of values in %d, %d steps", size, c.Payload, steps)
			}
		}
		for _, first := range []bool{false, true} {
			_, cells, _ := page.Cells(b, first)
			for _, c := range cells {
				read(c)
			}
		}
		page.Sweep(b, 5, read)
		page.CellAt(b, len(data)%page.Size)
	})
}
