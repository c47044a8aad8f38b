package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/mattn/go-sqlite3"
)

// A link is a connection as the driver gives it. The store speaks to SQLite through these few methods alone, prepared
// statements but for scripts, so that a test can make any step of it fail. database/sql is left out: its pool would hide
// which connection a statement runs on, and its conversions cost more than the inserts.
type link interface {
	driver.Conn
	driver.ExecerContext
}

// openLink opens the file. Without mutexes: each connection is used by one goroutine at a time.
func openLink(path string) (link, error) {
	return dial(url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_mutex": {"no"}, "_busy_timeout": {"10000"}}.Encode()})
}

// openURI opens what SQLite knows under a URI.
func openURI(dsn url.URL) (*conn, error) {
	l, err := dial(dsn)
	if err != nil {
		return nil, err
	}
	return &conn{link: l}, nil
}

func dial(dsn url.URL) (link, error) {
	c, err := new(sqlite3.SQLiteDriver).Open(dsn.String())
	if err != nil {
		return nil, err
	}
	l, ok := c.(link)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("the driver made a %T", c)
	}
	return l, nil
}

// A conn is one connection with its prepared statements, for one goroutine at a time.
type conn struct {
	link       link
	statements map[string]driver.Stmt
	args       []driver.NamedValue
}

// script runs statements without arguments.
func (c *conn) script(text string) error {
	_, err := c.link.ExecContext(context.Background(), text, nil)
	return err
}

// exec runs a statement that gives no rows.
func (c *conn) exec(query string, args ...driver.Value) error {
	return c.each(query, args, func([]driver.Value) error { return nil })
}

// errStop ends each early without being an error.
var errStop = errors.New("enough")

// each calls row for each row; what it is given is only valid during the call, but for strings. It goes through the
// driver's Query even where no rows come, because that binds all arguments in one call of C.
func (c *conn) each(query string, args []driver.Value, row func([]driver.Value) error) error {
	statement, err := c.prepare(query)
	if err != nil {
		return err
	}
	c.args = c.args[:0]
	for i, v := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	querier, ok := statement.(driver.StmtQueryContext)
	if !ok {
		return fmt.Errorf("the driver made a %T", statement)
	}
	rows, err := querier.QueryContext(context.Background(), c.args)
	if err != nil {
		return err
	}
	values := make([]driver.Value, len(rows.Columns()))
	for {
		if err = rows.Next(values); err != nil {
			break
		}
		if err = row(values); err != nil {
			break
		}
	}
	if err == io.EOF || err == errStop {
		err = nil
	}
	if closing := rows.Close(); err == nil {
		err = closing
	}
	return err
}

// one reads the whole numbers of the one row that a query gives; ok is false where it gives none.
func (c *conn) one(query string, args []driver.Value, into ...*int64) (ok bool, err error) {
	err = c.each(query, args, func(row []driver.Value) error {
		ok = true
		for i, n := range into {
			*n, _ = row[i].(int64)
		}
		return errStop
	})
	return ok, err
}

func (c *conn) prepare(query string) (driver.Stmt, error) {
	if s := c.statements[query]; s != nil {
		return s, nil
	}
	s, err := c.link.Prepare(query)
	if err != nil {
		return nil, err
	}
	if c.statements == nil {
		c.statements = make(map[string]driver.Stmt)
	}
	c.statements[query] = s
	return s, nil
}

// close finishes the statements first: with one left, SQLite would keep the file open and locked.
func (c *conn) close() error {
	var first error
	for _, s := range c.statements {
		if err := s.Close(); first == nil {
			first = err
		}
	}
	if err := c.link.Close(); first == nil {
		first = err
	}
	return first
}
