package jpeg2000

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Colour is how components become colours.
type Colour int

// The colours of a file that says, and Unsaid where it does not, or by a profile.
const (
	Unsaid Colour = iota
	Red           // red, green, blue
	Grey
	Luma // luma, blue and red chroma
	Ink  // cyan, magenta, yellow, black
	Other
)

// Component is one component of an image: Samples are rows of Width numbers of Bits bits; those of signed files have 2 to the power of
// Bits − 1 added. DX and DY are its distances on the grid of pixels.
type Component struct {
	Bits, DX, DY  int
	Signed        bool
	Width, Height int
	Samples       []uint16
	x0, y0        int
}

// Image is a decoded file. Palette, if any, holds the colours that the samples of the first component name.
type Image struct {
	Width, Height int
	Colour        Colour
	Comps         []Component
	Palette       [][]uint8
}

const signature = "\x00\x00\x00\x0cjP  \r\n\x87\n"

// DecodeConfig reads a file up to the sizes of its codestream: an image without samples.
func DecodeConfig(data []byte) (*Image, error) {
	return decode(data, func(int) error { return nil }, true)
}

// Decode decodes a whole file. It calls take with the number of bytes before it allocates them, and with 0 from time to time; an error
// of take's ends the work and is returned as it is, or wrapped.
func Decode(data []byte, take func(bytes int) error) (*Image, error) {
	return decode(data, take, false)
}

func decode(data []byte, take func(bytes int) error, headOnly bool) (*Image, error) {
	m := new(Image)
	if len(data) >= len(signature) && string(data[:len(signature)]) == signature {
		var err error
		if data, err = m.boxes(data[len(signature):]); err != nil {
			return nil, err
		}
	}
	d := &decoder{data: data, tiles: map[int]*tile{}, take: take, headOnly: headOnly}
	if err := d.codestream(); err != nil {
		return nil, err
	}
	m.Width, m.Height = d.grid.wide(), d.grid.high()
	m.Comps = d.comps
	if headOnly {
		return m, nil
	}
	for i := range d.comps {
		c := &d.comps[i]
		if err := take(2 * c.Width * c.Height); err != nil {
			return nil, err
		}
		c.Samples = make([]uint16, c.Width*c.Height)
	}
	for _, t := range d.order {
		if err := t.decode(d); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// box splits off the first box.
func box(data []byte) (kind string, body, rest []byte, err error) {
	if len(data) < 8 {
		return "", nil, nil, errTruncated
	}
	n, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
	switch n {
	case 0:
		n = uint64(len(data))
	case 1:
		if len(data) < 16 {
			return "", nil, nil, errTruncated
		}
		n, head = binary.BigEndian.Uint64(data[8:]), 16
	}
	if n < head {
		return "", nil, nil, fmt.Errorf("a box of %d bytes", n)
	}
	kind = string(data[4:8])
	if n > uint64(len(data)) {
		if kind != "jp2c" {
			return "", nil, nil, errTruncated
		}
		n = uint64(len(data)) // the codestream says itself where it ends
	}
	return kind, data[head:n], data[n:], nil
}

// boxes reads a file's boxes up to its codestream, which it returns.
func (m *Image) boxes(data []byte) ([]byte, error) {
	headed := false
	for {
		kind, body, rest, err := box(data)
		if err != nil {
			return nil, err
		}
		switch kind {
		case "jp2h":
			if err := m.head(body); err != nil {
				return nil, err
			}
			headed = true
		case "jp2c":
			if !headed {
				return nil, errors.New("a codestream before its header")
			}
			return body, nil
		}
		data = rest
	}
}

func (m *Image) head(data []byte) error {
	coloured := false
	for len(data) > 0 {
		kind, body, rest, err := box(data)
		if err != nil {
			return err
		}
		switch {
		case kind == "colr" && !coloured && len(body) >= 3:
			coloured = true
			if body[0] == 1 {
				if len(body) < 7 {
					return errTruncated
				}
				m.Colour = enumerated(binary.BigEndian.Uint32(body[3:]))
			}
		case kind == "pclr":
			if err := m.palette(body); err != nil {
				return err
			}
		}
		data = rest
	}
	return nil
}

func enumerated(n uint32) Colour {
	switch n {
	case 12:
		return Ink
	case 16:
		return Red
	case 17:
		return Grey
	case 18:
		return Luma
	}
	return Other
}

func (m *Image) palette(s []byte) error {
	if len(s) < 3 {
		return errTruncated
	}
	n, columns := int(binary.BigEndian.Uint16(s)), int(s[2])
	if n < 1 || n > 1024 || columns < 1 || columns > 4 {
		return fmt.Errorf("a palette of %d colours of %d: %w", n, columns, ErrUnsupported)
	}
	if len(s) < 3+columns+n*columns {
		return errTruncated
	}
	for _, bits := range s[3 : 3+columns] {
		if bits > 7 {
			return fmt.Errorf("a palette of %d bits: %w", bits&127+1, ErrUnsupported)
		}
	}
	s = s[3+columns:]
	m.Palette = make([][]uint8, n)
	for i := range m.Palette {
		m.Palette[i] = s[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return nil
}
