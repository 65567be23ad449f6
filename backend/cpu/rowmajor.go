package cpu

import (
	"fmt"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
)

// The convolutions of row-major images.
var (
	convRowMajor, convRowMajorScratch       = onRowMajor(kern.ConvF32), onRowMajorScratch(convScratch)
	intConvRowMajor, intConvRowMajorScratch = onRowMajor(kern.IntConv), onRowMajorScratch(intConvScratch)
)

// lines returns how many bytes as many whole cache lines have.
func lines(bytes int) int { return (bytes + 63) &^ 63 }

// imageSizes returns the bytes of an element of a convolution's image and of its result.
func imageSizes(param any) (in, out int) {
	if p, ok := param.(*kern.IntConvParam); ok {
		return 1, p.Result.Size()
	}
	return 4, 4
}

// onRowMajorScratch is room for the image and the result with channels last, and for the convolution itself.
func onRowMajorScratch(conv func(any, []kern.Arg, int) (int, error)) func(any, []kern.Arg, int) (int, error) {
	return func(param any, args []kern.Arg, workers int) (int, error) {
		n, err := conv(param, args, workers)
		in, out := imageSizes(param)
		return n + lines(in*args[0].Len()) + lines(out*args[len(args)-1].Len()), err
	}
}

// rowMajorRun is what a convolution of row-major images keeps from run to run.
type rowMajorRun struct {
	in, conv, out   kern.Call
	inArgs, outArgs [2]kern.Arg
	convArgs        []kern.Arg
	x, xt, y, yt    [3]int
	first, back     kern.TransposeParam
}

// onRowMajor runs a convolution of images with channels last on row-major ones: channels are moved to the end and back. The
// image is the first operand.
func onRowMajor(conv kern.Func) kern.Func {
	return func(c *kern.Call) error {
		s := kern.StateOf[rowMajorRun](c)
		x, y := &c.Args[0], &c.Args[len(c.Args)-1]
		in, out := imageSizes(c.Param)
		nx, ny := lines(in*x.Len()), lines(out*y.Len())
		if len(c.Scratch) < nx+ny {
			return fmt.Errorf("%d bytes of scratch, not %d", len(c.Scratch), nx+ny)
		}
		s.first, s.back = kern.TransposeParam{Perm: swapped[:], Size: in}, kern.TransposeParam{Perm: swapped[:], Size: out}
		s.x, s.xt = flat(x.Dims)
		s.y, s.yt = flat(y.Dims)
		image := kern.Arg{Data: c.Scratch[:in*x.Len()], Dims: s.xt[:]}
		result := kern.Arg{Data: c.Scratch[nx:][:out*y.Len()], Dims: s.yt[:]}
		s.inArgs = [2]kern.Arg{{Data: x.Data, Dims: s.x[:]}, image}
		s.in.Args, s.in.Param, s.in.Threads, s.in.Stop = s.inArgs[:], &s.first, c.Threads, c.Stop
		if err := kern.Transpose(&s.in); err != nil {
			return err
		}
		s.convArgs = append(s.convArgs[:0], c.Args...)
		s.convArgs[0].Data, s.convArgs[len(c.Args)-1].Data = image.Data, result.Data
		s.conv.Args, s.conv.Param, s.conv.Scratch, s.conv.Threads, s.conv.Stop = s.convArgs, c.Param, c.Scratch[nx+ny:], c.Threads, c.Stop
		if err := conv(&s.conv); err != nil {
			return err
		}
		s.outArgs = [2]kern.Arg{result, {Data: y.Data, Dims: s.y[:]}}
		s.out.Args, s.out.Param, s.out.Threads, s.out.Stop = s.outArgs[:], &s.back, c.Threads, c.Stop
		return kern.Transpose(&s.out)
	}
}

var swapped = [3]int{0, 2, 1}

// flat returns N, C, spatial and N, spatial, C of sizes with any number of spatial axes.
func flat(d []int) (first, last [3]int) {
	spatial := 1
	for _, n := range d[2:] {
		spatial *= n
	}
	return [3]int{d[0], d[1], spatial}, [3]int{d[0], spatial, d[1]}
}
