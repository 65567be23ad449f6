package kern

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

func TestArithOnEveryType(t *testing.T) {
	a, b := []int64{7, -7, 7, -7, 0}, []int64{3, 3, -3, -3, 5}
	for op, want := range map[Op]string{
		OpAdd: "[10 -4 4 -10 5]", OpSub: "[4 -10 10 -4 -5]", OpMul: "[21 -21 -21 21 0]", OpDiv: "[2 -2 -2 2 0]", OpMod: "[1 2 -2 -1 0]",
		OpFmod: "[1 -1 1 -1 0]", OpMin: "[3 -7 -3 -7 0]", OpMax: "[7 3 7 -3 5]", OpPow: "[343 -343 0 0 0]",
	} {
		y := make([]int64, 5)
		c := Call{Args: []Arg{{Bytes(a), []int{5}}, {Bytes(b), []int{5}}, {Bytes(y), []int{5}}}, Param: &ArithParam{op, Int64}}
		if err := Arith(&c); err != nil || fmt.Sprint(y) != want {
			t.Errorf("op %d: %v %v, want %s", op, err, y, want)
		}
		if n := allocations(func() { _ = Arith(&c) }); n != 0 {
			t.Errorf("%v allocations per run", n)
		}
		f, g, h := make([]float64, 5), make([]float64, 5), make([]float64, 5)
		for i := range a {
			f[i], g[i] = float64(a[i]), float64(b[i])
		}
		c = Call{Args: []Arg{{Bytes(f), []int{5}}, {Bytes(g), []int{5}}, {Bytes(h), []int{5}}}, Param: &ArithParam{op, Float64}}
		if err := Arith(&c); err != nil || op != OpDiv && op != OpPow && fmt.Sprint(h) != want || op == OpDiv && h[0] != 7.0/3 {
			t.Errorf("op %d: %v %v, want %s", op, err, h, want)
		}
	}
	less := make([]byte, 10)
	c := Call{Args: []Arg{{Bytes(a), []int{5}}, {Bytes([]int64{0, 7}), []int{2, 1}}, {less, []int{2, 5}}}, Param: &ArithParam{OpLt, Int64}}
	if err := Arith(&c); err != nil || fmt.Sprint(less) != "[0 1 0 1 0 0 1 0 1 1]" {
		t.Error(err, less)
	}
	c = Call{Args: []Arg{{Bytes(a), []int{5}}, {Bytes(make([]int64, 1)), nil}, {Bytes(a), []int{5}}}, Param: &ArithParam{OpDiv, Int64}}
	if err := Arith(&c); !errors.Is(err, ErrDivideByZero) {
		t.Error("division by zero:", err)
	}
}

func TestCastRules(t *testing.T) {
	x := []float32{1.9, -1.9, 300, -1e30, float32(math.NaN()), float32(math.Inf(1))}
	n := []int{6}
	run := func(from, to DType, src, dst []byte) {
		if err := Cast(&Call{Args: []Arg{{src, n}, {dst, n}}, Param: &CastParam{from, to}}); err != nil {
			t.Error(err)
		}
	}
	i8, i64, u8, bl := make([]int8, 6), make([]int64, 6), make([]uint8, 6), make([]byte, 6)
	run(Float32, Int8, Bytes(x), Bytes(i8))
	run(Float32, Int64, Bytes(x), Bytes(i64))
	run(Float32, Bool, Bytes(x), bl)
	run(Int64, Uint8, Bytes([]int64{1, -1, 257, 0, 255, 256}), u8)
	if s := fmt.Sprint(i8, i64, bl, u8); s != "[1 -1 44 0 0 0] [1 -1 300 -9223372036854775808 -9223372036854775808 -9223372036854775808] [1 1 1 1 1 1] [1 255 1 0 255 0]" {
		t.Error(s)
	}
	for from := range numDTypes {
		for to := range numDTypes {
			if to.half() && from.Size() > 2 && from != Float32 {
				continue // it would round twice
			}
			src, dst, back := make([]byte, 48), make([]byte, 48), make([]byte, 48)
			run(Bool, from, []byte{1, 0, 1, 1, 0, 1}, src)
			run(from, to, src, dst)
			run(to, Bool, dst, back)
			if fmt.Sprint(back[:6]) != "[1 0 1 1 0 1]" {
				t.Errorf("%d to %d: %v", from, to, back[:6])
			}
		}
	}
}

func BenchmarkTranspose(b *testing.B) {
	for name, p := range map[string][]int{"nchw-nhwc": {0, 2, 3, 1}, "heads": {0, 2, 1, 3}} {
		b.Run(name, func(b *testing.B) {
			in := counted(4, 1, 64, 56, 56)
			out := blank(4, in.Dims[p[0]], in.Dims[p[1]], in.Dims[p[2]], in.Dims[p[3]])
			c := Call{Threads: 1, Args: []Arg{in, out}, Param: &TransposeParam{p, 4}}
			b.SetBytes(int64(len(in.Data)))
			for b.Loop() {
				_ = Transpose(&c)
			}
		})
	}
}
