package event

import (
	"errors"
	"math"
	"strconv"
	"strings"

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

// Canonicalize gives the canonical form (RFC 8785) of one JSON value of any type. It refuses what that form would
// change: an integer literal beyond what binary64 holds exactly, and a number it cannot hold at all. raw is not changed.
func Canonicalize(raw []byte) ([]byte, error) {
	if r := scan(raw, canonDepth, exactNumber); r != nil {
		return nil, r
	}
	return canonicalize(raw)
}

// canonicalize leaves raw as it is.
func canonicalize(raw []byte) ([]byte, error) {
	v := jsontext.Value(append(make([]byte, 0, len(raw)), raw...))
	if err := v.Canonicalize(); err != nil {
		return nil, classify(err)
	}
	return v, nil
}

func classify(err error) *Refusal {
	rule := "syntax"
	var s *jsontext.SyntacticError
	field := ""
	if errors.As(err, &s) {
		field = strings.ReplaceAll(strings.TrimPrefix(string(s.JSONPointer), "/"), "/", ".")
		if len(field) > 128 {
			field = field[:128]
		}
		field = strings.ToValidUTF8(field, "�")
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		rule = "duplicate_key"
		return refuse(rule, field, "a member name stands twice in one object")
	case strings.Contains(err.Error(), "UTF-8"), strings.Contains(err.Error(), "surrogate"):
		rule = "utf8"
		return refuse(rule, field, "the text is not valid UTF-8")
	}
	at := ""
	if s != nil {
		at = " at byte " + strconv.FormatInt(s.ByteOffset, 10)
	}
	return refuse(rule, field, "not one JSON value"+at+": "+reason(err))
}

// reason cuts the library's prefixes off, and what it quotes to a readable length.
func reason(err error) string {
	s := strings.ToValidUTF8(strings.TrimPrefix(err.Error(), "jsontext: "), "�")
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:160], "") + "…"
	}
	return s
}

// scan looks at nesting and numbers before anything is built from raw. It takes the grammar for granted: what is
// malformed here, the canonicaliser refuses next.
func scan(raw []byte, maxDepth int, number func([]byte) *Refusal) *Refusal {
	depth := 0
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			i = skipString(raw, i)
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
				return r
			}
			i = j
		default:
			i++
		}
	}
	return nil
}

func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'
}

// skipString returns the index behind the string that begins at i.
func skipString[T ~[]byte | ~string](s T, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
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

// exactNumber is the rule for any JSON value.
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
		return refuse("number", "", "the integer "+clip(token)+" would be changed: beyond ±(2^53 - 1) binary64 does not hold every one")
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
