package mbtiles

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// An Encoding is how a tile's bytes are wrapped, in the words of HTTP's Content-Encoding.
type Encoding string

// MBTiles 1.3 has vector tiles gzipped; files with plain ones are about, too.
const (
	Identity Encoding = ""
	Gzip     Encoding = "gzip"
)

// Media types of tiles.
const (
	VectorTile = "application/vnd.mapbox-vector-tile"
	PNG        = "image/png"
	JPEG       = "image/jpeg"
	WebP       = "image/webp"
	AVIF       = "image/avif"
	GIF        = "image/gif"
	Unknown    = "application/octet-stream"
)

func encodingOf(data []byte) Encoding {
	if len(data) >= 3 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8 {
		return Gzip
	}
	return Identity
}

// ImageType returns the media type of an image by its first bytes, "" for anything else.
func ImageType(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return JPEG
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return WebP
	case len(data) >= 12 && string(data[4:12]) == "ftypavif":
		return AVIF
	case bytes.HasPrefix(data, []byte("GIF8")):
		return GIF
	}
	return ""
}

// Sniff returns what a tile is by looking at all of it: an image's media type, VectorTile, or "".
func Sniff(data []byte) string {
	if kind := ImageType(data); kind != "" {
		return kind
	}
	plain, err := Inflate(data)
	if err == nil && isVectorTile(plain) {
		return VectorTile
	}
	return ""
}

func canSniff(mediaType string) bool {
	switch mediaType {
	case VectorTile, PNG, JPEG, WebP, AVIF, GIF:
		return true
	}
	return false
}

// Inflate undoes a tile's encoding. A tile that swells past MaxTileBytes is an error.
func Inflate(data []byte) ([]byte, error) {
	if encodingOf(data) == Identity {
		return data, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("mbtiles: gzip: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(reader, MaxTileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("mbtiles: gzip: %w", err)
	}
	if len(plain) > MaxTileBytes {
		return nil, fmt.Errorf("mbtiles: a gzipped tile unpacks to more than %d bytes", MaxTileBytes)
	}
	return plain, nil
}

// isVectorTile walks the outer two levels of a Mapbox vector tile (specification 2.1, 4.1 and 4.2): layers in field 3,
// each with a name in field 1 and a version in field 15. The empty message is a tile without layers.
func isVectorTile(data []byte) bool {
	return walkMessage(data, func(field uint64, value []byte) bool {
		if field != 3 {
			return field >= 16 // extensions
		}
		var named, versioned bool
		sound := walkMessage(value, func(field uint64, value []byte) bool {
			named = named || field == 1 && value != nil
			versioned = versioned || field == 15 && value == nil
			return field <= 5 || field >= 15
		})
		return sound && named && versioned
	})
}

// walkMessage calls visit with each field of a protobuf message; value is nil for numbers. It reports whether the
// message is well formed and every visit was content.
func walkMessage(data []byte, visit func(field uint64, value []byte) bool) bool {
	for len(data) > 0 {
		key, n := binary.Uvarint(data)
		if n <= 0 || key>>3 == 0 {
			return false
		}
		data = data[n:]
		var value []byte
		switch key & 7 {
		case 0:
			_, n = binary.Uvarint(data)
		case 1:
			n = 8
		case 5:
			n = 4
		case 2:
			length, m := binary.Uvarint(data)
			if m <= 0 || length > uint64(len(data)-m) {
				return false
			}
			n = m + int(length)
			value = data[m:n:n]
		default:
			return false
		}
		if n <= 0 || n > len(data) || !visit(key>>3, value) {
			return false
		}
		data = data[n:]
	}
	return true
}
