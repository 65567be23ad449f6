package kern

import "fmt"

// An ExpandParam is the parameter of [Expand] and [Tile].
type ExpandParam struct{ Size int }

// Expand repeats an operand along dimensions of size 1 and new leading ones. Further operands,
// such as the shape asked for, are not read: the dims of the result tell.
func Expand(c *Call) error {
	p, ok := c.Param.(*ExpandParam)
	if !ok {
		return fmt.Errorf("expand: parameter is a %T", c.Param)
	}
	in, out, err := inOut(c, 2, 3, p.Size)
	if err != nil {
		return fmt.Errorf("expand: %w", err)
	}
	lead := len(out.Dims) - len(in.Dims)
	if lead < 0 {
		return fmt.Errorf("expand: %v to %v", in.Dims, out.Dims)
	}
	m := StateOf[mover](c)
	m.reset(p.Size, out.Data, in.Data)
	ds, ss := strides(out.Dims), strides(in.Dims)
	for i, d := range out.Dims {
		step := 0
		if i >= lead && in.Dims[i-lead] != 1 {
			if in.Dims[i-lead] != d {
				return fmt.Errorf("expand: %v to %v", in.Dims, out.Dims)
			}
			step = ss[i-lead]
		}
		m.dim(d, ds[i], step)
	}
	return m.finish(c, "expand")
}

// Tile repeats an operand as a whole along each dimension, as often as it fits the result.
// Further operands are not read.
func Tile(c *Call) error {
	p, ok := c.Param.(*ExpandParam)
	if !ok {
		return fmt.Errorf("tile: parameter is a %T", c.Param)
	}
	in, out, err := inOut(c, 2, 3, p.Size)
	if err != nil {
		return fmt.Errorf("tile: %w", err)
	}
	m := StateOf[mover](c)
	m.reset(p.Size, out.Data, in.Data)
	if len(in.Dims) != len(out.Dims) {
		return fmt.Errorf("tile: %v to %v", in.Dims, out.Dims)
	}
	ds, ss := strides(out.Dims), strides(in.Dims)
	for i, d := range in.Dims {
		if d == 0 && out.Dims[i] == 0 {
			return nil
		}
		if d == 0 || out.Dims[i]%d != 0 {
			return fmt.Errorf("tile: %v to %v", in.Dims, out.Dims)
		}
		m.dim(out.Dims[i]/d, ds[i]*d, 0)
		m.dim(d, ds[i], ss[i])
	}
	return m.finish(c, "tile")
}
