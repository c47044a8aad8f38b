package event

import (
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// layout is where the members of an object stand, as the shortcut found them.
type layout struct {
	n     int // how many there are; more than there is room for when it was not worth remembering them
	spans [32]span
}

// span is a member: it begins at start with its name, whose quote ends before colon, and its value ends before end.
type span struct{ start, colon, end int32 }

// members is the function of that name for the text that the layout is of.
func (l *layout) members(text string, yield func(member) bool) {
	if l == nil || l.n == 0 || l.n > len(l.spans) {
		members(text, yield)
		return
	}
	for _, s := range l.spans[:l.n] {
		// The shortcut takes no names with escapes.
		if !yield(member{text[s.start+1 : s.colon-1], text[s.colon+1 : s.end], int(s.start), int(s.end)}) {
			return
		}
	}
}

// certainlyCanonical reports that raw is one JSON value in canonical form, keeps an event's limits of depth and number,
// and needs no second look: most events arrive exactly as their writer signed them, and this one pass is several times
// quicker than canonicalising anew. False says nothing: the long way decides then, and finds the words for a refusal.
// Into l, which may be nil, goes the layout of an object.
func certainlyCanonical(raw []byte, l *layout) bool {
	if len(raw) > 0 && raw[0] == '{' {
		return canonicalObject(raw, 0, MaxDepth-1, l) == len(raw)
	}
	return canonicalValue(raw, 0, MaxDepth) == len(raw) && len(raw) > 0
}

// canonicalValue returns the index behind the value that begins at i, or -1 where it is not certain. levels is how many
// more levels of nesting there may be.
func canonicalValue(raw []byte, i, levels int) int {
	if i >= len(raw) {
		return -1
	}
	switch c := raw[i]; c {
	case '{':
		return canonicalObject(raw, i, levels-1, nil)
	case '[':
		return canonicalArray(raw, i, levels-1)
	case '"':
		return canonicalString(raw, i)
	case 't':
		return canonicalWord(raw, i, "true")
	case 'f':
		return canonicalWord(raw, i, "false")
	case 'n':
		return canonicalWord(raw, i, "null")
	default:
		return canonicalNumber(raw, i)
	}
}

func canonicalWord(raw []byte, i int, word string) int {
	if end := i + len(word); end <= len(raw) && string(raw[i:end]) == word {
		return end
	}
	return -1
}

func canonicalArray(raw []byte, i, levels int) int {
	if levels < 0 || i+1 >= len(raw) {
		return -1
	}
	if raw[i+1] == ']' {
		return i + 2
	}
	for {
		if i = canonicalValue(raw, i+1, levels); i < 0 || i >= len(raw) {
			return -1
		}
		switch raw[i] {
		case ']':
			return i + 1
		case ',':
		default:
			return -1
		}
	}
}

// canonicalObject is certain of names in plain ASCII only: in bytes they then sort as in UTF-16.
func canonicalObject(raw []byte, i, levels int, l *layout) int {
	if levels < 0 || i+1 >= len(raw) {
		return -1
	}
	if raw[i+1] == '}' {
		return i + 2
	}
	var last []byte
	for first := true; ; first = false {
		i++
		if i >= len(raw) || raw[i] != '"' {
			return -1
		}
		begin := i + 1
		for i = begin; i < len(raw) && raw[i] != '"'; i++ {
			if c := raw[i]; c < 0x20 || c >= utf8.RuneSelf || c == '\\' {
				return -1
			}
		}
		if i+1 >= len(raw) || raw[i+1] != ':' {
			return -1
		}
		name := raw[begin:i]
		if !first && string(last) >= string(name) {
			return -1
		}
		last = name
		colon := i + 1
		if i = canonicalValue(raw, colon+1, levels); i < 0 || i >= len(raw) {
			return -1
		}
		if l != nil {
			if l.n < len(l.spans) {
				l.spans[l.n] = span{int32(begin - 1), int32(colon), int32(i)}
			}
			l.n++
		}
		switch raw[i] {
		case '}':
			return i + 1
		case ',':
		default:
			return -1
		}
	}
}

func canonicalString(raw []byte, i int) int {
	begin, wide := i+1, false
	for i = begin; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			if wide && !utf8.Valid(raw[begin:i]) {
				return -1
			}
			return i + 1
		case c == '\\':
			n := canonicalEscape(raw[i+1:])
			if n == 0 {
				return -1
			}
			i += n
		case c < 0x20:
			return -1
		case c >= utf8.RuneSelf:
			wide = true
		}
	}
	return -1
}

// canonicalEscape is the length of what follows a backslash: the short escapes, and \u00xx in lower case for the
// control characters that have none (RFC 8785, section 3.2.2.2).
func canonicalEscape(s []byte) int {
	if len(s) == 0 {
		return 0
	}
	switch s[0] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(s) < 5 || s[1] != '0' || s[2] != '0' || s[3] != '0' && s[3] != '1' {
			return 0
		}
		low := s[4]
		switch {
		case '0' <= low && low <= '9', 'a' <= low && low <= 'f':
		default:
			return 0
		}
		if s[3] == '0' && (low == '8' || low == '9' || low == 'a' || low == 'c' || low == 'd') {
			return 0
		}
		return 5
	}
	return 0
}

// canonicalNumber is certain of whole numbers, and of decimals, by their digits where that suffices.
func canonicalNumber(raw []byte, i int) int {
	begin := i
	if raw[i] == '-' {
		i++
	}
	whole := i
	for i < len(raw) && '0' <= raw[i] && raw[i] <= '9' {
		i++
	}
	digits := i - whole
	if digits == 0 || digits > 15 || digits > 1 && raw[whole] == '0' {
		return -1
	}
	if i == len(raw) || !isNumberByte(raw[i]) {
		if raw[whole] == '0' && whole > begin {
			return -1 // -0 is 0
		}
		return i
	}
	end := i + 1
	for end < len(raw) && '0' <= raw[end] && raw[end] <= '9' {
		end++
	}
	fraction := end - i - 1
	if raw[i] == '.' && fraction > 0 && digits+fraction <= 15 && raw[end-1] != '0' && (end == len(raw) || !isNumberByte(raw[end])) {
		// Up to 15 digits name one binary64 and are its shortest name; exponents begin below 1e-6 (RFC 8785, 3.2.2.3).
		if raw[whole] != '0' {
			return end
		}
		for _, c := range raw[i+1 : min(end, i+7)] {
			if c != '0' {
				return end
			}
		}
	}
	for end < len(raw) && isNumberByte(raw[end]) {
		end++
	}
	x, err := strconv.ParseFloat(string(raw[begin:end]), 64)
	if err != nil || x < -maxNumber || x > maxNumber {
		return -1
	}
	var text [32]byte
	if string(jsontext.AppendFloat(text[:0], x, 64)) != string(raw[begin:end]) {
		return -1
	}
	return end
}
