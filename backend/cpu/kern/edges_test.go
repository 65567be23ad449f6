//go:build unix

package kern

import (
	"fmt"
	"testing"
)

// No kernel touches memory beyond its rows.
func TestRowKernelsStayInsideTheirRows(t *testing.T) {
	forRows(t, func(t *testing.T) {
		x, y, z, w := guarded(t, 150), guarded(t, 150), guarded(t, 150), guarded(t, 150)
		k := rowsBest()
		for n := 1; n <= 150; n++ {
			a, b, c, d := &x[150-n], &y[150-n], &z[150-n], &w[150-n]
			for _, f := range pwBest() {
				if f != nil {
					f(n, d, a, b, c, 0.5)
				}
			}
			for _, f := range []rowFold{k.sum, k.sumAbs, k.prod, k.max, k.min, k.sumSq, k.sumExp} {
				_ = f(n, a, 0)
			}
			_ = k.exp(n, d, a, 0)
			for _, f := range []rowMapFunc{k.linear, k.norm, k.normG, k.normGH} {
				f(n, d, a, b, c, 1, 2)
			}
		}
	})
}

// edge returns a copy of b that ends where the next page may not be touched.
func edge(t testing.TB, b []byte) []byte {
	m := Bytes(guarded(t, (len(b)+3)/4))
	m = m[len(m)-len(b):]
	copy(m, b)
	return m
}

func TestConversionsStayInsideTheirOperands(t *testing.T) {
	const most = 150
	forRows(t, func(t *testing.T) {
		x, y, cos, sin := guarded(t, most), guarded(t, most), guarded(t, most), guarded(t, most)
		b, d := edge(t, make([]byte, most)), edge(t, make([]byte, most))
		for n := 1; n <= most; n++ {
			x, y, b, d := x[most-n:], y[most-n:], b[most-n:], d[most-n:]
			for _, signed := range []bool{false, true} {
				f32OfBytes(x, b, signed, 3)
				greaterBytes(d, b, signed)
			}
			bytesOfF32(b, x)
			wholeOfF32(x)
			for i := range x {
				x[i] = float32(i)
			}
			c := Call{Threads: 1, Args: []Arg{{Data: Bytes(x)}, {Data: b}, {Data: make([]byte, 4)}, {Data: make([]byte, 1)}}}
			if err := DynamicQuantizeLinear(&c); err != nil {
				t.Fatal(err)
			}
			h := Of[uint16](&Arg{Data: Bytes(y[:(n+1)/2])})[(n+1)/2*2-n:]
			for _, half := range []DType{Float16, BFloat16} {
				narrowHalf(half, h, x)
				widenHalf(half, x, h)
			}
			r := rotation{cos: cos[most-n/2:], sin: sin[most-n/2:], half: n / 2}
			r.turn(y, x, 0)
		}
	})
}

func TestPanelsOfFewBitsStayInsideTheirOperands(t *testing.T) {
	forRows(t, func(t *testing.T) {
		for _, nr := range []int{16, 32} {
			for _, bits := range []int{4, 8} {
				for n := 1; n <= 5; n++ {
					src := edge(t, make([]byte, n*nr*bits/8))
					widenPanel(n, bits, nr, src, guarded(t, n*nr), guarded(t, nr), guarded(t, nr))
				}
			}
		}
	})
}

func TestIntegerProductsStayInsideTheirOperands(t *testing.T) {
	defer Mask(Mask(Detected()))
	for _, mask := range intMasks {
		if Mask(mask); CPU() != mask {
			continue
		}
		for _, s := range [][3]int{{1, 1, 1}, {3, 7, 5}, {15, 9, 33}, {14, 64, 32}, {29, 130, 17}} {
			for _, result := range []DType{Int32, Float32, Uint8, Int8} {
				m, k, n := s[0], s[1], s[2]
				p := &IntMatMulParam{IntParam: IntParam{BSigned: true, Result: result}}
				var args [intArgCount]Arg
				args[intArgA] = Arg{Data: edge(t, make([]byte, m*k)), Dims: []int{m, k}}
				args[intArgB] = Arg{Data: edge(t, make([]byte, k*n)), Dims: []int{k, n}}
				args[intArgZA] = Arg{Data: edge(t, []byte{3})}
				args[intArgZB] = Arg{Data: edge(t, make([]byte, n)), Dims: []int{n}}
				args[intArgSB] = Arg{Data: edge(t, make([]byte, 4*n)), Dims: []int{n}}
				args[intArgBias] = Arg{Data: edge(t, make([]byte, 4*n)), Dims: []int{n}}
				args[intArgY] = Arg{Data: edge(t, make([]byte, m*n*result.Size())), Dims: []int{m, n}}
				if result == Int32 {
					args[intArgSB] = Arg{}
				}
				c := &Call{Args: args[:], Param: p, Threads: 1}
				scratch, err := IntMatMulScratch(p, c.Args, 1)
				if err == nil {
					c.Scratch = edge(t, make([]byte, scratch))
					err = IntMatMul(c)
				}
				if err != nil {
					t.Fatal(fmt.Errorf("%v by %v: %w", args[intArgA].Dims, args[intArgB].Dims, err))
				}
			}
		}
	}
}
