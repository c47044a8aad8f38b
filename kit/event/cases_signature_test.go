package event

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
)

// signatureCases are about verification alone: every one of these events is well formed and has the right id.
func signatureCases() map[string]vector {
	all := make(map[string]vector)
	add := func(name, comment, text, rule string) {
		v := vector{Comment: comment, Input: text}
		switch rule {
		case "":
			x := expectIdentity(text)
			v.Expect = expectation{Valid: true, EventID: x.EventID, ContentHash: x.ContentHash}
		case "key":
			v.Expect = expectation{Rule: rule, Field: "signature.key"}
		default:
			v.Expect = expectation{Rule: rule, Field: "signature.value"}
		}
		all[name] = v
	}
	honestSignatures(add)
	wrongSignatures(add)
	torsionSignatures(add)
	badKeys(add)
	return all
}

type addCase func(name, comment, text, rule string)

// said is the event of the n-th case; the actor is no key's, so that hands can be exchanged.
func said(n int) fields {
	return base(SetProperties).edited(`actor_id="user:alice"`, fmt.Sprintf(`properties={"n":%d}`, n), `clock=[1781300000,0]`)
}

// signedBy is f under h's name with a signature made by other; both have the same signed bytes.
func signedBy(h hand, f fields, other func(message []byte) []byte) string {
	return hand{h.key, other}.sealed(f)
}

func honestSignatures(add addCase) {
	rfc8032 := []string{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"}
	for i, text := range rfc8032 {
		s, err := hex.DecodeString(text)
		if err != nil {
			panic(err)
		}
		add(fmt.Sprintf("good-rfc8032-%d", i+1), fmt.Sprintf("by the key of RFC 8032, section 7.1, test %d", i+1), honest(s).sealed(said(i)), "")
	}
	h := honest(seed(1))
	add("good-second-signature", "another signature over the bytes of good-first-signature, by another nonce: the same event", crooked(1, 0, 0, nil).sealed(said(10)), "")
	add("good-first-signature", "the signature that RFC 8032 prescribes", h.sealed(said(10)), "")
}

func wrongSignatures(add addCase) {
	h, f := honest(seed(1)), said(20)
	flip := func(index int, bits byte) string {
		return signedBy(h, f, func(m []byte) []byte {
			s := h.sign(m)
			s[index] ^= bits
			return s
		})
	}
	add("bad-flip-r", "a bit of R flipped", flip(0, 1), "signature")
	add("bad-flip-r-sign", "R's sign flipped", flip(31, 0x80), "signature")
	add("bad-flip-s", "a bit of S flipped", flip(32, 1), "signature")
	add("bad-zeros", "R and S are zero", signedBy(h, f, func([]byte) []byte { return make([]byte, 64) }), "signature")
	add("bad-identity", "R is the identity, S is zero", signedBy(h, f, func([]byte) []byte { return append([]byte{1}, make([]byte, 63)...) }), "signature")
	add("bad-r-not-a-point", "R is not a point of the curve", signedBy(h, f, func(m []byte) []byte {
		return append(append([]byte{2}, make([]byte, 31)...), h.sign(m)[32:]...)
	}), "signature")
	add("bad-other-key", "signed by another key", signedBy(h, f, honest(seed(2)).sign), "signature")
	add("bad-prehashed", "Ed25519ph instead of Ed25519", signedBy(h, f, func(m []byte) []byte {
		sum := sha512.Sum512(m)
		s, err := ed25519.NewKeyFromSeed(seed(1)).Sign(nil, sum[:], &ed25519.Options{Hash: crypto.SHA512})
		if err != nil {
			panic(err)
		}
		return s
	}), "signature")
	add("bad-without-id", "signed over the bytes of the id, without event_id", signedBy(h, f, func(m []byte) []byte {
		return h.sign(oracleCanonical(decodeFields(string(m)).edited("-event_id")))
	}), "signature")
	add("bad-without-signature", "signed over the event without its signature member, so without the key", signedBy(h, f, func(m []byte) []byte {
		return h.sign(oracleCanonical(decodeFields(string(m)).edited("-signature")))
	}), "signature")
	add("bad-not-canonical", "signed over the text as sent, with white space", signedBy(h, f, func(m []byte) []byte {
		return h.sign([]byte(decodeFields(string(m)).json()))
	}), "signature")

	one, two := said(21), said(22)
	swap := func(f, other fields) string {
		return signedBy(h, f, func([]byte) []byte {
			value := decodeFields(h.sealed(other))["signature"].(map[string]any)["value"].(string)
			b, err := base64Strict.DecodeString(value)
			if err != nil {
				panic(err)
			}
			return b
		})
	}
	add("bad-swapped-1", "the signature of bad-swapped-2", swap(one, two), "signature")
	add("bad-swapped-2", "the signature of bad-swapped-1", swap(two, one), "signature")

	shift := func(f fields, n int64, multiple int64) string {
		return signedBy(h, f, func(m []byte) []byte {
			s := h.sign(m)
			return append(s[:32:32], littleEndian(new(big.Int).Add(number(s[32:]), new(big.Int).Add(big.NewInt(n), new(big.Int).Mul(order, big.NewInt(multiple)))))...)
		})
	}
	add("bad-s-plus-l", "S + L: the same number modulo L, another signature to a lax verifier", shift(f, 0, 1), "signature")
	add("bad-s-plus-14l", "S + 14 L: the last multiple that 32 bytes surely hold", shift(f, 0, 14), "signature")
	add("bad-cancel-1", "S + 1: wrong by as much as bad-cancel-2, so that their sum is right", shift(one, 1, 0), "signature")
	add("bad-cancel-2", "S - 1: a batch without random weights takes the two", shift(two, -1, 0), "signature")
}

func torsionSignatures(add addCase) {
	for _, j := range []int{1, 2, 4, 7} {
		add(fmt.Sprintf("good-torsion-key-%d", j), fmt.Sprintf("the key has a torsion part, of order %d", orderOf(j)), crooked(30, j, 0, nil).sealed(said(30)), "")
		add(fmt.Sprintf("good-torsion-r-%d", j), fmt.Sprintf("R has a torsion part, of order %d", orderOf(j)), crooked(31, 0, j, nil).sealed(said(31)), "")
		add(fmt.Sprintf("good-torsion-both-%d", j), fmt.Sprintf("key and R have torsion parts, of order %d", orderOf(j)), crooked(32, j, j, nil).sealed(said(32)), "")
	}
	add("good-torsion-cancels", "the torsion parts of key and R differ", crooked(33, 1, 6, nil).sealed(said(33)), "")
	for i, e := range smallOrder() {
		what := "small order"
		if i >= 8 {
			what = "small order, not canonically encoded"
		}
		add(fmt.Sprintf("good-small-r-%02d", i+1), "R is of "+what+": "+hex.EncodeToString(e), crooked(34, 0, 0, e).sealed(said(34)), "")
		add(fmt.Sprintf("good-small-r-torsion-key-%02d", i+1), "R is of "+what+", the key has a torsion part: "+hex.EncodeToString(e), crooked(35, 3, 0, e).sealed(said(35)), "")
	}
	add("bad-torsion-key-s", "the key has a torsion part, and a bit of S is flipped", signedBy(crooked(30, 1, 0, nil), said(30), func(m []byte) []byte {
		s := crooked(30, 1, 0, nil).sign(m)
		s[32] ^= 1
		return s
	}), "signature")
	wide := notCanonical(func(e []byte) bool { return isPoint(e) && !isSmall(e) })[0]
	add("bad-r-not-canonical", "R is a point, not canonically encoded, and not the right one", signedBy(honest(seed(1)), said(36), func(m []byte) []byte {
		return append(bytes.Clone(wide), honest(seed(1)).sign(m)[32:]...)
	}), "signature")
}

func badKeys(add addCase) {
	for i, e := range smallOrder() {
		add(fmt.Sprintf("bad-key-small-%02d", i+1), "the key is of small order; ZIP-215 alone would take the signature: "+hex.EncodeToString(e), hand{base64url(e), nonceOnly(40)}.sealed(said(40)), "key")
	}
	for i, e := range notCanonical(func(e []byte) bool { return isPoint(e) && !isSmall(e) })[:4] {
		add(fmt.Sprintf("bad-key-not-canonical-%d", i+1), "the key is a point of large order, but its y is not below 2^255 - 19: "+hex.EncodeToString(e), hand{base64url(e), honest(seed(1)).sign}.sealed(said(41)), "key")
	}
	no := append([]byte{2}, make([]byte, 31)...)
	add("bad-key-not-a-point", "the key is not a point of the curve", hand{base64url(no), honest(seed(1)).sign}.sealed(said(42)), "key")
}

// order is L, of the group that the base point generates.
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func number(b []byte) *big.Int {
	b = bytes.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func littleEndian(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

// torsion is the j-th multiple of a point of order 8 (of the two that Chalkias, Garillot and Nikolaenko, "Taming the
// many EdDSAs", list first).
func torsion(j int) *curve.EdwardsPoint {
	e, err := hex.DecodeString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
	if err != nil {
		panic(err)
	}
	return curve.NewEdwardsPoint().Mul(point(e), scalar.NewFromUint64(uint64(j)))
}

func orderOf(j int) int { return [8]int{1, 8, 4, 8, 2, 8, 4, 8}[j] }

func point(e []byte) *curve.EdwardsPoint {
	y, err := curve.NewCompressedEdwardsYFromBytes(e)
	if err != nil {
		panic(err)
	}
	p, err := curve.NewEdwardsPoint().SetCompressedY(y)
	if err != nil {
		return nil
	}
	return p
}

func isPoint(e []byte) bool { return point(e) != nil }
func isSmall(e []byte) bool { return point(e).IsSmallOrder() }

func compressed(p *curve.EdwardsPoint) []byte {
	return curve.NewCompressedEdwardsY().SetEdwardsPoint(p)[:]
}

// smallOrder are the 8 canonical and the 6 other encodings of the points of small order.
func smallOrder() [][]byte {
	var all [][]byte
	for j := range 8 {
		all = append(all, compressed(torsion(j)))
	}
	one, minusOne := compressed(torsion(0)), compressed(torsion(4))
	one[31] |= 0x80 // x is 0, which has no sign
	minusOne[31] |= 0x80
	return append(append(all, one, minusOne), notCanonical(func(e []byte) bool { return isPoint(e) && isSmall(e) && !bytes.Equal(e, one) })...)
}

// notCanonical are those encodings whose y is p … p + 18, with both signs, that keep says.
func notCanonical(keep func(e []byte) bool) [][]byte {
	var all [][]byte
	for i := range 19 {
		for _, top := range []byte{0x7f, 0xff} {
			e := bytes.Repeat([]byte{0xff}, 32)
			e[0], e[31] = byte(0xed+i), top
			if keep(e) {
				all = append(all, e)
			}
		}
	}
	return all
}

// crooked is a hand whose key and R may have torsion parts, or whose R is the encoding that small gives. By the
// cofactored equation, 8·S·B = 8·R + 8·k·A, all its signatures hold; by 8·k reduced modulo L before the
// multiplication, and by the equation without 8, they do not.
func crooked(n byte, keyTorsion, rTorsion int, small []byte) hand {
	a := secret(n, 0)
	key := compressed(curve.NewEdwardsPoint().Add(multiple(a), torsion(keyTorsion)))
	if n == 1 {
		key = ed25519.NewKeyFromSeed(seed(1)).Public().(ed25519.PublicKey)
		h := sha512.Sum512(seed(1))
		h[0] &= 248
		h[31] = h[31]&127 | 64
		var err error
		if a, err = scalar.NewFromBytesModOrder(h[:32]); err != nil {
			panic(err)
		}
	}
	return hand{base64url(key), func(message []byte) []byte {
		for nonce := byte(1); ; nonce++ {
			r := secret(n, nonce)
			R := compressed(curve.NewEdwardsPoint().Add(multiple(r), torsion(rTorsion)))
			if small != nil {
				r, R = scalar.New(), small
			}
			h := sha512.Sum512(slices.Concat(R, key, message))
			k, err := scalar.NewFromBytesModOrderWide(h[:])
			if err != nil {
				panic(err)
			}
			if new(big.Int).Lsh(number(scalarBytes(k)), 3).Cmp(order) < 0 && small == nil {
				continue // 8·k is its own remainder modulo L, which would hide a verifier's mistake
			}
			s := scalar.New().Add(r, scalar.New().Mul(k, a))
			return append(bytes.Clone(R), scalarBytes(s)...)
		}
	}}
}

// nonceOnly signs for a key of small order, whose 8·k·A is nothing: S is r alone.
func nonceOnly(n byte) func(message []byte) []byte {
	return func([]byte) []byte {
		r := secret(n, 1)
		return append(compressed(multiple(r)), scalarBytes(r)...)
	}
}

func secret(n, use byte) *scalar.Scalar {
	h := sha512.Sum512([]byte{'s', n, use})
	s, err := scalar.NewFromBytesModOrderWide(h[:])
	if err != nil {
		panic(err)
	}
	return s
}

func multiple(s *scalar.Scalar) *curve.EdwardsPoint {
	return curve.NewEdwardsPoint().MulBasepoint(curve.ED25519_BASEPOINT_TABLE, s)
}

func scalarBytes(s *scalar.Scalar) []byte {
	b := make([]byte, scalar.ScalarSize)
	if err := s.ToBytes(b); err != nil {
		panic(err)
	}
	return b
}
