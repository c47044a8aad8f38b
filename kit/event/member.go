package event

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A member of a canonical object: its unquoted name, its value as JSON, and where it stands in the text.
type member struct {
	name       string
	value      string
	start, end int // from the name's quote to behind the value
}

// members calls yield for each member of the canonical object text. It relies on the canonical form: no white space,
// already known to be valid. That is several times faster than reading tokens, and every event passes here.
func members(text string, yield func(member) bool) {
	for i := 1; i < len(text)-1; {
		m := member{start: i}
		end := skipString(text, i)
		if end-i < 2 || end+1 >= len(text) {
			return // cannot be: canonical text is valid
		}
		m.name = unquote(text[i:end])
		m.end = skipValue(text, end+1)
		m.value = text[end+1 : m.end]
		if !yield(m) {
			return
		}
		i = m.end + 1
	}
}

// elements calls yield for each element of the canonical array text.
func elements(text string, yield func(value string) bool) {
	for i := 1; i < len(text)-1; {
		end := skipValue(text, i)
		if !yield(text[i:end]) {
			return
		}
		i = end + 1
	}
}

// skipValue returns the index behind the value that begins at i of a canonical text.
func skipValue(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			i = skipString(s, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// unquote gives the text of a canonical JSON string; without escapes it shares the memory of quoted.
func unquote(quoted string) string {
	if len(quoted) < 2 {
		return "" // cannot be: canonical text is valid
	}
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	b, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return quoted[1 : len(quoted)-1] // cannot be: canonical text is valid
	}
	return string(b)
}

func isString(value string) bool { return value != "" && value[0] == '"' }
func isObject(value string) bool { return value != "" && value[0] == '{' }
func isArray(value string) bool  { return value != "" && value[0] == '[' }
func isNumber(value string) bool {
	return value != "" && (value[0] == '-' || '0' <= value[0] && value[0] <= '9')
}
