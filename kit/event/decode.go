package event

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"fieldkit/maps/tile"
)

// raw holds the JSON of the members that mean something; "" where absent.
type raw struct {
	id, timestamp, space, layer, actor, operation, scope, preserves, previous, tile, clock, signature string

	node, nodeType, transform, properties, geometry, media, slot, toNode, toTile, linkType, links,
	intoNode, intoTile, sensor, value, unit, physics, params string
}

// decode reads canonical text; l is its layout, or nil.
func decode(text string, l *layout) (*Event, *Refusal) {
	e := &Event{Text: text}
	var r raw
	var idAt, signatureAt member
	l.members(text, func(m member) bool {
		switch m.name {
		case "event_id":
			r.id, idAt = m.value, m
		case "timestamp":
			r.timestamp = m.value
		case "space_id":
			r.space = m.value
		case "layer_id":
			r.layer = m.value
		case "actor_id":
			r.actor = m.value
		case "operation":
			r.operation = m.value
		case "scope":
			r.scope = m.value
		case "preserves_invariants":
			r.preserves = m.value
		case "previous_events":
			r.previous = m.value
		case "tile":
			r.tile = m.value
		case "clock":
			r.clock = m.value
		case "signature":
			r.signature, signatureAt = m.value, m
		default:
			r.keepPayload(m)
		}
		return true
	})
	if refusal := e.envelope(&r); refusal != nil {
		return nil, refusal
	}
	e.idCut = cutMember(text, idAt.start, idAt.end)
	if r.signature != "" {
		if refusal := e.readSignature(r.signature, signatureAt); refusal != nil {
			return nil, refusal
		}
		if !Reserved(e.ID) {
			return nil, refuse("id", "event_id", "a signed event's id is evt- and 32 characters of base32, made from its content")
		}
		if refusal := e.readClock(r.clock); refusal != nil {
			return nil, refusal
		}
	} else {
		if Reserved(e.ID) {
			return nil, refuse("id", "event_id", "ids of this form belong to signed events")
		}
		e.Clock = Clock{T: e.Timestamp}
	}
	if refusal := e.payload(&r); refusal != nil {
		return nil, refusal
	}
	return e, nil
}

// cutMember is the range of a member with the one comma that goes with it.
func cutMember(text string, start, end int) [2]int {
	if end < len(text) && text[end] == ',' {
		return [2]int{start, end + 1}
	}
	if text[start-1] == ',' {
		return [2]int{start - 1, end}
	}
	return [2]int{start, end}
}

func (e *Event) envelope(r *raw) (refusal *Refusal) {
	for _, required := range [...]struct{ name, value string }{
		{"event_id", r.id}, {"timestamp", r.timestamp}, {"space_id", r.space}, {"layer_id", r.layer},
		{"actor_id", r.actor}, {"operation", r.operation}, {"scope", r.scope},
		{"preserves_invariants", r.preserves}, {"previous_events", r.previous}, {"tile", r.tile},
	} {
		if required.value == "" {
			return refuse("missing", required.name, "is missing")
		}
	}
	text := func(field, value string) string {
		if !isString(value) {
			if refusal == nil {
				refusal = refuse("type", field, "must be a string")
			}
			return ""
		}
		return unquote(value)
	}
	e.ID = text("event_id", r.id)
	e.Space = text("space_id", r.space)
	e.Layer = text("layer_id", r.layer)
	e.Actor = text("actor_id", r.actor)
	e.Operation = text("operation", r.operation)
	where := text("tile", r.tile)
	if refusal != nil {
		return refusal
	}
	if !ValidID(e.ID) {
		return refuse("id", "event_id", "must be 1 to 128 of A-Z a-z 0-9 . _ : -")
	}
	var ok bool
	if e.Timestamp, ok = integer(r.timestamp); !ok {
		return refuse("type", "timestamp", "must be a whole number of seconds since 1970")
	}
	if e.Timestamp < 0 || e.Timestamp > MaxTimestamp {
		return refuse("range", "timestamp", "outside 0 … 253402300799")
	}
	if !ValidName(e.Space) {
		return refuse("name", "space_id", "must be 1 to 128 of A-Z a-z 0-9 . _ - and not begin with . or -")
	}
	if !ValidName(e.Layer) && e.Layer != SpaceLog {
		return refuse("name", "layer_id", "must be 1 to 128 of A-Z a-z 0-9 . _ - and not begin with . or -")
	}
	if refusal := checkName("name", "actor_id", e.Actor); refusal != nil {
		return refusal
	}
	if refusal := checkName("name", "operation", e.Operation); refusal != nil {
		return refusal
	}
	if refusal := e.readScope(r.scope); refusal != nil {
		return refusal
	}
	if refusal := e.readPreserves(r.preserves); refusal != nil {
		return refusal
	}
	if e.Previous, refusal = stringList("previous", "previous_events", r.previous, MaxPrevious); refusal != nil {
		return refusal
	}
	for i, id := range e.Previous {
		if !ValidID(id) {
			return refuse("previous", "previous_events["+strconv.Itoa(i)+"]", "is not an event id")
		}
		if id == e.ID {
			return refuse("previous", "previous_events["+strconv.Itoa(i)+"]", "an event cannot come after itself")
		}
	}
	t, err := tile.Parse(where)
	if err != nil {
		return refuse("tile", "tile", err.Error())
	}
	e.Tile = t
	return nil
}

func (e *Event) readSignature(value string, at member) (refusal *Refusal) {
	if !isObject(value) {
		return refuse("type", "signature", "must be an object")
	}
	var key, sig string
	offset := at.end - len(value)
	members(value, func(m member) bool {
		switch m.name {
		case "key":
			key = m.value
		case "value":
			sig = m.value
			e.valueCut = cutMember(e.Text, offset+m.start, offset+m.end)
		}
		return true
	})
	for _, f := range [...]struct{ name, value string }{{"signature.key", key}, {"signature.value", sig}} {
		if f.value == "" {
			return refuse("missing", f.name, "is missing")
		}
		if !isString(f.value) {
			return refuse("type", f.name, "must be a string")
		}
	}
	var ok bool
	e.Key = unquote(key)
	if e.key, ok = ParseKey(e.Key); !ok {
		return refuse("key", "signature.key", "must be 32 bytes in unpadded base64url")
	}
	text := unquote(sig)
	if len(text) != valueLength {
		return refuse("signature", "signature.value", "must be 64 bytes in unpadded base64url")
	}
	if n, err := base64Strict.Decode(e.signature[:], bytesOf(text)); err != nil || n != 64 {
		return refuse("signature", "signature.value", "must be 64 bytes in unpadded base64url")
	}
	return nil
}

func (e *Event) readClock(value string) *Refusal {
	if value == "" {
		return refuse("missing", "clock", "is missing")
	}
	if !isArray(value) {
		return refuse("type", "clock", "must be [t,d]")
	}
	var parts []int64
	whole := true
	elements(value, func(v string) bool {
		n, ok := integer(v)
		whole = whole && ok
		parts = append(parts, n)
		return true
	})
	if len(parts) != 2 || !whole {
		return refuse("type", "clock", "must be [t,d], two whole numbers")
	}
	e.Clock = Clock{T: parts[0], D: parts[1]}
	return e.checkClock()
}

// integer reads a canonical number that is whole.
func integer(value string) (int64, bool) {
	if !isNumber(value) {
		return 0, false
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return n, err == nil
}

// stringList reads an array of distinct strings.
func stringList(rule, field, value string, limit int) (list []string, refusal *Refusal) {
	if !isArray(value) {
		return nil, refuse("type", field, "must be an array of strings")
	}
	at := func() string { return field + "[" + strconv.Itoa(len(list)) + "]" }
	elements(value, func(v string) bool {
		switch {
		case !isString(v):
			refusal = refuse("type", at(), "must be a string")
		case len(list) == limit:
			refusal = refuse(rule, field, "more than "+strconv.Itoa(limit))
		default:
			s := unquote(v)
			if slices.Contains(list, s) {
				refusal = refuse(rule, at(), "stands there twice")
			}
			if list == nil {
				list = make([]string, 0, 5) // as many as there are invariants
			}
			list = append(list, s)
		}
		return refusal == nil
	})
	return list, refusal
}

// checkName holds a name to 1–128 characters without control characters.
func checkName(rule, field, s string) *Refusal {
	if s == "" || len(s) > 128 && utf8.RuneCountInString(s) > 128 {
		return refuse(rule, field, "must be 1 to 128 characters")
	}
	for _, c := range s {
		if c < 0x20 || c >= 0x7f && c <= 0x9f {
			return refuse(rule, field, "must not hold control characters")
		}
	}
	return nil
}
