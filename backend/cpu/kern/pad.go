package kern

import "fmt"

// A PadMode says what stands in the padding.
type PadMode uint8

const (
	PadConstant PadMode = iota
	PadReflect          // mirrored, without the edge itself
	PadEdge
	PadWrap
)

// A PadParam is the parameter of [Pad]. Before holds the elements put in front of each dimension,
// negative to cut; what goes behind follows from the dims of the result. Where Dynamic is set, the
// pads are operand 1, of int64: all those in front, then all those behind, for the given Axes or all.
// The constant is operand 2 where it is there, else Value, else zero.
type PadParam struct {
	Mode    PadMode
	Before  []int
	After   []int // tells the result's dims where only running tells the operand's
	Axes    []int // only with Dynamic; nil means all
	Value   []byte
	Size    int
	Dynamic bool
}

type padState struct {
	mode     PadMode
	size     int
	rank     int
	in, out  Arg
	value    [16]byte
	maps     [MaxRank][]int // for each place in the result its place in the operand, or -1
	ss       [MaxRank]int
	from, to int // of the last dimension: places that lie side by side in the operand
}

// Pad puts elements around an operand, or cuts some off.
func Pad(c *Call) error {
	p, ok := c.Param.(*PadParam)
	if !ok {
		return fmt.Errorf("pad: parameter is a %T", c.Param)
	}
	in, out, err := inOut(c, 2, 5, p.Size)
	if err != nil {
		return fmt.Errorf("pad: %w", err)
	}
	if len(in.Dims) != len(out.Dims) || len(p.Value) != 0 && len(p.Value) != p.Size {
		return fmt.Errorf("pad: %v to %v, value of %d bytes", in.Dims, out.Dims, len(p.Value))
	}
	var before [MaxRank]int
	if err := p.read(c, &before, len(in.Dims)); err != nil {
		return fmt.Errorf("pad: %w", err)
	}
	n := out.Len()
	if n == 0 {
		return nil
	}
	s := StateOf[padState](c)
	s.value = [16]byte{}
	copy(s.value[:], p.Value)
	if len(c.Args) > 3 && len(c.Args[2].Data) >= p.Size {
		copy(s.value[:p.Size], c.Args[2].Data)
	}
	s.mode, s.size, s.rank, s.in, s.out, s.ss = p.Mode, p.Size, len(in.Dims), *in, *out, strides(in.Dims)
	for i, d := range out.Dims {
		if in.Dims[i] == 0 && p.Mode != PadConstant {
			return fmt.Errorf("pad: axis %d is empty", i)
		}
		s.layOut(i, before[i], in.Dims[i], d)
	}
	row := 1
	if s.rank > 0 {
		row = out.Dims[s.rank-1]
	}
	c.ParallelTask(n/row, max(1, 1<<15/(row*p.Size)), s)
	s.in, s.out = Arg{}, Arg{}
	return nil
}

func (p *PadParam) read(c *Call, before *[MaxRank]int, rank int) error {
	if !p.Dynamic {
		if len(p.Before) != rank {
			return fmt.Errorf("%d pads for rank %d", len(p.Before), rank)
		}
		copy(before[:], p.Before)
		return nil
	}
	if len(c.Args) < 3 {
		return fmt.Errorf("%d operands", len(c.Args)-1)
	}
	n := rank
	if p.Axes != nil {
		n = len(p.Axes)
	}
	if have, err := c.Args[1].count(8); err != nil || have != 2*n {
		return fmt.Errorf("%d pads for %d axes", have, n)
	}
	for i := range n {
		axis := i
		if p.Axes != nil {
			axis = p.Axes[i]
		}
		axis, err := axisOf(axis, rank)
		if err != nil {
			return err
		}
		before[axis] = indexAt(&c.Args[1], Int64, i)
	}
	return nil
}

// layOut maps the places of one dimension of the result, n, to those of the operand, d.
func (s *padState) layOut(i, before, d, n int) {
	m := s.maps[i][:0]
	s.from, s.to = n, n
	for k := range n {
		at := k - before
		if at >= 0 && at < d {
			if s.from == n {
				s.from = k
			}
			s.to = k + 1
		} else {
			at = s.outside(at, d)
		}
		m = append(m, at)
	}
	if s.from == n {
		s.to = n
	}
	s.maps[i] = m
}

func (s *padState) outside(at, d int) int {
	switch s.mode {
	case PadEdge:
		return max(0, min(at, d-1))
	case PadWrap:
		return (at%d + d) % d
	case PadReflect:
		if d == 1 {
			return 0
		}
		period := 2 * (d - 1)
		at = (at%period + period) % period
		return min(at, period-at)
	}
	return -1
}

func (s *padState) Do(_, lo, hi int) { padRowsOf.of(s.size)(s, lo, hi) }

var padRowsOf = perWord[func(s *padState, lo, hi int)]{padRows[uint8], padRows[uint16], padRows[uint32], padRows[uint64], padRows[[2]uint64]}

func padRows[T word](s *padState, lo, hi int) {
	dst, src, v := words[T](s.out.Data), words[T](s.in.Data), words[T](s.value[:])[0]
	if s.rank == 0 {
		dst[0] = src[0]
		return
	}
	last := s.rank - 1
	m := s.maps[last]
	for row := lo; row < hi; row++ {
		d := dst[row*len(m) : (row+1)*len(m)]
		at, rest := 0, row
		for i := last - 1; i >= 0; i-- {
			q := rest / len(s.maps[i])
			k := s.maps[i][rest-q*len(s.maps[i])]
			rest = q
			if k < 0 {
				at = -1
				break
			}
			at += k * s.ss[i]
		}
		if at < 0 {
			for i := range d {
				d[i] = v
			}
			continue
		}
		for i, k := range m[:s.from] {
			d[i] = v
			if k >= 0 {
				d[i] = src[at+k]
			}
		}
		if s.from < s.to {
			copy(d[s.from:s.to], src[at+m[s.from]:])
		}
		for i, k := range m[s.to:] {
			d[s.to+i] = v
			if k >= 0 {
				d[s.to+i] = src[at+k]
			}
		}
	}
}
