package op

import "image"

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

// rgb returns a pixel, by the fixed-point rules of WebP's own decoder: chroma is interpolated linearly, in two roundings, and the
// products keep six bits of fraction.
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

// chromaConstants are what chroma adds to luma, in fixed point.
type chromaConstants struct {
	red, blue, greenByBlue, greenByRed float64
	fraction                           int
	late                               bool // green is rounded once, not each of its parts
}

var (
	shortChroma = chromaConstants{1.402, 1.772, -0.34414, -0.71414, 6, false}
	exactChroma = chromaConstants{1.402, 1.772, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587, 16, true}
)

// withoutChroma turns pixels of luma, blue and red chroma into red, green and blue.
func withoutChroma(pix []uint8, c chromaConstants) {
	one := float64(int(1) << c.fraction)
	var red, blue, greenByBlue, greenByRed [256]int
	for i := range 256 {
		x := float64(i - 128)
		if c.late {
			half := 1 << (c.fraction - 1)
			red[i], blue[i] = int(c.red*one+0.5)*(i-128)+half, int(c.blue*one+0.5)*(i-128)+half
			greenByBlue[i], greenByRed[i] = -int(-c.greenByBlue*one+0.5)*(i-128)+half, -int(-c.greenByRed*one+0.5)*(i-128)
			continue
		}
		fixed := func(c float64) int { return int(c*one*x + 0.5) }
		red[i], blue[i], greenByBlue[i], greenByRed[i] = fixed(c.red), fixed(c.blue), fixed(c.greenByBlue), fixed(c.greenByRed)
	}
	clip := func(v int) uint8 { return uint8(min(max(v, 0), 255)) }
	for i := 0; i+2 < len(pix); i += 3 {
		y, b, r := int(pix[i]), pix[i+1], pix[i+2]
		pix[i] = clip(y + red[r]>>c.fraction)
		pix[i+1] = clip(y + (greenByBlue[b]+greenByRed[r])>>c.fraction)
		pix[i+2] = clip(y + blue[b]>>c.fraction)
	}
}
