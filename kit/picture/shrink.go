package picture

import (
	"image"
	"image/color"
	"image/draw"
)

// shrink makes a picture at most side pixels wide and high, on white where it is transparent. Each pixel is the mean of
// what it covers, in integers: golang.org/x/image/draw computes in floating point, which rounds differently on arm64, and
// holds a whole picture of float64 in between.
func shrink(m image.Image, side int) *image.RGBA {
	from := m.Bounds()
	width, height := fit(from.Dx(), from.Dy(), side)
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	line := image.NewRGBA(image.Rect(0, 0, from.Dx(), 1))
	sums := make([]uint64, 3*width)
	// A pixel of the source is height wide and width high in units of which one of the result is as many as the source has
	// pixels: all borders are whole numbers.
	y, left := 0, from.Dy()
	for row := range from.Dy() {
		draw.Draw(line, line.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(line, line.Rect, m, image.Pt(from.Min.X, from.Min.Y+row), draw.Over)
		for rest := height; rest > 0; {
			part := min(rest, left)
			addLine(sums, line.Pix, from.Dx(), width, uint64(part))
			rest -= part
			if left -= part; left == 0 {
				putLine(out.Pix[y*out.Stride:], sums, uint64(from.Dx())*uint64(from.Dy()))
				clear(sums)
				y, left = y+1, from.Dy()
			}
		}
	}
	return out
}

// addLine adds a line of the source to the sums of a line of the result.
func addLine(sums []uint64, pix []byte, from, to int, weight uint64) {
	x, left := 0, from
	for column := range from {
		p := pix[4*column : 4*column+3 : 4*column+3]
		for rest := to; rest > 0; {
			part := min(rest, left)
			w := uint64(part) * weight
			s := sums[3*x : 3*x+3 : 3*x+3]
			s[0] += w * uint64(p[0])
			s[1] += w * uint64(p[1])
			s[2] += w * uint64(p[2])
			rest -= part
			if left -= part; left == 0 {
				x, left = x+1, from
			}
		}
	}
}

func putLine(pix []byte, sums []uint64, area uint64) {
	for x := 0; x < len(sums)/3; x++ {
		for c := range 3 {
			pix[4*x+c] = byte((sums[3*x+c] + area/2) / area)
		}
		pix[4*x+3] = 0xff
	}
}

// fit is the size of a picture that keeps its shape within side; each is at least 1.
func fit(width, height, side int) (int, int) {
	switch {
	case width <= side && height <= side:
		return width, height
	case width >= height:
		return side, max(1, (height*side+width/2)/width)
	}
	return max(1, (width*side+height/2)/height), side
}

// orient turns and mirrors a picture so that it stands as the camera was held.
func orient(how int, m *image.RGBA) *image.RGBA {
	if how <= 1 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	across, down := w, h
	if how >= 5 {
		across, down = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, across, down))
	for y := range h {
		for x := range w {
			var to image.Point
			switch how {
			case 2:
				to = image.Pt(w-1-x, y)
			case 3:
				to = image.Pt(w-1-x, h-1-y)
			case 4:
				to = image.Pt(x, h-1-y)
			case 5:
				to = image.Pt(y, x)
			case 6:
				to = image.Pt(h-1-y, x)
			case 7:
				to = image.Pt(h-1-y, w-1-x)
			default:
				to = image.Pt(y, w-1-x)
			}
			copy(out.Pix[out.PixOffset(to.X, to.Y):][:4], m.Pix[m.PixOffset(x, y):][:4])
		}
	}
	return out
}
