package jpeg2000

import (
	"fmt"
	"math"
	"unsafe"
)

// tile is a tile's header and its bytes.
type tile struct {
	header
	index   int
	data    []byte   // packets
	packed  [][]byte // packet headers of its own header, by their index
	headers []byte   // packet headers that do not stand with the packets
	apart   bool     // there are such
	changed bool     // the changes of order are its own
}

// plane is a component of a tile: coefficients, which become samples in place.
type plane struct {
	*coding
	rect
	comp   *Component
	levels []resolution
	ints   []int32   // of the reversible wavelet
	floats []float32 // of the other
}

// resolution is a component at 1/2ⁿ of its size: what the next lower one, LL, lacks, or the lowest LL.
type resolution struct {
	rect
	cols, rows int // of precincts
	bands      []band
	precincts  []precinct
}

type band struct {
	rect
	kind     int // 0 LL, 1 HL, 2 LH, 3 HH
	planes   int // of bits
	step     float32
	atX, atY int // its place in the plane
}

// precinct is the code-blocks of a rectangle of all bands of a resolution, which come in one packet a layer.
type precinct struct {
	cells [3]cell
	layer int // the next one
}

// cell is a precinct's share in a band.
type cell struct {
	cols             int
	blocks           []block
	included, zeroes *tree
}

// block is a code-block.
type block struct {
	x, y       int32 // in the plane
	wide, high uint16
	seen       bool
	passes     int
	planes     uint8 // of bits
	lengthBits uint8
	segments   []span
	data       []byte
}

// span is a codeword: passes that lie together, and the bytes of all layers so far.
type span struct{ passes, most, bytes int }

func (t *tile) readTile(d *decoder, m int, s []byte) error {
	switch m {
	case ppt:
		if len(s) < 1 {
			return errTruncated
		}
		t.apart = true
		return put(&t.packed, int(s[0]), s[1:])
	case poc:
		if !t.changed {
			t.changed, t.changes = true, nil
		}
	}
	return t.read(d, m, s)
}

// area is the part of the image that the tile covers.
func (t *tile) area(d *decoder) rect {
	x, y := t.index%d.cols, t.index/d.cols
	w, h := d.first.wide(), d.first.high()
	r := rect{d.first.x0 + x*w, d.first.y0 + y*h, d.first.x0 + (x+1)*w, d.first.y0 + (y+1)*h}
	return rect{max(r.x0, d.grid.x0), max(r.y0, d.grid.y0), min(r.x1, d.grid.x1), min(r.y1, d.grid.y1)}
}

// layOut makes the tile's planes.
func (t *tile) layOut(d *decoder) ([]plane, error) {
	a := t.area(d)
	planes := make([]plane, len(d.comps))
	for i := range planes {
		p, c := &planes[i], &d.comps[i]
		p.coding, p.comp = &t.comps[i], c
		p.rect = rect{ceil(a.x0, c.DX), ceil(a.y0, c.DY), ceil(a.x1, c.DX), ceil(a.y1, c.DY)}
		n := max(p.wide(), 0) * max(p.high(), 0)
		if err := d.take(4*n + (maxLevels+1)*256); err != nil {
			return nil, err
		}
		if p.reversible {
			p.ints = make([]int32, n)
		} else {
			p.floats = make([]float32, n)
		}
		p.levels = make([]resolution, p.coding.levels+1)
		for r := range p.levels {
			if err := p.layOutLevel(d, r); err != nil {
				return nil, err
			}
		}
	}
	return planes, nil
}

// layOutLevel makes a resolution's bands and precincts.
func (p *plane) layOutLevel(d *decoder, r int) error {
	l, down := &p.levels[r], p.coding.levels-r
	l.rect = rect{ceilShift(p.x0, down), ceilShift(p.y0, down), ceilShift(p.x1, down), ceilShift(p.y1, down)}
	kinds := []int{1, 2, 3}
	if r == 0 {
		kinds = []int{0}
	}
	for _, k := range kinds {
		l.bands = append(l.bands, p.newBand(r, k))
	}
	if l.empty() {
		return nil
	}
	px, py := int(p.precX[r]), int(p.precY[r])
	x0, y0 := l.x0>>px, l.y0>>py
	l.cols, l.rows = ceilShift(l.x1, px)-x0, ceilShift(l.y1, py)-y0
	n := l.cols * l.rows
	if err := d.take(n * (int(unsafe.Sizeof(precinct{})) + int(unsafe.Sizeof(packetRef{})))); err != nil {
		return err
	}
	l.precincts = make([]precinct, n)
	for i := range l.precincts {
		x, y := x0+i%l.cols, y0+i/l.cols
		for b := range l.bands {
			if err := p.newCell(d, &l.precincts[i].cells[b], &l.bands[b], r, rect{x << px, y << py, (x + 1) << px, (y + 1) << py}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *plane) newBand(r, kind int) band {
	down := p.coding.levels - r
	b := band{kind: kind}
	number := 0
	if kind == 0 {
		b.rect = p.levels[0].rect
	} else {
		half := 1 << down // in units of the tile: half a sample of the band
		x, y := kind&1*half, kind>>1*half
		shift := func(a, off int) int { return ceilShift(a-off, down+1) }
		b.rect = rect{shift(p.x0, x), shift(p.y0, y), shift(p.x1, x), shift(p.y1, y)}
		number = 3*(r-1) + kind
		low := p.levels[r-1].rect
		b.atX, b.atY = kind&1*low.wide(), kind>>1*low.high()
	}
	e := int(p.exponent[number])
	b.planes = e + p.guard - 1
	b.step = 0.5 * float32((1+float64(p.mantissa[number])/2048)*math.Ldexp(1, p.comp.Bits-e))
	return b
}

// newCell makes the code-blocks that the precinct at area, of resolution r, has in a band.
func (p *plane) newCell(d *decoder, c *cell, b *band, r int, area rect) error {
	bx, by := min(p.blockX, int(p.precX[r])), min(p.blockY, int(p.precY[r]))
	if b.kind != 0 {
		area = rect{area.x0 >> 1, area.y0 >> 1, area.x1 >> 1, area.y1 >> 1}
		bx, by = min(p.blockX, int(p.precX[r])-1), min(p.blockY, int(p.precY[r])-1)
	}
	area = rect{max(area.x0, b.x0), max(area.y0, b.y0), min(area.x1, b.x1), min(area.y1, b.y1)}
	if area.empty() {
		return nil
	}
	x0, y0 := area.x0>>bx, area.y0>>by
	cols, rows := ceilShift(area.x1, bx)-x0, ceilShift(area.y1, by)-y0
	n := cols * rows
	if err := d.take(n*(int(unsafe.Sizeof(block{})+2*unsafe.Sizeof(job{}))+3*int(unsafe.Sizeof(node{}))) + 256); err != nil {
		return err
	}
	c.cols, c.blocks = cols, make([]block, n)
	c.included, c.zeroes = newTree(cols, rows), newTree(cols, rows)
	for i := range c.blocks {
		x, y := x0+i%cols, y0+i/cols
		in := rect{max(x<<bx, area.x0), max(y<<by, area.y0), min((x+1)<<bx, area.x1), min((y+1)<<by, area.y1)}
		c.blocks[i] = block{x: int32(b.atX + in.x0 - b.x0), y: int32(b.atY + in.y0 - b.y0), wide: uint16(in.wide()), high: uint16(in.high()), lengthBits: 3}
	}
	return nil
}

// decode turns the tile's packets into samples.
func (t *tile) decode(d *decoder) error {
	planes, err := t.layOut(d)
	if err != nil {
		return fmt.Errorf("tile %d: %w", t.index, err)
	}
	if err := t.readPackets(d, planes); err != nil {
		return fmt.Errorf("tile %d: %w", t.index, err)
	}
	if err := decodeBlocks(d, planes); err != nil {
		return fmt.Errorf("tile %d: %w", t.index, err)
	}
	for i := range planes {
		if err := planes[i].synthesise(d); err != nil {
			return err
		}
	}
	if t.mct {
		if err := mix(planes); err != nil {
			return fmt.Errorf("tile %d: %w", t.index, err)
		}
	}
	for i := range planes {
		planes[i].store()
	}
	return nil
}
