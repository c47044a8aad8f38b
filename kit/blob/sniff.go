package blob

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// sniffLength is how many of the first bytes say what a blob is.
const sniffLength = 512

// Types are the media types that a kit takes. None of them can run script in a page of the kit's origin: that is why
// SVG and HTML are not among them.
var Types = []string{
	"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif",
	"audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm", "audio/wav", "audio/amr",
	"video/mp4", "video/webm", "video/quicktime", "video/3gpp",
	"application/pdf",
}

// heifBrands are those of still pictures in the container that MP4 uses too (ISO/IEC 23008-12, annex B).
var heifBrands = []string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"}

// Sniff tells what the first 512 bytes of a blob, or all of a shorter one, can be: the types that share what was found,
// the likeliest first; none where it is nothing that a kit takes. It looks at the content alone.
func Sniff(head []byte) []string {
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		switch brand := string(head[8:12]); {
		case slices.Contains(heifBrands, brand):
			return []string{"image/heic", "image/heif"}
		case brand == "qt  ":
			return []string{"video/quicktime", "video/mp4"}
		case brand == "avif", brand == "avis", brand == "crx ":
			return nil
		case strings.HasPrefix(brand, "3g"):
			return []string{"video/3gpp", "video/mp4", "audio/mp4"}
		case strings.HasPrefix(brand, "M4A"):
			return []string{"audio/mp4", "video/mp4"}
		}
		return []string{"video/mp4", "audio/mp4", "video/quicktime", "video/3gpp"}
	}
	switch {
	case bytes.HasPrefix(head, []byte("#!AMR")):
		return []string{"audio/amr"}
	case len(head) >= 3 && head[0] == 0xff && head[1]&0xe6 == 0xe2 && head[2]>>4 != 0xf && head[2]>>2&3 != 3:
		// The frame of an MPEG audio layer III stream without a tag in front (ISO/IEC 11172-3, 2.4.1.3).
		return []string{"audio/mpeg"}
	}
	// By the rules that browsers go by (mimesniff.spec.whatwg.org).
	switch found := http.DetectContentType(head); found {
	case "image/jpeg", "image/png", "image/webp", "audio/mpeg", "application/pdf":
		return []string{found}
	case "application/ogg":
		return []string{"audio/ogg"}
	case "audio/wave":
		return []string{"audio/wav"}
	case "video/webm":
		return []string{"video/webm", "audio/webm"}
	}
	return nil
}

// IsImage reports whether a type is a picture's.
func IsImage(kind string) bool { return strings.HasPrefix(kind, "image/") }
