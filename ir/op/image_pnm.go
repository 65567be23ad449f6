package op

import (
	"fmt"
	"image"
	"image/color"
)

// pnmHeader is the first lines of a portable map.
type pnmHeader struct {
	kind          byte // '1' to '6'
	width, height int
	max           int
	data          []byte
}

// pnmWord returns the next number of a portable map, behind white space and comments.
func pnmWord(data []byte) (n int, rest []byte, err error) {
	for len(data) > 0 && (data[0] <= ' ' || data[0] == '#') {
		if data[0] == '#' {
			for len(data) > 0 && data[0] != '\n' {
				data = data[1:]
			}
			continue
		}
		data = data[1:]
	}
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

func pnmConfig(data []byte) (image.Config, error) {
	h, err := readPNM(data)
	return image.Config{Width: h.width, Height: h.height}, err
}

// decodePNM decodes bit, grey and colour maps, written as text or as bytes. Values are scaled to eight bits.
func decodePNM(data []byte) (image.Image, error) {
	h, err := readPNM(data)
	if err != nil {
		return nil, err
	}
	channels := 1
	if h.kind == '3' || h.kind == '6' {
		channels = 3
	}
	m := image.NewNRGBA(image.Rect(0, 0, h.width, h.height))
	var c [3]uint8
	for y := range h.height {
		if y > 0 && h.kind == '4' && len(h.data) > 0 {
			h.data = h.data[1:] // rows begin with a byte of their own
		}
		bits := 0
		for x := range h.width {
			for k := range channels {
				v := 0
				if h.kind == '4' {
					v, bits, err = h.bit(bits)
				} else {
					v, err = h.value()
				}
				if err != nil {
					return nil, err
				}
				if h.kind == '1' || h.kind == '4' {
					v = 1 - min(v, 1) // ones are black
				}
				c[k] = uint8((min(v, h.max)*255 + h.max/2) / h.max)
			}
			if channels == 1 {
				c[1], c[2] = c[0], c[0]
			}
			m.SetNRGBA(x, y, color.NRGBA{c[0], c[1], c[2], 255})
		}
	}
	return m, nil
}

// value returns the next value of a map that is no packed bit map.
func (h *pnmHeader) value() (v int, err error) {
	size := 1
	switch {
	case h.kind == '1':
		for len(h.data) > 0 && h.data[0] != '0' && h.data[0] != '1' {
			h.data = h.data[1:]
		}
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
		v -= '0'
	}
	return v, nil
}

// bit returns the next bit of a packed row, of which used bits of the first byte are taken.
func (h *pnmHeader) bit(used int) (v, next int, err error) {
	if used == 8 {
		h.data, used = h.data[1:], 0
	}
	if len(h.data) == 0 {
		return 0, 0, fmt.Errorf("the data end too soon")
	}
	return int(h.data[0]>>(7-used)) & 1, used + 1, nil
}
