package event

import (
	"strconv"
	"strings"
)

const (
	positionDecimals = 7 // of a degree: about a centimetre
	maxAltitude      = 10_000_000
)

// readTransform takes position, rotation and scale apart: each is a register.
func (p *Payload) readTransform(r *raw, required bool) (refusal *Refusal) {
	if r.transform == "" && !required {
		return nil
	}
	if !isObject(r.transform) {
		return refuse("payload", "transform", "must be an object")
	}
	members(r.transform, func(m member) bool {
		switch m.name {
		case "position":
			p.Position = m.value
			refusal = checkPosition("transform.position", m.value)
		case "rotation":
			p.Rotation = m.value
			refusal = checkNumbers("transform.rotation", m.value, 4)
		case "scale":
			p.Scale = m.value
			refusal = checkNumbers("transform.scale", m.value, 3)
		}
		return refusal == nil
	})
	if refusal == nil && p.Position == "" && p.Rotation == "" && p.Scale == "" {
		return refuse("payload", "transform", "has none of position, rotation, scale")
	}
	return refusal
}

func checkNumbers(field, value string, limit int) *Refusal {
	n, bad := 0, !isArray(value)
	if !bad {
		elements(value, func(v string) bool {
			n++
			bad = bad || !isNumber(v)
			return !bad && n <= limit
		})
	}
	if bad || n == 0 || n > limit {
		return refuse("payload", field, "must be an array of 1 to "+strconv.Itoa(limit)+" numbers")
	}
	return nil
}

// checkPosition holds a position to SPEC.md, section 5: [longitude, latitude] or with an altitude.
func checkPosition(field, value string) *Refusal {
	if !isArray(value) {
		return refuse("position", field, "must be [longitude, latitude] or [longitude, latitude, altitude]")
	}
	limits := [...]float64{180, 90, maxAltitude}
	names := [...]string{"longitude is outside ±180", "latitude is outside ±90", "altitude is outside ±10,000,000 m"}
	n := 0
	var refusal *Refusal
	at := func() string { return field + "[" + strconv.Itoa(n) + "]" }
	elements(value, func(v string) bool {
		if n == len(limits) {
			n++
			return false
		}
		x, err := strconv.ParseFloat(v, 64)
		switch {
		case !isNumber(v) || err != nil:
			refusal = refuse("position", at(), "must be a number")
		case x < -limits[n] || x > limits[n]:
			refusal = refuse("position", at(), names[n])
		case decimals(v) > positionDecimals:
			refusal = refuse("position", at(), "more than 7 decimals")
		}
		n++
		return refusal == nil
	})
	if refusal == nil && n != 2 && n != 3 {
		return refuse("position", field, "must have 2 or 3 numbers")
	}
	return refusal
}

// decimals counts the decimals of a canonical number, whose exponent form stands for small magnitudes: 1.5e-7 has 8.
func decimals(number string) int {
	mantissa, exponent, _ := strings.Cut(number, "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	shift, _ := strconv.Atoi(exponent)
	return max(len(fraction)-shift, 0)
}

func (p *Payload) readGeometry(r *raw, required bool) *Refusal {
	if r.geometry == "" && !required {
		return nil
	}
	p.Geometry = r.geometry
	if p.Geometry == "null" && required {
		return nil
	}
	return checkGeometry("geometry", p.Geometry, true)
}

// levels is how deep a geometry's coordinates nest, 0 for none of RFC 7946's.
func levels(kind string) int {
	switch kind {
	case "Point":
		return 1
	case "MultiPoint", "LineString":
		return 2
	case "MultiLineString", "Polygon":
		return 3
	case "MultiPolygon":
		return 4
	}
	return 0
}

func checkGeometry(field, value string, mayCollect bool) (refusal *Refusal) {
	if !isObject(value) {
		return refuse("payload", field, "must be a GeoJSON geometry")
	}
	var kind, coordinates, geometries string
	members(value, func(m member) bool {
		switch m.name {
		case "type":
			if isString(m.value) {
				kind = unquote(m.value)
			}
		case "coordinates":
			coordinates = m.value
		case "geometries":
			geometries = m.value
		}
		return true
	})
	if kind == "GeometryCollection" && mayCollect {
		if !isArray(geometries) || geometries == "[]" {
			return refuse("payload", field+".geometries", "must be an array of geometries, not empty")
		}
		i := 0
		elements(geometries, func(v string) bool {
			refusal = checkGeometry(field+".geometries["+strconv.Itoa(i)+"]", v, false)
			i++
			return refusal == nil
		})
		return refusal
	}
	n := levels(kind)
	if n == 0 {
		return refuse("payload", field+".type", "is not a GeoJSON geometry that may stand here")
	}
	return checkCoordinates(field+".coordinates", kind, coordinates, n)
}

func checkCoordinates(field, kind, value string, level int) (refusal *Refusal) {
	if level == 1 {
		return checkPosition(field, value)
	}
	if !isArray(value) || value == "[]" {
		return refuse("payload", field, "must be an array, not empty")
	}
	n := 0
	var begin, end string
	elements(value, func(v string) bool {
		refusal = checkCoordinates(field+"["+strconv.Itoa(n)+"]", kind, v, level-1)
		if n == 0 {
			begin = v
		}
		end = v
		n++
		return refusal == nil
	})
	if refusal != nil || level != 2 {
		return refusal
	}
	switch kind {
	case "LineString", "MultiLineString":
		if n < 2 {
			return refuse("payload", field, "a line has two positions or more")
		}
	case "Polygon", "MultiPolygon":
		if n < 4 || begin != end {
			return refuse("payload", field, "a ring has four positions or more, the last equal to the first")
		}
	}
	return nil
}

// Anchor is where the event puts a node: the position it gives, else the first coordinate of its geometry, in
// degrees. It is for display and for the local door; nothing hashed depends on it.
func (e *Event) Anchor() (lonDeg, latDeg float64, ok bool) {
	at := e.Position
	if at == "" && isObject(e.Geometry) {
		at = FirstPosition(e.Geometry)
	}
	return readPosition(at)
}

// FirstPosition is the first position of a checked geometry, raw JSON; "" when there is none.
func FirstPosition(geometry string) (position string) {
	if !isObject(geometry) {
		return ""
	}
	var kind, coordinates, geometries string
	members(geometry, func(m member) bool {
		switch m.name {
		case "type":
			kind = m.value
		case "coordinates":
			coordinates = m.value
		case "geometries":
			geometries = m.value
		}
		return true
	})
	// The type says which member was checked; the other would be a stranger's word.
	if kind == `"GeometryCollection"` {
		return FirstPosition(firstElement(geometries))
	}
	for isArray(coordinates) {
		position, coordinates = coordinates, firstElement(coordinates)
	}
	return position
}

// firstElement is "" for an empty array and for what is no array.
func firstElement(array string) (element string) {
	if isArray(array) {
		elements(array, func(v string) bool {
			element = v
			return false
		})
	}
	return element
}

func readPosition(value string) (lonDeg, latDeg float64, ok bool) {
	if !isArray(value) {
		return 0, 0, false
	}
	var at []float64
	elements(value, func(v string) bool {
		x, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return false
		}
		at = append(at, x)
		return true
	})
	if len(at) < 2 {
		return 0, 0, false
	}
	return at[0], at[1], true
}
