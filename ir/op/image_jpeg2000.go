package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/jpeg2000"
)

func decodeJPEG2000(e *ir.Env, data []byte) (*picture, error) {
	budget := &imageBudget{env: e}
	m, err := jpeg2000.Decode(data, budget.take)
	if err != nil {
		return nil, budget.fault(err, jpeg2000.ErrUnsupported)
	}
	colours, channels, err := colours2000(m)
	if err != nil {
		return nil, err
	}
	work := 0
	if colours == jpeg2000.Ink {
		work = 1
	}
	p, err := newPicture(e, m.Width, m.Height, channels+work, 0)
	if err != nil {
		return nil, err
	}
	n := p.channels
	for i := range n {
		c := &m.Comps[i]
		for y := range m.Height {
			row := c.Samples[min(y/c.DY, c.Height-1)*c.Width:][:c.Width]
			for x := range m.Width {
				p.pix[(y*m.Width+x)*n+i] = sample2000(c, row[min(x/c.DX, c.Width-1)], len(m.Comps) == 1)
			}
		}
	}
	switch colours {
	case jpeg2000.Luma:
		withoutChroma(p.pix, shortChroma)
	case jpeg2000.Ink:
		p.channels, p.pix = 3, withoutInk(p.pix)
	}
	if m.Palette != nil && len(m.Comps) < 3 {
		return named(e, p, m)
	}
	return p, nil
}

// colours2000 says what an image's components are, and how many channels they give. Files that do not say are grey or red, green and
// blue, and where only the second and third are smaller, luma and chroma.
func colours2000(m *jpeg2000.Image) (jpeg2000.Colour, int, error) {
	c, n := m.Colour, len(m.Comps)
	if n < 3 {
		return jpeg2000.Grey, 1, nil
	}
	if c == jpeg2000.Unsaid || c == jpeg2000.Other {
		c = jpeg2000.Red
		small := func(i int) bool { return m.Comps[i].DX > 1 || m.Comps[i].DY > 1 }
		if !small(0) && (small(1) || small(2)) {
			c = jpeg2000.Luma
		}
	}
	if c == jpeg2000.Grey || c == jpeg2000.Ink && n < 4 {
		return c, 0, fmt.Errorf("%d components of colour space %d: %w", n, c, ir.ErrUnsupported)
	}
	return c, 3, nil
}

// sample2000 scales a sample to eight bits. One of more bits that is all that a pixel has is scaled to sixteen and cut off, as ONNX's
// reference has it.
func sample2000(c *jpeg2000.Component, v uint16, alone bool) uint8 {
	switch down := c.Bits - 8; {
	case down <= 0:
		return uint8(v << -down)
	case alone:
		return uint8(min(int(v)<<(16-c.Bits), 255))
	default:
		return uint8(min((int(v)+1<<(down-1))>>down, 255))
	}
}

// named looks up the colours of a picture with a palette.
func named(e *ir.Env, p *picture, m *jpeg2000.Image) (*picture, error) {
	out, err := newPicture(e, p.width, p.height, 3, 0)
	if err != nil {
		return nil, err
	}
	c := &m.Comps[0]
	for i := range p.pix {
		x, y := i%p.width, i/p.width
		k := int(c.Samples[min(y/c.DY, c.Height-1)*c.Width+min(x/c.DX, c.Width-1)])
		colour := m.Palette[min(k, len(m.Palette)-1)]
		if len(colour) < 3 {
			colour = []uint8{colour[0], colour[0], colour[0]}
		}
		copy(out.pix[3*i:3*i+3], colour)
	}
	return out, nil
}
