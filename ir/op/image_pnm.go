package op

import (
	"bytes"
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
)

// pnmHeader is the first lines of a portable map.
type pnmHeader struct {
	kind          byte // '1' to '6'
	width, height int
	max           int
	data          []byte
}

// behindSpace returns what follows the white space and the comments that data begins with.
func behindSpace(data []byte) []byte {
	for len(data) > 0 && (data[0] <= ' ' || data[0] == '#') {
		n := 1
		if data[0] == '#' {
			if n = bytes.IndexAny(data, "\r\n") + 1; n == 0 {
				return nil
			}
		}
		data = data[n:]
	}
	return data
}

// pnmWord returns the next number of a portable map, behind white space and comments.
func pnmWord(data []byte) (n int, rest []byte, err error) {
	data = behindSpace(data)
	i := 0
	for ; i < len(data) && data[i] >= '0' && data[i] <= '9'; i++ {
		if n = n*10 + int(data[i]-'0'); n > 1<<30 {
			return 0, nil, fmt.Errorf("a number beyond %d", 1<<30)
		}
	}
	if i == 0 {
		return 0, nil, fmt.Errorf("no number where one should stand")
	}
	return n, data[i:], nil
}

func readPNM(data []byte) (h pnmHeader, err error) {
	if len(data) < 2 || data[1] < '1' || data[1] > '6' {
		return h, fmt.Errorf("no portable map")
	}
	h.kind, h.max = data[1], 1
	if h.width, data, err = pnmWord(data[2:]); err != nil {
		return h, err
	}
	if h.height, data, err = pnmWord(data); err != nil {
		return h, err
	}
	if h.kind != '1' && h.kind != '4' {
		if h.max, data, err = pnmWord(data); err != nil {
			return h, err
		}
	}
	if h.max < 1 || h.max > 65535 {
		return h, fmt.Errorf("a greatest value of %d", h.max)
	}
	if h.kind > '3' && len(data) > 0 {
		data = data[1:] // one white space ends the header
	}
	h.data = data
	return h, nil
}

// decodePNM decodes bit, grey and colour maps, written as text or as bytes. Colours are scaled to eight bits; grey maps of more than
// eight bits to sixteen, and what is beyond 255 is white, as ONNX's reference has it.
func decodePNM(e *ir.Env, data []byte) (*picture, error) {
	h, err := readPNM(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errNoImage, err)
	}
	channels := 1
	if h.kind == '3' || h.kind == '6' {
		channels = 3
	}
	p, err := newPicture(e, h.width, h.height, channels, 0)
	if err != nil {
		return nil, err
	}
	scale := h.scale()
	for y := range h.height {
		if err := e.Err(); err != nil {
			return nil, err
		}
		row := p.pix[y*h.width*channels : (y+1)*h.width*channels]
		if h.kind == '4' {
			err = h.bits(row)
		} else {
			err = h.values(row, scale)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %v", errNoImage, err)
		}
	}
	return p, nil
}

// scale returns the sample that each value stands for.
func (h *pnmHeader) scale() []uint8 {
	top, table := 255.0, make([]uint8, h.max+1)
	switch {
	case h.kind == '1':
		return []uint8{255, 0} // ones are black
	case h.max > 255 && h.kind != '3' && h.kind != '6':
		top = 65535
	}
	for v := range table {
		table[v] = uint8(min(255, math.RoundToEven(float64(v)/float64(h.max)*top)))
	}
	return table
}

// values reads a row of a map that is no packed bit map. A text may not hold values beyond the greatest; bytes may, and mean it.
func (h *pnmHeader) values(row, scale []uint8) error {
	for i := range row {
		v, err := h.value()
		if err != nil {
			return err
		}
		if v >= len(scale) {
			if h.kind < '4' {
				return fmt.Errorf("a value of %d, beyond %d", v, len(scale)-1)
			}
			v = len(scale) - 1
		}
		row[i] = scale[v]
	}
	return nil
}

// value returns the next value.
func (h *pnmHeader) value() (v int, err error) {
	size := 1
	switch {
	case h.kind == '1':
		h.data = behindSpace(h.data)
	case h.kind < '4':
		v, h.data, err = pnmWord(h.data)
		return v, err
	case h.max > 255:
		size = 2
	}
	if len(h.data) < size {
		return 0, fmt.Errorf("the data end too soon")
	}
	for _, b := range h.data[:size] {
		v = v<<8 | int(b)
	}
	if h.data = h.data[size:]; h.kind == '1' {
		if v -= '0'; v < 0 {
			return 0, fmt.Errorf("a bit %q", rune(v+'0'))
		}
	}
	return v, nil
}

// bits reads a row of a packed bit map, in which ones are black. Rows begin with a byte of their own.
func (h *pnmHeader) bits(row []uint8) error {
	n := (len(row) + 7) / 8
	if len(h.data) < n {
		return fmt.Errorf("the data end too soon")
	}
	for x := range row {
		row[x] = h.data[x/8]>>(7-x%8)&1 - 1
	}
	h.data = h.data[n:]
	return nil
}
