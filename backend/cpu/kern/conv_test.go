package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// A convCase is one convolution of random operands.
type convCase struct {
	p         ConvParam
	x, w, y   []int
	in, wts   []float32
	bias, res []float32
}

func (c *convCase) String() string {
	return fmt.Sprintf("x %v w %v y %v strides %v dilations %v pads %v group %d transposed %v bias %v residual %v clamp %v",
		c.x, c.w, c.y, c.p.Strides, c.p.Dilations, c.p.Pads, c.p.Group, c.p.Transposed, c.bias != nil, c.res != nil, c.p.Clamp.On)
}

// randomConv draws a convolution; group 0 means one that is drawn too.
func randomConv(r *rand.Rand, transposed bool) *convCase {
	c := &convCase{p: ConvParam{Transposed: transposed, NR: GemmNR()}}
	rank := []int{1, 2, 2, 2, 3}[r.IntN(5)]
	group := []int{1, 1, 1, 2, 3, 5}[r.IntN(6)]
	cg, ocg := 1+r.IntN(20), 1+r.IntN(40)
	switch r.IntN(4) {
	case 0: // depthwise
		group, cg, ocg = 1+r.IntN(50), 1, 1
	case 1: // with a multiplier
		group, cg, ocg = 1+r.IntN(9), 1, 1+r.IntN(4)
	}
	c.p.Group = group
	c.x, c.y = []int{1 + r.IntN(3), group * cg}, []int{0, group * ocg}
	c.y[0] = c.x[0]
	c.w = []int{group * ocg, cg}
	if transposed {
		c.w = []int{group * cg, ocg}
	}
	back := make([]int, rank)
	wide := !transposed && r.IntN(4) == 0
	for i := range rank {
		most := []int{40, 24, 9}[rank-1]
		k, s, d, front := 1+r.IntN(4), 1+r.IntN(3), 1+r.IntN(2), r.IntN(3)
		if r.IntN(3) == 0 {
			k, s, front = 1, 1, 0
		}
		back[i] = r.IntN(3) * min(front, 1)
		n := 1 + r.IntN(most)
		reach := (k-1)*d + 1
		var out int
		if transposed {
			for out < 1 {
				out = (n-1)*s + reach - front - back[i] + r.IntN(2)*(s-1)
				n++
			}
			n--
		} else {
			if wide && i < 2 { // taps that most outputs see nothing with
				d = 1 + r.IntN(16)
				n, reach = 8+r.IntN(16), (k-1)*d+1
				front = r.IntN(reach)
				back[i] = max(r.IntN(reach), reach-front-n)
			} else {
				n = max(n, reach)
			}
			out = (n+front+back[i]-reach)/s + 1
		}
		c.p.Kernel, c.p.Strides, c.p.Dilations = append(c.p.Kernel, k), append(c.p.Strides, s), append(c.p.Dilations, d)
		c.p.Pads = append(c.p.Pads, front)
		c.x, c.y, c.w = append(c.x, n), append(c.y, out), append(c.w, k)
	}
	c.p.Pads = append(c.p.Pads, back...)
	c.in, c.wts = randoms(r, make([]float32, sizeOf(c.x))), randoms(r, make([]float32, sizeOf(c.w)))
	if r.IntN(2) == 0 {
		c.bias = randoms(r, make([]float32, c.y[1]))
	}
	if r.IntN(3) == 0 {
		c.res = randoms(r, make([]float32, sizeOf(c.y)))
	}
	if r.IntN(3) == 0 {
		c.p.Clamp = Clamp{On: true, Lo: -0.5, Hi: 3}
	}
	return c
}

// want computes y by the definition: a convolution pads with zeros, and what a transposed one's taps do not reach adds nothing.
func (c *convCase) want(t *testing.T) []float64 {
	s, err := c.p.axes(c.w)
	if err != nil {
		t.Fatal(err)
	}
	rank := len(c.p.Kernel)
	copy(s.in[3-rank:], c.x[2:])
	copy(s.out[3-rank:], c.y[2:])
	out := make([]float64, sizeOf(c.y))
	for n := range c.x[0] {
		for o := range s.out[0] * s.out[1] * s.out[2] {
			oc := [3]int{o / (s.out[1] * s.out[2]), o / s.out[2] % s.out[1], o % s.out[2]}
			for tap := range s.taps() {
				kc := [3]int{tap / (s.k[1] * s.k[2]), tap / s.k[2] % s.k[1], tap % s.k[2]}
				at, ok := s.source(oc, kc)
				if !ok && s.transposed {
					continue
				}
				pixel := ((n*s.in[0]+at[0])*s.in[1]+at[1])*s.in[2] + at[2]
				for ch := range s.oc {
					g := ch / s.ocg
					for ic := range s.cg {
						from := ch*s.cg + ic
						if s.transposed {
							from = (g*s.cg+ic)*s.ocg + ch%s.ocg
						}
						var x float64
						if ok {
							x = float64(c.in[pixel*s.c+g*s.cg+ic])
						}
						out[(n*s.out[0]*s.out[1]*s.out[2]+o)*s.oc+ch] += x * float64(c.wts[from*s.taps()+tap])
					}
				}
			}
		}
	}
	for i := range out {
		if c.bias != nil {
			out[i] += float64(c.bias[i%s.oc])
		}
		if c.res != nil {
			out[i] += float64(c.res[i])
		}
		if c.p.Clamp.On {
			out[i] = min(max(out[i], float64(c.p.Clamp.Lo)), float64(c.p.Clamp.Hi))
		}
	}
	return out
}

// source returns the input that tap k of output o reads.
func (s *convShape) source(o, k [3]int) (at [3]int, ok bool) {
	for a := range at {
		at[a] = o[a]*s.stride[a] + k[a]*s.dil[a] - s.front[a]
		if s.transposed {
			d := o[a] + s.front[a] - k[a]*s.dil[a]
			if d%s.stride[a] != 0 {
				return at, false
			}
			at[a] = d / s.stride[a]
		}
		if at[a] < 0 || at[a] >= s.in[a] {
			return at, false
		}
	}
	return at, true
}

// run computes y with every operand ending at a page that may not be touched.
func (c *convCase) run(t *testing.T, threads int) []float32 {
	t.Helper()
	size, err := PackedConv(&c.p, c.w)
	if err != nil {
		t.Fatal(err)
	}
	edge := func(s []float32) []float32 {
		g := guarded(t, len(s))
		copy(g, s)
		return g
	}
	w := guarded(t, size)
	if err := PackConv(w, c.wts, &c.p, c.w); err != nil {
		t.Fatal(err)
	}
	call := Call{Param: &c.p, Threads: threads}
	n, err := ConvF32Scratch(&c.p, c.x, c.w, c.y, call.Workers())
	if err != nil {
		t.Fatal(err)
	}
	call.Scratch = Bytes(guarded(t, n/4))
	y := guarded(t, sizeOf(c.y))
	call.Args = []Arg{argOf(edge(c.in), c.x...), argOf(w, c.w...), {}, {}, argOf(y, c.y...)}
	if c.bias != nil {
		call.Args[2] = argOf(edge(c.bias), len(c.bias))
	}
	if c.res != nil {
		call.Args[3] = argOf(edge(c.res), c.y...)
	}
	for range 2 { // the second run finds its plan, and scratch that is not clean
		for i := range y {
			y[i] = float32(math.NaN())
		}
		if err := ConvF32(&call); err != nil {
			t.Fatalf("%v: %v", c, err)
		}
	}
	return y
}

func (c *convCase) check(t *testing.T, threads int) []float32 {
	t.Helper()
	got := c.run(t, threads)
	for i, w := range c.want(t) {
		if !(math.Abs(float64(got[i])-w) <= tol(sizeOf(c.w)/c.w[0]*4)) {
			t.Fatalf("%v: element %d is %v, want %v", c, i, got[i], w)
		}
	}
	return got
}

func TestConvMatchesFloat64(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		n := 250
		if testing.Short() {
			n = 80
		}
		for i := range n {
			randomConv(r, i%3 == 0).check(t, 1+i%2)
		}
	})
}

// convOf describes a two-dimensional convolution of random operands.
func convOf(r *rand.Rand, n, c, size, oc, k, stride, pad, group int) *convCase {
	out := (size+2*pad-k)/stride + 1
	x := &convCase{
		p: ConvParam{Kernel: []int{k, k}, Strides: []int{stride, stride}, Dilations: []int{1, 1}, Pads: []int{pad, pad, pad, pad},
			Group: group, NR: GemmNR()},
		x: []int{n, c, size, size}, w: []int{oc, c / group, k, k}, y: []int{n, oc, out, out},
	}
	x.in, x.wts = randoms(r, make([]float32, sizeOf(x.x))), randoms(r, make([]float32, sizeOf(x.w)))
	return x
}

func TestConvOfUsualShapesMatchesFloat64(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for _, c := range []*convCase{
			convOf(r, 1, 3, 45, 33, 7, 2, 3, 1),      // stem
			convOf(r, 2, 70, 7, 40, 3, 1, 1, 1),      // narrow, several blocks of k
			convOf(r, 1, 40, 30, 20, 3, 1, 1, 1),     // halo
			convOf(r, 1, 40, 16, 50, 1, 2, 0, 1),     // every other pixel
			convOf(r, 3, 40, 5, 50, 1, 1, 0, 1),      // pointwise
			convOf(r, 1, 100, 17, 100, 5, 2, 2, 100), // depthwise
		} {
			c.check(t, 2)
		}
	})
}

func TestConvBitsDependOnNothingButTheRow(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 16))
		for i := range 40 {
			c := randomConv(r, i%3 == 0)
			c.res = nil
			one, two := c.run(t, 1), c.run(t, 2)
			image, inSize := len(one)/c.x[0], len(c.in)/c.x[0]
			for n := range c.x[0] {
				alone := *c
				alone.x, alone.y = append([]int{1}, c.x[1:]...), append([]int{1}, c.y[1:]...)
				alone.in = c.in[n*inSize : (n+1)*inSize]
				for j, v := range alone.run(t, 2) {
					if k := n*image + j; v != one[k] || v != two[k] {
						t.Fatalf("%v: element %d is %v alone, %v and %v in the batch", c, k, v, one[k], two[k])
					}
				}
			}
		}
	})
}

func TestAssemblyRowsAgreeInEveryBit(t *testing.T) {
	if !Detected().Has(AVX512) {
		t.Skip("this machine has one assembly row at most")
	}
	r := rand.New(rand.NewPCG(17, 18))
	for i := range 40 {
		c := randomConv(r, i%2 == 0)
		wide := c.run(t, 1)
		old := Mask(AVX2)
		c.p.NR = GemmNR()
		narrow := c.run(t, 1)
		Mask(old)
		for j := range wide {
			if wide[j] != narrow[j] {
				t.Fatalf("%v: element %d is %v and %v", c, j, wide[j], narrow[j])
			}
		}
	}
}

func TestConvRefusesWhatDoesNotFit(t *testing.T) {
	good := func() *Call {
		p := &ConvParam{Kernel: []int{3}, Strides: []int{1}, Dilations: []int{1}, Pads: []int{0, 0}, Group: 1, NR: GemmNR()}
		return &Call{Param: p, Scratch: make([]byte, 1000), Args: []Arg{argOf(make([]float32, 10), 1, 2, 5), argOf(make([]float32, 6*p.NR), 4, 2, 3), {}, {},
			argOf(make([]float32, 12), 1, 4, 3)}}
	}
	if err := ConvF32(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Call){
		"channels":        func(c *Call) { c.Args[0].Dims = []int{1, 3, 5} },
		"rank":            func(c *Call) { c.Args[0].Dims = []int{1, 2, 5, 1} },
		"short input":     func(c *Call) { c.Args[0].Data = c.Args[0].Data[:36] },
		"short result":    func(c *Call) { c.Args[4].Data = c.Args[4].Data[:44] },
		"short bias":      func(c *Call) { c.Args[2] = argOf(make([]float32, 3), 3) },
		"far outputs":     func(c *Call) { c.Args[4] = argOf(make([]float32, 24), 1, 4, 6) },
		"zero stride":     func(c *Call) { c.Param.(*ConvParam).Strides = []int{0} },
		"wrapping steps":  func(c *Call) { c.Param.(*ConvParam).Dilations = []int{1 << 62} },
		"negative pads":   func(c *Call) { c.Param.(*ConvParam).Pads = []int{0, -1} },
		"groups":          func(c *Call) { c.Param.(*ConvParam).Group = 3 },
		"panels of seven": func(c *Call) { c.Param.(*ConvParam).NR = 7 },
	} {
		c := good()
		spoil(c)
		if err := ConvF32(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestConvRefusesStripsOfAnySize(t *testing.T) {
	const far = 1 << 22
	p := &ConvParam{Kernel: []int{3, 3}, Strides: []int{1, 1}, Dilations: []int{far, far}, Pads: []int{far, far, far, far}, Group: 1, NR: GemmNR()}
	if _, err := ConvF32Scratch(p, []int{1, 1, 9, 9}, []int{1, 1, 3, 3}, []int{1, 1, 9, 9}, 1); err == nil {
		t.Error("accepted")
	}
}

func TestConvAllocatesNothingOnceItRan(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	for _, x := range []*convCase{convOf(r, 1, 32, 28, 64, 3, 1, 1, 1), convOf(r, 1, 32, 28, 32, 3, 1, 1, 32)} {
		c := x.call(2)
		run := func() {
			if err := ConvF32(c); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := allocations(run); n != 0 {
			t.Errorf("%v: %v allocations a run", x, n)
		}
	}
}

// call makes the call of a convolution, for benchmarks and counts.
func (c *convCase) call(threads int) *Call {
	size, err := PackedConv(&c.p, c.w)
	if err != nil {
		panic(err)
	}
	w := make([]float32, size)
	if err := PackConv(w, c.wts, &c.p, c.w); err != nil {
		panic(err)
	}
	call := &Call{Param: &c.p, Threads: threads}
	n, err := ConvF32Scratch(&c.p, c.x, c.w, c.y, call.Workers())
	if err != nil {
		panic(err)
	}
	call.Scratch = make([]byte, n)
	call.Args = []Arg{argOf(c.in, c.x...), argOf(w, c.w...), {}, {}, argOf(make([]float32, sizeOf(c.y)), c.y...)}
	return call
}

func TestDepthwiseTileFieldsLieWhereKernelsLook(t *testing.T) {
	var x dwTile
	got := fmt.Sprint(unsafe.Offsetof(x.src), unsafe.Offsetof(x.pix), unsafe.Offsetof(x.taps), unsafe.Offsetof(x.ntaps), unsafe.Offsetof(x.w),
		unsafe.Offsetof(x.dst), unsafe.Offsetof(x.dpix), unsafe.Offsetof(x.bias), unsafe.Offsetof(x.res), unsafe.Offsetof(x.tiles),
		unsafe.Offsetof(x.vecs), unsafe.Offsetof(x.lanes), unsafe.Offsetof(x.mask), unsafe.Offsetof(x.clamp), unsafe.Offsetof(x.lo), unsafe.Offsetof(x.hi), unsafe.Offsetof(x.at))
	if want := "0 8 16 24 32 40 48 56 64 72 80 88 96 100 104 108 112"; unsafe.Sizeof(x.pix) == 8 && got != want {
		t.Errorf("offsets %s, want %s", got, want)
	}
}
