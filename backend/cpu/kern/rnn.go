package kern

import "fmt"

// An RNNKind is one of the recurrent layers of ONNX.
type RNNKind uint8

const (
	RNN  RNNKind = iota // H = f(X·W + H·R + b)
	GRU                 // gates z, r, h
	LSTM                // gates i, o, f, c
)

func (k RNNKind) gates() int { return [...]int{1, 3, 4}[k] }

// acts returns how many activations a direction has: f, g and h of ONNX.
func (k RNNKind) acts() int { return [...]int{1, 2, 3}[k] }

// An Act is an activation of a recurrent layer.
type Act struct {
	Op          Op      // Sigmoid, Tanh, Relu, Softsign, Softplus, PRelu (alpha), Elu (alpha), or one of the two below
	Alpha, Beta float32 // of those that have them
	Scaled      bool    // Tanh: alpha tanh(beta x); Copy: alpha x + beta; ReluN: min(max(alpha x + beta, 0), 1)
}

// An RNNParam is the parameter of [RecurrentF32].
type RNNParam struct {
	Kind              RNNKind
	Hidden            int
	Forward, Backward bool    // both: bidirectional, forward first
	Acts              []Act   // per direction f, g, h, as many as the kind has; nil: Sigmoid and Tanh, for RNN Tanh
	Clip              float32 // bounds what goes into the gates' activations; 0: nothing
	LinearBeforeReset bool    // GRU
	NR                int     // W and R come from PackRNN with panels of so many columns; 0: as in ONNX
}

func (p *RNNParam) dirs() int {
	d := 0
	if p.Forward {
		d++
	}
	if p.Backward {
		d++
	}
	return d
}

// Activations returns how many activations all directions have.
func (p *RNNParam) Activations() int { return p.Kind.acts() * p.dirs() }

// acts returns the activations of direction d.
func (p *RNNParam) acts(d int) [3]Act {
	n := p.Kind.acts()
	a := [3]Act{{Op: OpSigmoid}, {Op: OpTanh}, {Op: OpTanh}}
	if p.Kind == RNN {
		a[0].Op = OpTanh
	}
	if p.Acts != nil {
		copy(a[:n], p.Acts[d*n:])
	}
	return a
}

func (p *RNNParam) check() error {
	if p.Kind > LSTM || p.Hidden < 1 || p.Hidden > 1<<24 || p.dirs() == 0 || p.NR < 0 || p.NR > 1<<10 {
		return fmt.Errorf("kind %d, hidden size %d, %d directions, panels of %d", p.Kind, p.Hidden, p.dirs(), p.NR)
	}
	if want := p.Activations(); p.Acts != nil && len(p.Acts) != want {
		return fmt.Errorf("%d activations, want %d", len(p.Acts), want)
	}
	for _, a := range p.Acts {
		switch a.Op {
		case OpSigmoid, OpTanh, OpRelu, OpSoftsign, OpSoftplus, OpPRelu, OpElu:
		case OpCopy, OpReluN:
			if !a.Scaled {
				return fmt.Errorf("activation %d without scale", a.Op)
			}
		default:
			return fmt.Errorf("activation %d", a.Op)
		}
	}
	return nil
}

// apply computes an activation in place.
func (a *Act) apply(t *pwTable, x []float32) {
	n, d := len(x), &x[0]
	op := func(o Op, form int, imm float32) { t[int(o)<<formBits+form](n, d, d, nil, nil, imm) }
	switch {
	case a.Scaled && a.Op == OpTanh:
		op(OpMul, formB, a.Beta)
	case a.Scaled:
		op(OpMul, formB, a.Alpha)
		op(OpAdd, formB, a.Beta)
	}
	switch {
	case a.Op == OpCopy:
	case a.Op == OpPRelu:
		op(OpPRelu, formB, a.Alpha)
	case a.Op == OpReluN:
		op(OpReluN, formV, 1)
	default:
		op(a.Op, formV, a.Alpha)
	}
	if a.Scaled && a.Op == OpTanh {
		op(OpMul, formB, a.Alpha)
	}
}

// PackedRNN returns how many float32 W and R of all directions take once packed.
func PackedRNN(p *RNNParam, input, nr int) (w, r int) {
	n := p.Kind.gates() * p.Hidden
	w = PackedB(input, n, nr)
	if p.Kind == GRU {
		r = PackedB(p.Hidden, 2*p.Hidden, nr) + PackedB(p.Hidden, p.Hidden, nr)
	} else {
		r = PackedB(p.Hidden, n, nr)
	}
	return w * p.dirs(), r * p.dirs()
}

// PackRNN puts W [D, G·H, I] and R [D, G·H, H] in the order that kernels want; those of a GRU in two
// parts, since the reset gate comes in between.
func PackRNN(p *RNNParam, input, nr int, dstW, dstR, w, r []float32) {
	d, h := p.dirs(), p.Hidden
	n := p.Kind.gates() * h
	nw, nrr := PackedRNN(p, input, nr)
	nw, nrr = nw/d, nrr/d
	for k := range d {
		PackB(dstW[k*nw:], w[k*n*input:], input, input, n, nr, true)
		src, dst := r[k*n*h:], dstR[k*nrr:]
		if p.Kind == GRU {
			PackB(dst, src, h, h, 2*h, nr, true)
			PackB(dst[PackedB(h, 2*h, nr):], src[2*h*h:], h, h, h, nr, true)
		} else {
			PackB(dst, src, h, h, n, nr, true)
		}
	}
}

// RNNScratch returns the bytes of scratch that steps × batch rows of a layer want; with less it
// keeps its own.
func RNNScratch(p *RNNParam, steps, batch int) (int, error) {
	if err := p.bound(steps, batch); err != nil {
		return 0, err
	}
	return 4 * p.dirs() * steps * batch * p.Kind.gates() * p.Hidden, nil
}

// bound refuses sizes of which products might overflow; X may have them where it has no columns.
func (p *RNNParam) bound(steps, batch int) error {
	if float64(p.dirs())*float64(p.Kind.gates())*float64(p.Hidden)*(float64(steps)+1)*(float64(batch)+1) > maxElements {
		return fmt.Errorf("%d steps of a batch of %d: too many elements", steps, batch)
	}
	return nil
}
