package jpeg

// JFIF's conversion with 16 bits of fraction. The tables hold what each value of a chroma sample adds; the two that make green round
// once, together.
var addRed, addBlue, greenByBlue, greenByRed [256]int32

func init() {
	for i := range int32(256) {
		x := i - 128
		addRed[i] = (91881*x + 1<<15) >> 16   // 1.402
		addBlue[i] = (116130*x + 1<<15) >> 16 // 1.772
		greenByRed[i] = -46802 * x            // 0.71414
		greenByBlue[i] = -22554*x + 1<<15     // 0.34414
	}
}

func clamp(x int32) uint8 {
	if uint32(x) > 255 {
		return uint8(^(x >> 31))
	}
	return uint8(x)
}

// ycbcr reports whether the first three components are luma and chroma. Without a marker that says so, the names of
// components decide.
func (d *decoder) ycbcr() bool {
	switch {
	case len(d.comps) == 4:
		return d.adobe && d.transform != 0
	case len(d.comps) < 3:
		return false
	case d.jfif:
		return true
	case d.adobe:
		return d.transform != 0
	}
	return d.comps[0].id != 'R' || d.comps[1].id != 'G' || d.comps[2].id != 'B'
}

// pixels joins the planes.
func (d *decoder) pixels() (*Image, error) {
	n := len(d.comps)
	wide := d.mcuCols * d.hmax * 8
	if err := d.take(wide * n); err != nil { // the pixels were taken with the planes
		return nil, err
	}
	m := &Image{Config: Config{d.width, d.height, n}, Pix: make([]uint8, d.width*d.height*n)}
	buf, rows := make([]uint8, wide*n), make([][]uint8, n)
	ycbcr := d.ycbcr()
	for y := range d.height {
		if y&15 == 0 {
			if err := d.take(0); err != nil {
				return nil, err
			}
		}
		for i := range d.comps {
			rows[i] = d.row(&d.comps[i], y, buf[i*wide:(i+1)*wide])[:d.width]
		}
		out := m.Pix[y*d.width*n : (y+1)*d.width*n]
		switch {
		case n == 1:
			copy(out, rows[0])
		case ycbcr:
			convert(out, rows[0], rows[1], rows[2], n)
		default:
			interleave(out, rows[:3], n)
		}
		if n == 4 {
			cmyk(out, rows[3], ycbcr)
		}
	}
	return m, nil
}

// convert writes red, green and blue to pixels of n bytes.
func convert(out, luma, blue, red []uint8, n int) {
	blue, red = blue[:len(luma)], red[:len(luma)]
	for x, l := range luma {
		y, b, r := int32(l), blue[x], red[x]
		p := out[x*n : x*n+3 : x*n+3]
		p[0] = clamp(y + addRed[r])
		p[1] = clamp(y + (greenByBlue[b]+greenByRed[r])>>16)
		p[2] = clamp(y + addBlue[b])
	}
}

// interleave writes three planes to pixels of n bytes.
func interleave(out []uint8, rows [][]uint8, n int) {
	for i, row := range rows {
		for x, v := range row {
			out[x*n+i] = v
		}
	}
}

// cmyk completes rows of CMYK, whose inks files hold inverted, as Adobe's programs do. What was luma and chroma is the colour that the
// inks leave.
func cmyk(out, black []uint8, ycbcr bool) {
	colour := uint8(255)
	if ycbcr {
		colour = 0
	}
	for x, v := range black {
		p := out[4*x : 4*x+4]
		p[0], p[1], p[2], p[3] = p[0]^colour, p[1]^colour, p[2]^colour, ^v
	}
}
