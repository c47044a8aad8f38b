package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxRow bounds, in bytes, a row that runs over several lines because of a quote.
const maxRow = 128 << 10

// csv reads a table whose first row names its columns.
func (im *importer) csv() error {
	s := &scanner{r: bufio.NewReaderSize(im.meter, peekSize), line: 1}
	head, err := s.r.Peek(peekSize)
	if err != nil && err != io.EOF {
		return s.broken("%v", err)
	}
	if name := foreignEncoding(head); name != "" {
		return s.broken("the text is %s; save it as UTF-8", name)
	}
	if bytes.HasPrefix(head, byteOrderMark) {
		if _, err := s.r.Discard(len(byteOrderMark)); err != nil {
			return s.broken("%v", err)
		}
	}
	r := rows{lines: s, comma: sniffComma(firstLine(head))}
	header, _, err := r.next()
	switch {
	case err == io.EOF:
		return s.broken("the file is empty: a table begins with the names of its columns")
	case errors.Is(err, errTooLong), errors.Is(err, errQuotes):
		return s.broken("the header cannot be read: %v", err)
	case err != nil:
		return err
	}
	if refusal := checkText(header, nil); refusal != nil {
		return s.broken("the header is not UTF-8")
	}
	t := table{importer: im, columns: readColumns(header, im.Options), decimalComma: r.comma != ',', stations: map[station]stationNode{}}
	for {
		fields, line, err := r.next()
		switch {
		case err == io.EOF:
			return nil
		case err == errTooLong:
			err = im.item(line, func() error { return refuse("size", "", "longer than "+strconv.Itoa(maxItem)+" bytes") })
		case err == errQuotes:
			err = im.item(line, func() error {
				return refuse("syntax", "", `a quote is not closed, or followed by something other than a separator`)
			})
		case err == nil && strings.Join(fields, "") != "":
			err = im.item(line, func() error { return t.row(fields) })
		}
		if err != nil {
			return err
		}
	}
}

var errQuotes = errors.New("its quotes do not pair")

// rows reads the rows of a table. encoding/csv would do, but for what a quote left open does to it: there, all up to the
// next quote is one row, and lost. Here the row ends with its first line, is refused, and the lines behind it are read
// anew.
type rows struct {
	lines *scanner
	comma byte
	// again are lines that were taken for the rest of a row, and are rows of their own.
	again []numbered
}

type numbered struct {
	text []byte
	line int
}

// next returns the next row that is not empty and the line it begins in; io.EOF at the end. errQuotes and errTooLong are
// faults of this row alone.
func (r *rows) next() (fields []string, line int, err error) {
	first, err := r.take()
	for err == nil && len(first.text) == 0 {
		first, err = r.take()
	}
	if err != nil {
		return nil, first.line, err
	}
	p := splitter{comma: r.comma}
	state := p.feed(first.text)
	size := len(first.text)
	var more []numbered
	for state == rowOpen && size < maxRow {
		l, err := r.take()
		if err == io.EOF || err == errTooLong {
			break
		}
		if err != nil {
			return nil, first.line, err
		}
		more = append(more, l)
		size += len(l.text) + 1
		state = p.feed(l.text)
	}
	if state != rowComplete {
		r.again = append(more, r.again...)
		return nil, first.line, errQuotes
	}
	return p.fields, first.line, nil
}

func (r *rows) take() (numbered, error) {
	if len(r.again) > 0 {
		l := r.again[0]
		r.again = r.again[1:]
		return l, nil
	}
	line := r.lines.line
	text, err := r.lines.restOfLine()
	return numbered{bytes.TrimSuffix(text, []byte("\r")), line}, err
}

type rowState int

const (
	rowComplete rowState = iota
	// rowOpen has a quote that is not closed yet.
	rowOpen
	// rowBroken has text behind a closing quote.
	rowBroken
)

// A splitter cuts a row into fields (RFC 4180). A quote inside a field that does not begin with one is text.
type splitter struct {
	comma  byte
	fields []string
	field  []byte
	open   bool
}

// feed takes the row's first line, or the next one while the row is open.
func (p *splitter) feed(line []byte) rowState {
	i := 0
	if p.open {
		p.field = append(p.field, '\n')
	}
	for {
		if !p.open && i < len(line) && line[i] == '"' {
			p.open = true
			i++
		}
		if p.open {
			for i < len(line) && (line[i] != '"' || i+1 < len(line) && line[i+1] == '"') {
				if line[i] == '"' {
					i++
				}
				p.field = append(p.field, line[i])
				i++
			}
			if i == len(line) {
				return rowOpen
			}
			p.open = false
			if i++; i < len(line) && line[i] != p.comma {
				return rowBroken
			}
		} else {
			end := bytes.IndexByte(line[i:], p.comma)
			if end < 0 {
				end = len(line) - i
			}
			p.field = append(p.field, line[i:i+end]...)
			i += end
		}
		p.fields = append(p.fields, strings.TrimSpace(string(p.field)))
		p.field = p.field[:0]
		if i == len(line) {
			return rowComplete
		}
		i++ // the separator
	}
}
