package kern

import "fmt"

// A ShapeParam is the parameter of [Shape]: axes From to To-1. With Product they are multiplied.
type ShapeParam struct {
	From, To int
	Product  bool
}

// Shape writes sizes of its operand as int64: each, or their product.
func Shape(c *Call) error {
	p, ok := c.Param.(*ShapeParam)
	if !ok || len(c.Args) != 2 {
		return fmt.Errorf("shape: parameter %v for %d operands", c.Param, len(c.Args))
	}
	d := c.Args[0].Dims
	y := Of[int64](&c.Args[1])
	if p.Product {
		if len(y) != 1 {
			return fmt.Errorf("size: %d elements of result", len(y))
		}
		y[0] = int64(c.Args[0].Len())
		return nil
	}
	if p.From < 0 || p.To > len(d) || len(y) != max(0, p.To-p.From) {
		return fmt.Errorf("shape: axes %d to %d of %v", p.From, p.To, d)
	}
	for i := range y {
		y[i] = int64(d[p.From+i])
	}
	return nil
}
