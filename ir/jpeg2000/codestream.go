package jpeg2000

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrUnsupported marks files that are sound, but of a kind that is not read.
var ErrUnsupported = errors.New("not supported")

var errTruncated = errors.New("the file ends too soon")

// markers of codestreams.
const (
	soc, sot, sod, eoc = 0xff4f, 0xff90, 0xff93, 0xffd9
	siz, cod, coc      = 0xff51, 0xff52, 0xff53
	qcd, qcc, rgn, poc = 0xff5c, 0xff5d, 0xff5e, 0xff5f
	ppm, ppt           = 0xff60, 0xff61
	sop, eph           = 0xff91, 0xff92
	capabilities       = 0xff50
)

const (
	maxPixels = 1 << 28
	maxSide   = 1 << 30 // of the reference grid, whose sizes and sums so stay below 2³¹
	maxComps  = 4
)

// rect is a rectangle of samples.
type rect struct{ x0, y0, x1, y1 int }

func (r rect) wide() int   { return r.x1 - r.x0 }
func (r rect) high() int   { return r.y1 - r.y0 }
func (r rect) empty() bool { return r.x1 <= r.x0 || r.y1 <= r.y0 }

func ceil(a, b int) int { return (a + b - 1) / b }

// ceilShift is a/2ⁿ, rounded up.
func ceilShift(a, n int) int { return (a + 1<<n - 1) >> n }

type decoder struct {
	data     []byte
	pos      int
	grid     rect // the image
	first    rect // the tile 0, whole
	cols     int  // of tiles
	rows     int
	comps    []Component
	main     header
	tiles    map[int]*tile
	order    []*tile  // as they came
	packed   [][]byte // packet headers of the main header, by their index
	headers  []byte   // the same, joined: what is left for tile-parts still to come
	take     func(int) error
	headOnly bool
}

func (d *decoder) u16() (int, error) {
	if len(d.data)-d.pos < 2 {
		return 0, errTruncated
	}
	d.pos += 2
	return int(binary.BigEndian.Uint16(d.data[d.pos-2:])), nil
}

// segment returns what a marker segment holds.
func (d *decoder) segment() ([]byte, error) {
	n, err := d.u16()
	if err != nil {
		return nil, err
	}
	if n < 2 {
		return nil, fmt.Errorf("a marker segment of %d bytes", n)
	}
	if n -= 2; n > len(d.data)-d.pos {
		return nil, errTruncated
	}
	d.pos += n
	return d.data[d.pos-n : d.pos], nil
}

// codestream reads all headers, and notes where the packets of each tile are.
func (d *decoder) codestream() error {
	if m, err := d.u16(); err != nil || m != soc {
		return errors.New("no start of a codestream")
	}
	for first := true; ; first = false {
		m, err := d.u16()
		if err != nil {
			return err
		}
		if first != (m == siz) {
			return fmt.Errorf("the marker %04x where SIZ stands first, and once", m)
		}
		if m == sot {
			break
		}
		s, err := d.segment()
		if err != nil {
			return err
		}
		if m == siz {
			if err = d.readSize(s); err == nil && d.headOnly {
				return nil
			}
		} else {
			err = d.readMain(m, s)
		}
		if err != nil {
			return err
		}
	}
	if !d.main.coded || !d.main.quantised {
		return errors.New("no COD or QCD in the main header")
	}
	for _, p := range d.packed {
		d.headers = append(d.headers, p...)
	}
	return d.tileParts()
}

func (d *decoder) readMain(m int, s []byte) error {
	switch m {
	case ppm:
		if len(s) < 1 {
			return errTruncated
		}
		return put(&d.packed, int(s[0]), s[1:])
	case capabilities:
		return fmt.Errorf("capabilities of other parts of the standard: %w", ErrUnsupported)
	}
	return d.main.read(d, m, s)
}

// put stores the part with this index of what several segments hold.
func put(parts *[][]byte, index int, s []byte) error {
	for len(*parts) <= index {
		*parts = append(*parts, nil)
	}
	if (*parts)[index] != nil {
		return fmt.Errorf("two packed headers %d", index)
	}
	(*parts)[index] = s
	return nil
}

func (d *decoder) readSize(s []byte) error {
	if len(s) < 36 {
		return errTruncated
	}
	var v [8]int
	for i := range v {
		u := binary.BigEndian.Uint32(s[2+4*i:])
		if u > maxSide {
			return fmt.Errorf("a size or place of %d: %w", u, ErrUnsupported)
		}
		v[i] = int(u)
	}
	d.grid = rect{v[2], v[3], v[0], v[1]}
	w, h := v[4], v[5]
	d.first = rect{v[6], v[7], v[6] + w, v[7] + h}
	if d.grid.empty() || d.grid.wide() > maxPixels/d.grid.high() {
		return fmt.Errorf("an image of %d by %d pixels", d.grid.wide(), d.grid.high())
	}
	if w < 1 || h < 1 || d.first.x0 > d.grid.x0 || d.first.y0 > d.grid.y0 || d.first.x1 <= d.grid.x0 || d.first.y1 <= d.grid.y0 {
		return fmt.Errorf("tiles of %d by %d from %d, %d", w, h, v[6], v[7])
	}
	d.cols, d.rows = ceil(d.grid.x1-d.first.x0, w), ceil(d.grid.y1-d.first.y0, h)
	if d.cols > 65535/d.rows {
		return fmt.Errorf("%d by %d tiles", d.cols, d.rows)
	}
	return d.readComponents(s[34:])
}

func (d *decoder) readComponents(s []byte) error {
	n := int(binary.BigEndian.Uint16(s))
	if s = s[2:]; n < 1 || len(s) != 3*n {
		return fmt.Errorf("%d components in %d bytes", n, len(s))
	}
	if n > maxComps {
		return fmt.Errorf("%d components: %w", n, ErrUnsupported)
	}
	d.comps = make([]Component, n)
	d.main.comps = make([]coding, n)
	for i := range d.comps {
		c := Component{Bits: int(s[3*i]&127) + 1, Signed: s[3*i] > 127, DX: int(s[3*i+1]), DY: int(s[3*i+2])}
		if c.DX < 1 || c.DY < 1 {
			return fmt.Errorf("component %d: every %d-th and %d-th sample", i, c.DX, c.DY)
		}
		if c.Bits > 16 {
			return fmt.Errorf("samples of %d bits: %w", c.Bits, ErrUnsupported)
		}
		c.x0, c.y0 = ceil(d.grid.x0, c.DX), ceil(d.grid.y0, c.DY)
		c.Width, c.Height = ceil(d.grid.x1, c.DX)-c.x0, ceil(d.grid.y1, c.DY)-c.y0
		if c.Width < 1 || c.Height < 1 {
			return fmt.Errorf("component %d has no samples", i)
		}
		d.comps[i] = c
	}
	return nil
}

// tileParts reads tile-parts up to the end of the codestream.
func (d *decoder) tileParts() error {
	for {
		if err := d.take(0); err != nil {
			return err
		}
		if err := d.tilePart(); err != nil {
			return err
		}
		m, err := d.u16()
		if err != nil || m == eoc {
			return err
		}
		if m != sot {
			return fmt.Errorf("the marker %04x between tiles", m)
		}
	}
}

// tilePart reads a tile-part whose marker is read.
func (d *decoder) tilePart() error {
	start := d.pos - 2
	s, err := d.segment()
	if err != nil {
		return err
	}
	if len(s) != 8 {
		return fmt.Errorf("a tile-part's head of %d bytes", len(s))
	}
	index, length := int(binary.BigEndian.Uint16(s)), int64(binary.BigEndian.Uint32(s[2:]))
	end := len(d.data)
	if length > 0 {
		if length < 14 || length > int64(end-start) {
			return fmt.Errorf("a tile-part of %d bytes: %w", length, errTruncated)
		}
		end = start + int(length)
	} else if end >= 2 && binary.BigEndian.Uint16(d.data[end-2:]) == eoc {
		end -= 2
	}
	t := d.tiles[index]
	if t == nil {
		if index >= d.cols*d.rows {
			return fmt.Errorf("tile %d of %d", index, d.cols*d.rows)
		}
		if err := d.take(512); err != nil {
			return err
		}
		t = &tile{index: index, header: d.main}
		t.header.shared = true
		d.tiles[index], d.order = t, append(d.order, t)
	}
	for {
		m, err := d.u16()
		if err != nil {
			return err
		}
		if m == sod {
			break
		}
		if s, err = d.segment(); err != nil {
			return err
		}
		if err := t.readTile(d, m, s); err != nil {
			return err
		}
	}
	if d.pos > end {
		return fmt.Errorf("a tile-part of %d bytes, shorter than its header", length)
	}
	return d.packets(t, end)
}

// packets notes the packets, and their packed headers, of the tile-part whose header is read.
func (d *decoder) packets(t *tile, end int) error {
	body := d.data[d.pos:end:end]
	if d.pos = end; t.data == nil {
		t.data = body
	} else {
		if n := len(t.data) + len(body); n > cap(t.data) {
			if err := d.take(2 * n); err != nil {
				return err
			}
		}
		t.data = append(t.data, body...)
	}
	if len(d.packed) == 0 {
		return nil
	}
	if len(d.headers) < 4 {
		return fmt.Errorf("no packed headers for tile %d", t.index)
	}
	n := binary.BigEndian.Uint32(d.headers)
	if int64(n) > int64(len(d.headers)-4) {
		return errTruncated
	}
	t.headers = append(t.headers, d.headers[4:4+n]...)
	d.headers = d.headers[4+n:]
	t.apart = true
	return nil
}
