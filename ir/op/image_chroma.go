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
