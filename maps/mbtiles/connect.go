package mbtiles

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"

	"github.com/mattn/go-sqlite3"
)

// headerBytes is the length of the header of a SQLite file (sqlite.org/fileformat2.html, 1.3).
const headerBytes = 100

const sqliteMagic = "SQLite format 3\x00"

// readHeader reads the header, and refuses what SQLite would be slow or vague to refuse.
func readHeader(path string, info os.FileInfo, report *report) ([]byte, bool) {
	if !info.Mode().IsRegular() {
		report.broken("file", "is not a regular file")
		return nil, false
	}
	file, err := os.Open(path)
	if err != nil {
		report.broken("file", "cannot be read: %v", withoutPath(err))
		return nil, false
	}
	defer file.Close()
	header := make([]byte, headerBytes)
	n, err := io.ReadFull(file, header)
	switch {
	case n == 0:
		report.broken("file", "is empty")
		return nil, false
	case n < len(sqliteMagic) || string(header[:len(sqliteMagic)]) != sqliteMagic:
		report.broken("file", "is not an SQLite database, so not an MBTiles file; it begins with %q", header[:min(n, 8)])
		return nil, false
	case err != nil:
		report.broken("file", "is cut off within the first %d bytes", headerBytes)
		return nil, false
	}
	pageBytes := int64(binary.BigEndian.Uint16(header[16:]))
	if pageBytes == 1 {
		pageBytes = 65536
	}
	pages := int64(binary.BigEndian.Uint32(header[28:]))
	// The page count holds only if its writer kept the change counters in step, as every SQLite since 2010 does.
	counted := binary.BigEndian.Uint32(header[24:]) == binary.BigEndian.Uint32(header[92:])
	if counted && !hasCompanion(path) && info.Size() < pages*pageBytes {
		report.broken("file", "is cut off: %d bytes of %d", info.Size(), pages*pageBytes)
		return nil, false
	}
	return header, true
}

// hasCompanion reports whether SQLite left a journal beside the file, which belongs to its content.
func hasCompanion(path string) bool {
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// A connector opens connections to one file under limits. It spares a name in database/sql's global registry.
type connector struct {
	driver sqlite3.SQLiteDriver
	dsn    string
}

// newConnector opens without locks (immutable) unless a journal lies beside the file. That is safe because packs are
// replaced by rename, and it is what lets a pack be read from a read-only disk.
func newConnector(path string) *connector {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	query := url.Values{"mode": {"ro"}, "_query_only": {"1"}, "_mutex": {"no"}, "_cache_size": {"-512"}}
	if !hasCompanion(path) {
		query.Set("immutable", "1")
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return &connector{dsn: dsn.String()}
}

// Connect opens a connection on which the schema of a hostile file can do little: no function with effects from its
// views, no value larger than a tile may be, no deep expressions.
func (c *connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	lite, ok := conn.(*sqlite3.SQLiteConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("the driver made a %T", conn)
	}
	lite.SetLimit(sqlite3.SQLITE_LIMIT_LENGTH, MaxTileBytes)
	lite.SetLimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
	lite.SetLimit(sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0)
	if _, err := lite.Exec(`PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY`, nil); err != nil {
		lite.Close()
		return nil, err
	}
	return lite, nil
}

// Driver is the underlying driver.
func (c *connector) Driver() driver.Driver { return &c.driver }

// wholeHashBytes is up to which size a file is hashed whole: a moment's work even on a small board.
const wholeHashBytes = 32 << 20

// identify names a version of a file. A small file is hashed whole, so that copies of it bear one name on every kit. Of
// a larger one its size, time of change, header (where SQLite counts changes) and metadata are hashed.
func identify(path string, info os.FileInfo, header []byte, meta Metadata) (string, error) {
	h := sha256.New()
	if info.Size() <= wholeHashBytes && !hasCompanion(path) {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		if _, err := io.Copy(h, io.LimitReader(file, wholeHashBytes)); err != nil {
			return "", err
		}
	} else {
		fmt.Fprintf(h, "%d %d\n", info.Size(), info.ModTime().UnixNano())
		h.Write(header)
		fmt.Fprintf(h, "%q %q %q", meta.Name, meta.Version, meta.MediaType)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// withoutPath leaves out where the file lies: the reader knows, or should not.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

var virtualTable = regexp.MustCompile(`(?i)^\s*create\s+virtual\s`)

func isVirtual(definition string) bool { return virtualTable.MatchString(definition) }

var byTile = regexp.MustCompile(`^SEARCH .*zoom_level=\?.*tile_(column|row)=\?`)

// searchesByTile reads a line of EXPLAIN QUERY PLAN.
func searchesByTile(detail string) bool { return byTile.MatchString(detail) }
