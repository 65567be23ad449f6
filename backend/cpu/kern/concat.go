package kern

import "fmt"

// A ConcatParam is the parameter of [Concat] and [Split]. A negative axis counts from the end.
type ConcatParam struct{ Axis, Size int }

// Concat joins operands along an axis: all arguments but the last.
func Concat(c *Call) error {
	n := len(c.Args) - 1
	if n < 1 {
		return fmt.Errorf("concat: %d operands", n)
	}
	return joined(c, "concat", &c.Args[n], c.Args[:n], false)
}

// Split cuts operand 0 along an axis into the results, by their sizes.
func Split(c *Call) error {
	if len(c.Args) < 2 {
		return fmt.Errorf("split: %d operands and results", len(c.Args))
	}
	return joined(c, "split", &c.Args[0], c.Args[1:], true)
}

func joined(c *Call, op string, whole *Arg, parts []Arg, split bool) error {
	p, ok := c.Param.(*ConcatParam)
	if !ok {
		return fmt.Errorf("%s: parameter is a %T", op, c.Param)
	}
	if err := operands(c, 2, len(c.Args), p.Size); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	axis, err := axisOf(p.Axis, len(whole.Dims))
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := sized(whole, p.Size, op); err != nil {
		return err
	}
	l, _ := loopsOf(whole.Dims, axis)
	sum := 0
	m := StateOf[mover](c)
	for k := range parts {
		a := &parts[k]
		if err := sized(a, p.Size, op); err != nil {
			return err
		}
		if !alike(a.Dims, whole.Dims, axis) {
			return fmt.Errorf("%s: part %d has dims %v, the whole %v", op, k, a.Dims, whole.Dims)
		}
		n := a.Dims[axis] * l.inner
		if split {
			m.reset(p.Size, a.Data, whole.Data)
			m.soff = sum * l.inner
			m.dim(l.outer, n, l.n*l.inner)
		} else {
			m.reset(p.Size, whole.Data, a.Data)
			m.doff = sum * l.inner
			m.dim(l.outer, l.n*l.inner, n)
		}
		sum += a.Dims[axis]
		if sum > l.n {
			return fmt.Errorf("%s: parts of %d or more along axis %d of size %d", op, sum, axis, l.n)
		}
		if n == 0 || l.outer == 0 {
			continue
		}
		m.dim(n, 1, 1)
		if err := m.finish(c, op); err != nil {
			return err
		}
	}
	return nil
}

// alike reports whether dims agree but for one axis.
func alike(a, b []int, axis int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if i != axis && a[i] != b[i] {
			return false
		}
	}
	return true
}
