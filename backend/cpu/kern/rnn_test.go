package kern

import (
	"fmt"
	"math"
	"testing"
)

// A rnnCase is a recurrent layer small enough to be computed by its equations.
type rnnCase struct {
	p                        RNNParam
	steps, batch, input      int
	x, w, r, b, h0, c0, peep []float32
	lens                     []int32
}

func actRef(a Act, x float64) float64 {
	switch {
	case a.Op == OpSigmoid:
		return sigmoid64(x)
	case a.Op == OpTanh && a.Scaled:
		return float64(a.Alpha) * math.Tanh(float64(a.Beta)*x)
	case a.Op == OpTanh:
		return math.Tanh(x)
	case a.Op == OpRelu:
		return max(x, 0)
	case a.Op == OpReluN:
		return min(max(float64(a.Alpha)*x+float64(a.Beta), 0), 1)
	case a.Op == OpElu && x < 0:
		return float64(a.Alpha) * math.Expm1(x)
	}
	return x
}

// run64 computes Y, the last H and the last C by the equations of the ONNX operators.
func (k *rnnCase) run64() (y, lastH, lastC []float64) {
	h, dirs := k.p.Hidden, k.p.dirs()
	y = make([]float64, k.steps*dirs*k.batch*h)
	for d := range dirs {
		back := k.p.Backward && (d == 1 || !k.p.Forward)
		for n := range k.batch {
			hs, cs := make([]float64, h), make([]float64, h)
			for j := range h {
				if k.h0 != nil {
					hs[j] = float64(k.h0[(d*k.batch+n)*h+j])
				}
				if k.c0 != nil {
					cs[j] = float64(k.c0[(d*k.batch+n)*h+j])
				}
			}
			steps := k.steps
			if k.lens != nil {
				steps = int(k.lens[n])
			}
			for s := range steps {
				t := s
				if back {
					t = steps - 1 - s
				}
				hs, cs = k.cell(d, k.x[(t*k.batch+n)*k.input:][:k.input], hs, cs)
				copy(y[((t*dirs+d)*k.batch+n)*h:], hs)
			}
			lastH, lastC = append(lastH, hs...), append(lastC, cs...)
		}
	}
	return y, lastH, lastC
}

// share is what the input or the state adds to gate row j of direction d, its bias included.
func (k *rnnCase) share(d, j int, m []float32, bias int, v []float64) float64 {
	rows := k.p.Kind.gates() * k.p.Hidden
	sum := 0.0
	for i, x := range v {
		sum += x * float64(m[(d*rows+j)*len(v)+i])
	}
	if k.b != nil {
		sum += float64(k.b[(2*d+bias)*rows+j])
	}
	return sum
}

// cell is one step.
func (k *rnnCase) cell(d int, x32 []float32, hs, cs []float64) (nh, nc []float64) {
	h, act := k.p.Hidden, k.p.acts(d)
	x := make([]float64, len(x32))
	for i, v := range x32 {
		x[i] = float64(v)
	}
	in := func(j int) float64 { return k.share(d, j, k.w, 0, x) }
	rec := func(j int, state []float64) float64 { return k.share(d, j, k.r, 1, state) }
	gate := func(a Act, v float64) float64 {
		if c := float64(k.p.Clip); c > 0 {
			v = max(min(v, c), -c)
		}
		return actRef(a, v)
	}
	peep := func(row, j int, c float64) float64 {
		if k.peep == nil {
			return 0
		}
		return float64(k.peep[d*3*h+row*h+j]) * c
	}
	nh, nc = make([]float64, h), make([]float64, h)
	reset := make([]float64, h)
	for i := range reset {
		if k.p.Kind == GRU {
			reset[i] = gate(act[0], in(h+i)+rec(h+i, hs))
		}
	}
	for j := range h {
		switch k.p.Kind {
		case RNN:
			nh[j] = gate(act[0], in(j)+rec(j, hs))
		case GRU:
			z, cand := gate(act[0], in(j)+rec(j, hs)), 0.0
			if k.p.LinearBeforeReset {
				cand = in(2*h+j) + reset[j]*rec(2*h+j, hs)
			} else {
				rh := make([]float64, h)
				for i := range h {
					rh[i] = hs[i] * reset[i]
				}
				cand = in(2*h+j) + rec(2*h+j, rh)
			}
			nh[j] = (1-z)*gate(act[1], cand) + z*hs[j]
		case LSTM:
			i := gate(act[0], in(j)+rec(j, hs)+peep(0, j, cs[j]))
			f := gate(act[0], in(2*h+j)+rec(2*h+j, hs)+peep(2, j, cs[j]))
			nc[j] = f*cs[j] + i*gate(act[1], in(3*h+j)+rec(3*h+j, hs))
			nh[j] = gate(act[0], in(h+j)+rec(h+j, hs)+peep(1, j, nc[j])) * actRef(act[2], nc[j])
		}
	}
	return nh, nc
}

func (k *rnnCase) check(t *testing.T, name string) {
	t.Helper()
	h, dirs := k.p.Hidden, k.p.dirs()
	opt := func(v []float32, dims ...int) Arg {
		if v == nil {
			return Arg{}
		}
		return arg(dims, v)
	}
	n := k.p.Kind.gates() * h
	y, lh, lc := make([]float32, k.steps*dirs*k.batch*h), make([]float32, dirs*k.batch*h), make([]float32, dirs*k.batch*h)
	args := []Arg{arg([]int{k.steps, k.batch, k.input}, k.x), arg([]int{dirs, n, k.input}, k.w), arg([]int{dirs, n, h}, k.r), opt(k.b, dirs, 2*n), {}, opt(k.h0, dirs, k.batch, h)}
	if k.lens != nil {
		args[4] = Arg{Bytes(k.lens), []int{k.batch}}
	}
	if k.p.Kind == LSTM {
		args = append(args, opt(k.c0, dirs, k.batch, h), opt(k.peep, dirs, 3*h))
	}
	args = append(args, arg([]int{k.steps, dirs, k.batch, h}, y), arg([]int{dirs, k.batch, h}, lh))
	if k.p.Kind == LSTM {
		args = append(args, arg([]int{dirs, k.batch, h}, lc))
	}
	wy, wh, wc := k.run64()
	for _, packed := range []bool{false, true} {
		p := k.p
		if packed {
			p.NR = GemmNR()
			nw, nr := PackedRNN(&p, k.input, p.NR)
			w, r := make([]float32, nw), make([]float32, nr)
			PackRNN(&p, k.input, p.NR, w, r, k.w, k.r)
			args[1], args[2] = arg([]int{nw}, w), arg([]int{nr}, r)
		}
		run(t, name, RecurrentF32, &p, args...)
		near(t, name+" y", y, wy, 1e-5)
		near(t, name+" h", lh, wh, 1e-5)
		if k.p.Kind == LSTM {
			near(t, name+" c", lc, wc, 1e-5)
		}
	}
}

func newRNNCase(p RNNParam, steps, batch, input int) *rnnCase {
	h, g, d := p.Hidden, p.Kind.gates(), p.dirs()
	k := &rnnCase{p: p, steps: steps, batch: batch, input: input, x: random(31, steps*batch*input), w: random(32, d*g*h*input), r: random(33, d*g*h*h)}
	for i := range k.w {
		k.w[i] /= 3
	}
	for i := range k.r {
		k.r[i] /= 4
	}
	return k
}

func TestRecurrentLayersFollowTheirEquations(t *testing.T) {
	forRows(t, func(t *testing.T) {
		for _, kind := range []RNNKind{RNN, GRU, LSTM} {
			for _, dir := range [][2]bool{{true, false}, {false, true}, {true, true}} {
				for _, full := range []bool{false, true} {
					p := RNNParam{Kind: kind, Hidden: 5, Forward: dir[0], Backward: dir[1]}
					k := newRNNCase(p, 4, 3, 7)
					if full {
						d := p.dirs()
						k.b, k.h0, k.c0 = random(34, d*2*kind.gates()*5), random(35, d*15), random(36, d*15)
						k.lens = []int32{4, 0, 2}
						if kind == LSTM {
							k.peep = random(37, d*15)
						}
					}
					k.check(t, fmt.Sprint("kind ", kind, dir, full))
					if kind == GRU {
						k.p.LinearBeforeReset = true
						k.check(t, fmt.Sprint("linear before reset ", dir, full))
					}
					k.p.Clip = 0.3
					k.check(t, fmt.Sprint("clip kind ", kind, dir, full))
				}
			}
		}
		k := newRNNCase(RNNParam{Kind: LSTM, Hidden: 33, Forward: true, Acts: []Act{{Op: OpReluN, Alpha: 0.2, Beta: 0.5, Scaled: true},
			{Op: OpTanh, Alpha: 1.7, Beta: 0.6, Scaled: true}, {Op: OpElu, Alpha: 0.5}}}, 6, 2, 3)
		k.check(t, "other activations")
		k = newRNNCase(RNNParam{Kind: RNN, Hidden: 4, Forward: true, Acts: []Act{{Op: OpRelu}}}, 3, 1, 2)
		k.check(t, "relu")
		k = newRNNCase(RNNParam{Kind: GRU, Hidden: 4, Forward: true, Backward: true}, 0, 2, 2)
		k.check(t, "no steps")
	})
}

func TestRecurrentRefusesBadOperands(t *testing.T) {
	k := newRNNCase(RNNParam{Kind: RNN, Hidden: 4, Forward: true}, 2, 1, 3)
	mk := func() []Arg {
		return []Arg{arg([]int{2, 1, 3}, k.x), arg([]int{1, 4, 3}, k.w), arg([]int{1, 4, 4}, k.r), {}, {}, {}, arg([]int{2, 1, 1, 4}, make([]float32, 8)), {}}
	}
	for name, f := range map[string]func(a []Arg, p *RNNParam) []Arg{
		"long sequence":    func(a []Arg, p *RNNParam) []Arg { a[4] = Arg{Bytes([]int32{3}), []int{1}}; return a },
		"weights too few":  func(a []Arg, p *RNNParam) []Arg { a[2] = a[1]; return a },
		"hidden too large": func(a []Arg, p *RNNParam) []Arg { p.Hidden = 1 << 40; return a },
		"result too small": func(a []Arg, p *RNNParam) []Arg { a[6].Dims = []int{1, 1, 1, 4}; return a },
		"operand missing":  func(a []Arg, p *RNNParam) []Arg { return a[1:] },
		"no direction":     func(a []Arg, p *RNNParam) []Arg { p.Forward = false; return a },
		"activation":       func(a []Arg, p *RNNParam) []Arg { p.Acts = []Act{{Op: OpAdd}}; return a },
	} {
		p := k.p
		if RecurrentF32(&Call{Args: f(mk(), &p), Param: &p}) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkLSTM(b *testing.B) {
	for _, kind := range []RNNKind{LSTM, GRU} {
		p := RNNParam{Kind: kind, Hidden: 256, Forward: true}
		k := newRNNCase(p, 50, 1, 128)
		p.NR = GemmNR()
		nw, nr := PackedRNN(&p, k.input, p.NR)
		w, r := make([]float32, nw), make([]float32, nr)
		PackRNN(&p, k.input, p.NR, w, r, k.w, k.r)
		y := arg([]int{50, 1, 1, 256}, make([]float32, 50*256))
		args := []Arg{arg([]int{50, 1, 128}, k.x), arg([]int{nw}, w), arg([]int{nr}, r), {}, {}, {}, {}, {}, y, {}, {}}
		if kind == GRU {
			args = []Arg{args[0], args[1], args[2], {}, {}, {}, y, {}}
		}
		c := Call{Threads: 1, Args: args, Param: &p}
		b.Run(fmt.Sprint("kind", kind), func(b *testing.B) {
			for b.Loop() {
				if err := RecurrentF32(&c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestRecurrentLayersRefuseSizesThatOverflow(t *testing.T) {
	p := &RNNParam{Kind: LSTM, Hidden: 4, Forward: true}
	for _, d := range [][2]int{{1 << 61, 3}, {3, 1 << 61}, {math.MaxInt, math.MaxInt}} {
		if n, err := RNNScratch(p, d[0], d[1]); err == nil {
			t.Errorf("%v: %d bytes of scratch, want an error", d, n)
		}
	}
	if n, err := RNNScratch(p, 10, 2); err != nil || n != 4*10*2*4*4 {
		t.Errorf("10 steps of 2: %d bytes, %v", n, err)
	}
}
