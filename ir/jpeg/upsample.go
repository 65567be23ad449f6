package jpeg

// row returns samples of row y of the image, in buf or in the plane itself. Planes of half the width or height are interpolated
// linearly: a sample's two pixels lie at a quarter and at three quarters of the way to its neighbours, and halves round down and up in
// turn. Other planes, and those at most two samples wide, repeat their samples.
func (d *decoder) row(c *component, y int, buf []uint8) []uint8 {
	stride := c.allCols * 8
	line := func(y int) []uint8 {
		y = min(max(y, 0), c.high-1)
		return c.plane[y*stride : (y+1)*stride]
	}
	h, v := d.hmax/c.h, d.vmax/c.v
	near, far := y/2, y/2-1+y&1*2
	switch {
	case h == 1 && v == 1:
		return line(y)
	case h == 2 && v == 1 && c.wide > 2:
		return upsampleCols(buf, line(y)[:c.wide])
	case h == 1 && v == 2:
		return upsampleRows(buf, line(near), line(far), uint16(1+y&1))
	case h == 2 && v == 2 && c.wide > 2:
		return upsampleBoth(buf, line(near)[:c.wide], line(far)[:c.wide])
	}
	in := line(y / v)[:c.wide]
	for x := range in {
		for i := range h {
			buf[x*h+i] = in[x]
		}
	}
	return buf
}

// upsampleCols doubles the width.
func upsampleCols(out, in []uint8) []uint8 {
	last := len(in) - 1
	out[0] = in[0]
	out[1] = uint8((3*uint16(in[0]) + uint16(in[1]) + 2) >> 2)
	for x := 1; x < last; x++ {
		v := 3 * uint16(in[x])
		out[2*x] = uint8((v + uint16(in[x-1]) + 1) >> 2)
		out[2*x+1] = uint8((v + uint16(in[x+1]) + 2) >> 2)
	}
	out[2*last] = uint8((3*uint16(in[last]) + uint16(in[last-1]) + 1) >> 2)
	out[2*last+1] = in[last]
	return out
}

// upsampleRows returns the row between two, nearer to the first; bias rounds halves.
func upsampleRows(out, near, far []uint8, bias uint16) []uint8 {
	far = far[:len(near)]
	for x, v := range near {
		out[x] = uint8((3*uint16(v) + uint16(far[x]) + bias) >> 2)
	}
	return out
}

// upsampleBoth doubles the width of the row between two, nearer to the first.
func upsampleBoth(out, near, far []uint8) []uint8 {
	last := len(near) - 1
	far = far[:len(near)]
	sum := func(x int) uint16 { return 3*uint16(near[x]) + uint16(far[x]) }
	before, here := sum(0), sum(0)
	for x := range last {
		next := sum(x + 1)
		out[2*x] = uint8((3*here + before + 8) >> 4)
		out[2*x+1] = uint8((3*here + next + 7) >> 4)
		before, here = here, next
	}
	out[2*last] = uint8((3*here + before + 8) >> 4)
	out[2*last+1] = uint8((4*here + 7) >> 4)
	return out
}
