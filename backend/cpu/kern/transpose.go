package kern

import "fmt"

// A TransposeParam is the parameter of [Transpose]: result dimension i is operand dimension
// Perm[i]; Size is the bytes of an element, 1, 2, 4, 8 or 16.
type TransposeParam struct {
	Perm []int
	Size int
}

// operands checks the number of a movement kernel's operands and results, and that each holds
// what its dims spell; absent optional ones pass.
func operands(c *Call, least, most, size int) error {
	if n := len(c.Args); n < least || n > most {
		return fmt.Errorf("%d operands and results, want %d to %d", n, least, most)
	}
	switch size {
	case 1, 2, 4, 8, 16:
	default:
		return fmt.Errorf("elements of %d bytes", size)
	}
	return nil
}

func sized(a *Arg, size int, what string) error {
	if _, err := a.count(size); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// inOut checks the usual pair: operand 0 and the last, the result.
func inOut(c *Call, least, most, size int) (in, out *Arg, err error) {
	if err := operands(c, least, most, size); err != nil {
		return nil, nil, err
	}
	in, out = &c.Args[0], &c.Args[len(c.Args)-1]
	if err := sized(in, size, "operand"); err != nil {
		return nil, nil, err
	}
	return in, out, sized(out, size, "result")
}

// strides returns the row-major strides of dims.
func strides(dims []int) (s [MaxRank]int) {
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		s[i] = n
		n *= dims[i]
	}
	return s
}

// Transpose permutes dimensions: NCHW to NHWC is {0, 2, 3, 1}.
func Transpose(c *Call) error {
	p, ok := c.Param.(*TransposeParam)
	if !ok {
		return fmt.Errorf("transpose: parameter is a %T", c.Param)
	}
	in, out, err := inOut(c, 2, 2, p.Size)
	if err != nil {
		return fmt.Errorf("transpose: %w", err)
	}
	if len(p.Perm) != len(in.Dims) || len(p.Perm) != len(out.Dims) {
		return fmt.Errorf("transpose: %d dimensions by %v to %d", len(in.Dims), p.Perm, len(out.Dims))
	}
	m := StateOf[mover](c)
	m.reset(p.Size, out.Data, in.Data)
	ss, ds := strides(in.Dims), strides(out.Dims)
	for i, k := range p.Perm {
		if k < 0 || k >= len(in.Dims) || out.Dims[i] != in.Dims[k] {
			return fmt.Errorf("transpose: %v by %v to %v", in.Dims, p.Perm, out.Dims)
		}
		m.dim(out.Dims[i], ds[i], ss[k])
	}
	return m.finish(c, "transpose")
}

// finish copies the box and wraps its error.
func (m *mover) finish(c *Call, op string) error {
	err := m.run(c)
	m.forget()
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// A DepthParam is the parameter of [DepthToSpace] and [SpaceToDepth]. The channel of a block is
// row, column, depth (DCR) or, with CRD set, depth, row, column.
type DepthParam struct {
	Block, Size int
	CRD         bool
}

// DepthToSpace moves blocks of channels of an NCHW operand into space.
func DepthToSpace(c *Call) error { return depthSpace(c, "depth_to_space", false) }

// SpaceToDepth moves blocks of space of an NCHW operand into channels.
func SpaceToDepth(c *Call) error { return depthSpace(c, "space_to_depth", true) }

func depthSpace(c *Call, op string, toDepth bool) error {
	p, ok := c.Param.(*DepthParam)
	if !ok {
		return fmt.Errorf("%s: parameter is a %T", op, c.Param)
	}
	in, out, err := inOut(c, 2, 2, p.Size)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	deep, wide := in, out
	if toDepth {
		deep, wide = out, in
	}
	b := p.Block
	if len(deep.Dims) != 4 || len(wide.Dims) != 4 || b < 1 || b > 1<<15 || deep.Dims[0] != wide.Dims[0] ||
		deep.Dims[1] != wide.Dims[1]*b*b || wide.Dims[2] != deep.Dims[2]*b || wide.Dims[3] != deep.Dims[3]*b {
		return fmt.Errorf("%s: %v to %v with blocks of %d", op, in.Dims, out.Dims, b)
	}
	n, ch, h, w := deep.Dims[0], wide.Dims[1], deep.Dims[2], deep.Dims[3]
	ds, ws := strides(deep.Dims), strides(wide.Dims)
	// Strides in the deep tensor of block row, block column and channel.
	row, col, cs := b*ch*ds[1], ch*ds[1], ds[1]
	if p.CRD {
		row, col, cs = b*ds[1], ds[1], b*b*ds[1]
	}
	m := StateOf[mover](c)
	m.reset(p.Size, out.Data, in.Data)
	add := func(n, deepStride, wideStride int) {
		if toDepth {
			m.dim(n, deepStride, wideStride)
		} else {
			m.dim(n, wideStride, deepStride)
		}
	}
	add(n, ds[0], ws[0])
	if toDepth && !p.CRD {
		add(b, row, ws[2])
		add(b, col, 1)
		add(ch, cs, ws[1])
		add(h, ds[2], ws[2]*b)
		add(w, 1, b)
		return m.finish(c, op)
	}
	add(ch, cs, ws[1])
	if toDepth {
		add(b, row, ws[2])
		add(b, col, 1)
		add(h, ds[2], ws[2]*b)
		add(w, 1, b)
		return m.finish(c, op)
	}
	add(h, ds[2], ws[2]*b)
	add(b, row, ws[2])
	add(w, 1, b)
	add(b, col, 1)
	return m.finish(c, op)
}
