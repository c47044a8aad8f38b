package intake

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRoundDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"9.5":                     "9.5",
		"9.50000":                 "9.5",
		"9":                       "9",
		"+9.25":                   "9.25",
		"-9.25":                   "-9.25",
		"007.5":                   "7.5",
		".5":                      "0.5",
		"5.":                      "5",
		"9.12345674":              "9.1234567",
		"9.12345675":              "9.1234568",
		"-9.12345675":             "-9.1234568",
		"9.99999999":              "10",
		"99.99999995":             "100",
		"0.00000004":              "0",
		"-0.00000004":             "0",
		"0.00000005":              "0.0000001",
		"4.7E1":                   "47",
		"471234.5678901234e-4":    "47.1234568",
		"1e-400":                  "0",
		"1e-99999999999999999":    "0",
		"0e99999999999":           "0",
		"-0":                      "0",
		"0.0":                     "0",
		"123456789012345":         "123456789012345",
		"9.1234567890123456789e0": "9.1234568",
	} {
		if got, ok := roundDecimal(in); got != want || !ok {
			t.Errorf("%s: %q, %v; want %s", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "+", "-", ".", "e5", "1e", "1e+", "1e1.5", "0x10", "1_000", "NaN", "Inf", "-Infinity", "47°", "47,1", "1.2.3", "--1", " 1", "1e400", "1e99999999999999999", "1234567890123456"} {
		if got, ok := roundDecimal(in); ok {
			t.Errorf("%q is taken for %s", in, got)
		}
	}
}

// Against exact arithmetic: the result is the nearest multiple of 10^-7, and as short as can be.
func TestRoundDecimalIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]{1,20})?(e-?[0-5])?`).Draw(t, "number")
		got, ok := roundDecimal(text)
		if !ok {
			t.Fatalf("%s is refused", text)
		}
		exact, _ := new(big.Rat).SetString(text)
		rounded, valid := new(big.Rat).SetString(got)
		if !valid {
			t.Fatalf("%s gives %s", text, got)
		}
		distance := new(big.Rat).Sub(exact, rounded)
		if distance.Abs(distance).Cmp(big.NewRat(1, 20_000_000)) > 0 {
			t.Fatalf("%s gives %s", text, got)
		}
		_, fraction, _ := strings.Cut(got, ".")
		if len(fraction) > 7 || strings.HasSuffix(fraction, "0") || !isJSONNumber(got) && len(got) <= 15 {
			t.Fatalf("%s gives %s", text, got)
		}
	})
}

func TestIsJSONNumber(t *testing.T) {
	for _, s := range []string{"0", "-0", "1", "-1.5", "1e5", "1E-5", "1.25e+2", "123456789012345", "0.00001"} {
		if !isJSONNumber(s) {
			t.Errorf("%s is none", s)
		}
	}
	for _, s := range []string{"", "-", "01", "007", "+1", ".5", "5.", "1e", "1e+", "1e1.5", "NaN", "Infinity", "1,5", "0x1", "1234567890123456", "1e17", "1e400", "e", "1e+-5", "1 2"} {
		if isJSONNumber(s) {
			t.Errorf("%q is one", s)
		}
	}
}
