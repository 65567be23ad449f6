package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// intMasks are the machines that this one can pretend to be.
var intMasks = []Features{AVX2 | AVX512 | VNNI, AVX2 | AVX512, AVX2, 0}

func TestIntStructsLieAsKernelsExpect(t *testing.T) {
	var a intTile
	var b intEnd
	for _, f := range []struct {
		name       string
		have, want uintptr
	}{
		{"lda", unsafe.Offsetof(a.lda), 8}, {"segs", unsafe.Offsetof(a.segs), 16}, {"nseg", unsafe.Offsetof(a.nseg), 24}, {"segk", unsafe.Offsetof(a.segk), 32},
		{"b", unsafe.Offsetof(a.b), 40}, {"c", unsafe.Offsetof(a.c), 48}, {"ldc", unsafe.Offsetof(a.ldc), 56}, {"load", unsafe.Offsetof(a.load), 64},
		{"ldacc", unsafe.Offsetof(b.ldacc), 8}, {"out", unsafe.Offsetof(b.out), 16}, {"ldout", unsafe.Offsetof(b.ldout), 24}, {"rows", unsafe.Offsetof(b.rows), 32},
		{"vecs", unsafe.Offsetof(b.vecs), 40}, {"add", unsafe.Offsetof(b.add), 48}, {"mul", unsafe.Offsetof(b.mul), 56}, {"real", unsafe.Offsetof(b.real), 64},
		{"zb", unsafe.Offsetof(b.zb), 72}, {"rowsum", unsafe.Offsetof(b.rowsum), 80}, {"lo", unsafe.Offsetof(b.lo), 88}, {"hi", unsafe.Offsetof(b.hi), 96},
		{"zero", unsafe.Offsetof(b.zero), 104}, {"mask", unsafe.Offsetof(b.mask), 108},
		{"near", unsafe.Offsetof(b.near), 112}, {"near.real", unsafe.Offsetof(b.near.real), 8}, {"near.lo", unsafe.Offsetof(b.near.lo), 16},
		{"near.hi", unsafe.Offsetof(b.near.hi), 20}, {"near.worst", unsafe.Offsetof(b.near.worst), 24},
	} {
		if f.have != f.want {
			t.Errorf("%s lies at %d, not at %d", f.name, f.have, f.want)
		}
	}
}

// An intCase is a product with its operands.
type intCase struct {
	IntParam
	args [intArgCount]Arg
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
		if r.IntN(4) == 0 {
			b[i] = []byte{0, 127, 128, 255}[r.IntN(4)] // where instructions that saturate would show
		}
	}
	return b
}

func randomFloats(r *rand.Rand, n int) Arg {
	f := make([]float32, n)
	for i := range f {
		f[i] = float32(r.Float64()*0.01 + 0.001)
	}
	return Arg{Data: Bytes(f), Dims: []int{n}}
}

// draw fills in what follows the sums, for n columns.
func (c *intCase) draw(r *rand.Rand, n, rows int) {
	c.ASigned, c.BSigned = r.IntN(2) == 0, r.IntN(2) == 0
	c.Result = []DType{Int32, Float32, Uint8, Int8}[r.IntN(4)]
	if k := []int{0, 1, rows}[r.IntN(3)]; k > 0 {
		c.args[intArgZA] = Arg{Data: randomBytes(r, k), Dims: []int{k}}
	}
	if k := []int{0, 1, n}[r.IntN(3)]; k > 0 {
		c.args[intArgZB] = Arg{Data: randomBytes(r, k), Dims: []int{k}}
	}
	c.RealBias = c.Result != Int32 && r.IntN(2) == 0
	if r.IntN(2) == 0 {
		c.args[intArgBias] = randomFloats(r, n)
		if !c.RealBias {
			for i := range n {
				Of[int32](&c.args[intArgBias])[i] = int32(r.IntN(2000) - 1000)
			}
		}
	}
	if c.Result == Int32 {
		return
	}
	c.args[intArgSA], c.args[intArgSB] = randomFloats(r, 1), randomFloats(r, []int{1, n}[r.IntN(2)])
	if c.Result != Float32 {
		c.args[intArgSY] = randomFloats(r, 1)
		c.args[intArgZY] = Arg{Data: randomBytes(r, 1), Dims: []int{1}}
	}
	if r.IntN(3) == 0 {
		c.Clamp = Clamp{On: true, Lo: -0.01, Hi: 0.5}
	}
}

// want returns the bytes of a result of column j, given the products of A and B of its sum.
func (c *intCase) want(j, row int, each func(f func(a, b byte))) []byte {
	za, zb := int32(0), int32(0)
	if z := c.args[intArgZA].Data; z != nil {
		za = small(z, min(row, len(z)-1), c.ASigned)
	}
	if z := c.args[intArgZB].Data; z != nil {
		zb = small(z, min(j, len(z)-1), c.BSigned)
	}
	var s int32
	each(func(a, b byte) {
		s += (small([]byte{a}, 0, c.ASigned) - za) * (small([]byte{b}, 0, c.BSigned) - zb)
	})
	real := 0.0
	if b := &c.args[intArgBias]; b.Has() {
		if c.RealBias {
			real = float64(F32(b)[j])
		} else {
			s += Of[int32](b)[j]
		}
	}
	if c.Result == Int32 {
		return Bytes([]int32{s})
	}
	sb, sy := F32(&c.args[intArgSB]), 1.0
	if y := &c.args[intArgSY]; y.Has() {
		sy = float64(F32(y)[0])
	}
	x := math.FMA(float64(s), float64(F32(&c.args[intArgSA])[0])*float64(sb[min(j, len(sb)-1)])/sy, real/sy)
	if c.Clamp.On {
		x = min(max(x, float64(c.Clamp.Lo)/sy), float64(c.Clamp.Hi)/sy)
	}
	if c.Result == Float32 {
		return Bytes([]float32{float32(x)})
	}
	signed := c.Result == Int8
	lo := 0.0
	if signed {
		lo = -128
	}
	return []byte{byte(int32(min(max(math.RoundToEven(x)+float64(small(c.args[intArgZY].Data, 0, signed)), lo), lo+255)))}
}

func TestIntMatMulIsExactOnEveryMachine(t *testing.T) {
	defer Mask(Mask(Detected()))
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 1))
		m, k, n := 1+r.IntN(20), r.IntN(40), 1+r.IntN(70)
		if r.IntN(20) == 0 {
			k = 17000
		}
		c := &intCase{}
		c.draw(r, n, m)
		c.args[intArgA] = Arg{Data: randomBytes(r, m*k), Dims: []int{m, k}}
		trans := r.IntN(2) == 0
		b := randomBytes(r, k*n)
		dims := []int{k, n}
		if trans {
			dims = []int{n, k}
		}
		size := c.Result.Size()
		var want []byte
		for i := range m {
			for j := range n {
				want = append(want, c.want(j, i, func(f func(x, y byte)) {
					for l := range k {
						at := l*n + j
						if trans {
							at = j*k + l
						}
						f(c.args[intArgA].Data[i*k+l], b[at])
					}
				})...)
			}
		}
		for _, mask := range intMasks {
			if Mask(mask); CPU() != mask {
				continue
			}
			for _, packed := range []bool{false, true} {
				p := &IntMatMulParam{IntParam: c.IntParam, TransB: trans}
				c.args[intArgB] = Arg{Data: b, Dims: dims}
				if packed {
					p.Packing = IntPackingBest()
					c.args[intArgB].Data = make([]byte, PackedIntB(p.Packing, k, n))
					PackIntB(c.args[intArgB].Data, b, p.Packing, k, n, trans, p.ASigned, p.BSigned)
				}
				got := make([]byte, m*n*size)
				c.args[intArgY] = Arg{Data: got, Dims: []int{m, n}}
				call := &Call{Args: c.args[:], Param: p, Threads: 1 + int(seed%2)}
				scratch, err := IntMatMulScratch(p, call.Args, call.Workers())
				if err == nil {
					call.Scratch = make([]byte, scratch)
					err = IntMatMul(call)
				}
				if err != nil {
					t.Fatal(err)
				}
				if i := firstDifference(got, want); i >= 0 {
					t.Fatalf("seed %d, %v, packed %v, %dx%dx%d %+v: byte %d is %d, not %d", seed, mask, packed, m, k, n, c.IntParam, i, got[i], want[i])
				}
			}
		}
	}
}

func firstDifference(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

func TestIntConvIsExactOnEveryMachine(t *testing.T) {
	defer Mask(Mask(Detected()))
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 2))
		group, cg, ocg := []int{1, 1, 1, 2, 3}[r.IntN(5)], 1+r.IntN(9), 1+r.IntN(40)
		kh, kw, stride, dil, pad := 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(2), 1+r.IntN(2), r.IntN(3)
		n, h, w := 1+r.IntN(2), (kh-1)*dil+1+r.IntN(9), (kw-1)*dil+1+r.IntN(20)
		if seed%8 == 7 { // most taps lie outside the image
			group, cg, ocg, kh, kw, dil = 1, 16+r.IntN(48), 1+r.IntN(4), 3, 3, 8+r.IntN(5)
			pad, n, h, w = dil, 1, 8+r.IntN(8), 8+r.IntN(8)
		}
		c := &intCase{}
		c.draw(r, group*ocg, 1)
		ch, oc := group*cg, group*ocg
		oh, ow := (h+2*pad-(kh-1)*dil-1)/stride+1, (w+2*pad-(kw-1)*dil-1)/stride+1
		c.args[intArgA] = Arg{Data: randomBytes(r, n*h*w*ch), Dims: []int{n, ch, h, w}}
		weights := randomBytes(r, oc*cg*kh*kw)
		za := byte(0)
		if z := c.args[intArgZA].Data; z != nil {
			za = z[0]
		}
		var want []byte
		for i := range n {
			for y := range oh {
				for x := range ow {
					for o := range oc {
						want = append(want, c.want(o, 0, func(f func(a, b byte)) {
							for l := range cg {
								for ky := range kh {
									for kx := range kw {
										iy, ix := y*stride+ky*dil-pad, x*stride+kx*dil-pad
										a := za
										if iy >= 0 && iy < h && ix >= 0 && ix < w {
											a = c.args[intArgA].Data[((i*h+iy)*w+ix)*ch+o/ocg*cg+l]
										}
										f(a, weights[((o*cg+l)*kh+ky)*kw+kx])
									}
								}
							}
						})...)
					}
				}
			}
		}
		for _, mask := range intMasks {
			if Mask(mask); CPU() != mask {
				continue
			}
			p := &IntConvParam{IntParam: c.IntParam, Conv: ConvParam{Kernel: []int{kh, kw}, Strides: []int{stride, stride}, Dilations: []int{dil, dil}, Pads: []int{pad, pad, pad, pad}, Group: group}}
			p.Packing = IntPackingBest()
			p.Conv.NR = p.Packing.NR
			wd := []int{oc, cg, kh, kw}
			size, err := PackedIntConv(p, wd)
			if err != nil {
				t.Fatal(err)
			}
			c.args[intArgB] = Arg{Data: make([]byte, size), Dims: wd}
			if err := PackIntConv(c.args[intArgB].Data, weights, p, wd); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(want))
			c.args[intArgY] = Arg{Data: got, Dims: []int{n, oc, oh, ow}}
			call := &Call{Args: c.args[:], Param: p, Threads: 1 + int(seed%2)}
			scratch, err := IntConvScratch(p, call.Args, call.Workers())
			for range 2 {
				if err == nil {
					call.Scratch = make([]byte, scratch)
					err = IntConv(call)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if i := firstDifference(got, want); i >= 0 {
				t.Fatalf("seed %d, %v, %dx%d of %d in %d groups by %dx%d to %d, stride %d, dilation %d, pad %d, %+v: byte %d is %d, not %d", seed, mask, h, w, ch, group, kh, kw, oc, stride, dil, pad, c.IntParam, i, got[i], want[i])
			}
		}
	}
}

func BenchmarkIntConv(b *testing.B) {
	defer Mask(Mask(Detected()))
	for _, s := range [][3]int{{56, 64, 3}, {28, 128, 3}, {14, 256, 3}, {7, 512, 3}, {56, 64, 1}} {
		for _, mask := range intMasks {
			if Mask(mask); CPU() != mask || mask == 0 {
				continue
			}
			b.Run(fmt.Sprintf("%dx%dx%d_k%d/%v", s[0], s[0], s[1], s[2], mask), func(b *testing.B) {
				h, ch, k := s[0], s[1], s[2]
				p := &IntConvParam{IntParam: IntParam{BSigned: true, Result: Uint8, Fixed: true}, Conv: ConvParam{Kernel: []int{k, k}, Strides: []int{1, 1}, Dilations: []int{1, 1}, Pads: []int{k / 2, k / 2, k / 2, k / 2}, Group: 1}}
				p.Packing = IntPackingBest()
				p.Conv.NR = p.Packing.NR
				wd := []int{ch, ch, k, k}
				size, _ := PackedIntConv(p, wd)
				r := rand.New(rand.NewPCG(1, 1))
				var args [intArgCount]Arg
				args[intArgA] = Arg{Data: randomBytes(r, h*h*ch), Dims: []int{1, ch, h, h}}
				args[intArgB] = Arg{Data: make([]byte, size), Dims: wd}
				_ = PackIntConv(args[intArgB].Data, randomBytes(r, ch*ch*k*k), p, wd)
				args[intArgY] = Arg{Data: make([]byte, h*h*ch), Dims: []int{1, ch, h, h}}
				args[intArgZA] = Arg{Data: []byte{3}}
				call := &Call{Args: args[:], Param: p, Threads: 1}
				scratch, _ := IntConvScratch(p, call.Args, 1)
				call.Scratch = make([]byte, scratch)
				b.ReportAllocs()
				for b.Loop() {
					if err := IntConv(call); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(2*float64(h*h*ch*ch*k*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GOP/s")
			})
		}
	}
}
