package api

import (
	"bytes"

	"fieldkit/kit/event"
)

// splitArray gives the elements of an array, to which one text begins with [. What is wrong inside an element is for the
// door to judge, and those around it get their own verdicts: only the ends of elements are looked for. Where a comma is
// missing, where there is nothing between two, where the array breaks off or goes on behind its end, what stands there is
// an element which the door refuses: it begins with the byte at fault. More than maxBatch are not looked for.
func splitArray(body []byte) (elements [][]byte) {
	s := arrayScan{body: body}
	add := func(from, to int) {
		element := bytes.TrimRight(body[from:to], blank)
		elements = append(elements, element[:min(len(element), event.MaxLine+1)])
	}
	at := 1
	for len(elements) <= maxBatch {
		from := s.skipBlank(at)
		end, whole := s.element(from)
		switch {
		case !whole && from < len(body):
			add(from, len(body)) // it breaks off within an element
			return elements
		case !whole || end == from && body[from] == ',':
			add(from-1, min(from+1, len(body))) // it breaks off between elements, or there is nothing before a comma
		case end > from:
			add(from, end)
		case at > 1:
			add(from, from+1) // a comma, and then the end
		}
		if at = s.skipBlank(end); at == len(body) {
			if whole {
				add(at-1, at) // it breaks off behind an element
			}
			return elements
		}
		// What stands between an element and the next comma belongs to neither.
		if body[at] != ',' && body[at] != ']' {
			end, whole = s.tail(at)
			if add(at-1, end); !whole {
				return elements
			}
			at = end
		}
		if body[at] == ']' {
			if at = s.skipBlank(at + 1); at < len(body) {
				add(at-1, len(body))
			}
			return elements
		}
		at++
	}
	return elements
}
