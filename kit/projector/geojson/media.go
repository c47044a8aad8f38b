package geojson

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/canvas"
	"fieldkit/kit/event"
	"fieldkit/kit/scope"
)

// A MediaFile names a file by its hash; its bytes may not be here.
type MediaFile struct {
	Hash string `json:"hash"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// Media is a file of a slot, with the smaller pictures that were made of it.
type Media struct {
	MediaFile
	Thumbnail *MediaFile `json:"thumbnail,omitempty"`
	Preview   *MediaFile `json:"preview,omitempty"`
}

// Slots of what a kit makes of a picture (kit/SPEC.md, section 13): one of these and the first 16 digits of the picture's
// hash.
const (
	ThumbnailSlot = "thumbnail:"
	PreviewSlot   = "preview:"

	slotDigits = 16
)

// DerivedSlot is the slot in which a kit states what it made of the file of this hash (64 hex digits).
func DerivedSlot(prefix, digits string) string { return prefix + digits[:slotDigits] }

// isDerivedSlot reports whether a register is one of those slots: it belongs to the picture, and is not shown by itself.
func isDerivedSlot(register string) bool {
	slot, ok := strings.CutPrefix(register, canvas.MediaPrefix)
	if !ok {
		return false
	}
	digits, ok := strings.CutPrefix(slot, ThumbnailSlot)
	if !ok {
		digits, ok = strings.CutPrefix(slot, PreviewSlot)
	}
	return ok && len(digits) == slotDigits && strings.Trim(digits, "0123456789abcdef") == ""
}

func mediaFile(value string) (MediaFile, bool) {
	f, ok := event.ReadMediaFile(value)
	return MediaFile{"sha256:" + hex.EncodeToString(f.Hash[:]), strings.Clone(f.Type), f.Size}, ok
}

// derive adds to each picture what was made of it: as the register says, which takes who may write, or as a claim by a key
// of own, or by one that the space grants. Of several nodes that are one thing each has its own.
func (p *Properties) derive(c *canvas.Canvas, nodes []*canvas.Node, own []string) {
	var made map[string]MediaFile
	for _, n := range slices.Backward(nodes) { // the first has the last word
		more := madeOf(c, n, own)
		if made == nil {
			made = more
			continue
		}
		maps.Copy(made, more)
	}
	if len(made) == 0 {
		return
	}
	with := func(m Media) Media {
		digits := strings.TrimPrefix(m.Hash, "sha256:")
		if f, ok := made[canvas.MediaPrefix+DerivedSlot(ThumbnailSlot, digits)]; ok {
			m.Thumbnail = &f
		}
		if f, ok := made[canvas.MediaPrefix+DerivedSlot(PreviewSlot, digits)]; ok {
			m.Preview = &f
		}
		return m
	}
	for slot, m := range p.Media {
		p.Media[slot] = with(m)
	}
	beside := func(register string, v *Value) {
		if !strings.HasPrefix(register, canvas.MediaPrefix) {
			return
		}
		if f, ok := mediaFile(string(v.Value)); ok {
			if text, err := json.Marshal(with(Media{MediaFile: f})); err == nil {
				v.Value = text
			}
		}
	}
	for register, values := range p.Others {
		for i := range values {
			beside(register, &values[i])
		}
	}
	for i := range p.Claims {
		beside(p.Claims[i].Register, &p.Claims[i].Value)
	}
}

// madeOf are the files of a node's derived slots that count, by register.
func madeOf(c *canvas.Canvas, n *canvas.Node, own []string) map[string]MediaFile {
	var made map[string]MediaFile // few nodes have any
	note := func(register, value string) bool {
		f, ok := mediaFile(value)
		if ok {
			if made == nil {
				made = make(map[string]MediaFile)
			}
			made[register] = f
		}
		return ok
	}
	var first string // of the claims on a register, the own key's counts before the others'
	for _, claim := range n.Claims() {
		if !isDerivedSlot(claim.Register) || claim.By.Key == "" {
			continue
		}
		mine := slices.Contains(own, claim.By.Key)
		granted := c.Rules().Granted(claim.By.Key, scope.RoleKit, n.Layer, claim.Clock.T)
		if !mine && (!granted || claim.Register == first) {
			continue
		}
		if note(claim.Register, claim.Value) {
			first = claim.Register
		}
	}
	n.Registers(canvas.MediaPrefix, func(r canvas.Register) {
		if r.Drawn != nil && isDerivedSlot(r.Name) {
			note(r.Name, r.Drawn.Value)
		}
	})
	return made
}
