package jpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrUnsupported marks files that are sound, but of a kind that is not read.
var ErrUnsupported = errors.New("not supported")

var errTruncated = errors.New("the file ends too soon")

const (
	sof0, sof1, sof2, sof15 = 0xc0, 0xc1, 0xc2, 0xcf
	dht, jpg, dac           = 0xc4, 0xc8, 0xcc
	rst0, rst7, soi, eoi    = 0xd0, 0xd7, 0xd8, 0xd9
	sos, dqt, dnl, dri      = 0xda, 0xdb, 0xdc, 0xdd
	app0, app14, tem        = 0xe0, 0xee, 0x01
)

// maxScans bounds the work that a small file may ask for: every scan of a progressive file visits every block. Encoders write about ten.
const maxScans = 256

// component is one colour plane of a file.
type component struct {
	id, h, v, tq int
	wide, high   int // samples that lie in the image
	cols, rows   int // blocks that hold them
	allCols      int // blocks a row, filled up to whole units of an interleaved scan
	allRows      int
	quant        *[64]uint16 // as it stood at the component's first scan
	plane        []uint8     // rows of allCols·8 samples
	coefs        []int16     // of progressive files: blocks in natural order
}

type decoder struct {
	data             []byte
	pos              int
	width, height    int
	progressive      bool
	comps            []component
	hmax, vmax       int
	mcuCols          int // units of an interleaved scan
	mcuRows          int
	quant            [4]*[64]uint16 // natural order
	codes            [2][4]*code    // by class, DC and AC
	interval         int            // units between restart markers, or 0
	jfif, adobe      bool
	transform        byte
	scans            int
	take             func(int) error
	headOnly, headed bool
}

// Config is what the head of a file says.
type Config struct {
	Width, Height int
	Channels      int // 1 grey, 3 red, green and blue, 4 CMYK
}

// Image is a decoded file: rows of pixels, each of 1 (grey), 3 (red, green, blue) or 4 channels (cyan, magenta, yellow, black, where
// 255 is full ink).
type Image struct {
	Config
	Pix []uint8
}

// DecodeConfig reads a file up to the head of its frame.
func DecodeConfig(data []byte) (Config, error) {
	d := &decoder{data: data, headOnly: true, take: func(int) error { return nil }}
	err := d.segments()
	return Config{d.width, d.height, len(d.comps)}, err
}

// Decode decodes a whole file. It calls take with the number of bytes before it allocates them, and with 0 from time to time; an error
// of take's ends the work and is returned as it is.
func Decode(data []byte, take func(bytes int) error) (*Image, error) {
	d := &decoder{data: data, take: take}
	if err := d.segments(); err != nil {
		return nil, err
	}
	if d.scans == 0 {
		return nil, errors.New("no scan")
	}
	if d.progressive {
		if err := d.transformAll(); err != nil {
			return nil, err
		}
	}
	return d.pixels()
}

// marker returns the next marker, whatever lies before it.
func (d *decoder) marker() (byte, error) {
	for d.pos+1 < len(d.data) {
		if d.data[d.pos] == 0xff && d.data[d.pos+1] != 0xff {
			m := d.data[d.pos+1]
			if d.pos += 2; m != 0 {
				return m, nil
			}
			continue
		}
		d.pos++
	}
	return 0, errTruncated
}

// segment returns the payload of the segment at hand.
func (d *decoder) segment() ([]byte, error) {
	if len(d.data)-d.pos < 2 {
		return nil, errTruncated
	}
	n := int(binary.BigEndian.Uint16(d.data[d.pos:]))
	if n < 2 {
		return nil, fmt.Errorf("a segment of %d bytes", n)
	}
	if n > len(d.data)-d.pos {
		return nil, errTruncated
	}
	s := d.data[d.pos+2 : d.pos+n]
	d.pos += n
	return s, nil
}

func (d *decoder) segments() error {
	if len(d.data) < 3 || d.data[0] != 0xff || d.data[1] != soi || d.data[2] != 0xff {
		return errors.New("no start marker")
	}
	d.pos = 2
	for {
		m, err := d.marker()
		if err != nil {
			return err
		}
		if m == eoi {
			return nil
		}
		if m == soi {
			return errors.New("two start markers")
		}
		if m >= rst0 && m <= rst7 || m == tem {
			continue
		}
		s, err := d.segment()
		if err != nil {
			return err
		}
		if err := d.read(m, s); err != nil || d.headOnly && d.headed {
			return err
		}
	}
}

// read takes in one segment.
func (d *decoder) read(m byte, s []byte) error {
	switch {
	case m == dht:
		return d.readCodes(s)
	case m == dqt:
		return d.readQuantisers(s)
	case m == dri:
		if len(s) != 2 {
			return fmt.Errorf("a restart interval of %d bytes", len(s))
		}
		d.interval = int(binary.BigEndian.Uint16(s))
	case m == sos:
		return d.scan(s)
	case m == app0 && !d.headed:
		d.jfif = d.jfif || len(s) >= 14 && string(s[:5]) == "JFIF\x00"
	case m == app14 && len(s) >= 12 && string(s[:5]) == "Adobe":
		d.adobe, d.transform = true, s[11]
	case m == dac:
		return fmt.Errorf("arithmetic coding: %w", ErrUnsupported)
	case m >= sof0 && m <= sof15 && m != jpg:
		return d.readFrame(m, s)
	}
	return nil
}

// frameFault names the kinds of frame that are not read.
func frameFault(m byte) string {
	switch {
	case m >= 0xc9:
		return "arithmetic coding"
	case m == 0xc3:
		return "lossless coding"
	case m > 0xc3:
		return "hierarchical coding"
	}
	return ""
}

func (d *decoder) readFrame(m byte, s []byte) error {
	if d.headed {
		return errors.New("two frames")
	}
	if f := frameFault(m); f != "" {
		return fmt.Errorf("%s: %w", f, ErrUnsupported)
	}
	if len(s) < 6 || len(s) != 6+3*int(s[5]) {
		return fmt.Errorf("a frame's head of %d bytes", len(s))
	}
	if s[0] != 8 {
		return fmt.Errorf("samples of %d bits: %w", s[0], ErrUnsupported)
	}
	n := int(s[5])
	if n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("%d components: %w", n, ErrUnsupported)
	}
	d.progressive = m == sof2
	d.height, d.width = int(binary.BigEndian.Uint16(s[1:])), int(binary.BigEndian.Uint16(s[3:]))
	if d.width == 0 || d.height == 0 {
		return fmt.Errorf("an image of %d by %d pixels", d.width, d.height)
	}
	d.comps, d.hmax, d.vmax = make([]component, n), 1, 1
	for i := range d.comps {
		p := s[6+3*i:]
		c := component{id: int(p[0]), h: int(p[1] >> 4), v: int(p[1] & 15), tq: int(p[2])}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.tq > 3 {
			return fmt.Errorf("component %d: sampling factors %d and %d, table %d", c.id, c.h, c.v, c.tq)
		}
		d.comps[i] = c
		d.hmax, d.vmax = max(d.hmax, c.h), max(d.vmax, c.v)
	}
	d.headed = true
	return d.layOut()
}

func ceil(a, b int) int { return (a + b - 1) / b }

// layOut computes the sizes of planes and takes their memory.
func (d *decoder) layOut() error {
	d.mcuCols, d.mcuRows = ceil(d.width, 8*d.hmax), ceil(d.height, 8*d.vmax)
	bytes := int64(d.width) * int64(d.height) * int64(len(d.comps))
	for i := range d.comps {
		c := &d.comps[i]
		if d.hmax%c.h != 0 || d.vmax%c.v != 0 {
			return fmt.Errorf("sampling factors %d of %d and %d of %d: %w", c.h, d.hmax, c.v, d.vmax, ErrUnsupported)
		}
		c.wide, c.high = ceil(d.width*c.h, d.hmax), ceil(d.height*c.v, d.vmax)
		c.cols, c.rows = ceil(c.wide, 8), ceil(c.high, 8)
		c.allCols, c.allRows = d.mcuCols*c.h, d.mcuRows*c.v
		each := 64
		if d.progressive {
			each = 3 * 64
		}
		bytes += int64(c.allCols) * int64(c.allRows) * int64(each) // at most 4·(8192·4)²·192, far below 2⁶³
	}
	if d.headOnly {
		return nil
	}
	if bytes > math.MaxInt {
		return fmt.Errorf("an image of %d by %d pixels", d.width, d.height)
	}
	if err := d.take(int(bytes)); err != nil {
		return err
	}
	for i := range d.comps {
		c := &d.comps[i]
		c.plane = make([]uint8, c.allCols*c.allRows*64)
		if d.progressive {
			c.coefs = make([]int16, c.allCols*c.allRows*64)
		}
	}
	return nil
}

func (d *decoder) readQuantisers(s []byte) error {
	for len(s) > 0 {
		wide, at := int(s[0]>>4), s[0]&15
		s = s[1:]
		if at > 3 || wide > 1 {
			return fmt.Errorf("a table of quantisers %d of precision %d", at, wide)
		}
		if len(s) < 64<<wide {
			return errors.New("a table of quantisers that ends too soon")
		}
		t := new([64]uint16)
		for i := range 64 {
			if wide == 1 {
				t[natural[i]] = binary.BigEndian.Uint16(s[2*i:])
			} else {
				t[natural[i]] = uint16(s[i])
			}
		}
		d.quant[at], s = t, s[64<<wide:]
	}
	return nil
}
