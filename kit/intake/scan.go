package intake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxNesting keeps a run of brackets from filling the memory; an event may have 16.
const maxNesting = 10_000

// A scanner cuts JSON text into values by its strings and brackets alone. So a value that is not JSON inside (NaN, a
// trailing comma, bytes that are not UTF-8) ends where it ends, and what follows it can still be read.
type scanner struct {
	r      *bufio.Reader
	offset int64 // of the next byte, from 0
	line   int   // of the next byte, from 1
	open   []byte
}

var errTooLong = errors.New("too long")

// broken is the error of a file that cannot be read further.
func (s *scanner) broken(format string, a ...any) error {
	return fmt.Errorf("line %d, byte %d: %s", s.line, s.offset, fmt.Sprintf(format, a...))
}

func (s *scanner) next() (byte, error) {
	c, err := s.r.ReadByte()
	if err != nil {
		return 0, err
	}
	s.offset++
	if c == '\n' {
		s.line++
	}
	return c, nil
}

// peek skips white space and returns the byte behind it, which stays; io.EOF at the end of the file.
func (s *scanner) peek() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, s.r.UnreadByte()
		}
		s.offset++
		if c == '\n' {
			s.line++
		}
	}
}

// restOfLine reads up to the next line break, which it takes but does not return; io.EOF where nothing is left.
func (s *scanner) restOfLine() ([]byte, error) {
	k := keeper{}
	for {
		c, err := s.next()
		if err == io.EOF && k.length > 0 {
			break
		}
		if err == io.EOF {
			return nil, err
		}
		if err != nil {
			return nil, s.broken("%v", err)
		}
		if c == '\n' {
			break
		}
		k.keep(c)
	}
	if k.length > maxItem {
		return nil, errTooLong
	}
	return k.kept, nil
}

// skip peeks, and takes c if it stands there.
func (s *scanner) skip(c byte) (bool, error) {
	p, err := s.peek()
	if err != nil || p != c {
		return false, err
	}
	_, err = s.next()
	return true, err
}

// value reads one value, of which it keeps at most maxItem bytes: a longer one is read to its end and gives errTooLong.
func (s *scanner) value(what string) ([]byte, error) {
	c, err := s.peek()
	if err != nil {
		return nil, s.ends(what, err)
	}
	k := keeper{}
	switch c {
	case '{', '[', '"':
		err = s.nested(what, &k)
	default:
		err = s.bare(what, &k)
	}
	if err == nil && k.length > maxItem {
		err = errTooLong
	}
	return k.kept, err
}

// A keeper keeps what fits into maxItem.
type keeper struct {
	kept   []byte
	length int
}

func (k *keeper) keep(c byte) {
	if k.length++; k.length <= maxItem {
		k.kept = append(k.kept, c)
	}
}

// nested reads an object, an array or a string.
func (s *scanner) nested(what string, k *keeper) error {
	s.open = s.open[:0]
	for {
		c, err := s.next()
		if err != nil {
			return s.ends(what, err)
		}
		k.keep(c)
		switch c {
		case '"':
			if err := s.restOfString(what, k); err != nil {
				return err
			}
		case '{', '[':
			if len(s.open) == maxNesting {
				return s.broken("%s is nested deeper than %d", what, maxNesting)
			}
			s.open = append(s.open, c)
		case '}', ']':
			if last := s.open[len(s.open)-1]; last != c-2 {
				return s.broken("%s closes a %q with a %q", what, last, c)
			}
			s.open = s.open[:len(s.open)-1]
		}
		if len(s.open) == 0 {
			return nil
		}
	}
}

// bare reads a number, a literal, or what stands in place of one, like NaN.
func (s *scanner) bare(what string, k *keeper) error {
	for {
		b, err := s.r.Peek(1)
		if err != nil && err != io.EOF {
			return s.ends(what, err)
		}
		if err == io.EOF || strings.IndexByte(" \t\r\n,:[]{}\"", b[0]) >= 0 {
			break
		}
		if _, err := s.next(); err != nil {
			return err
		}
		k.keep(b[0])
	}
	if k.length == 0 {
		c, err := s.peek()
		if err != nil {
			return s.ends(what, err)
		}
		return s.broken("%q where %s should begin", c, what)
	}
	return nil
}

func (s *scanner) restOfString(what string, k *keeper) error {
	for escaped := false; ; {
		c, err := s.next()
		if err != nil {
			return s.ends(what, err)
		}
		k.keep(c)
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			return nil
		}
	}
}

// ends explains an end of the file where there should be none.
func (s *scanner) ends(what string, err error) error {
	if err == io.EOF {
		return s.broken("the file ends within %s", what)
	}
	return s.broken("%v", err)
}
