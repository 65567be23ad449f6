package cpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A trial is one random node: its attributes and operands.
type trial struct {
	r     *rand.Rand
	o     *ir.Op
	attrs any
	in    []tensor.Value // nil is absent
	index []bool         // by operand: axes, sizes and the like, mostly constant
	outs  int
	dtype map[string]tensor.DType // by type variable of the signature
	tame  bool                    // no numbers that overflow in a sum
	mode  uint64                  // what draws constants, open sizes and layouts
}

func (c *trial) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%+v, %d results, of", c.o.Name, c.attrs, c.outs)
	for _, v := range c.in {
		if x, ok := v.(*tensor.Tensor); ok && x.Len() <= 24 {
			fmt.Fprintf(&b, "\n  %v%v %v", x.DType(), x.Dims(), x)
		} else if v != nil {
			fmt.Fprintf(&b, "\n  %v", ir.TypeOf(v))
		} else {
			b.WriteString("\n  -")
		}
	}
	if g, _, err := c.graph(true); err == nil {
		fmt.Fprintf(&b, "\n%s", g)
	}
	return b.String()
}

// set changes an attribute by the name of its field.
func (c *trial) set(field string, x any) {
	v := reflect.New(reflect.TypeOf(c.attrs)).Elem()
	v.Set(reflect.ValueOf(c.attrs))
	f := v.FieldByName(field)
	if f.Kind() == reflect.Pointer && reflect.TypeOf(x) != f.Type() {
		p := reflect.New(f.Type().Elem())
		p.Elem().Set(reflect.ValueOf(x).Convert(f.Type().Elem()))
		f.Set(p)
	} else {
		f.Set(reflect.ValueOf(x).Convert(f.Type()))
	}
	c.attrs = v.Interface()
}

func (c *trial) coin() bool          { return c.r.IntN(2) == 0 }
func (c *trial) one(n int) bool      { return c.r.IntN(n) == 0 }
func (c *trial) from(a, b int) int   { return a + c.r.IntN(b-a+1) }
func pick[T any](c *trial, x ...T) T { return x[c.r.IntN(len(x))] }

// axis returns an axis of rank, from either end.
func (c *trial) axis(rank int) int { return c.r.IntN(2*rank) - rank }

// size is mostly small, sometimes 0, sometimes more than a vector.
func (c *trial) size() int {
	switch c.r.IntN(16) {
	case 0:
		return 0
	case 1, 2:
		return 1
	case 3:
		return c.from(15, 35)
	}
	return c.from(1, 5)
}

func (c *trial) dims(rank int) []int {
	d := make([]int, rank)
	n := 1
	for i := range d {
		if d[i] = c.size(); n*d[i] > 20000 {
			d[i] = 2
		}
		n *= max(1, d[i])
	}
	return d
}

// positive returns sizes that are not 0.
func (c *trial) positive(rank int) []int {
	d := c.dims(rank)
	for i := range d {
		d[i] = max(d[i], 1)
	}
	return d
}

// shrunk returns sizes that broadcast to d.
func (c *trial) shrunk(d []int) []int {
	s := slices.Clone(d[c.r.IntN(len(d)+1)*c.r.IntN(2):])
	for i := range s {
		if c.one(4) {
			s[i] = 1
		}
	}
	return s
}

// dt returns the element type of operand i: that of its type variable, or one that the signature takes, float32 in half the cases.
func (c *trial) dt(i int) tensor.DType {
	ps := c.o.Sig.In
	p := ps[min(i, len(ps)-1)]
	if d, ok := c.dtype[p.Var]; ok && p.Var != "" {
		return d
	}
	var all []tensor.DType
	for d := tensor.F32; d < 40; d++ {
		if d.Valid() && c.o.Sig.Accepts(i, d) {
			all = append(all, d)
		}
	}
	d := tensor.F32 // refused where the operand is no tensor
	if len(all) > 0 && (!slices.Contains(all, d) || c.coin()) {
		d = pick(c, all...)
	}
	if p.Var != "" {
		c.dtype[p.Var] = d
	}
	return d
}

// floats returns n numbers, wild ones among them.
func (c *trial) floats(n int) []float64 {
	wild := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, 1e-40, -3e-42, 1e30, -3e38, 1e-30, 0.5, 1, 100.5, -80}
	v := make([]float64, n)
	special := c.one(3)
	for i := range v {
		v[i] = float64(float32(c.r.Float64()*6 - 3))
		switch {
		case !special:
		case !c.tame && c.one(6):
			v[i] = wild[c.r.IntN(len(wild))]
		case c.tame && c.one(40):
			v[i] = wild[c.r.IntN(5)]
		}
	}
	return v
}

// values returns a random tensor.
func (c *trial) values(d tensor.DType, dims ...int) *tensor.Tensor {
	n, _ := tensor.Count(dims)
	switch {
	case d == tensor.String:
		s := make([]string, n)
		for i := range s {
			s[i] = pick(c, "", "a", "B", "1.5", "-3", "é", "nan", "a b")
		}
		return tensor.OfStrings(s, dims...)
	case d == tensor.C64 || d == tensor.C128:
		t := tensor.New(d, dims...)
		v := c.floats(2 * n)
		if d == tensor.C64 {
			x := make([]float32, 2*n)
			for i := range v {
				x[i] = float32(v[i])
			}
			copy(t.Bytes(), tensor.Of(x, 2*n).Bytes())
		} else {
			copy(t.Bytes(), tensor.Of(v, 2*n).Bytes())
		}
		return t
	case d.IsInt() || d == tensor.Bool:
		v := make([]int64, n)
		for i := range v {
			if v[i] = int64(c.from(-5, 9)); d == tensor.Bool {
				v[i] &= 1
			} else if !c.tame && c.one(24) {
				v[i] = pick(c, int64(math.MinInt64), math.MaxInt64, math.MinInt32, math.MaxInt32, -128, 255)
			}
		}
		return tensor.FromInt64s(d, v, dims...)
	}
	return tensor.FromFloat64s(d, c.floats(n), dims...)
}

// x adds a random operand.
func (c *trial) x(dims ...int) *tensor.Tensor {
	t := c.values(c.dt(len(c.in)), dims...)
	c.in, c.index = append(c.in, t), append(c.index, false)
	return t
}

// none adds absent operands.
func (c *trial) none(n int) {
	for range n {
		c.in, c.index = append(c.in, nil), append(c.index, false)
	}
}

// maybe adds a random operand or none.
func (c *trial) maybe(dims ...int) {
	if c.coin() {
		c.none(1)
	} else {
		c.x(dims...)
	}
}

// ints adds an operand of axes, sizes or the like; dims nil: a vector.
func (c *trial) ints(v []int, dims []int) {
	w := make([]int64, len(v))
	for i, x := range v {
		w[i] = int64(x)
	}
	d := c.dt(len(c.in))
	if dims == nil {
		dims = []int{len(v)}
	}
	c.in, c.index = append(c.in, tensor.FromInt64s(d, w, dims...)), append(c.index, true)
}

// between returns n random integers from a to b.
func (c *trial) between(n, a, b int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = c.from(a, b)
	}
	return v
}

// generic draws operands by the signature alone: those of a variadic parameter, and those of elementwise ops, broadcast to each other.
func (c *trial) generic() {
	full := c.dims(c.r.IntN(7))
	ps := c.o.Sig.In
	n := len(ps)
	if n > 0 && ps[n-1].Variadic {
		n += c.r.IntN(4)
	}
	for i := range n {
		p := ps[min(i, len(ps)-1)]
		switch {
		case p.Optional && c.coin():
			c.none(1)
		case i > 0 && p.Optional:
			c.x() // ends of a clip
		case n == 1:
			c.x(full...)
		default:
			c.x(c.shrunk(full)...)
		}
	}
	v := reflect.New(reflect.TypeOf(c.attrs)).Elem()
	v.Set(reflect.ValueOf(c.attrs))
	for i := range v.NumField() {
		switch f := v.Field(i).Addr().Interface().(type) {
		case *bool:
			*f = c.coin()
		case *float32:
			if c.coin() {
				*f = pick(c, *f, 0, 0.25, 1, 2.5, -1)
			}
		case *int:
			if v.Type().Field(i).Name == "Axis" && len(full) > 0 {
				*f = c.axis(len(full))
			}
		case *tensor.DType:
			if c.coin() || *f == tensor.Invalid {
				*f = tensor.DType(c.from(1, 26))
			}
		case *string:
			*f = pick(c, *f, "tanh", "LEFT", "RIGHT", "none")
		}
	}
	c.attrs = v.Interface()
	c.outs = c.from(1, max(1, len(c.o.Sig.Out)))
}

// graph returns a graph of the node alone, and its inputs. Operands are constants or inputs, whose sizes are open or not; with
// layouts images may lie with channels last.
func (c *trial) graph(layouts bool) (*ir.Graph, []tensor.Value, error) {
	r := rand.New(rand.NewPCG(c.mode, 3))
	g := ir.NewGraph("g")
	b := ir.NewBuilder(g)
	open := r.IntN(3) == 0
	var in []tensor.Value
	var args []*ir.Value
	for i, v := range c.in {
		t, _ := v.(*tensor.Tensor)
		constant := r.IntN(3) == 0
		if c.index[i] {
			constant = r.IntN(5) > 0
		}
		switch {
		case v == nil:
			args = append(args, nil)
			continue
		case constant && t != nil:
			args = append(args, g.Const(fmt.Sprint("c", i), t))
			continue
		}
		typ := ir.TypeOf(v)
		for k, d := range typ.Shape {
			if n, _ := d.Int(); open && r.IntN(2) == 0 && n != 1 && !c.index[i] {
				typ.Shape[k] = sym.Sym(fmt.Sprintf("n%d", n))
			}
		}
		args = append(args, g.Input(fmt.Sprint("x", i), typ))
		in = append(in, v)
	}
	n := b.Add(c.o, c.attrs, nil, c.outs, args...)
	if n == nil {
		return nil, nil, b.Err()
	}
	for i, v := range n.Out {
		g.Output(fmt.Sprint("y", i), v)
	}
	if _, ok := (cpu.Backend{}).Layout(n); ok && layouts && r.IntN(2) == 0 && n.Out[0].Type.Rank() >= 3 {
		c.relay(b, g, n)
	}
	return g, in, b.Err()
}

// relay makes the images of n lie with channels last.
func (c *trial) relay(b *ir.Builder, g *ir.Graph, n *ir.Node) {
	images := 1
	if c.o == op.Concat.Op {
		images = len(n.In)
	}
	for i := range images {
		g.SetOperand(n, i, op.Relayout.New(ir.NewBuilder(g).Before(n), op.RelayoutAttrs{To: "channels_last"}, n.In[i]))
	}
	for i, v := range n.Out {
		g.SetLayout(v, ir.ChannelsLast)
		g.Outputs[i].Value = op.Relayout.New(b, op.RelayoutAttrs{To: "row_major"}, v)
	}
}
