package op

import (
	"encoding/binary"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
)

// bmpHeader is what a Windows bitmap's header says.
type bmpHeader struct {
	width, height int
	down          bool // the first row is the upper one
	bits          int  // of a pixel
	packing       uint32
	masks         [3]uint32 // of red, green and blue, where packing says so
	palette       [][]uint8 // blue, green, red
	pixels        []byte
}

// The ways in which bitmaps are packed.
const (
	bmpPlain = iota
	bmpRuns8
	bmpRuns4
	bmpMasks
)

func readBMP(data []byte) (h bmpHeader, err error) {
	short := fmt.Errorf("%w: the header ends too soon", errNoImage)
	if len(data) < 30 {
		return h, short
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(data[at:])) }
	size, entry, colours := int(u32(14)), 4, 0
	switch {
	case size == 12:
		h.width, h.height, h.bits, entry = u16(18), u16(20), u16(24), 3
	case size < 40 || size > 124 || len(data) < 14+size:
		return h, short
	default:
		h.width, h.height = int(int32(u32(18))), int(int32(u32(22)))
		if h.height < 0 {
			h.height, h.down = -h.height, true
		}
		h.bits, h.packing, colours = u16(28), u32(30), int(min(u32(46), 1<<16))
	}
	at := 14 + size
	if h.packing == bmpMasks {
		if len(data) < 66 {
			return h, short
		}
		h.masks = [3]uint32{u32(54), u32(58), u32(62)} // behind the shortest header or in a longer one
		at = max(at, 66)
	}
	if h.bits <= 8 {
		if colours == 0 {
			colours = 1 << h.bits
		}
		if len(data) < at+entry*colours {
			return h, short
		}
		for range colours {
			h.palette = append(h.palette, data[at:at+3:at+3])
			at += entry
		}
	}
	if offset := u32(10); offset > 0 && (h.bits > 8 || offset > 14+uint32(size)) {
		at = int(min(offset, uint32(len(data))))
	}
	h.pixels = data[at:]
	return h, nil
}

// decodeBMP decodes Windows bitmaps of 1, 4, 8, 16, 24 and 32 bits a pixel, plain or, with palettes, in runs.
func decodeBMP(e *ir.Env, data []byte) (*picture, error) {
	h, err := readBMP(data)
	if err != nil {
		return nil, err
	}
	p, err := newPicture(e, h.width, h.height, 3, 1)
	if err != nil {
		return nil, err
	}
	runs := h.packing == bmpRuns8 && h.bits == 8 || h.packing == bmpRuns4 && h.bits == 4
	if h.packing != bmpPlain && !runs && (h.packing != bmpMasks || h.bits < 16) {
		return nil, fmt.Errorf("a bitmap of %d bits a pixel, packed by %d: %w", h.bits, h.packing, ir.ErrUnsupported)
	}
	stride := (h.width*h.bits + 31) / 32 * 4
	if runs {
		h.pixels, h.bits, stride = h.unpack(), 8, h.width
	}
	pixel, err := h.pixel()
	if err != nil {
		return nil, err
	}
	if len(h.pixels) < stride*(h.height-1)+(h.width*h.bits+7)/8 {
		return nil, fmt.Errorf("%w: %d bytes of pixels", errNoImage, len(h.pixels))
	}
	for y := range h.height {
		if err := e.Err(); err != nil {
			return nil, err
		}
		from := h.pixels[y*stride:]
		if !h.down {
			y = h.height - 1 - y
		}
		to := p.pix[3*y*h.width : 3*(y+1)*h.width]
		for x := range h.width {
			to[3*x], to[3*x+1], to[3*x+2] = pixel(from, x)
		}
	}
	return p, nil
}

// pixel returns a function that gives the colour of a row's pixel.
func (h *bmpHeader) pixel() (func(row []byte, x int) (r, g, b uint8), error) {
	switch h.bits {
	case 1, 4, 8:
		return func(row []byte, x int) (r, g, b uint8) {
			per := 8 / h.bits
			k := int(row[x/per]) >> (8 - h.bits - x%per*h.bits) & (1<<h.bits - 1)
			if k >= len(h.palette) {
				return 0, 0, 0
			}
			c := h.palette[k]
			return c[2], c[1], c[0]
		}, nil
	case 16:
		if h.packing != bmpMasks {
			h.masks = [3]uint32{0x7c00, 0x3e0, 0x1f}
		}
		five := func(v uint32) uint8 { return uint8(v & 31 * 255 / 31) }
		switch h.masks {
		case [3]uint32{0x7c00, 0x3e0, 0x1f}:
			return func(row []byte, x int) (r, g, b uint8) {
				v := uint32(row[2*x]) | uint32(row[2*x+1])<<8
				return five(v >> 10), five(v >> 5), five(v)
			}, nil
		case [3]uint32{0xf800, 0x7e0, 0x1f}:
			return func(row []byte, x int) (r, g, b uint8) {
				v := uint32(row[2*x]) | uint32(row[2*x+1])<<8
				return five(v >> 11), uint8(v >> 5 & 63 * 255 / 63), five(v)
			}, nil
		}
	case 24, 32:
		at := [3]int{2, 1, 0}
		if h.packing == bmpMasks && h.masks != ([3]uint32{}) {
			for i, m := range h.masks {
				at[i] = -1
				for k := range 4 {
					if m == 0xff<<(8*k) {
						at[i] = k
					}
				}
			}
		}
		n := h.bits / 8
		if min(at[0], at[1], at[2]) >= 0 && max(at[0], at[1], at[2]) < n {
			return func(row []byte, x int) (r, g, b uint8) { return row[n*x+at[0]], row[n*x+at[1]], row[n*x+at[2]] }, nil
		}
	}
	return nil, fmt.Errorf("a bitmap of %d bits a pixel, masks %x: %w", h.bits, h.masks, ir.ErrUnsupported)
}

// unpack returns a byte for every pixel of a bitmap in runs; those that no run names are 0.
func (h *bmpHeader) unpack() []byte {
	out := make([]byte, h.width*h.height)
	in, x, y := h.pixels, 0, 0
	put := func(v byte) {
		if x < h.width && y < h.height {
			out[y*h.width+x] = v
		}
		x++
	}
	nibbles := h.packing == bmpRuns4
	for len(in) >= 2 && y < h.height {
		n, v := int(in[0]), in[1]
		in = in[2:]
		switch {
		case n > 0:
			for i := range n {
				k := v
				if nibbles {
					k = v >> (4 - i&1*4) & 15
				}
				put(k)
			}
		case v == 0:
			x, y = 0, y+1
		case v == 1:
			return out
		case v == 2:
			if len(in) < 2 {
				return out
			}
			x, y, in = x+int(in[0]), y+int(in[1]), in[2:]
		default:
			size := int(v)
			if nibbles {
				size = (size + 1) / 2
			}
			if len(in) < size {
				return out
			}
			for i := range int(v) {
				k := in[min(i, size-1)]
				if nibbles {
					k = in[i/2] >> (4 - i&1*4) & 15
				}
				put(k)
			}
			in = in[min(len(in), (size+1)&^1):]
		}
	}
	return out
}
