package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
)

// tiffPixels turns a pixel's samples into channels.
type tiffPixels struct {
	channels int
	put      func(to []uint8, s *[8]uint32)
}

func (t *tiffFile) pixels() (tiffPixels, error) {
	refused := fmt.Errorf("%d samples a pixel of %d bits, format %d, that mean %d: %w", t.samples, t.bits, t.tag(tiffFormat, 1), t.meaning, ir.ErrUnsupported)
	small := t.bits == 1 || t.bits == 2 || t.bits == 4 || t.bits == 8
	format := t.tag(tiffFormat, 1)
	jpeg := t.tag(tiffCompression, 1) == tiffJPEGStreams
	switch {
	case t.meaning == tiffWhiteIsZero || t.meaning == tiffBlackIsZero:
		if put := t.grey(format, small); put != nil {
			return tiffPixels{1, put}, nil
		}
	case format != 1 || jpeg && t.bits != 8:
	case t.meaning == tiffPalette && small:
		if put := t.named(); put != nil {
			return tiffPixels{3, put}, nil
		}
	case t.bits != 8 && t.bits != 16:
	case t.meaning == tiffRGB && t.samples >= 3 || t.meaning == tiffYCbCr && jpeg && t.samples == 3:
		return tiffPixels{3, t.colours()}, nil
	case t.meaning == tiffCMYK && t.samples >= 4:
		return tiffPixels{3, t.inks()}, nil
	case t.chromatic() && t.whole():
		return tiffPixels{3, t.colours()}, nil
	}
	return tiffPixels{}, refused
}

// chromatic holds where samples are luma and chroma still.
func (t *tiffFile) chromatic() bool {
	return t.meaning == tiffYCbCr && t.samples == 3 && t.bits == 8 && t.tag(tiffCompression, tiffPlain) != tiffJPEGStreams
}

// mix turns a picture's luma and chroma into colours. Of files that are not compressed luma is what grey is made of: the reference
// takes those itself, and leaves the others to a library, whose constants have more digits.
func (t *tiffFile) mix(p *picture) {
	if t.tag(tiffCompression, tiffPlain) != tiffPlain {
		withoutChroma(p.pix, exactChroma)
		return
	}
	p.grey = make([]uint8, len(p.pix)/3)
	for i := range p.grey {
		p.grey[i] = p.pix[3*i]
	}
	withoutChroma(p.pix, shortChroma)
}

// whole holds where chroma is not subsampled; two by two is what files that do not say mean.
func (t *tiffFile) whole() bool {
	s := t.tags[tiffSubsampling]
	return len(s) == 2 && s[0] == 1 && s[1] == 1
}

// grey scales samples of up to eight bits; larger ones and fractions are cut off at 0 and 255, as ONNX's reference has it.
func (t *tiffFile) grey(format int, small bool) func([]uint8, *[8]uint32) {
	cut := func(v float64) uint8 {
		if !(v > 0) {
			return 0
		}
		return uint8(min(v, 255))
	}
	switch {
	case small && format == 1:
		top := uint32(1)<<t.bits - 1
		flip := uint32(0)
		if t.meaning == tiffWhiteIsZero {
			flip = top
		}
		return func(to []uint8, s *[8]uint32) { to[0] = uint8((s[0] ^ flip) * 255 / top) }
	case t.samples > 1:
	case t.bits == 16 && format == 1:
		return func(to []uint8, s *[8]uint32) { to[0] = uint8(min(s[0], 255)) }
	case t.bits == 16 && format == 2:
		return func(to []uint8, s *[8]uint32) { to[0] = cut(float64(int16(s[0]))) }
	case t.bits == 32 && format <= 2:
		return func(to []uint8, s *[8]uint32) { to[0] = cut(float64(int32(s[0]))) }
	case t.bits == 32 && format == 3:
		return func(to []uint8, s *[8]uint32) { to[0] = cut(float64(math.Float32frombits(s[0]))) }
	}
	return nil
}

func (t *tiffFile) named() func([]uint8, *[8]uint32) {
	c, n := t.tags[tiffColours], 1<<t.bits
	if len(c) < 3*n {
		return nil
	}
	return func(to []uint8, s *[8]uint32) {
		k := int(s[0])
		to[0], to[1], to[2] = uint8(c[k]>>8), uint8(c[n+k]>>8), uint8(c[2*n+k]>>8)
	}
}

// colours keeps the upper eight bits, and undoes a multiplication by the opacity.
func (t *tiffFile) colours() func([]uint8, *[8]uint32) {
	down := t.bits - 8
	multiplied := t.samples == 4 && t.tag(tiffExtra, 0) == 1
	return func(to []uint8, s *[8]uint32) {
		for i := range 3 {
			v := s[i] >> down
			if multiplied {
				if a := s[3] >> down; a == 0 {
					v = 0
				} else if a < 255 {
					v = min(v*255/a, 255)
				}
			}
			to[i] = uint8(v)
		}
	}
}

func (t *tiffFile) inks() func([]uint8, *[8]uint32) {
	down := t.bits - 8
	return func(to []uint8, s *[8]uint32) {
		c := [4]uint8{uint8(s[0] >> down), uint8(s[1] >> down), uint8(s[2] >> down), uint8(s[3] >> down)}
		copy(to[:3], withoutInk(c[:]))
	}
}

// oriented turns a picture upright: orientations 2 to 8 mirror it, turn it, or both.
func oriented(e *ir.Env, p *picture, orientation int) (*picture, error) {
	if orientation < 2 || orientation > 8 {
		return p, nil
	}
	w, h := p.width, p.height
	if orientation > 4 {
		w, h = h, w
	}
	out, err := newPicture(e, w, h, p.channels, 0)
	if err != nil {
		return nil, err
	}
	n := p.channels
	for y := range h {
		for x := range w {
			u, v := x, y
			if orientation > 4 {
				u, v = y, x
			}
			if orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8 {
				u = p.width - 1 - u
			}
			if orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7 {
				v = p.height - 1 - v
			}
			copy(out.pix[(y*w+x)*n:(y*w+x+1)*n], p.pix[(v*p.width+u)*n:])
		}
	}
	return out, nil
}
