package kern

import (
	"fmt"
	"slices"
)

// A Col2ImParam is the parameter of [Col2Im]: for each axis of the image a stride, a dilation and the pads, all before, then all after.
type Col2ImParam struct{ Strides, Dilations, Pads []int }

type col2imState struct {
	at     []int32 // for each element of a block and each place of the block where in the image it lies; -1 is outside
	key    []int   // what at was made for
	x, y   []float32
	size   int
	places []int
}

// Col2Im adds up columns of blocks [N,C·B,L] into images [N,C,image...]: operands x and, as int64, the sizes of the image and of a block.
func Col2Im(c *Call) error {
	p, ok := c.Param.(*Col2ImParam)
	if !ok || len(c.Args) != 4 || len(c.Args[0].Dims) != 3 {
		return fmt.Errorf("col2im: parameter %v for %d operands", c.Param, len(c.Args))
	}
	x, y := &c.Args[0], &c.Args[3]
	n, err := x.count(4)
	m, err2 := y.count(4)
	if err != nil || err2 != nil || len(y.Dims) < 3 {
		return fmt.Errorf("col2im: %v to %v", x.Dims, y.Dims)
	}
	s := StateOf[col2imState](c)
	if err := s.layOut(p, c); err != nil {
		return fmt.Errorf("col2im: %w", err)
	}
	planes := x.Dims[0] * y.Dims[1]
	if x.Dims[0] != y.Dims[0] || planes*len(s.at) != n {
		return fmt.Errorf("col2im: %v to %v", x.Dims, y.Dims)
	}
	s.x, s.y = F32(x), F32(y)
	if m > 0 {
		s.size = m / planes
		c.ParallelTask(planes, max(1, 1<<13/max(1, len(s.at))), s)
	}
	s.x, s.y = nil, nil
	return nil
}

func (s *col2imState) layOut(p *Col2ImParam, c *Call) error {
	image, block := Of[int64](&c.Args[1]), Of[int64](&c.Args[2])
	r := len(image)
	if len(block) != r || len(p.Strides) != r || len(p.Dilations) != r || len(p.Pads) != 2*r || len(c.Args[3].Dims) != r+2 || r > MaxRank-2 {
		return fmt.Errorf("image %v, block %v, strides %v, dilations %v, pads %v", image, block, p.Strides, p.Dilations, p.Pads)
	}
	const limit = 1 << 30
	count := c.Args[0].Dims[2]
	cols, elements := 1, 1
	s.places = s.places[:0]
	for i := range r {
		im, b, st, di, lo, hi := image[i], block[i], p.Strides[i], p.Dilations[i], p.Pads[i], p.Pads[i+r]
		if min(int64(st), int64(di), b) < 1 || min(int64(lo), int64(hi), im) < 0 ||
			max(int64(st), int64(di), b, int64(lo), int64(hi), im) > limit || int(im) != c.Args[3].Dims[2+i] {
			return fmt.Errorf("image %v, block %v, strides %v, dilations %v, pads %v", image, block, p.Strides, p.Dilations, p.Pads)
		}
		n := max(0, (int(im)+lo+hi-di*(int(b)-1)-1)/st+1)
		if elements > limit/int(b) || n > 0 && cols > limit/n {
			return errSizes
		}
		elements *= int(b)
		cols *= n
		s.places = append(s.places, n)
	}
	if cols != count || elements*max(1, cols) > max(1, c.Args[0].Len()) && cols > 0 && c.Args[0].Len() > 0 {
		return fmt.Errorf("%d columns for places %v of a block", count, s.places)
	}
	if c.Args[0].Dims[1]%elements != 0 {
		return fmt.Errorf("%d channels for blocks of %d", c.Args[0].Dims[1], elements)
	}
	if c.Args[0].Len() == 0 {
		s.at, s.key = s.at[:0], nil
		return nil
	}
	if len(s.key) == 2*r && s.same(image, block) {
		return nil
	}
	s.key = s.key[:0]
	for _, v := range slices.Concat(image, block) {
		s.key = append(s.key, int(v))
	}
	s.table(p, image, block, elements, cols)
	return nil
}

func (s *col2imState) same(image, block []int64) bool {
	for i, v := range image {
		if s.key[i] != int(v) || s.key[len(image)+i] != int(block[i]) {
			return false
		}
	}
	return true
}

func (s *col2imState) table(p *Col2ImParam, image, block []int64, elements, cols int) {
	s.at = s.at[:0]
	for e := range elements {
		for l := range cols {
			off, st, be, le := 0, 1, e, l
			for k := len(image) - 1; k >= 0; k-- {
				b, n := int(block[k]), s.places[k]
				at := le%n*p.Strides[k] - p.Pads[k] + be%b*p.Dilations[k]
				be, le = be/b, le/n
				if at < 0 || at >= int(image[k]) {
					off = -1
					break
				}
				off += at * st
				st *= int(image[k])
			}
			s.at = append(s.at, int32(off))
		}
	}
}

// Do adds up planes lo to hi-1.
func (s *col2imState) Do(_, lo, hi int) {
	for p := lo; p < hi; p++ {
		dst := s.y[p*s.size:][:s.size]
		clear(dst)
		for i, v := range s.x[p*len(s.at):][:len(s.at)] {
			if k := s.at[i]; k >= 0 {
				dst[k] += v
			}
		}
	}
}
