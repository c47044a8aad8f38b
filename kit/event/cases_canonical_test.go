package event

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
)

func canonicalCases() map[string]vector {
	all := make(map[string]vector)
	for _, c := range []struct{ name, comment, input, canonical string }{
		{"rfc8785-3.2.2", "RFC 8785, section 3.2.2: the sample object",
			"{\n  \"numbers\": [333333333.33333329, 1E30, 4.50,\n              2e-3, 0.000000000000000000000000001],\n  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n  \"literals\": [null, true, false]\n}",
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		{"rfc8785-3.2.3", "RFC 8785, section 3.2.3: names sorted by UTF-16 code units",
			`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			`{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`},
		{"order-surrogates", "U+10000 is D800 DC00 in UTF-16 and sorts before U+E000 and U+FFFF, which bytewise come first",
			"{\"\uffff\":3,\"\ue000\":2,\"\U00010000\":1,\"\U0010ffff\":1.5}", "{\"\U00010000\":1,\"\U0010ffff\":1.5,\"\ue000\":2,\"\uffff\":3}"},
		{"order-prefix", "a name sorts before those that begin with it, the empty name first",
			`{"aa":1,"a":2,"":3,"a a":4,"a\u0000":5}`, `{"":3,"a":2,"a\u0000":5,"a a":4,"aa":1}`},
		{"order-digits", "names that look like numbers sort as text", `{"10":1,"9":2,"1":3,"-1":4,"01":5}`, `{"-1":4,"01":5,"1":3,"10":1,"9":2}`},
		{"order-case", "capitals before small letters", `{"b":1,"B":2,"a":3,"_":4,"A":5}`, `{"A":5,"B":2,"_":4,"a":3,"b":1}`},
		{"order-deep", "objects in arrays in objects are sorted too; elements keep their order",
			`{"z":[{"b":1,"a":[{"d":1,"c":2},0]},{"b":2,"a":1}],"a":{"y":1,"x":2}}`, `{"a":{"x":2,"y":1},"z":[{"a":[{"c":2,"d":1},0],"b":1},{"a":1,"b":2}]}`},
		{"order-prototype", "names that mean something to a JavaScript object mean nothing here",
			`{"toString":1,"__proto__":{"x":1},"constructor":null}`, `{"__proto__":{"x":1},"constructor":null,"toString":1}`},
		{"escape-controls", "the short escapes, the others as lower-case \\u00xx",
			`"\u0000\u0001\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u001F"`, `"\u0000\u0001\u0007\b\t\n\u000b\f\r\u000e\u001f"`},
		{"escape-none", "DEL, line separators, HTML's characters, slash and a non-character stand unescaped",
			`"\u007f\u0080\u2028\u2029\u003c\u003e\u0026\/\ufffd\uffff"`, "\"\u007f\u0080\u2028\u2029<>&/\ufffd\uffff\""},
		{"escape-pair", "an escaped surrogate pair is one character, whatever the case of its digits", `"\uD83d\uDe00 \ud834\udd1e"`, `"😀 𝄞"`},
		{"escape-name", "names are unescaped and escaped like other strings", `{"\u0061\n\"":1}`, `{"a\n\"":1}`},
		{"normalization", "no Unicode normalization: composed and decomposed é stay two names", "{\"e\u0301\":1,\"\u00e9\":2}", "{\"e\u0301\":1,\"\u00e9\":2}"},
		{"space", "all four kinds of white space between tokens go, in strings they stay", "\t\r\n [ 1 ,\n{ \"a b\" :\r\"\u00a0 \"\t} ] \n", "[1,{\"a b\":\"\u00a0 \"}]"},
		{"scalar-string", "a value of any type: a string", ` "" `, `""`},
		{"scalar-null", "null", `null`, `null`},
		{"empty", "empty array and object", `[ [ ] , { } ]`, `[[],{}]`},
		{"number-zeros", "zero has one spelling, minus zero none", `[0,-0,0.0,-0.0,0e9,-0E-9,1e-400,-1e-400]`, `[0,0,0,0,0,0,0,0]`},
		{"number-spellings", "one number, many spellings", `[1,1.0,10e-1,0.1e1,1E+0,0.00001e5]`, `[1,1,1,1,1,1]`},
		{"number-bound", "±(2^53 - 1) are exact", `[9007199254740991,-9007199254740991]`, `[9007199254740991,-9007199254740991]`},
		{"number-2-53", "2^53 keeps its digits, and so it is taken here (an event refuses it)", `9007199254740992`, `9007199254740992`},
		{"number-large-same", "digits that canonical form would write the same", `295147905179352830000`, `295147905179352830000`},
		{"number-fraction-rounds", "a fraction is rounded to the nearest binary64, ties to even", `[0.1000000000000000055511151231257827,9007199254740991.4,9007199254740992.5]`, `[0.1,9007199254740991,9007199254740992]`},
		{"number-exponent-rounds", "only integer literals are held to their digits", `9007199254740993e0`, `9007199254740992`},
		{"depth-1000", "nested 1,000 deep", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), strings.Repeat("[", 1000) + strings.Repeat("]", 1000)},
	} {
		v := vector{Comment: c.comment, Input: c.input}
		v.Expect.Canonical = c.canonical
		all[c.name] = v
	}
	for _, c := range []struct{ name, comment, input, rule, field string }{
		{"bad-number-1e400", "beyond binary64", `1e400`, "number", ""},
		{"bad-number-minus-1e400", "beyond binary64, negative, deep inside", `{"a":[0,{"b":-1e400}]}`, "number", "a.1.b"},
		{"bad-number-9007199254740993", "binary64 would make it ...992", `9007199254740993`, "number", ""},
		{"bad-number-minus-9007199254740993", "the same below zero", `[-9007199254740993]`, "number", "0"},
		{"bad-number-digits-change", "binary64 holds it, but its canonical digits are 295147905179352830000", `295147905179352825856`, "number", ""},
		{"bad-number-400-digits", "an integer literal of 400 digits", strings.Repeat("9", 400), "number", ""},
		{"bad-utf8-surrogate", "an escaped high surrogate alone", `"\ud800"`, "utf8", ""},
		{"bad-utf8-surrogate-low", "an escaped low surrogate alone", `"\udc00"`, "utf8", ""},
		{"bad-utf8-surrogates-swapped", "low before high", `{"a":"\udc00\ud800"}`, "utf8", "a"},
		{"bad-utf8-surrogate-then-letter", "a high surrogate followed by another escape", `"\ud800\u0041"`, "utf8", ""},
		{"bad-utf8-surrogate-name", "in a name", `{"\udfff":1}`, "utf8", ""},
		{"bad-utf8-ff", "a byte that UTF-8 does not have", "\"\xff\"", "utf8", ""},
		{"bad-utf8-cut", "a character cut off by the quote", "\"\xe2\x82\"", "utf8", ""},
		{"bad-utf8-overlong", "an overlong slash", "\"\xc0\xaf\"", "utf8", ""},
		{"bad-utf8-surrogate-bytes", "a surrogate in UTF-8's manner", "\"\xed\xa0\x80\"", "utf8", ""},
		{"bad-utf8-beyond", "beyond U+10FFFF", "\"\xf4\x90\x80\x80\"", "utf8", ""},
		{"bad-utf8-name", "in a name", "{\"a\x80\":1}", "utf8", ""},
		{"bad-utf8-outside", "outside of strings", "[1 \xff]", "utf8", ""},
		{"bad-duplicate", "a name twice", `{"a":1,"b":2,"a":1}`, "duplicate_key", "a"},
		{"bad-duplicate-escaped", "the same name spelled with an escape", `{"a":1,"\u0061":2}`, "duplicate_key", "a"},
		{"bad-duplicate-pair", "the same name spelled as a surrogate pair", `{"😀":1,"\ud83d\ude00":2}`, "duplicate_key", "😀"},
		{"bad-duplicate-deep", "deep inside", `{"a":[1,{"b":1,"b":2}]}`, "duplicate_key", "a.1.b"},
		{"bad-duplicate-empty", "the empty name twice", `{"":1,"":2}`, "duplicate_key", ""},
		{"bad-depth-1001", "nested 1,001 deep", strings.Repeat("[", 1001) + strings.Repeat("]", 1001), "depth", ""},
		{"bad-syntax-empty", "nothing", ` `, "syntax", ""},
		{"bad-syntax-cut", "cut off", `{"a":[1,2`, "syntax", "a"},
		{"bad-syntax-cut-string", "cut off in a string", `{"a":"b`, "syntax", "a"},
		{"bad-syntax-second", "a second value", `{} {}`, "syntax", ""},
		{"bad-syntax-comma", "a trailing comma", `{"a":1,}`, "syntax", ""},
		{"bad-syntax-comment", "a comment", `{"a":1/**/}`, "syntax", ""},
		{"bad-syntax-nan", "NaN", `{"a":NaN}`, "syntax", "a"},
		{"bad-syntax-infinity", "Infinity", `-Infinity`, "syntax", ""},
		{"bad-syntax-single-quotes", "single quotes", `{'a':1}`, "syntax", ""},
		{"bad-syntax-bare-name", "a name without quotes", `{a:1}`, "syntax", ""},
		{"bad-syntax-control", "a control character in a string", "\"a\tb\"", "syntax", ""},
		{"bad-syntax-escape", "an escape that JSON does not have", `"\x41"`, "syntax", ""},
		{"bad-syntax-leading-zero", "a leading zero", `01`, "syntax", ""},
		{"bad-syntax-plus", "a plus sign", `+1`, "syntax", ""},
		{"bad-syntax-point", "no digit before the point", `.5`, "syntax", ""},
		{"bad-syntax-point-last", "no digit after the point", `5.`, "syntax", ""},
		{"bad-syntax-hex", "a hexadecimal number", `0x10`, "syntax", ""},
		{"bad-syntax-literal", "a literal in capitals", `True`, "syntax", ""},
		{"bad-syntax-mark", "a byte order mark", "\ufeff{}", "syntax", ""},
		{"bad-syntax-space", "a no-break space between tokens", "[1,\u00a02]", "syntax", "1"},
		{"bad-syntax-says-utf8", "what the text says of itself does not name the class", `{"invalid UTF-8 surrogate":nope}`, "syntax", "invalid UTF-8 surrogate"},
	} {
		v := vector{Comment: c.comment, Input: c.input}
		if strings.ToValidUTF8(c.input, "") != c.input {
			v.Input, v.InputBase64 = "", base64.StdEncoding.EncodeToString([]byte(c.input))
		}
		v.Expect.Rule, v.Expect.Field = c.rule, c.field
		all[c.name] = v
	}
	for _, c := range numberSamples {
		bits, err := strconv.ParseUint(c.ieee754, 16, 64)
		if err != nil {
			panic(err)
		}
		// 17 significant digits name every binary64 exactly.
		v := vector{Comment: "RFC 8785, appendix B: " + c.comment, IEEE754: c.ieee754, Input: fmt.Sprintf("%.16e", math.Float64frombits(bits))}
		v.Expect.Canonical = c.canonical
		all["rfc8785-b-"+c.ieee754] = v
	}
	return all
}

// numberSamples are those of RFC 8785, appendix B, but NaN and infinity, which no JSON text can say.
var numberSamples = []struct{ ieee754, canonical, comment string }{
	{"0000000000000000", "0", "zero"},
	{"8000000000000000", "0", "minus zero"},
	{"0000000000000001", "5e-324", "smallest positive number"},
	{"8000000000000001", "-5e-324", "smallest negative number"},
	{"7fefffffffffffff", "1.7976931348623157e+308", "largest positive number"},
	{"ffefffffffffffff", "-1.7976931348623157e+308", "largest negative number"},
	{"4340000000000000", "9007199254740992", "largest positive integer"},
	{"c340000000000000", "-9007199254740992", "largest negative integer"},
	{"4430000000000000", "295147905179352830000", "about 2^68"},
	{"44b52d02c7e14af5", "9.999999999999997e+22", ""},
	{"44b52d02c7e14af6", "1e+23", ""},
	{"44b52d02c7e14af7", "1.0000000000000001e+23", ""},
	{"444b1ae4d6e2ef4e", "999999999999999700000", ""},
	{"444b1ae4d6e2ef4f", "999999999999999900000", ""},
	{"444b1ae4d6e2ef50", "1e+21", ""},
	{"3eb0c6f7a0b5ed8c", "9.999999999999997e-7", ""},
	{"3eb0c6f7a0b5ed8d", "0.000001", ""},
	{"41b3de4355555553", "333333333.3333332", ""},
	{"41b3de4355555554", "333333333.33333325", ""},
	{"41b3de4355555555", "333333333.3333333", ""},
	{"41b3de4355555556", "333333333.3333334", ""},
	{"41b3de4355555557", "333333333.33333343", ""},
	{"becbf647612f3696", "-0.0000033333333333333333", ""},
	{"43143ff3c1cb0959", "1424953923781206.2", "round to even"},
}
