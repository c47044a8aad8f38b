package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"runtime"
	"strings"
	"testing"
)

// quarters is a picture whose quarters are red, green, blue and white.
func quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			switch {
			case x >= w/2 && y >= h/2:
				c = color.RGBA{255, 255, 255, 255}
			case x >= w/2:
				c = color.RGBA{0, 255, 0, 255}
			case y >= h/2:
				c = color.RGBA{0, 0, 255, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func jpegOf(m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func pngOf(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// withEXIF puts an EXIF segment with an orientation and a place into a JPEG.
func withEXIF(data []byte, how uint16) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08")
	entry := func(tag, kind uint16, count, value uint32) {
		tiff = binary.BigEndian.AppendUint16(tiff, tag)
		tiff = binary.BigEndian.AppendUint16(tiff, kind)
		tiff = binary.BigEndian.AppendUint32(tiff, count)
		tiff = binary.BigEndian.AppendUint32(tiff, value)
	}
	tiff = append(tiff, 0, 2)
	entry(0x0112, 3, 1, uint32(how)<<16)
	entry(0x8825, 4, 1, 38) // GPS IFD
	tiff = append(tiff, 0, 0, 0, 0)
	tiff = append(tiff, 0, 1)
	entry(0x0001, 2, 2, 'N'<<24)
	tiff = append(tiff, 0, 0, 0, 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	head := []byte{0xff, 0xd8, 0xff, 0xe1}
	head = binary.BigEndian.AppendUint16(head, uint16(len(segment)+2))
	return append(append(head, segment...), data[2:]...)
}

// read decodes what was made and holds it to its limits.
func read(t *testing.T, data []byte, side int) image.Image {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if b := m.Bounds(); b.Dx() > side || b.Dy() > side || b.Dx() < 1 || b.Dy() < 1 {
		t.Fatalf("%v is not within %d", b, side)
	}
	for _, trace := range []string{"Exif", "GPS", "ICC_PROFILE", "http://ns.adobe.com"} {
		if bytes.Contains(data, []byte(trace)) {
			t.Errorf("what was made holds %q", trace)
		}
	}
	return m
}

// named is the colour of a quarter, in one letter.
func named(m image.Image, right, lower bool) string {
	b := m.Bounds()
	x, y := b.Min.X+b.Dx()/4, b.Min.Y+b.Dy()/4
	if right {
		x += b.Dx() / 2
	}
	if lower {
		y += b.Dy() / 2
	}
	r, g, bl, _ := m.At(x, y).RGBA()
	switch {
	case r > 0xe000 && g > 0xe000 && bl > 0xe000:
		return "W"
	case r > 0xe000:
		return "R"
	case g > 0xe000:
		return "G"
	case bl > 0xe000:
		return "B"
	}
	return "?"
}

func look(m image.Image) string {
	return named(m, false, false) + named(m, true, false) + named(m, false, true) + named(m, true, true)
}

func TestMakeStandsUpright(t *testing.T) {
	source := jpegOf(quarters(3000, 2000))
	for how, want := range []string{"RGBW", "RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB"} {
		made, err := Make(withEXIF(source, uint16(how)))
		if err != nil {
			t.Fatal(err)
		}
		preview, thumbnail := read(t, made.Preview, PreviewSide), read(t, made.Thumbnail, ThumbnailSide)
		if look(preview) != want || look(thumbnail) != want {
			t.Errorf("held as %d it is %s and %s, not %s", how, look(preview), look(thumbnail), want)
		}
		size := image.Pt(1280, 853)
		if how >= 5 {
			size = image.Pt(853, 1280)
		}
		if preview.Bounds().Size() != size {
			t.Errorf("held as %d the preview is %v", how, preview.Bounds())
		}
	}
}

func TestMakeOfEachKind(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 400, 300))
	gray := image.NewGray(image.Rect(0, 0, 400, 300))
	few := image.NewPaletted(image.Rect(0, 0, 400, 300), color.Palette{color.White, color.Black})
	for name, source := range map[string][]byte{
		"png": pngOf(quarters(400, 300)), "16 bits": pngOf(deep), "gray": pngOf(gray), "palette": pngOf(few),
		"gray jpeg": jpegOf(gray), "one pixel": pngOf(quarters(1, 1)), "a line": pngOf(image.NewGray(image.Rect(0, 0, 30_000, 1))),
		"webp": unhex(tinyWebP), "exif cut off": withEXIF(jpegOf(gray), 6)[:60],
	} {
		made, err := Make(source)
		if name == "exif cut off" {
			if err == nil {
				t.Error(name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		read(t, made.Preview, PreviewSide)
		read(t, made.Thumbnail, ThumbnailSide)
	}
	// Transparent is white, and small stays as it is.
	made, err := Make(pngOf(image.NewNRGBA(image.Rect(0, 0, 40, 30))))
	if err != nil {
		t.Fatal(err)
	}
	if m := read(t, made.Preview, 40); look(m) != "WWWW" || m.Bounds().Dx() != 40 {
		t.Errorf("%s, %v", look(m), m.Bounds())
	}
}

// bomb is a PNG whose header promises w × h pixels and whose data are none.
func bomb(w, h uint32, depth byte) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	head = append(binary.BigEndian.AppendUint32(head, h), depth, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

func TestMakeRefusesBombs(t *testing.T) {
	scans := append(jpegOf(quarters(64, 64)), bytes.Repeat([]byte("\xff\xda"), maxScans)...)
	for name, source := range map[string][]byte{
		"png": bomb(60_000, 60_000, 8), "png of 16 bits": bomb(5000, 5000, 16), "png beyond int32": bomb(1<<31-1, 1<<31-1, 8),
		"jpeg": jpegSized(65_535, 65_535, 0xc0), "progressive": jpegSized(4000, 4000, 0xc2), "scans": scans,
		"webp": unhex(tinyWebP[:40] + "ffff3fff3f"), "animated": animated(), "nothing": nil, "text": []byte("hello"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Make(source); err == nil {
			t.Errorf("%s: something was made of it", name)
		} else if strings.Contains(err.Error(), "runtime error") {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
			t.Errorf("%s: took %d bytes", name, took)
		}
	}
}

// jpegSized is a JPEG that says it has another size, and how it is coded.
func jpegSized(w, h uint16, marker byte) []byte {
	data := jpegOf(quarters(64, 64))
	at := bytes.Index(data, []byte("\xff\xc0"))
	data[at+1] = marker
	binary.BigEndian.PutUint16(data[at+5:], h)
	binary.BigEndian.PutUint16(data[at+7:], w)
	return data
}

// animated is the beginning of a WebP with the animation bit set.
func animated() []byte {
	body := []byte("WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x3f\x00\x00\x3f\x00\x00ANIM\x06\x00\x00\x00\xff\xff\xff\xff\x00\x00ANMF\x10\x00\x00\x00")
	body = append(body, make([]byte, 16)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// tinyWebP is a lossless picture of one pixel.
const tinyWebP = "524946461a000000574542505650384c0d0000002f00000010071011118888fe0700"

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// The same bytes everywhere: a change of these is a change of Maker.
func TestMakeGivesTheSameBytes(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 1931, 1087))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i >> 7)
	}
	made, err := Make(withEXIF(jpegOf(m), 6))
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		data []byte
		want string
	}{"preview": {made.Preview, "fc3c3acf5b840225"}, "thumbnail": {made.Thumbnail, "2237634188019431"}} {
		if sum := sha256.Sum256(one.data); hex.EncodeToString(sum[:8]) != one.want {
			t.Errorf("the %s is %x, was %s", name, sum[:8], one.want)
		}
	}
}

func FuzzMake(f *testing.F) {
	for _, seed := range [][]byte{
		jpegOf(quarters(64, 48)), withEXIF(jpegOf(quarters(33, 17)), 6), jpegOf(image.NewGray(image.Rect(0, 0, 9, 9))),
		jpegOf(quarters(64, 64))[:300], jpegSized(65_535, 65_535, 0xc0), jpegSized(64, 64, 0xc2), jpegOfFour(),
		pngOf(quarters(20, 30)), pngOf(image.NewNRGBA64(image.Rect(0, 0, 8, 8))), bomb(60_000, 60_000, 8), bomb(5, 5, 16),
		unhex(tinyWebP), animated(), []byte("RIFF"), nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		made, err := Make(source)
		if err != nil {
			if made.Preview != nil || made.Thumbnail != nil {
				t.Error("something was made in spite of an error")
			}
			return
		}
		read(t, made.Preview, PreviewSide)
		read(t, made.Thumbnail, ThumbnailSide)
		again, err := Make(source)
		if err != nil || !bytes.Equal(again.Preview, made.Preview) || !bytes.Equal(again.Thumbnail, made.Thumbnail) {
			t.Error("not the same again")
		}
	})
}

// jpegOfFour is a JPEG of four components, as a printer's: one block of nothing.
func jpegOfFour() []byte {
	b := []byte("\xff\xd8\xff\xee\x00\x0eAdobe\x00d\x00\x00\x00\x00\x00")
	b = append(b, "\xff\xdb\x00\x43\x00"...)
	b = append(b, bytes.Repeat([]byte{1}, 64)...)
	b = append(b, "\xff\xc0\x00\x14\x08\x00\x08\x00\x08\x04\x01\x11\x00\x02\x11\x00\x03\x11\x00\x04\x11\x00"...)
	// One code each: a difference of 0, and the end of the block.
	b = append(b, "\xff\xc4\x00\x14\x00\x01"...)
	b = append(b, make([]byte, 15)...)
	b = append(b, 0)
	b = append(b, "\xff\xc4\x00\x14\x10\x01"...)
	b = append(b, make([]byte, 15)...)
	b = append(b, 0)
	b = append(b, "\xff\xda\x00\x0e\x04\x01\x00\x02\x00\x03\x00\x04\x00\x00\x3f\x00"...)
	return append(b, 0x00, 0xff, 0xd9)
}

func TestMakeOfFourComponents(t *testing.T) {
	made, err := Make(jpegOfFour())
	if err != nil {
		t.Fatal(err)
	}
	read(t, made.Preview, 8)
}
