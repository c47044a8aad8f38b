package api

import (
	"bytes"

	"fieldkit/kit/event"
)

// splitArray gives the elements of an array, to which one text that begins with [ is meant. What is wrong inside an
// element is for the door to judge, and those around it get verdicts of their own: only the ends of elements are looked
// for. Where a comma is missing or stands too much, where the array breaks off or goes on behind its end, there is an
// element that the door refuses: it begins with the byte at fault. More than maxBatch may be given as soon as there are
// as many.
func splitArray(body []byte) (elements [][]byte) {
	add := func(from, to int) { elements = append(elements, bytes.Trim(body[from:to], blank)) }
	// An event may not be as long as the rest may be: what is wrong with that is not its length.
	rest := func(from int) { add(from, min(len(body), from+event.MaxLine)) }
	for at := 1; len(elements) <= maxBatch; {
		from := skipBlank(body, at)
		end, value := scanElement(body, from)
		whole := end < len(body)
		if value > from && (!whole || skipBlank(body, value) < end) {
			add(from, value)
			from = value - 1
		}
		switch {
		case !whole && from < end:
			rest(from)
		case !whole:
			rest(end - 1) // the bracket or comma behind which nothing stands
		case from < end:
			add(from, end)
		case body[end] == ',' || at > 1:
			add(end, end+1) // nothing before a comma or behind the last
		}
		if !whole {
			return elements
		}
		if at = end + 1; body[end] == ']' {
			if at < len(body) {
				rest(end)
			}
			return elements
		}
	}
	return elements
}

func skipBlank(body []byte, at int) int {
	for at < len(body) && (body[at] == ' ' || body[at] == '\t' || body[at] == '\r' || body[at] == '\n') {
		at++
	}
	return at
}

// scanElement gives where the element that begins at from ends, at the comma or bracket behind it, or len(body) where
// there is none; and where the object or array that it begins with ends, from where it begins with none.
func scanElement(body []byte, from int) (end, value int) {
	var open nesting
	value = from
	for i := from; i < len(body); i++ {
		switch c := body[i]; c {
		case '"':
			i = closingQuote(body, i)
		case '{', '[':
			open.push(c)
		case ',', ']':
			if open.depth() == 0 {
				return i, value
			}
			// The last bracket is the array's own, when no other is open.
			if c == ']' && open.arrays == 0 && i == len(body)-1 {
				return i, value
			}
			if c == ',' {
				continue
			}
			fallthrough
		case '}':
			closed := open.depth() > 0 && open.pop(c)
			if closed && open.depth() == 0 && value == from {
				value = i + 1
			}
		}
	}
	return len(body), value
}

// closingQuote gives where the string that begins at from ends, the last byte where it does not.
func closingQuote(body []byte, from int) int {
	for i := from + 1; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(body) - 1
}

// maxKinds is how many levels of nesting are known by their kind. No event is nested so deep; below, all brackets are
// alike.
const maxKinds = 1024

// nesting are the brackets that are open.
type nesting struct {
	kinds          []byte
	arrays, deeper int
}

func (n *nesting) depth() int { return len(n.kinds) + n.deeper }

func (n *nesting) push(c byte) {
	if len(n.kinds) == maxKinds {
		n.deeper++
		return
	}
	n.kinds = append(n.kinds, c)
	if c == '[' {
		n.arrays++
	}
}

// pop closes the innermost bracket of c's kind, and with it those within that were not closed. It reports whether there
// was one.
func (n *nesting) pop(c byte) bool {
	if n.deeper > 0 {
		n.deeper--
		return true
	}
	opener, found := byte('['), n.arrays > 0
	if c == '}' {
		opener, found = '{', n.arrays < len(n.kinds)
	}
	for found {
		last := len(n.kinds) - 1
		kind := n.kinds[last]
		n.kinds = n.kinds[:last]
		if kind == '[' {
			n.arrays--
		}
		if kind == opener {
			break
		}
	}
	return found
}
