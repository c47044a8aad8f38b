package geojson

import (
	"crypto/ed25519"
	"strings"
	"testing"
)

// picture is what an event says of a file whose hash is of this digit alone.
func picture(digit string, size int) fields {
	return fields{"hash": "sha256:" + strings.Repeat(digit, 64), "type": "image/jpeg", "size": size}
}

// tellPictures tells of a thing with pictures of which several people say what they made of them: carol, who may be a
// kit, bob, who is nobody, and alice, whose thing it is.
func tellPictures(tr *trace) {
	a := tr.add("A", alice, nil)
	say := func(name string, by ed25519.PrivateKey, authority, slot string, media fields, previous ...string) string {
		return tr.add(name, by, fields{"operation": "set_media", "node_id": a, "slot": slot, "media": media, "previous_events": append([]string{}, previous...),
			"scope": fields{"realm": "public", "authority": authority, "boundary": "interior", "policy": "public"}})
	}
	photo := say("photo", alice, "source", "photo", picture("a", 900))
	say("plan", alice, "source", "plan", picture("b", 800))
	say("photo too", bob, "source", "photo", picture("c", 700))
	say("t of bob's", carol, "derived", "thumbnail:"+strings.Repeat("c", 16), picture("8", 80))
	say("t carol", carol, "derived", "thumbnail:"+strings.Repeat("a", 16), picture("1", 10), photo)
	say("p carol", carol, "derived", "preview:"+strings.Repeat("a", 16), picture("2", 20), photo)
	say("t bob", bob, "derived", "thumbnail:"+strings.Repeat("a", 16), picture("3", 30), photo)
	say("p bob", bob, "derived", "preview:"+strings.Repeat("b", 16), picture("4", 40))
	say("t alice", alice, "source", "thumbnail:"+strings.Repeat("b", 16), picture("5", 50))
	say("t alice too", root, "derived", "thumbnail:"+strings.Repeat("b", 16), picture("6", 60))
	say("no such slot", bob, "derived", "thumbnail:abc", picture("7", 70))
}

func TestWhoseThumbnailsCount(t *testing.T) {
	tr := newTrace(t)
	tellPictures(tr) // in a space that grants nothing
	c := tr.fold()
	for name, one := range map[string]struct {
		own  []string
		want string // first digits of the photo's thumbnail and preview, and the plan's
	}{
		"nobody's": {nil, "--5-"}, "carol's": {[]string{public(carol)}, "125-"}, "bob's": {[]string{public(bob)}, "3-54"},
	} {
		Each(c, Filter{Own: one.own}, func(f Feature) bool {
			got := ""
			for _, slot := range []string{"photo", "plan"} {
				for _, made := range []*MediaFile{f.Properties.Media[slot].Thumbnail, f.Properties.Media[slot].Preview} {
					if made == nil {
						got += "-"
					} else {
						got += made.Hash[len("sha256:") : len("sha256:")+1]
					}
				}
			}
			if got != one.want {
				t.Errorf("where %s count: %s, not %s", name, got, one.want)
			}
			if len(f.Properties.Media) != 2 || len(f.Properties.Others) != 0 || len(f.Properties.Claims) != 2 {
				t.Errorf("%v, %v, %v", f.Properties.Media, f.Properties.Others, f.Properties.Claims)
			}
			if found, ok := Find(c, f.ID, one.own...); !ok || (found.Properties.Media["photo"].Thumbnail == nil) != (one.own == nil) {
				t.Error("found by its id it differs")
			}
			return true
		})
	}
}

// TestPicturesOfFoldedReports merges a report with a picture into one that has none, and the other way round: the picture that is
// shown has its thumbnail.
func TestPicturesOfFoldedReports(t *testing.T) {
	for _, pictured := range []string{"A", "B"} {
		tr := newTrace(t)
		a, b := tr.add("A", alice, nil), tr.add("B", alice, nil)
		node := map[string]string{"A": a, "B": b}[pictured]
		say := func(name string, by ed25519.PrivateKey, authority, slot string, media fields) {
			tr.add(name, by, fields{"operation": "set_media", "node_id": node, "slot": slot, "media": media,
				"scope": fields{"realm": "public", "authority": authority, "boundary": "interior", "policy": "public"}})
		}
		say("photo", alice, "source", "photo", picture("a", 900))
		say("thumbnail", carol, "derived", "thumbnail:"+strings.Repeat("a", 16), picture("1", 10))
		tr.add("merge", alice, fields{"operation": "merge", "node_id": b, "into_node": a})
		n := 0
		Each(tr.fold(), Filter{Own: []string{public(carol)}}, func(f Feature) bool {
			n++
			if made := f.Properties.Media["photo"].Thumbnail; made == nil || made.Size != 10 || len(f.Properties.Claims) != 0 || len(f.Properties.Media) != 1 {
				t.Errorf("pictured is %s: %+v, %v", pictured, f.Properties.Media, f.Properties.Claims)
			}
			return true
		})
		if n != 1 {
			t.Errorf("%d features", n)
		}
	}
}
