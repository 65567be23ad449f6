package jpeg

import (
	"errors"
	"fmt"
)

// natural is the place in a block, row by row, of each coefficient of a file. A damaged file may count beyond the last one.
var natural = [64 + 16]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
}

// part is a component's share in a scan.
type part struct {
	*component
	dc, ac *code
	last   int // the DC coefficient of its last block
}

// scanner is the state of one scan.
type scanner struct {
	*decoder
	bits
	parts      []part
	ss, se     int // spectral selection: the first and the last coefficient
	ah, al     int // successive approximation: the bit that was the last one, and that is it now
	eobRun     int // blocks still to come whose band is at its end
	left       int // units up to the next restart marker
	rst        byte
	starved    bool // the segment had no more bits: what is left of it is zero
	sequential [64]int16
}

func (d *decoder) scan(s []byte) error {
	if !d.headed {
		return errors.New("a scan before the frame")
	}
	if d.scans++; d.scans > maxScans {
		return fmt.Errorf("more than %d scans: %w", maxScans, ErrUnsupported)
	}
	c := &scanner{decoder: d, bits: bits{data: d.data, pos: d.pos}, left: d.interval}
	if err := c.readHead(s); err != nil {
		return err
	}
	err := c.run()
	d.pos = c.bits.pos
	return err
}

func (c *scanner) readHead(s []byte) error {
	if len(s) < 1 || s[0] < 1 || s[0] > 4 || len(s) != 4+2*int(s[0]) {
		return fmt.Errorf("a scan's head of %d bytes", len(s))
	}
	n, blocks := int(s[0]), 0
	tail := s[1+2*n:]
	c.ss, c.se, c.ah, c.al = int(tail[0]), int(tail[1]), int(tail[2]>>4), int(tail[2]&15)
	if !c.progressive {
		c.ss, c.se, c.ah, c.al = 0, 63, 0, 0
	} else if c.ss > c.se || c.se > 63 || c.ss == 0 && c.se > 0 || c.ss > 0 && n > 1 || c.ah > 0 && c.al != c.ah-1 || c.al > 13 {
		return fmt.Errorf("a scan of coefficients %d to %d, bits %d to %d, of %d components", c.ss, c.se, c.ah, c.al, n)
	}
	for i := range n {
		p, err := c.newPart(int(s[1+2*i]), s[2+2*i])
		if err != nil {
			return err
		}
		c.parts = append(c.parts, p)
		blocks += p.h * p.v
	}
	if n > 1 && blocks > 10 {
		return fmt.Errorf("%d blocks in a unit", blocks)
	}
	return nil
}

// newPart finds a component and the tables that it asks for. Quantisers are those of its first scan.
func (c *scanner) newPart(id int, tables byte) (part, error) {
	for i := range c.comps {
		k := &c.comps[i]
		if k.id != id || c.has(k) {
			continue
		}
		if k.quant == nil {
			if k.quant = c.decoder.quant[k.tq]; k.quant == nil {
				return part{}, fmt.Errorf("component %d: no table of quantisers %d", id, k.tq)
			}
		}
		p := part{component: k}
		dc, ac := tables>>4, tables&15
		if dc > 3 || ac > 3 {
			return part{}, fmt.Errorf("component %d: codes %d and %d", id, dc, ac)
		}
		if p.dc = c.code(0, dc); p.dc == nil && c.ss == 0 && c.ah == 0 {
			return part{}, fmt.Errorf("component %d: no DC code %d", id, dc)
		}
		if p.ac = c.code(1, ac); p.ac == nil && c.se > 0 {
			return part{}, fmt.Errorf("component %d: no AC code %d", id, ac)
		}
		return p, nil
	}
	return part{}, fmt.Errorf("no component %d", id)
}

func (c *scanner) has(k *component) bool {
	for _, p := range c.parts {
		if p.component == k {
			return true
		}
	}
	return false
}

// run decodes the entropy-coded segments of the scan. The units of one component alone are its blocks, those of several a rectangle of
// each.
func (c *scanner) run() error {
	single := len(c.parts) == 1
	cols, rows := c.mcuCols, c.mcuRows
	if single {
		cols, rows = c.parts[0].cols, c.parts[0].rows
	}
	for y := range rows {
		if err := c.decoder.take(0); err != nil {
			return err
		}
		for x := range cols {
			if c.interval > 0 {
				if c.left == 0 {
					c.restart()
				}
				c.left--
			}
			if single {
				c.block(&c.parts[0], x, y)
			} else {
				c.mcu(x, y)
			}
			if c.n < 0 {
				c.starved = true
			}
		}
		if c.starved && c.bits.pos >= len(c.bits.data) {
			return errTruncated
		}
	}
	return nil
}

// mcu decodes a unit of an interleaved scan: a rectangle of blocks of each component.
func (c *scanner) mcu(x, y int) {
	for i := range c.parts {
		p := &c.parts[i]
		for v := range p.v {
			for h := range p.h {
				c.block(p, x*p.h+h, y*p.v+v)
			}
		}
	}
}

func (c *scanner) block(p *part, x, y int) {
	if c.progressive {
		at := (y*p.allCols + x) * 64
		c.progressiveBlock(p, (*[64]int16)(p.coefs[at:]))
		return
	}
	b, last := &c.sequential, 0
	if !c.starved {
		last = c.sequentialBlock(p, b)
	}
	stride := p.allCols * 8
	out := p.plane[y*8*stride+x*8:]
	if last == 0 {
		flat(out, stride, b[0], p.quant[0])
	} else {
		transform(out, stride, b, p.quant)
		clear(b[:])
	}
	b[0] = 0
}

// sequentialBlock decodes all coefficients of a block that is zero, and returns the place of the last one.
func (c *scanner) sequentialBlock(p *part, b *[64]int16) int {
	p.last += c.value(c.symbol(p.dc))
	b[0] = int16(p.last)
	last := 0
	for k := 1; k < 64; k++ {
		s := c.symbol(p.ac)
		r := s >> 4
		if s &= 15; s == 0 {
			if r != 15 {
				break
			}
			k += 15
			continue
		}
		k += r
		b[natural[k]] = int16(c.value(s))
		last = k
	}
	return last
}

// restart goes on behind the next restart marker. Where another one than the expected lies, some were lost or come twice: one that is
// due soon ends the segment before it, an earlier one is skipped.
func (c *scanner) restart() {
	c.acc, c.n, c.end, c.eobRun, c.left = 0, 0, false, 0, c.interval
	for i := range c.parts {
		c.parts[i].last = 0
	}
	due := c.rst
	c.rst = (due + 1) & 7
	c.starved = true
	d := c.decoder
	for {
		d.pos = c.bits.pos
		m, err := d.marker()
		if err != nil {
			c.bits.pos, c.end = len(c.bits.data), true
			return
		}
		ahead := (m - rst0 - due) & 7
		known := m >= sof0
		restart := m >= rst0 && m <= rst7
		if known && (!restart || ahead == 1 || ahead == 2) {
			c.bits.pos, c.end = d.pos-2, true // left for whoever waits for it
			return
		}
		c.bits.pos = d.pos
		if known && ahead != 6 && ahead != 7 {
			c.starved = false
			return
		}
	}
}
