package mbtiles

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime"
)

const lookupSQL = `SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?`

var errClosed = errors.New("the pack is closed")

// A reader is a connection with the lookup prepared. It serves one lookup at a time.
type reader struct {
	lookup driver.StmtQueryContext
	close  func() error
}

// readers are a pack's connections for tiles, opened as they are needed. They stand in for database/sql's, which copies
// each blob once more and takes as long over a lookup as SQLite does.
type readers struct {
	connector *connector
	// free holds each reader not in use, and nil for each that has not been opened.
	free chan *reader
	done chan struct{}
}

func newReaders(c *connector) *readers {
	r := &readers{connector: c, free: make(chan *reader, max(4, runtime.GOMAXPROCS(0))), done: make(chan struct{})}
	for range cap(r.free) {
		r.free <- nil
	}
	return r
}

// open makes a reader.
func (r *readers) open(ctx context.Context) (*reader, error) {
	conn, err := r.connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	statement, err := conn.Prepare(lookupSQL)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	lookup, ok := statement.(driver.StmtQueryContext)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver made a %T", statement), statement.Close(), conn.Close())
	}
	return &reader{lookup, func() error { return errors.Join(statement.Close(), conn.Close()) }}, nil
}

// get returns the blob of a row, nil where there is none.
func (r *readers) get(ctx context.Context, zoom, column, row int64) ([]byte, error) {
	var one *reader
	select {
	case one = <-r.free:
	case <-r.done:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { r.free <- one }()
	if one == nil {
		var err error
		if one, err = r.open(ctx); err != nil {
			return nil, err
		}
	}
	return one.get(ctx, zoom, column, row)
}

func (r *reader) get(ctx context.Context, zoom, column, row int64) (data []byte, err error) {
	rows, err := r.lookup.QueryContext(ctx, []driver.NamedValue{
		{Ordinal: 1, Value: zoom}, {Ordinal: 2, Value: column}, {Ordinal: 3, Value: row},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var value [1]driver.Value
	if err := rows.Next(value[:]); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	switch value := value[0].(type) {
	case []byte:
		return value, nil // the driver's copy, which nothing else refers to
	case string:
		return []byte(value), nil
	case nil:
		return nil, nil
	default:
		return fmt.Append(nil, value), nil // SQLite lets a number be in a column of blobs
	}
}

// Close waits for the lookups under way, and ends the connections.
func (r *readers) Close() error {
	close(r.done)
	var err error
	for range cap(r.free) {
		if one := <-r.free; one != nil {
			err = errors.Join(err, one.close())
		}
	}
	return err
}
