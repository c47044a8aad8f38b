package storebench

import (
	"database/sql/driver"
	"net/url"
	"slices"

	"github.com/mattn/go-sqlite3"
)

// bare is S: the same bytes into a table with nothing else, one transaction a batch, without database/sql between.
func bare(path string, lines [][]byte) (speed float64, err error) {
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: "_mutex=no"}
	opened, err := new(sqlite3.SQLiteDriver).Open(dsn.String())
	if err != nil {
		return 0, err
	}
	defer opened.Close()
	c := opened.(*sqlite3.SQLiteConn)
	script := func(text string) error {
		_, err := c.Exec(text, nil)
		return err
	}
	if err := script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE event (seq INTEGER PRIMARY KEY, text BLOB NOT NULL)"); err != nil {
		return 0, err
	}
	insert, err := c.Prepare("INSERT INTO event (text) VALUES (?)")
	if err != nil {
		return 0, err
	}
	defer insert.Close()
	return perSecond(len(lines), func() error {
		for b := range slices.Chunk(lines, batch) {
			if err := script("BEGIN IMMEDIATE"); err != nil {
				return err
			}
			for _, line := range b {
				//lint:ignore SA1019 the driver's own fast way
				if _, err := insert.Exec([]driver.Value{line}); err != nil {
					return err
				}
			}
			if err := script("COMMIT"); err != nil {
				return err
			}
		}
		return nil
	})
}
