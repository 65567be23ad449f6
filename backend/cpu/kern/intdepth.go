package kern

import (
	"fmt"
	"unsafe"
)

// IntDepthTaps is the most taps of a depthwise convolution of bytes whose sums are whole float32.
const IntDepthTaps = 1 << 24 / (255 * 255)

// packDepth puts the weights of a depthwise convolution, less their zero points, in the order of [ConvF32].
func (p *IntConvParam) packDepth(dst, src []byte, w []int) error {
	n, err := PackedConv(&p.Conv, w)
	if err != nil {
		return err
	}
	each := len(src) / w[0]
	real := make([]float32, len(src))
	for i, v := range real {
		v = float32(small(src, i, p.BSigned))
		if len(p.Depth) > 0 {
			v -= float32(p.Depth[min(i/each, len(p.Depth)-1)])
		}
		real[i] = v
	}
	return PackConv(Of[float32](&Arg{Data: dst})[:n], real, &p.Conv, w)
}

// An intDepth is a depthwise convolution of bytes by way of float32, in which its sums are exact. It
// is what a step keeps from run to run.
type intDepth struct {
	p          *IntConvParam
	conv       Call
	args       [5]Arg
	ends       intEnds
	none       []int32
	x, y       []float32
	src, out   []byte
	widens     bool // Do widens A; else it ends results
	zero       float32
	oc, pixels int
	strips     depthStrips
	floats     []float32
	weights    []float32
}

// intDepthSizes returns the float32 of the image and of the result, whole cache lines and one more.
func intDepthSizes(x, y *Arg) (nx, ny int) { return x.Len()&^15 + 32, y.Len()&^15 + 32 }

func intDepthScratch(p *IntConvParam, args []Arg, workers int) (int, error) {
	if len(args) != intArgCount {
		return 0, fmt.Errorf("%d operands", len(args))
	}
	var d depthStrips
	if ok, err := d.plan(&p.Conv, args[intArgA].Dims, args[intArgB].Dims, args[intArgY].Dims, workers); ok || err != nil {
		return 4 * workers * (d.nx + d.ny), err
	}
	n, err := ConvF32Scratch(&p.Conv, args[intArgA].Dims, args[intArgB].Dims, args[intArgY].Dims, workers)
	nx, ny := intDepthSizes(&args[intArgA], &args[intArgY])
	return n + 4*(nx+ny), err
}

func (st *intDepth) run(c *Call, p *IntConvParam) error {
	if len(c.Args) != intArgCount || len(c.Args[intArgY].Dims) < 3 || len(c.Args[intArgB].Dims) < 3 {
		return fmt.Errorf("%d operands", len(c.Args))
	}
	x, y := &c.Args[intArgA], &c.Args[intArgY]
	ok, err := st.strips.plan(&p.Conv, x.Dims, c.Args[intArgB].Dims, y.Dims, c.Workers())
	if err != nil {
		return err
	}
	nx, ny := intDepthSizes(x, y)
	scratch := 4 * (nx + ny)
	if ok {
		scratch = 4 * c.Workers() * (st.strips.nx + st.strips.ny)
	}
	if len(x.Data) < x.Len() || len(y.Data) < y.Len()*p.Result.Size() || len(c.Scratch) < scratch {
		return fmt.Errorf("input of %d bytes, result of %d, scratch of %d", len(x.Data), len(y.Data), len(c.Scratch))
	}
	st.floats = Of[float32](&Arg{Data: c.Scratch})
	st.p, st.src, st.out = p, x.Data[:x.Len()], y.Data
	st.oc, st.pixels = y.Dims[1], len0(y.Dims)
	if y.Len() == 0 {
		return nil
	}
	w := c.Args[intArgB].Dims
	taps := 1
	for _, d := range w[2:] {
		taps *= d
	}
	if taps > IntDepthTaps {
		return fmt.Errorf("%d taps: sums would not be whole", taps)
	}
	// The kernels see neither zero point: both are subtracted before.
	var args [intArgCount]Arg
	copy(args[:], c.Args)
	args[intArgZB] = Arg{}
	st.none = roomOf(st.none, st.oc)
	if err := st.ends.set(&p.IntParam, args[:], IntPacking{}, st.none, taps, st.oc, 1); err != nil {
		return err
	}
	st.zero, st.widens = float32(st.ends.zeroA), true
	if ok {
		return st.inStrips(c)
	}
	st.x, st.y = st.floats[:x.Len()], st.floats[nx:nx+y.Len()]
	st.share(c, len(st.x), 1<<13)
	st.args = [5]Arg{{Data: Bytes(st.x), Dims: x.Dims}, c.Args[intArgB], {}, {}, {Data: Bytes(st.y), Dims: y.Dims}}
	st.conv.Args, st.conv.Param, st.conv.Scratch, st.conv.Threads, st.conv.Stop = st.args[:], &p.Conv, c.Scratch[4*(nx+ny):], c.Threads, c.Stop
	if err := ConvF32(&st.conv); err != nil {
		return err
	}
	st.widens = false
	st.share(c, st.pixels, max(1, 1<<12/st.oc))
	return nil
}

// inStrips runs strip by strip.
func (st *intDepth) inStrips(c *Call) error {
	st.weights = F32(&c.Args[intArgB])
	if want := st.strips.cv.shape.taps() * st.oc; len(st.weights) < want {
		return fmt.Errorf("%d packed weights, not %d", len(st.weights), want)
	}
	n := st.strips.strips()
	if n == 1 || float64(len(st.src))*float64(st.strips.cv.shape.taps()) < smallGemm/4 {
		(*stripTask)(st).Do(0, 0, n)
		return nil
	}
	c.ParallelTask(n, 1, (*stripTask)(st))
	return nil
}

func (st *intDepth) share(c *Call, n, grain int) {
	if n < 4*grain {
		st.Do(0, 0, n)
		return
	}
	c.ParallelTask(n, grain, st)
}

// Do widens numbers lo to hi-1 of the image, or ends the sums of pixels lo to hi-1.
func (st *intDepth) Do(_, lo, hi int) {
	if st.widens {
		f32OfBytes(st.x[lo:hi], st.src[lo:hi], st.p.ASigned, st.zero)
		return
	}
	const some = 64 // pixels whose sums stay in the first-level cache
	size := st.ends.result.size()
	for ; lo < hi; lo += some {
		n := min(some, hi-lo)
		e := st.ends.end
		e.acc, e.ldacc, e.rows = unsafe.Pointer(unsafe.SliceData(wholeOfF32(st.y[lo*st.oc:(lo+n)*st.oc]))), 4*st.oc, n
		e.out, e.ldout = unsafe.Pointer(unsafe.SliceData(st.out[lo*st.oc*size:])), st.oc*size
		e.run(st.ends.result, st.oc)
	}
}
