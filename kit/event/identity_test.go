package event

import (
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestIDsAndNamesAreThoseOfTheSpecification holds the hand-written loops to the expressions that SPEC.md prints.
func TestIDsAndNamesAreThoseOfTheSpecification(t *testing.T) {
	for expression, is := range map[string]func(string) bool{
		`evt-[a-z2-7]{32}`:                            Reserved,
		`[A-Za-z0-9._:-]{1,128}`:                      ValidID,
		`[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`:           ValidName,
		`.+\.[a-z2-7]{16}`:                            func(s string) bool { _, ok := SelfCertified(s); return ok },
		`sha256:[0-9a-f]{64}`:                         validHash,
		`[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+`: validMediaType,
	} {
		want := regexp.MustCompile(`^(?s:` + expression + `)$`)
		rapid.Check(t, func(t *rapid.T) {
			s := rapid.StringMatching(expression).Draw(t, "s")
			if rapid.Bool().Draw(t, "spoil") {
				i := rapid.IntRange(0, len(s)).Draw(t, "at")
				odd := rapid.SampledFrom([]string{"", "a", "A", "0", "1", "8", ".", "_", ":", "-", "/", " ", "\n", "\x00", "é", "="})
				s = s[:i] + odd.Draw(t, "with") + s[min(len(s), i+rapid.IntRange(0, 1).Draw(t, "over")):]
			}
			if is(s) != want.MatchString(s) {
				t.Fatalf("%q by %s is %v", s, expression, want.MatchString(s))
			}
		})
	}
}

func TestKeysHaveOneSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		text := KeyText(key[:])
		if got, ok := ParseKey(text); !ok || got != key {
			t.Fatalf("%x is %s, which is %x, %v", key, text, got, ok)
		}
		i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		other := text[:i] + string(rapid.Byte().Draw(t, "byte")) + text[i+1:]
		if got, ok := ParseKey(other); ok && other != text && got == key {
			t.Fatalf("%s and %s are one key", text, other)
		}
	})
}

func TestASpaceIsCertifiedByTheKeyItEndsIn(t *testing.T) {
	key := [32]byte(seed(5))
	sum := sha256.Sum256(key[:])
	want := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:16]
	if got := Fingerprint(key); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	if got, ok := SelfCertified("rhine-flood." + want); !ok || got != want {
		t.Errorf("%s, %v", got, ok)
	}
	for _, space := range []string{"", "rhine-flood", "." + want, want, "rhine-flood-" + want, "rhine-flood." + want + "a", "rhine-flood." + strings.ToUpper(want)} {
		if got, ok := SelfCertified(space); ok {
			t.Errorf("%q ends in the fingerprint %s", space, got)
		}
	}
}

func TestPrincipalIsTheKeyOrTheUnsignedActor(t *testing.T) {
	for name, want := range map[string]string{
		"v0-delete-node.json": "actor:user:alice",
		"actor-other.json":    "key:" + honest(seed(2)).key,
	} {
		e, err := Parse([]byte(loadVectors(t, "event/"+name)[name].Input))
		if err != nil || e.Principal() != want {
			t.Errorf("%s: %v, %v; want %s", name, e, err, want)
		}
	}
}
