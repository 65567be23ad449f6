package kern

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// errSizes is what sizes beyond all memory give.
var errSizes = errors.New("sizes are out of range")

// SliceDims sets the dims of the result of [Slice] where it reads operands.
func SliceDims(c *Call) error {
	p, ok := c.Param.(*SliceParam)
	if !ok || !p.Dynamic || len(c.Args) < 4 {
		return fmt.Errorf("slice: parameter %v for %d operands", c.Param, len(c.Args))
	}
	in, out, ends := c.Args[0].Dims, c.Args[len(c.Args)-1].Dims, &c.Args[2]
	rank, n := len(in), c.Args[1].Len()
	var seen [MaxRank]bool
	for i, what := range []string{"starts", "ends", "axes", "steps"}[:len(c.Args)-2] {
		if a := &c.Args[1+i]; a.Has() && (a.Len() != n || sized(a, p.Index.Size(), what) != nil) {
			return fmt.Errorf("slice: %d starts and %d %s", n, a.Len(), what)
		}
	}
	if n > rank {
		return fmt.Errorf("slice: %d starts for rank %d", n, rank)
	}
	copy(out, in)
	for i := range n {
		axis := i
		if len(c.Args) > 4 && c.Args[3].Has() {
			axis = indexAt(&c.Args[3], p.Index, i)
		}
		axis, err := axisOf(axis, rank)
		if err != nil {
			return fmt.Errorf("slice: %w", err)
		}
		if seen[axis] {
			return fmt.Errorf("slice: axis %d is given twice", axis)
		}
		seen[axis] = true
		step := 1
		if len(c.Args) > 5 && c.Args[4].Has() {
			step = indexAt(&c.Args[4], p.Index, i)
		}
		if step == 0 {
			return errors.New("slice: step 0")
		}
		out[axis] = sliceCount(indexAt(&c.Args[1], p.Index, i), indexAt(ends, p.Index, i), step, in[axis])
	}
	return nil
}

// sliceCount is the number of elements of [start:end:step] in n.
func sliceCount(start, end, step, n int) int {
	lo, hi := 0, n
	if step < 0 {
		lo, hi = -1, n-1
	}
	clamp := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, lo), hi)
	}
	from, to := clamp(start), clamp(end)
	switch {
	case step < 0 && from > to:
		return int((uint(from-to)-1)/uint(-step)) + 1
	case step > 0 && from < to:
		return (to-from-1)/step + 1
	}
	return 0
}

// ExpandDims sets the dims of the result of [Expand], whose last operand is the shape asked for.
func ExpandDims(c *Call) error {
	in, want, out := c.Args[0].Dims, &c.Args[1], c.Args[len(c.Args)-1].Dims
	n := want.Len()
	if len(Of[int64](want)) < n || len(out) != max(n, len(in)) {
		return fmt.Errorf("expand: %v to %d sizes", in, n)
	}
	for i := range out {
		d, w := 1, 1
		if j := i - (len(out) - len(in)); j >= 0 {
			d = in[j]
		}
		if j := i - (len(out) - n); j >= 0 {
			w = indexAt(want, Int64, j)
		}
		if w < 0 || d != 1 && w != 1 && d != w {
			return fmt.Errorf("expand: size %d to %d", d, w)
		}
		if out[i] = d; d == 1 {
			out[i] = w
		}
	}
	return nil
}

// TileDims sets the dims of the result of [Tile], whose last operand is the repeats.
func TileDims(c *Call) error {
	in, times, out := c.Args[0].Dims, &c.Args[1], c.Args[len(c.Args)-1].Dims
	if times.Len() != len(in) || len(Of[int64](times)) < len(in) || len(out) != len(in) {
		return fmt.Errorf("tile: %d repeats for rank %d", times.Len(), len(in))
	}
	for i, d := range in {
		r := Of[int64](times)[i]
		hi, lo := bits.Mul64(uint64(d), uint64(max(r, 0)))
		if r < 0 || hi != 0 || lo > math.MaxInt64 {
			return fmt.Errorf("tile: %d repeats of size %d: %w", r, d, errSizes)
		}
		out[i] = int(lo)
	}
	return nil
}

// FillDims sets the dims of the result of [Fill], whose operand is the shape.
func FillDims(c *Call) error {
	want, out := &c.Args[0], c.Args[len(c.Args)-1].Dims
	if len(c.Args) != 2 || want.Len() != len(out) || len(Of[int64](want)) < len(out) {
		return fmt.Errorf("fill: %d sizes for rank %d", want.Len(), len(out))
	}
	for i := range out {
		if out[i] = indexAt(want, Int64, i); out[i] < 0 {
			return fmt.Errorf("fill: size %d: %w", out[i], errSizes)
		}
	}
	return nil
}

// ReshapeDims sets the dims of the result of [Reshape]: operands x and, as int64, the sizes asked for.
func ReshapeDims(c *Call) error {
	p, ok := c.Param.(*ReshapeParam)
	in, want, out := c.Args[0].Dims, &c.Args[1], c.Args[len(c.Args)-1].Dims
	if !ok || want.Len() != len(out) || len(Of[int64](want)) < len(out) {
		return fmt.Errorf("reshape: %d sizes for rank %d", want.Len(), len(out))
	}
	open, n, zero := -1, uint64(1), false
	for i, d := range Of[int64](want)[:len(out)] {
		switch {
		case d == -1 && open < 0:
			open = i
			continue
		case d == 0 && !p.AllowZero && i < len(in):
			d = int64(in[i])
		case d < 0 || d == 0 && !p.AllowZero:
			return fmt.Errorf("reshape: %v to %v", in, Of[int64](want)[:len(out)])
		case d == 0:
			zero = true
		}
		out[i] = int(d)
		hi, lo := bits.Mul64(n, uint64(d))
		if n = lo; hi != 0 {
			return fmt.Errorf("reshape: %v: %w", Of[int64](want)[:len(out)], errSizes)
		}
	}
	total := uint64(c.Args[0].Len())
	if open >= 0 {
		if n == 0 || total%n != 0 || zero {
			return fmt.Errorf("reshape: %d elements to %v", total, Of[int64](want)[:len(out)])
		}
		out[open] = int(total / n)
	} else if n != total {
		return fmt.Errorf("reshape: %d elements to %v", total, Of[int64](want)[:len(out)])
	}
	return nil
}

// A ReshapeParam is the parameter of [Reshape]: whether a size of 0 stands for itself and not for the operand's.
type ReshapeParam struct {
	AllowZero bool
	Size      int
}

// Reshape copies its operand's elements; the dims of the result tell the rest.
func Reshape(c *Call) error {
	p, ok := c.Param.(*ReshapeParam)
	if !ok {
		return fmt.Errorf("reshape: parameter is a %T", c.Param)
	}
	in, out, err := inOut(c, 2, 3, p.Size)
	if err != nil || in.Len() != out.Len() {
		return fmt.Errorf("reshape: %v to %v: %w", c.Args[0].Dims, c.Args[len(c.Args)-1].Dims, err)
	}
	m := StateOf[mover](c)
	m.reset(p.Size, out.Data, in.Data)
	m.dim(out.Len(), 1, 1)
	return m.finish(c, "reshape")
}

// RangeDims sets the dims of the result of [Range].
func RangeDims(c *Call) error {
	p, ok := c.Param.(*RangeParam)
	if !ok || len(c.Args) != 4 || len(c.Args[3].Dims) != 1 {
		return fmt.Errorf("range: parameter %v for %d operands", c.Param, len(c.Args))
	}
	for i := range 3 {
		if n, err := c.Args[i].count(p.Type.Size()); err != nil || n != 1 {
			return errors.New("range: operands must be scalars")
		}
	}
	var n int
	var err error
	switch p.Type {
	case Float32:
		v := [3]float64{}
		for i := range v {
			v[i] = float64(F32(&c.Args[i])[0])
		}
		n, err = rangeFloats(v[0], v[1], v[2])
	case Float64:
		n, err = rangeFloats(Of[float64](&c.Args[0])[0], Of[float64](&c.Args[1])[0], Of[float64](&c.Args[2])[0])
	case Int16:
		n, err = rangeInts(int64(Of[int16](&c.Args[0])[0]), int64(Of[int16](&c.Args[1])[0]), int64(Of[int16](&c.Args[2])[0]))
	case Int32:
		n, err = rangeInts(int64(Of[int32](&c.Args[0])[0]), int64(Of[int32](&c.Args[1])[0]), int64(Of[int32](&c.Args[2])[0]))
	default:
		n, err = rangeInts(Of[int64](&c.Args[0])[0], Of[int64](&c.Args[1])[0], Of[int64](&c.Args[2])[0])
	}
	c.Args[3].Dims[0] = n
	return err
}

var errDelta = errors.New("range: delta is 0")

func rangeFloats(start, limit, delta float64) (int, error) {
	if delta == 0 {
		return 0, errDelta
	}
	n := math.Ceil((limit - start) / delta)
	if math.IsNaN(n) || n > 1<<53 {
		return 0, fmt.Errorf("range from %v to %v by %v has no length", start, limit, delta)
	}
	return int(max(n, 0)), nil
}

func rangeInts(start, limit, delta int64) (int, error) {
	if delta == 0 {
		return 0, errDelta
	}
	if (delta > 0) != (limit > start) || limit == start {
		return 0, nil
	}
	span, step := uint64(limit)-uint64(start), uint64(delta)
	if delta < 0 {
		span, step = -span, -step
	}
	n := (span-1)/step + 1
	if n > math.MaxInt64 {
		return 0, fmt.Errorf("range from %d to %d is too long", start, limit)
	}
	return int(n), nil
}

// TopKDims sets the dims of the results of [TopK], whose operand 1 is k.
func TopKDims(c *Call) error {
	p, ok := c.Param.(*TopKParam)
	if !ok || len(c.Args) != 4 {
		return fmt.Errorf("top_k: parameter %v for %d operands", c.Param, len(c.Args))
	}
	in, k := c.Args[0].Dims, Of[int64](&c.Args[1])
	axis, err := axisOf(p.Axis, len(in))
	if err != nil || len(k) != 1 || k[0] < 0 || k[0] > int64(in[axis]) {
		return fmt.Errorf("top_k: k is %v for axis %d of %v", k, p.Axis, in)
	}
	for _, out := range c.Args[2:] {
		copy(out.Dims, in)
		out.Dims[axis] = int(k[0])
	}
	return nil
}

// PadDims sets the dims of the result of [Pad].
func PadDims(c *Call) error {
	p, ok := c.Param.(*PadParam)
	if !ok || len(c.Args) < 3 {
		return fmt.Errorf("pad: parameter %v for %d operands", c.Param, len(c.Args))
	}
	in, out := c.Args[0].Dims, c.Args[len(c.Args)-1].Dims
	rank := len(in)
	if len(out) != rank || !p.Dynamic && (len(p.Before) != rank || len(p.After) != rank) {
		return fmt.Errorf("pad: %d dims, %d before and %d behind for %d results", rank, len(p.Before), len(p.After), len(out))
	}
	if !p.Dynamic {
		for i, d := range in {
			b, a := p.Before[i], p.After[i]
			if b < -d || a < -d || max(b, a) > 1<<48 || d+b+a < 0 {
				return fmt.Errorf("pad: pads %d and %d for size %d", b, a, d)
			}
			out[i] = d + b + a
		}
		return nil
	}
	var before [MaxRank]int
	if err := p.read(c, &before, rank); err != nil {
		return fmt.Errorf("pad: %w", err)
	}
	copy(out, in)
	n := c.Args[1].Len() / 2
	for i := range n {
		axis := i
		if p.Axes != nil {
			axis = (p.Axes[i] + rank) % rank
		}
		b, a := before[axis], indexAt(&c.Args[1], Int64, n+i)
		if d := in[axis]; b < -d || a < -d || max(b, a) > 1<<48 || d+b+a < 0 {
			return fmt.Errorf("pad: pads %d and %d for size %d", b, a, d)
		}
		out[axis] = in[axis] + b + a
	}
	return nil
}
