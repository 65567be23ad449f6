package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// picture is a decoded file: rows of pixels, each of 1 channel (grey) or 3 (red, green and blue). Transparency is left out.
type picture struct {
	width, height, channels int
	pix                     []uint8
	grey                    []uint8 // of a picture in colour: what its grey is, if not the sum of its colours
}

// newPicture charges for a picture, and for work more bytes a pixel that its decoder needs, before it makes one.
func newPicture(e *ir.Env, width, height, channels, work int) (*picture, error) {
	if err := takePixels(e, width, height, channels+work); err != nil {
		return nil, err
	}
	return &picture{width, height, channels, make([]uint8, width*height*channels), nil}, nil
}

// takePixels charges for n bytes a pixel of an image whose file claims these sizes.
func takePixels(e *ir.Env, width, height, n int) error {
	if width < 1 || height < 1 || width > maxPixels/height {
		return fmt.Errorf("an image of %d by %d pixels", width, height)
	}
	return e.Take(tensor.U8, []int{height, width, n})
}

// pixels returns p in the order of channels that a asks for.
func (a ImageDecoderAttrs) pixels(e *ir.Env, p *picture) (tensor.Value, error) {
	n, err := a.channels()
	if err != nil {
		return nil, err
	}
	if n == 1 && p.grey != nil {
		return tensor.FromBytes(tensor.U8, p.grey, []int{p.height, p.width, n})
	}
	if n == p.channels && a.PixelFormat != "BGR" {
		return tensor.FromBytes(tensor.U8, p.pix, []int{p.height, p.width, n})
	}
	out, err := e.New(tensor.U8, p.height, p.width, n)
	if err != nil {
		return nil, err
	}
	to := out.Bytes()
	switch {
	case n == 1:
		for i := range to {
			to[i] = luma(p.pix[3*i : 3*i+3])
		}
	case p.channels == 1:
		for i, v := range p.pix {
			to[3*i], to[3*i+1], to[3*i+2] = v, v, v
		}
	default:
		for i := 0; i < len(to); i += 3 {
			to[i], to[i+1], to[i+2] = p.pix[i+2], p.pix[i+1], p.pix[i]
		}
	}
	return out, nil
}

// luma weighs red, green and blue as ITU-R BT.601 does, with 16 bits of fraction.
func luma(c []uint8) uint8 {
	return uint8((19595*uint32(c[0]) + 38470*uint32(c[1]) + 7471*uint32(c[2]) + 1<<15) >> 16)
}

// withoutInk turns pixels of cyan, magenta, yellow and black, of which 255 is full, into red, green and blue.
func withoutInk(cmyk []uint8) (rgb []uint8) {
	for i := 0; i < len(cmyk)/4; i++ {
		c := cmyk[4*i : 4*i+4]
		light := 255 - int(c[3])
		r, g, b := left(c[0], light), left(c[1], light), left(c[2], light)
		cmyk[3*i], cmyk[3*i+1], cmyk[3*i+2] = r, g, b
	}
	return cmyk[: len(cmyk)/4*3 : len(cmyk)/4*3]
}

// left is light·(1 − ink/255), where the product is rounded to the nearest.
func left(ink uint8, light int) uint8 {
	t := int(ink)*light + 128
	return uint8(light - (t>>8+t)>>8)
}
