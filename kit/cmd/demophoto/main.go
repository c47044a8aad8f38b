// Demophoto draws the photo of the exercise: an underpass full of water, at night. It is drawn so that nobody's picture and
// nobody's licence is in the demo. kit/demo/data/underpass.jpg is its output; another Go may compress it otherwise, so the
// file is kept.
//
//	go run ./kit/cmd/demophoto > kit/demo/data/underpass.jpg
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

const (
	width, height = 1440, 1080
	horizon       = 560 // where the water begins
)

func main() {
	if err := jpeg.Encode(os.Stdout, picture(), &jpeg.Options{Quality: 82}); err != nil {
		fmt.Fprintln(os.Stderr, "demophoto:", err)
		os.Exit(1)
	}
}

func picture() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range horizon {
		fill(m, image.Rect(0, y, width, y+1), mix(color.RGBA{14, 20, 34, 255}, color.RGBA{44, 54, 74, 255}, y, horizon))
	}
	// The railway on its bridge, and the road below it.
	fill(m, image.Rect(0, 210, width, 330), color.RGBA{62, 60, 60, 255})
	fill(m, image.Rect(0, 200, width, 212), color.RGBA{96, 92, 88, 255})
	shape(m, color.RGBA{48, 47, 48, 255}, 0, 330, 330, 330, 250, horizon, 0, horizon)
	shape(m, color.RGBA{48, 47, 48, 255}, width, 330, 1110, 330, 1190, horizon, width, horizon)
	shape(m, color.RGBA{8, 10, 16, 255}, 330, 330, 1110, 330, 1190, horizon, 250, horizon)
	shape(m, color.RGBA{30, 34, 42, 255}, 560, 400, 880, 400, 960, horizon, 480, horizon)
	// A lamp, and what it lights.
	for r := 150; r > 0; r -= 3 {
		blend(m, image.Rect(720-r, 352-r/2, 720+r, 352+r/2), color.RGBA{255, 214, 130, 255}, 3)
	}
	fill(m, image.Rect(690, 340, 750, 352), color.RGBA{255, 240, 200, 255})
	water(m)
	barrier(m)
	text(m, "DRAWN FOR AN EXERCISE", 24, 24, 4)
	return m
}

// water mirrors what stands above it, darker and torn by waves.
func water(m *image.RGBA) {
	for y := horizon; y < height; y++ {
		depth := y - horizon
		for x := range width {
			wave := ((x*7+depth*depth/3)>>4)%9 - 4 + ((x>>2)*5+depth*11)%7 - 3
			from := m.RGBAAt(min(max(x+wave*depth/70, 0), width-1), max(0, horizon-1-depth*9/10))
			c := mix(from, color.RGBA{70, 62, 46, 255}, 40+depth/9, 130)
			if (x*3+depth*17+depth*depth/5)%211 < 3+depth/60 {
				c = mix(c, color.RGBA{190, 180, 150, 255}, 1, 4)
			}
			m.SetRGBA(x, y, c)
		}
	}
}

// barrier stands across the road, in red and white.
func barrier(m *image.RGBA) {
	for _, x := range []int{330, 1080} {
		fill(m, image.Rect(x, 640, x+26, 900), color.RGBA{58, 58, 60, 255})
	}
	for i := range 12 {
		c := color.RGBA{226, 226, 220, 255}
		if i%2 == 0 {
			c = color.RGBA{196, 34, 30, 255}
		}
		x := float32(270 + i*75)
		shape(m, c, x+20, 690, x+95, 690, x+75, 760, x, 760)
	}
	for r := 34; r > 0; r -= 2 {
		blend(m, image.Rect(720-r, 650-r, 720+r, 650+r), color.RGBA{255, 150, 20, 255}, 8)
	}
}

func mix(a, b color.RGBA, part, whole int) color.RGBA {
	part = min(part, whole)
	of := func(a, b uint8) uint8 { return uint8((int(a)*(whole-part) + int(b)*part) / whole) }
	return color.RGBA{of(a.R, b.R), of(a.G, b.G), of(a.B, b.B), 255}
}

func fill(m *image.RGBA, r image.Rectangle, c color.RGBA) {
	draw.Draw(m, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// blend adds some hundredths of a colour to an ellipse.
func blend(m *image.RGBA, r image.Rectangle, c color.RGBA, hundredths int) {
	w, h := r.Dx(), r.Dy()
	for y := max(r.Min.Y, 0); y < min(r.Max.Y, height); y++ {
		for x := max(r.Min.X, 0); x < min(r.Max.X, width); x++ {
			dx, dy := (2*(x-r.Min.X)-w)*h, (2*(y-r.Min.Y)-h)*w
			if dx*dx+dy*dy <= w*w*h*h {
				m.SetRGBA(x, y, mix(m.RGBAAt(x, y), c, hundredths, 100))
			}
		}
	}
}

// shape fills the polygon of these corners, x and y in turn.
func shape(m *image.RGBA, c color.RGBA, corners ...float32) {
	z := vector.NewRasterizer(width, height)
	z.MoveTo(corners[0], corners[1])
	for i := 2; i < len(corners); i += 2 {
		z.LineTo(corners[i], corners[i+1])
	}
	z.ClosePath()
	z.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{})
}

func text(m *image.RGBA, s string, x, y, scale int) {
	small := image.NewRGBA(image.Rect(0, 0, 7*len(s), 16))
	d := font.Drawer{Dst: small, Src: image.NewUniform(color.RGBA{255, 208, 47, 255}), Face: basicfont.Face7x13, Dot: fixed.P(0, 12)}
	d.DrawString(s)
	draw.NearestNeighbor.Scale(m, image.Rect(x, y, x+7*len(s)*scale, y+16*scale), small, small.Bounds(), draw.Over, nil)
}
