package cpu

import (
	"fmt"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
)

// bytesOf returns the bytes of an operand whose elements have so many, rounded up to whole cache lines.
func bytesOf(a *kern.Arg, size int) int { return (size*a.Len() + 63) &^ 63 }

// intConvRowMajorScratch is room for the operand and the result with channels last, and for the convolution itself.
func intConvRowMajorScratch(param any, args []kern.Arg, workers int) (int, error) {
	n, err := intConvScratch(param, args, workers)
	return n + bytesOf(&args[intA], 1) + bytesOf(&args[len(args)-1], param.(*kern.IntConvParam).Result.Size()), err
}

// intConvRow is what a row-major convolution of integers keeps from run to run.
type intConvRow struct {
	in, conv, out   kern.Call
	inArgs, outArgs [2]kern.Arg
	convArgs        [intOperandCount + 1]kern.Arg
	x, xt, y, yt    [3]int
	first, last     kern.TransposeParam
}

// intConvRowMajor convolves row-major integers: channels are moved to the end and back.
func intConvRowMajor(c *kern.Call) error {
	p, ok := c.Param.(*kern.IntConvParam)
	if !ok || len(c.Args) != intOperandCount+1 {
		return fmt.Errorf("integer conv: %d operands and parameters of type %T", len(c.Args), c.Param)
	}
	s := kern.StateOf[intConvRow](c)
	x, y, size := &c.Args[intA], &c.Args[len(c.Args)-1], p.Result.Size()
	nx, ny := bytesOf(x, 1), bytesOf(y, size)
	if len(c.Scratch) < nx+ny {
		return fmt.Errorf("%d bytes of scratch, not %d", len(c.Scratch), nx+ny)
	}
	s.first, s.last = kern.TransposeParam{Perm: swapped[:], Size: 1}, kern.TransposeParam{Perm: swapped[:], Size: size}
	s.x, s.xt = flat(x.Dims)
	s.y, s.yt = flat(y.Dims)
	image := kern.Arg{Data: c.Scratch[:x.Len()], Dims: s.xt[:]}
	result := kern.Arg{Data: c.Scratch[nx : nx+size*y.Len()], Dims: s.yt[:]}
	s.inArgs = [2]kern.Arg{{Data: x.Data, Dims: s.x[:]}, image}
	s.in.Args, s.in.Param, s.in.Threads, s.in.Stop = s.inArgs[:], &s.first, c.Threads, c.Stop
	if err := kern.Transpose(&s.in); err != nil {
		return err
	}
	copy(s.convArgs[:], c.Args)
	s.convArgs[intA].Data, s.convArgs[intOperandCount].Data = image.Data, result.Data
	s.conv.Args, s.conv.Param, s.conv.Scratch, s.conv.Threads, s.conv.Stop = s.convArgs[:], p, c.Scratch[nx+ny:], c.Threads, c.Stop
	if err := kern.IntConv(&s.conv); err != nil {
		return err
	}
	s.outArgs = [2]kern.Arg{result, {Data: y.Data, Dims: s.y[:]}}
	s.out.Args, s.out.Param, s.out.Threads, s.out.Stop = s.outArgs[:], &s.last, c.Threads, c.Stop
	return kern.Transpose(&s.out)
}
