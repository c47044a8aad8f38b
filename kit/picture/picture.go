// Package picture makes small pictures of large ones: what a list and a detail on a phone need of a photograph. It is
// pure, and the same bytes give the same bytes, on every machine: nothing here passes through floating arithmetic.
//
// What it makes holds pixels alone: no EXIF, so no place where a photograph was taken, no name of whose camera.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/bep/imagemeta"
	"golang.org/x/image/webp"
)

// Maker is the version of what is made: it changes when the same source gives other bytes.
const Maker = 1

const (
	// ThumbnailSide and PreviewSide are the greatest width and height of what is made, in pixels.
	ThumbnailSide = 256
	PreviewSide   = 1280
	// Type is that of what is made.
	Type = "image/jpeg"
	// quality is that of JPEG, 1 to 100: at 80 a preview of a photograph has some 200 kB.
	quality = 80
	// MaxMemory bounds what decoding may take, in bytes: 44 megapixels of a camera's JPEG, 33 of a PNG with 8 bits.
	MaxMemory = 128 << 20
	// maxScans bounds the scans of a JPEG. A progressive one has ten or so; hundreds of thousands that say nothing fit
	// into a file, and each is a walk over all of the picture.
	maxScans = 200
)

// Made are the pictures made of one.
type Made struct {
	Thumbnail, Preview []byte
}

// Make makes a thumbnail and a preview, upright as the camera was held. Nothing is made larger than it was. An error says
// why nothing can be made of the source: it is no JPEG, PNG or WebP, damaged, or too large.
func Make(source []byte) (made Made, err error) {
	defer func() {
		// The decoders are sound as far as their fuzzers know; a kit goes on where they are not.
		if p := recover(); p != nil {
			made, err = Made{}, fmt.Errorf("the picture cannot be read: %v", p)
		}
	}()
	decoded, format, err := decode(source)
	if err != nil {
		return Made{}, err
	}
	upright := orient(orientation(source, format), shrink(decoded, PreviewSide))
	if made.Preview, err = encode(upright); err != nil {
		return Made{}, err
	}
	made.Thumbnail, err = encode(shrink(upright, ThumbnailSide))
	return made, err
}

func encode(m image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}

// decode reads a picture that fits into MaxMemory.
func decode(source []byte) (m image.Image, format imagemeta.ImageFormat, err error) {
	var config image.Config
	bytesPerPixel := 4 // of the decoded picture and what the decoder keeps beside it
	switch {
	case bytes.HasPrefix(source, []byte("\xff\xd8")):
		format = imagemeta.JPEG
		if config, err = jpeg.DecodeConfig(bytes.NewReader(source)); err == nil {
			bytesPerPixel, err = jpegBytes(source)
		}
	case bytes.HasPrefix(source, []byte("\x89PNG")):
		format = imagemeta.PNG
		config, err = png.DecodeConfig(bytes.NewReader(source))
		bytesPerPixel = 8
		if err == nil && len(source) > 24 && source[24] <= 8 { // the bit depth in IHDR
			bytesPerPixel = 4
		}
	case bytes.HasPrefix(source, []byte("RIFF")):
		format = imagemeta.WebP
		config, err = webp.DecodeConfig(bytes.NewReader(source))
		bytesPerPixel = 8 // a lossless one keeps its transforms beside it
	default:
		return nil, 0, errors.New("a picture of this kind cannot be made smaller here")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("the picture cannot be read: %w", err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > MaxMemory/bytesPerPixel/config.Height {
		return nil, 0, fmt.Errorf("the picture is too large to be made smaller here: %d × %d pixels", config.Width, config.Height)
	}
	switch format {
	case imagemeta.JPEG:
		m, err = jpeg.Decode(bytes.NewReader(source))
	case imagemeta.PNG:
		m, err = png.Decode(bytes.NewReader(source))
	default:
		m, err = webp.Decode(bytes.NewReader(source))
	}
	if err != nil {
		return nil, 0, fmt.Errorf("the picture cannot be read: %w", err)
	}
	return m, format, nil
}

// jpegBytes is how many bytes a pixel of a JPEG takes while it is decoded (ITU-T T.81, annex B).
func jpegBytes(source []byte) (int, error) {
	if bytes.Count(source, []byte("\xff\xda")) > maxScans {
		return 0, errors.New("it has too many scans")
	}
	for i := 2; i+9 < len(source); {
		marker := source[i+1]
		if source[i] != 0xff {
			break
		}
		if marker == 0xff || marker >= 0xd0 && marker <= 0xd9 || marker <= 1 {
			i++ // fill, or a marker without a length
			if marker != 0xff {
				i++
			}
			continue
		}
		if marker >= 0xc0 && marker <= 0xc2 {
			components := int(source[i+9])
			if marker == 0xc2 {
				// A progressive one keeps all coefficients, 4 bytes each, until its last scan.
				return components * 5, nil
			}
			return max(components, 1), nil
		}
		i += 2 + int(source[i+2])<<8 + int(source[i+3])
	}
	return 3 * 5, nil
}

// orientation is how the camera was held, 1 to 8 (EXIF 2.3, tag 0x0112), 1 where it cannot be told.
func orientation(source []byte, format imagemeta.ImageFormat) int {
	found := 1
	_, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(source), ImageFormat: format, Sources: imagemeta.EXIF, LimitNumTags: 500,
		Warnf:           func(string, ...any) {},
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return tag.Tag == "Orientation" && tag.Namespace == "IFD0" },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if n, ok := tag.Value.(uint16); ok && n >= 1 && n <= 8 {
				found = int(n)
			}
			return imagemeta.ErrStopWalking
		},
	})
	if err != nil {
		return 1 // damaged beside the pixels: they are upright as they stand
	}
	return found
}
