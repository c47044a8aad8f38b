package storetest

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"

	"fieldkit/kit/event"
)

// resigned is the same content with another signature that is as good, as a signer that draws its nonce would make it
// (RFC 8032, section 5.1.6, with another r). e is of the usual sample, or of the kit's key.
func resigned(t *testing.T, e *event.Event) *event.Event {
	t.Helper()
	keys := []ed25519.PrivateKey{Key}
	for i := range 20 {
		seed := make([]byte, ed25519.SeedSize)
		seed[31] = byte(i + 1) // as package sample makes them
		keys = append(keys, ed25519.NewKeyFromSeed(seed))
	}
	for _, key := range keys {
		if event.KeyText(key.Public().(ed25519.PublicKey)) != e.Key {
			continue
		}
		other, err := event.Parse([]byte(withValue(e.Text, signAgain(t, key, e.SignedBytes()))))
		if err != nil {
			t.Fatal(err)
		}
		if err := event.NewVerifier().Verify(other); err != nil || other.Hash() != e.Hash() || other.Text == e.Text {
			t.Fatalf("the test does not make another signature: %v", err)
		}
		return other
	}
	t.Fatal("the event is of no key of the sample")
	return nil
}

// withValue puts a signature into a signed event's text.
func withValue(text, value string) string {
	at := strings.Index(text, `"signature":{`)
	at += strings.Index(text[at:], `"value":"`) + len(`"value":"`)
	return text[:at] + value + text[at+len(value):]
}

func signAgain(t *testing.T, key ed25519.PrivateKey, message []byte) string {
	t.Helper()
	must := func(s *scalar.Scalar, err error) *scalar.Scalar {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	secret := sha512.Sum512(key.Seed())
	secret[0], secret[31] = secret[0]&248, secret[31]&63|64
	a := must(scalar.NewFromBytesModOrder(secret[:32]))
	r := must(scalar.NewFromBytesModOrder([]byte("another nonce than RFC 8032 says")))
	point := curve.NewEdwardsPoint().MulBasepoint(curve.ED25519_BASEPOINT_TABLE, r)
	signature := append([]byte{}, curve.NewCompressedEdwardsY().SetEdwardsPoint(point)[:]...)
	challenge := sha512.Sum512(append(append(append([]byte{}, signature...), key.Public().(ed25519.PublicKey)...), message...))
	s := must(scalar.NewFromBytesModOrderWide(challenge[:]))
	s.Mul(s, a)
	s.Add(s, r)
	encoded := make([]byte, 32)
	if err := s.ToBytes(encoded); err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(append(signature, encoded...))
}
