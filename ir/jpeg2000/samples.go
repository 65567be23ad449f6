package jpeg2000

import (
	"errors"
	"math"
)

// mix undoes the transform of the first three components: into red, green and blue.
func mix(planes []plane) error {
	if len(planes) < 3 {
		return nil
	}
	a, b, c := &planes[0], &planes[1], &planes[2]
	for _, p := range []*plane{b, c} {
		if p.reversible != a.reversible || len(p.ints) != len(a.ints) || len(p.floats) != len(a.floats) {
			return errors.New("a transform of components that are unlike")
		}
	}
	for i, y := range a.ints {
		u, v := b.ints[i], c.ints[i]
		g := y - (u+v)>>2
		a.ints[i], b.ints[i], c.ints[i] = v+g, g, u+g
	}
	for i, y := range a.floats {
		u, v := b.floats[i], c.floats[i]
		a.floats[i] = y + float32(v*1.402)
		b.floats[i] = y - float32(u*0.34413) - float32(v*0.71414)
		c.floats[i] = y + float32(u*1.772)
	}
	return nil
}

// store writes the plane's samples to the image, signed ones moved up to begin with 0.
func (p *plane) store() {
	c := p.comp
	top := int64(1)<<c.Bits - 1
	middle := int64(1) << (c.Bits - 1)
	for y := range p.high() {
		to := c.Samples[(p.y0-c.y0+y)*c.Width+p.x0-c.x0:][:p.wide()]
		at := y * p.wide()
		if p.reversible {
			for x, v := range p.ints[at : at+len(to)] {
				to[x] = uint16(min(max(int64(v)+middle, 0), top))
			}
			continue
		}
		for x, v := range p.floats[at : at+len(to)] {
			f := math.RoundToEven(float64(v))
			if !(f > math.MinInt32) { // what is no number is black
				f = math.MinInt32
			}
			to[x] = uint16(min(max(int64(min(f, math.MaxInt32))+middle, 0), top))
		}
	}
}
