package segment

import (
	"crypto/ed25519"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	voi "github.com/oasisprotocol/curve25519-voi/primitives/ed25519"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// Format names the format of a segment and its seal.
const Format = "fieldkit-segment-1"

// MaxSeal is the greatest length of a seal in bytes.
const MaxSeal = 4096

// A Seal is what a kit says of a segment, under its signature: an entry of the tile's manifest.
type Seal struct {
	// Text is the canonical JSON.
	Text   string
	Space  string
	Tile   tile.Tile
	Policy string
	// Hash is the segment's name.
	Hash digest.Sum
	// From and To are the ids of the first and the last event.
	From, To string
	// Count is the number of events, Size the number of bytes.
	Count, Size int64
	// Key is the kit's, in unpadded base64url.
	Key string
	// Loose says that this is no segment of the tile's manifest but a list of events that came singly, by which they travel.
	Loose bool
}

// zip215 is the one rule of verification, for seals as for events.
var zip215 = &voi.Options{Verify: voi.VerifyOptionsZIP_215}

// strict, so that one signature has one spelling.
var strict = base64.RawURLEncoding.Strict()

// Seal signs a segment that Build or Parse made.
func (s *Segment) Seal(key ed25519.PrivateKey) *Seal { return s.seal(key, false) }

// SealLoose signs it as a list of loose events.
func (s *Segment) SealLoose(key ed25519.PrivateKey) *Seal { return s.seal(key, true) }

func (s *Segment) seal(key ed25519.PrivateKey, loose bool) *Seal {
	seal := &Seal{
		Loose: loose,
		Space: s.Space, Tile: s.Tile, Policy: s.Policy, Hash: s.Hash,
		From: s.From, To: s.To, Count: int64(s.Count), Size: int64(len(s.Bytes)),
		Key: event.KeyText(key.Public().(ed25519.PublicKey)),
	}
	signature := ed25519.Sign(key, []byte(seal.text("")))
	seal.Text = seal.text(`,"value":"` + strict.EncodeToString(signature) + `"`)
	return seal
}

// text is the canonical form. No member needs an escape: all are ASCII by their own rules.
func (s *Seal) text(value string) string {
	loose := ""
	if s.Loose {
		loose = `"loose":true,`
	}
	return `{"count":` + strconv.FormatInt(s.Count, 10) + `,"format":"` + Format +
		`","from_event":"` + s.From + `","hash":"` + s.Hash.String() + `",` + loose + `"policy":"` + s.Policy +
		`","signature":{"key":"` + s.Key + `"` + value + `},"size":` + strconv.FormatInt(s.Size, 10) +
		`,"space":"` + s.Space + `","tile":"` + s.Tile.String() + `","to_event":"` + s.To + `"}`
}

// fields are the members that mean something; others are kept, and signed with the rest.
type fields struct {
	Format    string `json:"format"`
	Space     string `json:"space"`
	Tile      string `json:"tile"`
	Policy    string `json:"policy"`
	Hash      string `json:"hash"`
	From      string `json:"from_event"`
	To        string `json:"to_event"`
	Count     int64  `json:"count"`
	Size      int64  `json:"size"`
	Loose     bool   `json:"loose"`
	Signature struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"signature"`
}

// ParseSeal reads a seal as received, and verifies its signature. Whether the key's owner may seal is not its question,
// nor whether a segment fits: see Check.
func ParseSeal(raw []byte) (*Seal, error) {
	if len(raw) > MaxSeal {
		return nil, refuse("size", "", "longer than "+strconv.Itoa(MaxSeal)+" bytes")
	}
	canonical, err := event.Canonicalize(raw)
	if err != nil {
		return nil, err
	}
	if len(canonical) > MaxSeal { // long ways of writing a number apart, it only gets shorter
		return nil, refuse("size", "", "the canonical form is longer than "+strconv.Itoa(MaxSeal)+" bytes")
	}
	var f fields
	if err := json.Unmarshal(canonical, &f); err != nil {
		return nil, refuse("type", "", "is not a seal: a member has the wrong type")
	}
	s := &Seal{Text: string(canonical), Space: f.Space, Policy: f.Policy, From: f.From, To: f.To, Count: f.Count, Size: f.Size, Loose: f.Loose, Key: f.Signature.Key}
	if r := s.read(&f); r != nil {
		return nil, r
	}
	if r := s.verify(&f); r != nil {
		return nil, r
	}
	return s, nil
}

func (s *Seal) read(f *fields) *event.Refusal {
	var err error
	var ok bool
	if f.Format != Format {
		return refuse("format", "format", "must be "+Format)
	}
	if !event.ValidName(f.Space) {
		return refuse("name", "space", "is not the name of a space")
	}
	if s.Tile, err = tile.Parse(f.Tile); err != nil {
		return refuse("tile", "tile", err.Error())
	}
	if f.Policy != "public" && f.Policy != "private" && f.Policy != "redacted" {
		return refuse("policy", "policy", "must be one of public, private, redacted")
	}
	if s.Hash, ok = digest.ParseSum(f.Hash); !ok {
		return refuse("hash", "hash", "must be sha256: and 64 lower-case hex digits")
	}
	if !event.ValidID(f.From) {
		return refuse("id", "from_event", "is not an event id")
	}
	if !event.ValidID(f.To) {
		return refuse("id", "to_event", "is not an event id")
	}
	if f.Count < 1 || f.Count > MaxEvents {
		return refuse("count", "count", "outside 1 … "+strconv.Itoa(MaxEvents))
	}
	if f.Size < 1 || f.Size > MaxBytes {
		return refuse("size", "size", "outside 1 … "+strconv.Itoa(MaxBytes))
	}
	return nil
}

func (s *Seal) verify(f *fields) *event.Refusal {
	key, ok := event.ParseKey(f.Signature.Key)
	if !ok {
		return refuse("key", "signature.key", "must be 32 bytes in unpadded base64url")
	}
	if r := event.CheckAuthor(key); r != nil {
		return r
	}
	signature, err := strict.DecodeString(f.Signature.Value)
	if err != nil || len(signature) != ed25519.SignatureSize || strings.ContainsAny(f.Signature.Value, "\r\n") {
		return refuse("signature", "signature.value", "must be 64 bytes in unpadded base64url")
	}
	signed, err := withoutValue(s.Text)
	if err != nil || !voi.VerifyWithOptions(key[:], signed, signature, zip215) {
		return refuse("signature", "signature.value", "does not verify: the seal was changed, or another key signed it")
	}
	return nil
}

// withoutValue is the canonical form of a seal without signature.value.
func withoutValue(text string) ([]byte, error) {
	var members, signature map[string]jsontext.Value
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(members["signature"], &signature); err != nil {
		return nil, err
	}
	delete(signature, "value")
	rest, err := json.Marshal(signature)
	if err != nil {
		return nil, err
	}
	members["signature"] = rest
	if rest, err = json.Marshal(members); err != nil {
		return nil, err
	}
	return event.Canonicalize(rest)
}

// Check holds a segment to what its seal says of it.
func (s *Seal) Check(g *Segment) error {
	switch {
	case s.Hash != g.Hash:
		return refuse("hash", "hash", "the segment's is "+g.Hash.String())
	case s.Space != g.Space:
		return refuse("space", "space", "the segment's is "+g.Space)
	case s.Tile != g.Tile:
		return refuse("tile", "tile", "the segment's is "+g.Tile.String())
	case s.Policy != g.Policy:
		return refuse("policy", "policy", "the segment's is "+g.Policy)
	case s.Count != int64(g.Count):
		return refuse("count", "count", "the segment has "+strconv.Itoa(g.Count))
	case s.Size != int64(len(g.Bytes)):
		return refuse("size", "size", "the segment has "+strconv.Itoa(len(g.Bytes)))
	case s.From != g.From:
		return refuse("id", "from_event", "the segment begins with "+g.From)
	case s.To != g.To:
		return refuse("id", "to_event", "the segment ends with "+g.To)
	}
	return nil
}
