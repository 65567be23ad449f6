package jpeg2000

import (
	"errors"
	"fmt"
	"math/bits"
	"unsafe"
)

// node is a node of a tag tree.
type node struct {
	value, low int32
	parent     int32 // -1 at the root
	known      bool
}

// tree is a tag tree: the least value of each square of four, coded from the root on, as far as is asked for.
type tree []node

func newTree(cols, rows int) *tree {
	var t tree
	for at := 0; ; {
		next := at + cols*rows
		for i := range cols * rows {
			parent := next + i/cols/2*((cols+1)/2) + i%cols/2
			if cols*rows == 1 {
				parent = -1
			}
			t = append(t, node{parent: int32(parent)})
		}
		if cols*rows == 1 {
			return &t
		}
		at, cols, rows = next, (cols+1)/2, (rows+1)/2
	}
}

// below reads as much of the tree as tells whether the value of a leaf is below limit.
func (t tree) below(b *packetBits, leaf int, limit int32) bool {
	var path [32]int32
	n := 0
	for i := int32(leaf); i >= 0; i = t[i].parent {
		path[n] = i
		n++
	}
	low := int32(0)
	for n > 0 {
		n--
		k := &t[path[n]]
		k.low = max(k.low, low)
		for k.low < limit && !k.known {
			if b.bit() > 0 {
				k.known, k.value = true, k.low
			} else {
				k.low++
			}
		}
		low = k.low
	}
	k := &t[leaf]
	return k.known && k.value < limit
}

// packetBits reads bits of a packet's header. A byte behind one of all ones has seven.
type packetBits struct {
	data []byte
	pos  int
	acc  byte
	left int
	over bool // the bytes have ended, zeros follow
}

func (b *packetBits) bit() int {
	if b.left == 0 {
		b.left = 8
		if b.acc == 0xff {
			b.left = 7
		}
		if b.acc = 0; b.pos < len(b.data) {
			b.acc = b.data[b.pos]
			b.pos++
		} else {
			b.over = true
		}
	}
	b.left--
	return int(b.acc>>b.left) & 1
}

func (b *packetBits) bits(n int) (v int) {
	for range n {
		v = v<<1 | b.bit()
	}
	return v
}

// passes reads a number of coding passes.
func (b *packetBits) passes() int {
	if b.bit() == 0 {
		return 1
	}
	if b.bit() == 0 {
		return 2
	}
	if n := b.bits(2); n < 3 {
		return 3 + n
	}
	if n := b.bits(5); n < 31 {
		return 6 + n
	}
	return 37 + b.bits(7)
}

// finish returns the number of bytes that the header took.
func (b *packetBits) finish() int {
	if b.acc == 0xff && b.pos < len(b.data) {
		b.pos++
	}
	return b.pos
}

var errPacket = errors.New("a packet that is longer than its tile")

// readPackets hands the tile's packets to its code-blocks.
func (t *tile) readPackets(d *decoder, planes []plane) error {
	for _, p := range t.packed {
		t.headers = append(t.headers, p...)
	}
	changes := t.changes
	if len(changes) == 0 {
		changes = []change{{comp1: len(planes), res1: maxLevels + 1, layers: t.layers, order: t.order}}
	}
	r := &packetReader{tile: t, d: d, body: t.data, head: t.headers}
	for _, c := range changes {
		c.layers = min(c.layers, t.layers)
		if err := walk(refs(planes, c, t.area(d)), c, r.read); err != nil {
			return err
		}
		if r.empty() {
			break
		}
	}
	return nil
}

type packetReader struct {
	tile       *tile
	d          *decoder
	body, head []byte
	count      int
	shares     []share
	lengths    []int // of the codewords of all shares
}

// share is what a packet brings to a code-block: the codewords from segment on, whose lengths stand at from to to.
type share struct {
	b                 *block
	segment, from, to int
}

func (r *packetReader) empty() bool {
	if r.tile.apart {
		return len(r.head) == 0
	}
	return len(r.body) == 0
}

// read reads one packet. A tile whose bytes end before its packets do lacks detail, and is no error.
func (r *packetReader) read(ref *packetRef) (more bool, err error) {
	if r.empty() {
		return false, nil
	}
	if r.count++; r.count&1023 == 0 {
		if err := r.d.take(0); err != nil {
			return false, err
		}
	}
	if len(r.body) >= 6 && r.body[0] == sop>>8 && r.body[1] == sop&255 && r.tile.sop {
		r.body = r.body[6:]
	}
	head := &r.body
	if r.tile.apart {
		head = &r.head
	}
	b := &packetBits{data: *head}
	r.shares, r.lengths = r.shares[:0], r.lengths[:0]
	if b.bit() > 0 {
		for i := range ref.l.bands {
			if err := r.readCell(b, ref, i); err != nil {
				return false, err
			}
		}
	}
	*head = (*head)[b.finish():]
	if b.over {
		return false, errPacket
	}
	if r.tile.eph {
		if h := *head; len(h) < 2 || h[0] != eph>>8 || h[1] != eph&255 {
			return false, errors.New("a packet's header without its end")
		}
		*head = (*head)[2:]
	}
	return true, r.readBodies()
}

func (r *packetReader) readCell(b *packetBits, ref *packetRef, at int) error {
	c, band := &ref.p.cells[at], &ref.l.bands[at]
	for i := range c.blocks {
		k := &c.blocks[i]
		if b.over {
			return errPacket
		}
		if k.seen {
			if b.bit() == 0 {
				continue
			}
		} else {
			if !c.included.below(b, i, int32(ref.p.layer)) { // the layer was counted already
				continue
			}
			zeroes := int32(0)
			for !c.zeroes.below(b, i, zeroes+1) && int(zeroes) <= band.planes {
				zeroes++
			}
			if int(zeroes) > band.planes {
				return fmt.Errorf("a code-block without %d planes of %d", zeroes, band.planes)
			}
			k.seen, k.planes = true, uint8(band.planes-int(zeroes))
		}
		if err := r.readShare(b, k, ref.style); err != nil {
			return err
		}
	}
	return nil
}

// room is the number of passes that the n-th codeword of a code-block holds.
func room(segments []span, style uint8) int {
	switch {
	case style&styleTerminate != 0:
		return 1
	case style&styleBypass == 0:
		return 1 << 30
	case len(segments) == 0:
		return 10
	case segments[len(segments)-1].most == 2:
		return 1
	}
	return 2
}

// maxPasses is beyond what a code-block of 37 planes and a region of interest have.
const maxPasses = 3 * 75

// readShare reads how many passes a code-block gets, and how many bytes each of their codewords.
func (r *packetReader) readShare(b *packetBits, k *block, style uint8) error {
	passes := b.passes()
	for b.bit() > 0 {
		if k.lengthBits++; k.lengthBits > 31 {
			return fmt.Errorf("a length of more than %d bits", k.lengthBits)
		}
	}
	if k.passes += passes; k.passes > maxPasses {
		return fmt.Errorf("%d passes of a code-block", k.passes)
	}
	s := share{b: k, segment: max(len(k.segments)-1, 0), from: len(r.lengths)}
	for i := s.segment; passes > 0; i++ {
		if i == len(k.segments) {
			if err := r.d.take(2 * int(unsafe.Sizeof(span{}))); err != nil {
				return err
			}
			k.segments = append(k.segments, span{most: room(k.segments, style)})
		}
		g, length := &k.segments[i], 0
		if n := min(passes, g.most-g.passes); n > 0 { // the last codeword may be full
			width := int(k.lengthBits) + bits.Len(uint(n)) - 1
			if width > 31 {
				return fmt.Errorf("a length of %d bits", width)
			}
			length = b.bits(width)
			g.passes, passes = g.passes+n, passes-n
		}
		r.lengths = append(r.lengths, length)
	}
	s.to = len(r.lengths)
	r.shares = append(r.shares, s)
	return nil
}

// readBodies gives the code-blocks of the packet their bytes. A block's bytes lie in the file; only where several packets bring some,
// they are copied.
func (r *packetReader) readBodies() error {
	for _, s := range r.shares {
		total := 0
		for i, n := range r.lengths[s.from:s.to] {
			if total += n; n > len(r.body) || total > len(r.body) {
				return errPacket
			}
			s.b.segments[s.segment+i].bytes += n
		}
		part := r.body[:total:total]
		r.body = r.body[total:]
		if len(s.b.data) == 0 {
			s.b.data = part
			continue
		}
		if n := len(s.b.data) + total; n > cap(s.b.data) {
			if err := r.d.take(2 * n); err != nil {
				return err
			}
		}
		s.b.data = append(s.b.data, part...)
	}
	return nil
}
