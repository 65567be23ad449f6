package kern

import "fmt"

// A SliceParam is the parameter of [Slice]. Axes, Starts and Steps belong together; nil Axes are
// the leading ones, nil Steps are 1. Where Dynamic is set they come from operands instead: starts,
// ends (not read: the dims of the result tell), axes and steps, of type Index, the last two optional.
type SliceParam struct {
	Axes, Starts, Steps []int
	Size                int
	Dynamic             bool
	Index               DType // Int32 or Int64
}

// Slice cuts a box out of operand 0, every Steps[i]-th element from Starts[i]; negative starts count
// from the end, negative steps run backwards.
func Slice(c *Call) error {
	p, ok := c.Param.(*SliceParam)
	if !ok {
		return fmt.Errorf("slice: parameter is a %T", c.Param)
	}
	in, out, err := inOut(c, 2, 6, p.Size)
	if err != nil {
		return fmt.Errorf("slice: %w", err)
	}
	rank := len(in.Dims)
	if len(out.Dims) != rank {
		return fmt.Errorf("slice: %v to %v", in.Dims, out.Dims)
	}
	var start, step [MaxRank]int
	for i := range rank {
		step[i] = 1
	}
	if p.Dynamic {
		err = p.fromOperands(c, &start, &step)
	} else {
		err = p.fixed(rank, &start, &step)
	}
	if err != nil {
		return fmt.Errorf("slice: %w", err)
	}
	m := StateOf[mover](c)
	m.reset(p.Size, out.Data, in.Data)
	ds, ss := strides(out.Dims), strides(in.Dims)
	for i, n := range out.Dims {
		d, s := in.Dims[i], start[i]
		if n == 0 {
			return nil
		}
		if s < 0 {
			s += d
		}
		if step[i] < 0 {
			s = max(0, min(s, d-1))
		} else {
			s = max(0, min(s, d))
		}
		// At least n elements lie in the operand; n-1 steps cannot overflow if each is held to d.
		if st := max(-d, min(step[i], d)); n > 1 && st != step[i] || s+(n-1)*st < 0 || s+(n-1)*st >= d {
			return fmt.Errorf("slice: %d elements from %d by %d of axis %d of size %d", n, start[i], step[i], i, d)
		}
		m.soff += s * ss[i]
		m.dim(n, ds[i], step[i]*ss[i])
	}
	return m.finish(c, "slice")
}

func (p *SliceParam) fixed(rank int, start, step *[MaxRank]int) error {
	if p.Axes != nil && len(p.Axes) != len(p.Starts) || p.Steps != nil && len(p.Steps) != len(p.Starts) {
		return fmt.Errorf("%d starts, %d axes, %d steps", len(p.Starts), len(p.Axes), len(p.Steps))
	}
	for k, s := range p.Starts {
		axis := k
		if p.Axes != nil {
			axis = p.Axes[k]
		}
		axis, err := axisOf(axis, rank)
		if err != nil {
			return err
		}
		start[axis] = s
		if p.Steps != nil {
			step[axis] = p.Steps[k]
		}
	}
	return nil
}

func (p *SliceParam) fromOperands(c *Call, start, step *[MaxRank]int) error {
	n := len(c.Args) - 1
	if n < 2 || p.Index != Int32 && p.Index != Int64 {
		return fmt.Errorf("%d operands, indices of type %d", n, p.Index)
	}
	rank := len(c.Args[0].Dims)
	for k := range c.Args[1:n] {
		if a := &c.Args[1+k]; a.Has() {
			if err := sized(a, p.Index.Size(), "indices"); err != nil {
				return err
			}
		}
	}
	starts := &c.Args[1]
	for k := range starts.Len() {
		axis := k
		if n > 3 && c.Args[3].Has() {
			if k >= c.Args[3].Len() {
				return fmt.Errorf("%d starts, %d axes", starts.Len(), c.Args[3].Len())
			}
			axis = indexAt(&c.Args[3], p.Index, k)
		}
		axis, err := axisOf(axis, rank)
		if err != nil {
			return err
		}
		start[axis] = indexAt(starts, p.Index, k)
		if n > 4 && c.Args[4].Has() && k < c.Args[4].Len() {
			step[axis] = indexAt(&c.Args[4], p.Index, k)
		}
	}
	return nil
}

// indexAt reads element i of an operand of int32 or int64.
func indexAt(a *Arg, t DType, i int) int {
	if t == Int32 {
		return int(Of[int32](a)[i])
	}
	return int(Of[int64](a)[i])
}
