package kern

import (
	"fmt"
	"slices"
)

// A ThenParam is a matrix product or a convolution with a pointwise program behind it: the
// program's first operand is what the product gives, and its one result takes that one's place.
type ThenParam struct {
	Gemm *GemmParam // one of Gemm and Conv
	Conv *ConvParam
	Then PointwiseParam
}

// hotBytes is how much of a result may be left until all of it is done: it is in the second-level
// cache still, and the threads need not agree on whole rows.
const hotBytes = 256 << 10

// thenState is what a step keeps from run to run.
type thenState struct {
	call  Call // the product's
	args  [5]Arg
	point Pointwise
	with  []Arg // the program's operands and result
	dims  []int // of the result, in the order of memory
	width int   // elements in a row, or channels in a pixel
	then  func(r0, r1 int)
}

// ProductThenF32 is [GemmF32] or [ConvF32], with a pointwise program that runs over the results
// while they are hot. Args: the four operands of the product, those of the program but the first,
// with the dims that broadcast against the result as it lies in memory, then the result.
// Param: *ThenParam.
func ProductThenF32(c *Call) error {
	p, ok := c.Param.(*ThenParam)
	if !ok || len(c.Args) < 5 || (p.Gemm == nil) == (p.Conv == nil) {
		return fmt.Errorf("product: %d operands and parameters of type %T", len(c.Args), c.Param)
	}
	s := StateOf[thenState](c)
	if s.then == nil {
		s.then = func(r0, r1 int) { s.point.Range(r0*s.width, r1*s.width) }
	}
	if err := s.set(p, c); err != nil {
		return err
	}
	then := s.then
	y := &c.Args[len(c.Args)-1]
	whole := y.Len()*4 <= hotBytes
	if whole {
		then = nil
	}
	var err error
	if p.Gemm != nil {
		err = GemmF32Then(&s.call, then)
	} else {
		err = ConvF32Then(&s.call, then)
	}
	if err == nil && whole && !c.Stopped() {
		s.point.run(c)
	}
	s.point.args = nil
	return err
}

// set describes the product and lays the program out over its result.
func (s *thenState) set(p *ThenParam, c *Call) error {
	y := c.Args[len(c.Args)-1]
	copy(s.args[:], c.Args[:4])
	s.args[4] = y
	s.call.Args, s.call.Scratch, s.call.Threads, s.call.Stop = s.args[:], c.Scratch, c.Threads, c.Stop
	s.dims = append(s.dims[:0], y.Dims...)
	if p.Gemm != nil {
		s.call.Param = p.Gemm
	} else {
		s.call.Param = p.Conv
		if len(s.dims) < 3 {
			return fmt.Errorf("conv: result of dims %v", y.Dims)
		}
		channels := s.dims[1]
		s.dims = append(slices.Delete(s.dims, 1, 2), channels)
	}
	s.width = 1
	if n := len(s.dims); n > 0 && (p.Conv != nil || len(c.Args[1].Dims) > 1) {
		s.width = s.dims[n-1]
	}
	out := Arg{Data: y.Data, Dims: s.dims}
	s.with = append(append(append(s.with[:0], out), c.Args[4:len(c.Args)-1]...), out)
	if err := s.point.Set(&p.Then, s.with); err != nil {
		return fmt.Errorf("epilogue: %w", err)
	}
	return nil
}

// ProductThenScratch returns the bytes of scratch that [ProductThenF32] needs for args.
func ProductThenScratch(p *ThenParam, args []Arg, workers int) (int, error) {
	if p.Gemm != nil {
		return GemmF32Scratch(p.Gemm, args[0].Dims, args[1].Dims, workers)
	}
	return ConvF32Scratch(p.Conv, args[0].Dims, args[1].Dims, args[len(args)-1].Dims, workers)
}
