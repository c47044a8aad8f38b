package event

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// numbers are JSON numbers within an event's bound, in many spellings.
func numbers() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return strconv.FormatInt(rapid.Int64Range(-maxNumber, maxNumber).Draw(t, "whole"), 10)
		case 1:
			return rapid.SampledFrom([]string{"0", "-0", "0.0", "-0e9", "1E+2", "1e-7", "1.5e-9", "123456789012345.6", "9007199254740991", "5e-324", "1e-400"}).Draw(t, "odd")
		case 2:
			return strconv.FormatFloat(float64(rapid.Int64Range(-1e15, 1e15).Draw(t, "digits"))/1e7, 'f', 7, 64)
		case 3:
			return fmt.Sprintf("%.17e", rapid.Float64Range(-1, 1).Draw(t, "small"))
		}
		f := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		if math.IsNaN(f) || math.Abs(f) > maxNumber {
			f = rapid.Float64Range(-maxNumber, maxNumber).Draw(t, "bounded")
		}
		return strconv.FormatFloat(f, rapid.SampledFrom([]byte("eEfg")).Draw(t, "format"), -1, 64)
	})
}

// texts are strings of every kind of character that JSON has an opinion on.
func texts() *rapid.Generator[string] {
	return rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune("ab\"\\/\b\f\n\r\t\x00\x1f\x7f<&é€\u2028\ufb33\ue000\uffff😀𐀀{}[]:,")), rapid.Rune()))
}

// quoted is a spelling of s in JSON.
func quoted(t *rapid.T, s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch escape := rapid.IntRange(0, 3).Draw(t, "escape") == 0; {
		case c > 0xffff && escape:
			c -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		case c <= 0xffff && escape, c < 0x20:
			fmt.Fprintf(&b, `\u%04x`, c)
		case c == '"' || c == '\\':
			b.WriteRune('\\')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// values are JSON texts nested at most depth deep, in any order, spelling and spacing. Names in an object differ.
func values(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		space := func() string { return rapid.SampledFrom([]string{"", "", "", " ", "\n\t", "\r "}).Draw(t, "space") }
		kinds := 4
		if depth > 0 {
			kinds = 6
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "literal")
		case 1, 2:
			return numbers().Draw(t, "number")
		case 3:
			return quoted(t, texts().Draw(t, "text"))
		case 4:
			parts := rapid.SliceOfN(values(depth-1), 0, 4).Draw(t, "elements")
			for i := range parts {
				parts[i] = space() + parts[i] + space()
			}
			return "[" + strings.Join(parts, ",") + space() + "]"
		}
		return objectOf(t, rapid.SliceOfNDistinct(texts(), 0, 5, rapid.ID[string]).Draw(t, "names"), values(depth-1))
	})
}

// objectOf is an object with these names.
func objectOf(t *rapid.T, names []string, value *rapid.Generator[string]) string {
	var parts []string
	for _, name := range names {
		parts = append(parts, " "+quoted(t, name)+"\t:"+value.Draw(t, "value"))
	}
	return "{" + strings.Join(parts, " ,") + "\n}"
}
