package intake

import (
	"math"
	"strconv"
	"strings"
)

// decimals of a degree or a metre that an event may have (kit/SPEC.md, section 5).
const decimals = 7

// shiftLimit is beyond all exponents that leave anything, and far from where an int ends.
const shiftLimit = 1 << 30

// maxWholeDigits bounds what is written out in full; no coordinate has as many.
const maxWholeDigits = 15

// roundDecimal rounds a decimal number, which may have an exponent, to 7 decimals, half away from zero. It works on the
// digits as they stand, so that no binary fraction comes between the file and the event. ok is false where s is no
// number, or one of more than 15 digits before the point.
func roundDecimal(s string) (rounded string, ok bool) {
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = "-"
		}
		s = s[1:]
	}
	mantissa, exponent, hasExponent := cutAny(s, "eE")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || !isDigits(digits) {
		return "", false
	}
	point := len(whole)
	if hasExponent {
		shift, err := strconv.Atoi(exponent)
		if err != nil && strings.HasPrefix(exponent, "-") && isDigits(exponent[1:]) {
			shift = -shiftLimit
		} else if err != nil {
			return "", false
		}
		point += max(min(shift, shiftLimit), -shiftLimit)
	}
	leading := len(digits) - len(strings.TrimLeft(digits, "0"))
	digits, point = digits[leading:], point-leading
	if digits == "" || point < -decimals {
		return "0", true
	}
	if point > maxWholeDigits {
		return "", false
	}
	if point < 0 {
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	if missing := point - len(digits); missing > 0 {
		digits += strings.Repeat("0", missing)
	}
	if keep := point + decimals; len(digits) > keep {
		digits, point = roundDigits(digits, keep, point)
	}
	whole, fraction = digits[:point], strings.TrimRight(digits[point:], "0")
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction == "" {
		if whole == "0" {
			sign = ""
		}
		return sign + whole, true
	}
	return sign + whole + "." + fraction, true
}

// roundDigits keeps the first keep digits, one more where a carry runs through to the front.
func roundDigits(digits string, keep, point int) (string, int) {
	b := []byte(digits[:keep])
	if digits[keep] < '5' {
		return string(b), point
	}
	for i := keep - 1; i >= 0; i-- {
		if b[i] < '9' {
			b[i]++
			return string(b), point
		}
		b[i] = '0'
	}
	return "1" + string(b), point + 1
}

func cutAny(s, seps string) (before, after string, found bool) {
	if i := strings.IndexAny(s, seps); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isJSONNumber reports whether s is a number by RFC 8259, section 6, and one that an event may bear: within ±(2^53 − 1),
// and of at most 15 digits, so that binary64 gives every one of them back. Longer ones are names rather than numbers.
func isJSONNumber(s string) bool {
	rest := strings.TrimPrefix(s, "-")
	mantissa, exponent, hasExponent := cutAny(rest, "eE")
	whole, fraction, hasFraction := strings.Cut(mantissa, ".")
	if !isDigits(whole) || whole[0] == '0' && len(whole) > 1 || hasFraction && !isDigits(fraction) {
		return false
	}
	if hasExponent && !isDigits(strings.TrimLeft(exponent[:min(1, len(exponent))], "+-")+exponent[min(1, len(exponent)):]) {
		return false
	}
	if len(whole)+len(fraction) > 15 {
		return false
	}
	v, err := strconv.ParseFloat(s, 64)
	return err == nil && math.Abs(v) <= 1<<53-1
}
