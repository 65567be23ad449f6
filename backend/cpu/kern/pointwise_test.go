package kern

import (
	"math"
	"math/rand/v2"
	"testing"
)

// forRows runs f once for every set of features that this machine has kernels for.
func forRows(t *testing.T, f func(t *testing.T)) {
	defer Mask(Mask(Detected()))
	for _, m := range []Features{AVX2 | AVX512, AVX2, 0} {
		if Detected().Has(m) {
			Mask(m)
			t.Run(m.String(), f)
		}
	}
}

func arg(dims []int, v []float32) Arg { return Arg{Data: Bytes(v), Dims: dims} }

func dimsLen(dims []int) int { a := Arg{Dims: dims}; return a.Len() }

// ulps is the distance of got from want in units of the last place of want as a float32.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	switch {
	case math.IsNaN(want):
		if math.IsNaN(float64(got)) {
			return 0
		}
		return math.Inf(1)
	case got == w:
		return 0
	case math.IsInf(float64(w), 0) || math.IsInf(float64(got), 0) || math.IsNaN(float64(got)):
		return math.Inf(1)
	}
	a := float32(math.Abs(float64(w)))
	u := float64(math.Nextafter32(a, float32(math.Inf(1)))) - float64(a)
	return math.Abs(float64(got)-want) / u
}

// samples covers all magnitudes, densely around where the functions bend, and the special values.
func samples() []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	inf := float32(math.Inf(1))
	xs := []float32{0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), 1, -1, math.MaxFloat32, -math.MaxFloat32,
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1e-39, -1e-39, 88.7, 88.72283, 88.73, 89.5, -87.3, -88, -103.9, -104.5, 0.625, 1.5, 2.5, -2.5, 0.5, -0.5}
	for range 40000 {
		xs = append(xs, math.Float32frombits(r.Uint32()))
	}
	for i := range 60000 {
		xs = append(xs, float32(i-30000)/2500, float32(r.NormFloat64()), float32(i-30000)/300, 1+float32(i-30000)/1e6)
	}
	return xs
}

func sigmoid64(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softplus64(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// flushed bounds what is lost where e^x would be subnormal.
const flushed = 1.3e-38

var unaryRefs = []struct {
	op    Op
	f     func(float64) float64
	limit float64 // ulp
	floor float64 // absolute error allowed below, as a share of |x|
}{
	{OpNeg, func(x float64) float64 { return -x }, 0, 0},
	{OpAbs, math.Abs, 0, 0},
	{OpSqrt, math.Sqrt, 0.5, 0},
	{OpRsqrt, func(x float64) float64 { return 1 / math.Sqrt(x) }, 1.5, 0},
	{OpReciprocal, func(x float64) float64 { return 1 / x }, 0.5, 0},
	{OpSquare, func(x float64) float64 { return x * x }, 0.5, 0},
	{OpRelu, func(x float64) float64 { return math.Max(x, 0) }, 0, 0},
	{OpFloor, math.Floor, 0, 0},
	{OpCeil, math.Ceil, 0, 0},
	{OpRound, math.RoundToEven, 0, 0},
	{OpTrunc, math.Trunc, 0, 0},
	{OpSign, func(x float64) float64 { return float64(sign32(float32(x))) }, 0, 0},
	{OpNot, func(x float64) float64 { return float64(truth(x == 0)) }, 0, 0},
	{OpIsNaN, func(x float64) float64 { return float64(truth(x != x)) }, 0, 0},
	{OpIsInf, func(x float64) float64 { return float64(truth(math.IsInf(x, 0))) }, 0, 0},
	{OpHardSwish, func(x float64) float64 { return x * math.Max(0, math.Min(1, x/6+0.5)) }, 4, 1e-7},
	{OpExp, math.Exp, 4, 0},
	{OpExpm1, math.Expm1, 4, 0},
	{OpLog, math.Log, 4, 0},
	{OpLog1p, math.Log1p, 4, 0},
	{OpSigmoid, sigmoid64, 4, flushed},
	{OpTanh, math.Tanh, 4, 0},
	{OpErf, math.Erf, 4, 0},
	{OpGelu, func(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }, 4, 3e-7},
	{OpGeluTanh, func(x float64) float64 {
		return x * sigmoid64(2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))
	}, 4, 3e-7},
	{OpSilu, func(x float64) float64 { return x * sigmoid64(x) }, 4, flushed},
	{OpSoftplus, softplus64, 4, flushed},
	{OpMish, func(x float64) float64 { return x * math.Tanh(softplus64(x)) }, 4, flushed},
	{OpSoftsign, func(x float64) float64 { return x / (1 + math.Abs(x)) }, 4, 0},
	{OpSin, math.Sin, 4, 0}, {OpCos, math.Cos, 4, 0}, {OpTan, math.Tan, 1, 0}, {OpAsin, math.Asin, 1, 0},
	{OpAcos, math.Acos, 1, 0}, {OpAtan, math.Atan, 1, 0}, {OpSinh, math.Sinh, 1, 0}, {OpCosh, math.Cosh, 1, 0},
	{OpAsinh, math.Asinh, 1, 0}, {OpAcosh, math.Acosh, 1, 0}, {OpAtanh, math.Atanh, 1, 0},
}

func runOp(t *testing.T, op Op, imm float32, dims []int, xs ...[]float32) []float32 {
	t.Helper()
	in := len(xs)
	y := make([]float32, dimsLen(dims))
	prog := Program{In: in, Out: 1, Regs: in + 1, Code: []Instr{{Op: op, Dst: uint8(in), A: 0, B: 1, C: 2, Imm: imm}}}
	c := Call{Param: &PointwiseParam{Program: prog}}
	for _, x := range xs {
		c.Args = append(c.Args, arg(dims, x))
	}
	c.Args = append(c.Args, arg(dims, y))
	if err := PointwiseF32(&c); err != nil {
		t.Fatal(err)
	}
	return y
}

func TestPointwiseFunctionsWithinUlps(t *testing.T) {
	xs := samples()
	forRows(t, func(t *testing.T) {
		for _, u := range unaryRefs {
			ys := runOp(t, u.op, 0, []int{len(xs)}, xs)
			worst, at := 0.0, float32(0)
			for i, x := range xs {
				want := u.f(float64(x))
				e := ulps(ys[i], want)
				if u.floor > 0 && math.Abs(float64(ys[i])-want) <= u.floor*math.Abs(float64(x)) {
					continue
				}
				if math.IsInf(float64(x), -1) && math.IsNaN(float64(ys[i])) && want == 0 {
					continue // -inf times 0, as the formula has it
				}
				if e > worst {
					worst, at = e, x
				}
			}
			if worst > u.limit {
				t.Errorf("op %d: %.3g ulp at %g: %g, want %g", u.op, worst, at, runOp(t, u.op, 0, []int{1}, []float32{at})[0], u.f(float64(at)))
			} else if testing.Verbose() {
				t.Logf("op %d: %.3g ulp at %g", u.op, worst, at)
			}
		}
	})
}

func TestPointwiseBinaryForms(t *testing.T) {
	refs := map[Op]func(a, b float64) float64{
		OpAdd: func(a, b float64) float64 { return a + b }, OpSub: func(a, b float64) float64 { return a - b },
		OpMul: func(a, b float64) float64 { return a * b }, OpDiv: func(a, b float64) float64 { return a / b },
		OpMin: func(a, b float64) float64 { return min(a, b) }, OpMax: func(a, b float64) float64 { return max(a, b) }, OpPow: math.Pow,
		OpFmod: math.Mod, OpMod: func(a, b float64) float64 { return float64(mod32(float32(a), float32(b))) },
		OpPRelu: func(a, b float64) float64 {
			if a < 0 {
				return a * b
			}
			return a
		},
		OpEq: func(a, b float64) float64 { return float64(truth(a == b)) }, OpNe: func(a, b float64) float64 { return float64(truth(a != b)) },
		OpLt: func(a, b float64) float64 { return float64(truth(a < b)) }, OpLe: func(a, b float64) float64 { return float64(truth(a <= b)) },
		OpGt: func(a, b float64) float64 { return float64(truth(a > b)) }, OpGe: func(a, b float64) float64 { return float64(truth(a >= b)) },
		OpAnd: func(a, b float64) float64 { return float64(truth(a != 0 && b != 0)) }, OpOr: func(a, b float64) float64 { return float64(truth(a != 0 || b != 0)) },
		OpXor: func(a, b float64) float64 { return float64(truth((a != 0) != (b != 0))) },
	}
	vals := []float32{0, 1, -1, 2.5, -3, 2, 3, 0.5, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-3, 7}
	var a, b []float32
	for _, x := range vals {
		for _, y := range vals {
			a, b = append(a, x), append(b, y)
		}
	}
	forRows(t, func(t *testing.T) {
		for op := OpAdd; op <= OpXor; op++ {
			f := refs[op]
			check := func(form string, ys, a, b []float32) {
				for i := range ys {
					if e := ulps(ys[i], f(float64(a[i]), float64(b[i]))); e > 1 {
						t.Errorf("op %d form %s of %g, %g: %g, want %g", op, form, a[i], b[i], ys[i], f(float64(a[i]), float64(b[i])))
					}
				}
			}
			check("v", runOp(t, op, 0, []int{len(a)}, a, b), a, b)
			for _, v := range vals {
				imm := make([]float32, len(a))
				for i := range imm {
					imm[i] = v
				}
				y := make([]float32, len(a))
				for form, code := range map[string]Instr{"a": {Op: op, Dst: 1, A: ImmReg, B: 0, Imm: v}, "b": {Op: op, Dst: 1, A: 0, B: ImmReg, Imm: v}} {
					c := Call{Args: []Arg{arg([]int{len(a)}, a), arg([]int{len(a)}, y)}, Param: &PointwiseParam{Program: Program{1, 1, 2, []Instr{code}}}}
					if err := PointwiseF32(&c); err != nil {
						t.Fatal(err)
					}
					if form == "a" {
						check(form, y, imm, a)
					} else {
						check(form, y, a, imm)
					}
				}
			}
		}
	})
}

// Every kernel gives an element the same bits wherever it stands in a tile, and writes no others.
func TestPointwiseTailsMatchBodies(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x, y, z := make([]float32, 200), make([]float32, 200), make([]float32, 200)
	for i := range x {
		x[i], y[i], z[i] = float32(r.NormFloat64()*3), float32(r.NormFloat64()), float32(r.NormFloat64())
	}
	forRows(t, func(t *testing.T) {
		for row, f := range pwBest() {
			if f == nil {
				continue
			}
			full := make([]float32, 200)
			f(200, &full[0], &x[0], &y[0], &z[0], 0.75)
			for n := range 140 {
				for _, at := range []int{0, 1, 37} {
					got := make([]float32, 200)
					if n > 0 {
						f(n, &got[at], &x[at], &y[at], &z[at], 0.75)
					}
					for i, v := range got {
						want := float32(0)
						if i >= at && i < at+n {
							want = full[i]
						}
						if math.Float32bits(v) != math.Float32bits(want) && !(v != v && want != want) {
							t.Fatalf("row %d n %d at %d: element %d is %g, want %g", row, n, at, i, v, want)
						}
					}
				}
			}
		}
	})
}

// index returns where the element of the output at flat position i lies in an operand of dims.
func broadcastIndex(i int, out, dims []int) int {
	off, step := 0, 1
	for k := len(out) - 1; k >= 0; k-- {
		c := i % out[k]
		i /= out[k]
		if j := k - (len(out) - len(dims)); j >= 0 {
			if dims[j] != 1 {
				off += c * step
			}
			step *= dims[j]
		}
	}
	return off
}

func TestPointwiseBroadcasts(t *testing.T) {
	cases := []struct{ out, a, b []int }{
		{[]int{}, []int{}, []int{}},
		{[]int{5}, []int{5}, []int{}},
		{[]int{3, 5}, []int{3, 5}, []int{5}},
		{[]int{3, 5}, []int{3, 1}, []int{1, 5}},
		{[]int{2, 3, 4}, []int{2, 1, 4}, []int{3, 1}},
		{[]int{2, 3, 4, 5}, []int{3, 4, 1}, []int{2, 1, 1, 5}},
		{[]int{7, 2000}, []int{7, 1}, []int{2000}},
		{[]int{7, 2000}, []int{7, 2000}, []int{1}},
		{[]int{2, 3, 1300}, []int{2, 1, 1300}, []int{3, 1}},
		{[]int{300, 64}, []int{300, 64}, []int{64}},
		{[]int{300, 64}, []int{300, 1}, []int{300, 64}},
		{[]int{4, 90, 33}, []int{4, 1, 33}, []int{4, 90, 33}},
		{[]int{1, 600, 1, 2}, []int{600, 1, 2}, []int{1, 1, 1, 2}},
		{[]int{100000}, []int{100000}, []int{1}},
		{[]int{3, 0, 4}, []int{3, 0, 4}, []int{3, 1, 1}},
	}
	forRows(t, func(t *testing.T) {
		for _, tc := range cases {
			n := dimsLen(tc.out)
			a, b := make([]float32, dimsLen(tc.a)), make([]float32, dimsLen(tc.b))
			for i := range a {
				a[i] = float32(i % 1009)
			}
			for i := range b {
				b[i] = float32(i%1013) * 0.5
			}
			for _, threads := range []int{1, 2} {
				sum, diff := make([]float32, n), make([]float32, n)
				c := Call{Threads: threads, Args: []Arg{arg(tc.a, a), arg(tc.b, b), arg(tc.out, sum), arg(tc.out, diff)},
					Param: &PointwiseParam{Program: Program{2, 2, 5, []Instr{
						{Op: OpSub, Dst: 4, A: 0, B: 1}, {Op: OpAdd, Dst: 2, A: 0, B: 1}, {Op: OpCopy, Dst: 3, A: 4}}}}}
				for range 2 {
					if err := PointwiseF32(&c); err != nil {
						t.Fatal(err)
					}
				}
				for i := range n {
					x, y := a[broadcastIndex(i, tc.out, tc.a)], b[broadcastIndex(i, tc.out, tc.b)]
					if sum[i] != x+y || diff[i] != x-y {
						t.Fatalf("%v %v: element %d: %g and %g, want %g and %g", tc.a, tc.b, i, sum[i], diff[i], x+y, x-y)
					}
				}
			}
		}
	})
}

func TestPointwiseTernaryAndImmediateOps(t *testing.T) {
	n := 77
	a, b, c := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range a {
		a[i], b[i], c[i] = float32(i%5)-2, float32(i)/7-3, float32(i%3)
	}
	forRows(t, func(t *testing.T) {
		for op, f := range map[Op]func(a, b, c float64) float64{
			OpFMA: math.FMA,
			OpWhere: func(a, b, c float64) float64 {
				if a != 0 {
					return b
				}
				return c
			},
			OpClip: func(a, b, c float64) float64 { return math.Min(math.Max(a, b), c) },
			OpElu: func(a, _, _ float64) float64 {
				if a < 0 {
					return 1.5 * math.Expm1(a)
				}
				return a
			},
			OpReluN: func(a, _, _ float64) float64 { return math.Min(math.Max(a, 0), 1.5) },
			OpConst: func(_, _, _ float64) float64 { return 1.5 },
		} {
			y := runOp(t, op, 1.5, []int{n}, a, b, c)
			for i := range y {
				if want := f(float64(a[i]), float64(b[i]), float64(c[i])); ulps(y[i], want) > 3 {
					t.Errorf("op %d of %g %g %g: %g, want %g", op, a[i], b[i], c[i], y[i], want)
				}
			}
		}
	})
}
