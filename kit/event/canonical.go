package event

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits on what is read, in bytes and in levels of nesting.
const (
	// MaxSize is the greatest length of an event's canonical form.
	MaxSize = 16 << 10
	// MaxLine is the greatest length of an event as received: white space and escapes may take more room than the
	// canonical form does.
	MaxLine = 64 << 10
	// MaxDepth is the deepest nesting of an event; the event's own object is the first level.
	MaxDepth = 16
)

// maxNumber is the greatest magnitude of any number in an event: 2^53 - 1.
const maxNumber = 1<<53 - 1

// canonDepth is how deep Canonicalize follows; it guards the stack, not the protocol.
const canonDepth = 1000

// Canonicalize gives the canonical form (RFC 8785) of one JSON value of any type. It refuses an integer literal beyond
// ±(2^53 - 1) that it would have to write otherwise, and a number that binary64 cannot hold. The error is a *Refusal;
// raw is not changed.
func Canonicalize(raw []byte) ([]byte, error) {
	canonical, r := read(raw, canonDepth, exactNumber)
	if r != nil {
		return nil, r
	}
	return canonical, nil
}

// readObject is what Parse and Sign do first: within the limits of an event, raw is one JSON object. Into l, which may be
// nil, goes its layout, where that was found on the way.
func readObject(raw []byte, l *layout) ([]byte, *Refusal) {
	if len(raw) > MaxLine {
		return nil, refuse("size", "", "longer than "+strconv.Itoa(MaxLine)+" bytes")
	}
	var canonical []byte
	if certainlyCanonical(raw, l) {
		canonical = bytes.Clone(raw)
	} else {
		if l != nil {
			l.n = 0
		}
		var r *Refusal
		if canonical, r = read(raw, MaxDepth, boundedNumber); r != nil {
			return nil, r
		}
	}
	if canonical[0] != '{' {
		return nil, refuse("type", "", "an event is a JSON object")
	}
	return canonical, nil
}

// read holds raw to UTF-8, depth and the rule for numbers, and gives its canonical form.
func read(raw []byte, maxDepth int, number func([]byte) *Refusal) ([]byte, *Refusal) {
	if !utf8.Valid(raw) {
		return nil, refuse("utf8", "", "the text is not valid UTF-8")
	}
	if r := scan(raw, maxDepth, number); r != nil {
		return nil, r
	}
	return canonicalize(raw)
}

// canonicalize leaves raw as it is.
func canonicalize(raw []byte) ([]byte, *Refusal) {
	v := jsontext.Value(append(make([]byte, 0, len(raw)), raw...))
	if err := v.Canonicalize(); err != nil {
		return nil, classify(err)
	}
	return v, nil
}

// classify makes a refusal of the library's error. Only the cause's own text is looked at: the whole message quotes
// names of the input, which may say anything.
func classify(err error) *Refusal {
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) || s.Err == nil {
		return refuse("syntax", "", "not one JSON value")
	}
	field := fieldOf(s.JSONPointer)
	cause := s.Err.Error()
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return refuse("duplicate_key", field, "a member name stands twice in one object")
	case strings.HasPrefix(cause, "invalid surrogate pair"):
		return refuse("utf8", field, "an escaped surrogate stands alone")
	}
	return refuse("syntax", field, "not one JSON value: at byte "+strconv.FormatInt(s.ByteOffset, 10)+": "+cause)
}

// printable makes text of a stranger fit to be shown in a refusal: short, and without control characters, which could
// steer a terminal.
func printable(s string) string {
	const limit = 128
	cut := len(s) > limit
	if cut {
		s = s[:limit]
	}
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return utf8.RuneError
		}
		return c
	}, s)
	if s = strings.ToValidUTF8(s, "\uFFFD"); cut {
		s += "…"
	}
	return s
}

// scan looks at nesting and numbers before anything is built from raw. It takes the grammar for granted: what is
// malformed here, the canonicaliser refuses next.
func scan(raw []byte, maxDepth int, number func([]byte) *Refusal) *Refusal {
	depth := 0
	text := unsafe.String(unsafe.SliceData(raw), len(raw))
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			i = skipString(text, i)
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return refuse("depth", "", "nested deeper than "+strconv.Itoa(maxDepth)+" levels")
			}
			i++
		case c == '}' || c == ']':
			depth--
			i++
		case c == '-' || '0' <= c && c <= '9':
			j := i + 1
			for j < len(raw) && isNumberByte(raw[j]) {
				j++
			}
			if r := number(raw[i:j]); r != nil {
				r.Field = fieldAt(raw, int64(i))
				return r
			}
			i = j
		default:
			i++
		}
	}
	return nil
}

// fieldOf writes a JSON pointer as the path of a field.
func fieldOf(pointer jsontext.Pointer) string {
	var path []string
	for name := range pointer.Tokens() {
		path = append(path, name)
	}
	return printable(strings.Join(path, "."))
}

// fieldAt names the member whose value begins at offset, as far as raw is JSON up to there.
func fieldAt(raw []byte, offset int64) string {
	d := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for d.InputOffset() <= offset {
		if _, err := d.ReadToken(); err != nil {
			return ""
		}
	}
	return fieldOf(d.StackPointer())
}

func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'
}

// skipString returns the index behind the string that begins at i. It looks for quotes, which is done in vectors, and at
// a quote back for backslashes.
func skipString(s string, i int) int {
	begin := i + 1
	for i = begin; i < len(s); {
		n := strings.IndexByte(s[i:], '"')
		if n < 0 {
			break
		}
		i += n
		escapes := i
		for escapes > begin && s[escapes-1] == '\\' {
			escapes--
		}
		i++
		if (i-1-escapes)%2 == 0 {
			return i
		}
		begin = i
	}
	return len(s)
}

// boundedNumber is the rule for events: no number beyond ±(2^53 - 1), so that none is ever rounded to another whole.
func boundedNumber(token []byte) *Refusal {
	if len(token) <= 15 && plainDigits(token) {
		return nil
	}
	v, err := strconv.ParseFloat(string(token), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil // malformed: the canonicaliser says so
	}
	if err != nil || math.Abs(v) > maxNumber {
		return refuse("number", "", "the number "+clip(token)+" is beyond ±(2^53 - 1)")
	}
	return nil
}

// exactNumber is the rule for any JSON value: numbers are what binary64 makes of them, but an integer literal is never
// silently another one.
func exactNumber(token []byte) *Refusal {
	if len(token) <= 15 && plainDigits(token) {
		return nil
	}
	v, err := strconv.ParseFloat(string(token), 64)
	if errors.Is(err, strconv.ErrRange) {
		return refuse("number", "", "the number "+clip(token)+" does not fit binary64")
	}
	if err != nil || !plainDigits(token) {
		return nil
	}
	if math.Abs(v) > maxNumber && string(jsontext.AppendFloat(nil, v, 64)) != string(token) {
		return refuse("number", "", "the integer "+clip(token)+" would be written otherwise: beyond ±(2^53 - 1) binary64 does not hold every one")
	}
	return nil
}

func plainDigits(token []byte) bool {
	for i, c := range token {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return true
}

func clip(token []byte) string {
	if len(token) > 32 {
		return string(token[:32]) + "…"
	}
	return string(token)
}
