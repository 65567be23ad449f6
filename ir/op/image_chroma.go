package op

import (
	"image"
	"image/color"
)

// smoothChroma returns a function that gives the pixels of m, whose chroma planes, where they are half as wide, are interpolated linearly: a sample's two pixels lie at a quarter and at
// three quarters of the way between samples. Halves round down and up in turn.
func smoothChroma(m *image.YCbCr) func(x, y int) (r, g, b uint8) {
	wide := m.SubsampleRatio == image.YCbCrSubsampleRatio422 || m.SubsampleRatio == image.YCbCrSubsampleRatio420
	high := m.SubsampleRatio == image.YCbCrSubsampleRatio420 || m.SubsampleRatio == image.YCbCrSubsampleRatio440
	if !wide && !high || m.Rect.Min != (image.Point{}) {
		return func(x, y int) (r, g, b uint8) {
			c := m.YCbCrAt(x, y)
			return color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
		}
	}
	cols, rows := m.Rect.Dx(), m.Rect.Dy()
	if wide {
		cols = (cols + 1) / 2
	}
	if high {
		rows = (rows + 1) / 2
	}
	sample := func(p []uint8, x, y int) uint8 {
		x0, dx := neighbour(x, wide, cols)
		y0, dy := neighbour(y, high, rows)
		at := func(x, y int) int { return int(p[y*m.CStride+x]) }
		switch {
		case !high:
			return uint8((3*at(x0, y0) + at(dx, y0) + 1 + x&1) >> 2)
		case !wide:
			return uint8((3*at(x0, y0) + at(x0, dy) + 1 + y&1) >> 2)
		}
		near := 3*at(x0, y0) + at(x0, dy)
		far := 3*at(dx, y0) + at(dx, dy)
		return uint8((3*near + far + 8 - x&1) >> 4)
	}
	return func(x, y int) (r, g, b uint8) {
		return color.YCbCrToRGB(m.Y[y*m.YStride+x], sample(m.Cb, x, y), sample(m.Cr, x, y))
	}
}

// neighbour returns the sample that covers pixel x of a plane of n samples, and the next nearest.
func neighbour(x int, half bool, n int) (near, far int) {
	if !half {
		return x, x
	}
	near = x / 2
	if far = near - 1; x&1 == 1 {
		far = near + 1
	}
	return near, min(max(far, 0), n-1)
}

// studioImage is an image whose luma lies in 16 to 235, as that of lossy WebP does, with chroma planes of half its size.
type studioImage struct{ *image.YCbCr }

// rgb returns a pixel, by the fixed-point rules of WebP's own decoder: chroma is interpolated linearly, in two roundings, and the products keep six bits of fraction.
func (m studioImage) rgb(x, y int) (r, g, b uint8) {
	cols, rows := (m.Rect.Dx()+1)/2, (m.Rect.Dy()+1)/2
	x0, x1 := neighbour(x, true, cols)
	y0, y1 := neighbour(y, true, rows)
	sample := func(p []uint8) int {
		at := func(x, y int) int { return int(p[y*m.CStride+x]) }
		near, side, above, far := at(x0, y0), at(x1, y0), at(x0, y1), at(x1, y1)
		return ((near+far+8+3*(side+above))>>3 + near) >> 1
	}
	u, v := sample(m.Cb), sample(m.Cr)
	luma := int(m.Y[y*m.YStride+x]) * 19077 >> 8
	clip := func(n int) uint8 { return uint8(min(max(n>>6, 0), 255)) }
	return clip(luma + v*26149>>8 - 14234), clip(luma - u*6419>>8 - v*13320>>8 + 8708), clip(luma + u*33050>>8 - 17685)
}
