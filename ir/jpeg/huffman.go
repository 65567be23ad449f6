package jpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const quickBits = 9

// code is a Huffman code.
type code struct {
	quick   [1 << quickBits]uint16 // by the next bits: length<<8 | symbol, or 0 where the code is longer
	last    [18]int32              // the greatest code of each length, or -1; beyond all at 17
	offset  [17]int32              // of the first code of each length in symbols, less that code
	symbols [256]uint8
}

// newCode builds the code that has counts[i] symbols of length i+1.
func newCode(counts, symbols []byte, dc bool) (*code, error) {
	c := new(code)
	copy(c.symbols[:], symbols)
	next, at := int32(0), int32(0)
	for l := int32(1); l <= 16; l++ {
		n := int32(counts[l-1])
		c.last[l] = -1
		if n > 0 {
			c.offset[l], c.last[l] = at-next, next+n-1
		}
		if next+n > 1<<l {
			return nil, fmt.Errorf("more codes of length %d than there are", l)
		}
		if l <= quickBits {
			for i := range n {
				entry := uint16(l)<<8 | uint16(c.symbols[at+i])
				from := (next + i) << (quickBits - l)
				for j := range int32(1) << (quickBits - l) {
					c.quick[from+j] = entry
				}
			}
		}
		next, at = (next+n)<<1, at+n
	}
	c.last[17] = 1 << 20
	for _, s := range symbols {
		if dc && s > 15 {
			return nil, fmt.Errorf("a difference of %d bits", s)
		}
	}
	return c, nil
}

func (d *decoder) readCodes(s []byte) error {
	for len(s) > 0 {
		if len(s) < 17 {
			return errors.New("a code that ends too soon")
		}
		class, at, n := s[0]>>4, s[0]&15, 0
		counts := s[1:17]
		for _, k := range counts {
			n += int(k)
		}
		if class > 1 || at > 3 || n > 256 || n > len(s)-17 {
			return fmt.Errorf("a code %d of class %d with %d symbols", at, class, n)
		}
		c, err := newCode(counts, s[17:17+n], class == 0)
		if err != nil {
			return err
		}
		d.codes[class][at], s = c, s[17+n:]
	}
	return nil
}

// bits reads an entropy-coded segment. Behind its end lie zeros.
type bits struct {
	data []byte
	pos  int
	acc  uint64 // the next bits, the first one on top
	n    int    // how many of them are of the file; below zero once more were taken
	end  bool   // pos is at a marker, or at the end of the file
}

// fill takes in at least 57 bits, if the segment has them.
func (b *bits) fill() {
	if b.pos+8 <= len(b.data) {
		x := binary.BigEndian.Uint64(b.data[b.pos:])
		if y := ^x; (y-0x0101010101010101)&^y&0x8080808080808080 == 0 {
			k := (64 - b.n) >> 3
			b.acc |= x >> b.n // bits beyond k bytes come again with the next byte
			b.n += 8 * k
			b.pos += k
			return
		}
	}
	for b.n <= 56 {
		if b.pos >= len(b.data) {
			b.end = true
			return
		}
		c := b.data[b.pos]
		b.pos++
		if c == 0xff {
			at := b.pos
			for at < len(b.data) && b.data[at] == 0xff {
				at++
			}
			if at >= len(b.data) || b.data[at] != 0 {
				b.pos, b.end = at-1, true
				return
			}
			b.pos = at + 1
		}
		b.acc |= uint64(c) << (56 - b.n)
		b.n += 8
	}
}

// symbol returns the next symbol of c, and leaves at least 16 bits at hand.
func (b *bits) symbol(c *code) int {
	if b.n < 40 && !b.end {
		b.fill()
	}
	if e := c.quick[b.acc>>(64-quickBits)]; e != 0 {
		b.acc <<= e >> 8
		b.n -= int(e >> 8)
		return int(e & 255)
	}
	return b.long(c)
}

// long decodes a code of more than quickBits bits. One that is none is 17 bits long and stands for 0.
func (b *bits) long(c *code) int {
	l := quickBits + 1
	for int32(b.acc>>(64-l)) > c.last[l] {
		l++
	}
	v := int32(b.acc >> (64 - l))
	b.acc <<= l
	if b.n -= l; l > 16 {
		return 0
	}
	return int(c.symbols[(v+c.offset[l])&255])
}

// value returns a number of s bits, at most 16 and just behind a symbol; those that begin with 0 stand for negative ones.
func (b *bits) value(s int) int {
	if s == 0 {
		return 0
	}
	v := int(b.acc >> (64 - s))
	b.acc <<= s
	b.n -= s
	if v < 1<<(s-1) {
		v += 1 - 1<<s
	}
	return v
}

// next returns the next s bits, at most 16.
func (b *bits) next(s int) int {
	if b.n < s && !b.end {
		b.fill()
	}
	v := int(b.acc >> (64 - s))
	b.acc <<= s
	b.n -= s
	return v
}
