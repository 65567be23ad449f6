package kern

import "fmt"

// The operands and results of [RecurrentF32]; GRU and RNN end their operands with the initial H and
// their results with the last H.
const (
	rnnX = iota
	rnnW
	rnnR
	rnnB
	rnnLens
	rnnH0
	rnnC0
	rnnP
)

type rnnState struct {
	p                   *RNNParam
	steps, batch, input int
	args, out           []Arg
	packedW, packedR    []float32 // where W and R came as in ONNX
	gx                  []float32
	own                 []float32
	dir                 [2]rnnDir
	call                *Call
	err                 [2]error
}

// An rnnDir is one direction.
type rnnDir struct {
	s             *rnnState
	index         int // among the directions
	backward      bool
	acts          [3]Act
	gx            []float32 // [steps·batch, G·H]: the input's share of the gates
	step          []float32 // [batch, G·H]: the gates of one step
	h, c, aux     []float32 // [batch, H]
	bias          []float32
	in, rec, rec2 Gemm
	alone         Call // for products within a direction that already has a thread of its own
	table         *pwTable
}

// RecurrentF32 runs RNN, GRU or LSTM: operands X [T, N, I], W, R, B [D, 2·G·H], lengths [N] of int32,
// initial H [D, N, H], and for LSTM initial C and peepholes P [D, 3·H]; results Y [T, D, N, H], last
// H and, for LSTM, last C. B and what follows it, and each result, may be absent.
func RecurrentF32(c *Call) error {
	p, ok := c.Param.(*RNNParam)
	if !ok {
		return fmt.Errorf("recurrent: parameter is a %T", c.Param)
	}
	s := StateOf[rnnState](c)
	if err := s.prepare(c, p); err != nil {
		return fmt.Errorf("recurrent: %w", err)
	}
	if s.batch > 0 {
		c.ParallelTask(p.dirs(), 1, s)
	}
	s.args, s.out, s.gx, s.call = nil, nil, nil, nil
	for _, err := range s.err {
		if err != nil {
			return fmt.Errorf("recurrent: %w", err)
		}
	}
	return nil
}

func (s *rnnState) prepare(c *Call, p *RNNParam) error {
	if err := p.check(); err != nil {
		return err
	}
	in, out := 6, 2
	if p.Kind == LSTM {
		in, out = 8, 3
	}
	if len(c.Args) != in+out || len(c.Args[0].Dims) != 3 {
		return fmt.Errorf("%d operands and results, want %d; X of dims %v", len(c.Args), in+out, c.Args[0].Dims)
	}
	s.p, s.args, s.out, s.call = p, c.Args[:in], c.Args[in:], c
	s.err = [2]error{}
	s.steps, s.batch, s.input = c.Args[0].Dims[0], c.Args[0].Dims[1], c.Args[0].Dims[2]
	if err := p.bound(s.steps, s.batch); err != nil {
		return err
	}
	d, h, g := p.dirs(), p.Hidden, p.Kind.gates()
	w, r := d*g*h*s.input, d*g*h*h
	if p.NR > 0 {
		w, r = PackedRNN(p, s.input, p.NR)
	}
	state := d * s.batch * h
	want := [11]int{s.steps * s.batch * s.input, w, r, d * 2 * g * h, s.batch, state, state, d * 3 * h}
	copy(want[in:], []int{s.steps * state, state, state}[:out])
	for i := range c.Args {
		a := &c.Args[i]
		if !a.Has() && i > rnnR {
			continue
		}
		if n, err := a.count(4); err != nil || n < want[i] || n != want[i] && i != rnnW && i != rnnR {
			return fmt.Errorf("operand %d of dims %v: want %d elements", i, a.Dims, want[i])
		}
	}
	for i := rnnH0; i < min(in, rnnP); i++ {
		if a := &s.args[i]; a.Has() && (len(a.Dims) != 3 || a.Dims[0] != d || a.Dims[1] != s.batch) {
			return fmt.Errorf("operand %d of dims %v for %d directions and a batch of %d", i, a.Dims, d, s.batch)
		}
	}
	if s.args[rnnLens].Has() {
		for i, n := range Of[int32](&s.args[rnnLens])[:s.batch] {
			if n < 0 || int(n) > s.steps {
				return fmt.Errorf("sequence %d has length %d of %d", i, n, s.steps)
			}
		}
	}
	s.place(c)
	return nil
}

// RecurrentDims sets the dims of the results of [RecurrentF32].
func RecurrentDims(c *Call) error {
	p, ok := c.Param.(*RNNParam)
	if x := c.Args[0].Dims; !ok || len(x) != 3 {
		return fmt.Errorf("recurrent: x of dims %v", x)
	}
	steps, batch, first := c.Args[0].Dims[0], c.Args[0].Dims[1], 6
	if p.Kind == LSTM {
		first = 8
	}
	for i, a := range c.Args[first:] {
		if d := a.Dims; i == 0 && len(d) == 4 {
			d[0], d[1], d[2], d[3] = steps, p.dirs(), batch, p.Hidden
		} else if len(d) == 3 {
			d[0], d[1], d[2] = p.dirs(), batch, p.Hidden
		}
	}
	return nil
}

// grown returns a slice of n elements, the old one if it is long enough.
func grown(old []float32, n int) []float32 {
	if cap(old) < n {
		return make([]float32, n)
	}
	return old[:n]
}

// place finds memory for everything and sets the directions up.
func (s *rnnState) place(c *Call) {
	p := s.p
	h, g, d := p.Hidden, p.Kind.gates(), p.dirs()
	nr := p.NR
	w, r := F32(&s.args[rnnW]), F32(&s.args[rnnR])
	if nr == 0 {
		nr = GemmNR()
		nw, nrr := PackedRNN(p, s.input, nr)
		s.packedW, s.packedR = grown(s.packedW, nw), grown(s.packedR, nrr)
		PackRNN(p, s.input, nr, s.packedW, s.packedR, w, r)
		w, r = s.packedW, s.packedR
	}
	nw, nrr := PackedRNN(p, s.input, nr)
	nw, nrr = nw/d, nrr/d
	rows, n := s.steps*s.batch, g*h
	scratch := Arg{Data: c.Scratch}
	if s.gx = F32(&scratch); len(s.gx) < d*rows*n {
		s.own = grown(s.own, d*rows*n)
		s.gx = s.own
	}
	for k := range d {
		v := &s.dir[k]
		v.s, v.index, v.acts, v.table = s, k, p.acts(k), pwBest()
		v.backward = p.Backward && (k == 1 || !p.Forward)
		v.alone = Call{Threads: 1, Stop: c.Stop}
		v.gx = s.gx[k*rows*n:][:rows*n]
		v.step, v.bias = grown(v.step, s.batch*n), grown(v.bias, n)
		v.h, v.c, v.aux = grown(v.h, s.batch*h), grown(v.c, s.batch*h), grown(v.aux, s.batch*h)
		v.start()
		v.in.set(rows, n, s.input, F32(&s.args[rnnX]), s.input, w[k*nw:][:nw], nr, v.gx, n, v.bias)
		rk := r[k*nrr:][:nrr]
		if p.Kind != GRU {
			v.rec.set(s.batch, n, h, v.h, h, rk, nr, v.step, n, nil)
			continue
		}
		half := PackedB(h, 2*h, nr)
		v.rec.set(s.batch, 2*h, h, v.h, h, rk[:half], nr, v.step, n, nil)
		if p.LinearBeforeReset {
			v.rec2.set(s.batch, h, h, v.h, h, rk[half:], nr, v.aux, h, v.resetBias())
		} else if s.batch > 0 {
			v.rec2.set(s.batch, h, h, v.aux, h, rk[half:], nr, v.step[2*h:], n, nil)
		}
	}
}

// set describes a product; without a bias it goes on from what C holds.
func (g *Gemm) set(m, n, k int, a []float32, lda int, b []float32, nr int, c []float32, ldc int, bias []float32) {
	g.M, g.N, g.K, g.A, g.Lda, g.B, g.NR, g.C, g.Ldc, g.Bias, g.OnC = m, n, k, a, lda, b, nr, c, ldc, bias, bias == nil
}

// resetBias is the recurrent bias of the GRU's last gate, which the reset gate multiplies.
func (v *rnnDir) resetBias() []float32 {
	h := v.s.p.Hidden
	return v.bias[3*h:]
}

// start sets the first state and adds the two biases up.
func (v *rnnDir) start() {
	s, h := v.s, v.s.p.Hidden
	n := s.p.Kind.gates() * h
	if s.p.Kind == GRU {
		v.bias = grown(v.bias, n+h) // the last gate's recurrent bias apart
	}
	clear(v.bias)
	if b := &s.args[rnnB]; b.Has() {
		w := F32(b)[v.index*2*n:][:2*n]
		for i := range n {
			v.bias[i] = w[i]
			if s.p.Kind == GRU && s.p.LinearBeforeReset && i >= 2*h {
				v.bias[h+i] = w[n+i]
			} else {
				v.bias[i] += w[n+i]
			}
		}
	}
	load := func(dst []float32, a *Arg) {
		clear(dst)
		if a.Has() {
			copy(dst, F32(a)[v.index*len(dst):])
		}
	}
	load(v.h, &s.args[rnnH0])
	if s.p.Kind == LSTM {
		load(v.c, &s.args[rnnC0])
	}
}

// Do runs directions lo to hi-1, each from end to end.
func (s *rnnState) Do(_, lo, hi int) {
	for k := lo; k < hi; k++ {
		v := &s.dir[k]
		c := &v.alone
		if s.p.dirs() == 1 {
			c = s.call
		}
		s.err[k] = v.run(c)
	}
}

func (v *rnnDir) run(c *Call) error {
	s, h := v.s, v.s.p.Hidden
	if err := v.in.Run(c, nil); err != nil {
		return err
	}
	y := F32(&s.out[0])
	if s.out[0].Has() && s.args[rnnLens].Has() {
		for t := range s.steps {
			clear(y[(t*s.p.dirs()+v.index)*s.batch*h:][:s.batch*h])
		}
	}
	for t := range s.steps {
		if c.Stopped() {
			return nil
		}
		if err := v.advance(c, t, y); err != nil {
			return err
		}
	}
	for i, from := range [][]float32{v.h, v.c}[:len(s.out)-1] {
		if a := &s.out[1+i]; a.Has() {
			copy(F32(a)[v.index*s.batch*h:], from)
		}
	}
	return nil
}

// length returns the steps of a sequence.
func (s *rnnState) length(row int) int {
	if s.args[rnnLens].Has() {
		return int(Of[int32](&s.args[rnnLens])[row])
	}
	return s.steps
}

// advance does step t of every sequence that is so long.
func (v *rnnDir) advance(c *Call, t int, y []float32) error {
	s, h := v.s, v.s.p.Hidden
	n := s.p.Kind.gates() * h
	at := func(row int) int {
		if v.backward {
			return s.length(row) - 1 - t
		}
		return t
	}
	for row := range s.batch {
		if t < s.length(row) {
			copy(v.step[row*n:][:n], v.gx[(at(row)*s.batch+row)*n:])
		}
	}
	if err := v.rec.Run(c, nil); err != nil {
		return err
	}
	var err error
	switch s.p.Kind {
	case RNN:
		v.rows(t, v.rnnRow)
	case LSTM:
		v.rows(t, v.lstmRow)
	case GRU:
		err = v.gru(c, t)
	}
	if len(y) > 0 {
		for row := range s.batch {
			if t < s.length(row) {
				copy(y[((at(row)*s.p.dirs()+v.index)*s.batch+row)*h:][:h], v.h[row*h:])
			}
		}
	}
	return err
}
