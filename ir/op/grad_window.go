package op

import (
	"github.com/cameo-onnx/cameo/ir"
)

func init() {
	derive(Conv, convGrad)
	derive(ConvTranspose, convTransposeGrad)
	derive(MaxPool, maxPoolGrad)
	derive(MaxUnpool, maxUnpoolGrad)
	derive(AveragePool, through1(averagePool))
	derive(LpPool, through1(func(m maths, a LpPoolAttrs, in []*ir.Value) *ir.Value {
		w := m.windows(a.window(), in[0])
		if w == nil {
			return nil
		}
		return m.rootOf(w.sums(w.padded(m.power(in[0], a.P))), a.P)
	}))
	derive(GlobalLpPool, through1(func(m maths, a GlobalLpPoolAttrs, in []*ir.Value) *ir.Value {
		return m.rootOf(m.sum(m.power(in[0], a.P), true, upTo(2, m.rankOf(in[0]))...), a.P)
	}))
}

// power is |x|^p.
func (m maths) power(x *ir.Value, p int) *ir.Value { return m.one(Pow, abs(m, x), m.c(x, float64(p))) }

// rootOf is x^(1/p), which is taken to have slope 0 at 0.
func (m maths) rootOf(x *ir.Value, p int) *ir.Value {
	zero := m.c(x, 0)
	none := m.one(Equal, x, zero)
	return m.where(none, zero, m.one(Pow, m.where(none, m.c(x, 1), x), m.c(x, 1/float64(p))))
}

// strip holds what is known of windows along each spatial axis, numbers as vectors of one integer.
type strip struct {
	m       maths
	w       windowAttrs
	in, out []*ir.Value // sizes
	span    []*ir.Value // places that a kernel covers
	begin   []*ir.Value // padding in front
}

// strip describes windows of kernels over in, whose places are those of out.
func (m maths) strip(w windowAttrs, in, kernel, out []*ir.Value) strip {
	s := strip{m: m, w: w, in: in, out: out}
	for i, k := range kernel {
		span := m.add(m.mul(m.sub(k, m.ints(1)), m.ints(w.dilations[i])), m.ints(1))
		s.span = append(s.span, span)
		begin := m.ints(w.pads[i])
		if w.auto != "" {
			total := m.one(Max, m.sub(s.reach(i), in[i]), m.ints(0))
			if begin = m.div(total, m.ints(2)); w.auto == "SAME_LOWER" {
				begin = m.sub(total, begin)
			}
		}
		s.begin = append(s.begin, begin)
	}
	return s
}

// reach is the number of places that all windows along an axis cover, padding included.
func (s strip) reach(i int) *ir.Value {
	return s.m.add(s.m.mul(s.m.sub(s.out[i], s.m.ints(1)), s.m.ints(s.w.strides[i])), s.span[i])
}

// plain reports whether the pads are numbers that an attribute can hold.
func (s strip) plain() bool { return s.w.auto == "" && !s.w.ceil }

// cover pads or crops x so that windows without padding cover it.
func (s strip) cover(x *ir.Value) *ir.Value {
	pads := []*ir.Value{s.m.ints(0), s.m.ints(0)}
	ends := []*ir.Value{s.m.ints(0), s.m.ints(0)}
	for i, b := range s.begin {
		pads = append(pads, b)
		ends = append(ends, s.m.sub(s.m.sub(s.reach(i), b), s.in[i]))
	}
	if len(s.begin) == 0 {
		return x
	}
	return s.m.pad(x, s.m.concat(append(pads, ends...)...))
}

// uncover is the way back: from the places that the windows cover to those of x.
func (s strip) uncover(d *ir.Value) *ir.Value {
	if len(s.begin) == 0 {
		return d
	}
	zeros := []*ir.Value{s.m.ints(0), s.m.ints(0)}
	behind := append(zeros, zeros...)[:2:2]
	var starts, ends, axes []*ir.Value
	for i, b := range s.begin {
		end := s.m.add(b, s.in[i])
		zeros = append(zeros, s.m.ints(0))
		behind = append(behind, s.m.one(Max, s.m.sub(end, s.reach(i)), s.m.ints(0)))
		starts, ends, axes = append(starts, b), append(ends, end), append(axes, s.m.ints(2+i))
	}
	d = s.m.pad(d, s.m.concat(append(zeros, behind...)...))
	return s.m.one(Slice, d, s.m.concat(starts...), s.m.concat(ends...), s.m.concat(axes...))
}

// spatialSizes are the sizes of x behind the first two axes.
func (m maths) spatialSizes(x *ir.Value) []*ir.Value {
	var out []*ir.Value
	for i := 2; i < m.rankOf(x); i++ {
		out = append(out, sizeAt(m.b, x, i))
	}
	return out
}

// bare is w without padding.
func (w windowAttrs) bare(group int) ConvAttrs {
	return ConvAttrs{AutoPad: "NOTSET", Group: group, Strides: w.strides, Dilations: w.dilations}
}

func convGrad(g *ir.Grad, a ConvAttrs, n *ir.Node) []*ir.Value {
	m, x, f, dy := maths{g.Builder}, n.In[0], n.In[1], g.Out[0]
	rank := m.rankOf(x)
	w, err := a.window().filled(rank - 2)
	if err != nil || g.Err() != nil {
		g.Fail(err)
		return nil
	}
	s := m.strip(w, m.spatialSizes(x), m.spatialSizes(f), m.spatialSizes(dy))
	out := make([]*ir.Value, 3)
	if needs(g, 0) {
		out[0] = m.like(m.spread(s, a.Group, x, f, dy), x)
	}
	if needs(g, 1) {
		c := ConvAttrs{AutoPad: "NOTSET", Pads: w.pads}
		if !s.plain() {
			x, c.Pads = s.cover(x), nil
		}
		out[1] = m.filterGrad(c, s, a.Group, x, dy, f)
	}
	if needs(g, 2) {
		out[2] = m.sum(dy, false, append([]int{0}, upTo(2, rank)...)...)
	}
	return out
}

// spread adds what each window hands back to the places of x that it covers.
func (m maths) spread(s strip, group int, x, f, dy *ir.Value) *ir.Value {
	t := ConvTransposeAttrs{AutoPad: "NOTSET", Group: group, Strides: s.w.strides, Dilations: s.w.dilations}
	if extra, ok := s.missing(); ok {
		t.Pads, t.OutputPadding = s.w.pads, extra
		return ConvTranspose.New(m.b, t, dy, f)
	}
	return s.uncover(ConvTranspose.New(m.b, t, dy, f))
}

// missing returns the places at the end of each axis that no window covers, where they are known and fewer than a stride.
func (s strip) missing() ([]int, bool) {
	if !s.plain() {
		return nil, false
	}
	extra := make([]int, len(s.in))
	for i := range extra {
		in, ok := s.in[i].Known().Ints()
		reach, ok2 := s.reach(i).Known().Ints()
		if !ok || !ok2 {
			return nil, false
		}
		if extra[i] = in[0] + s.w.pads[i] + s.w.pads[len(extra)+i] - reach[0]; extra[i] < 0 || extra[i] >= s.w.strides[i] {
			return nil, false
		}
	}
	return extra, true
}

// filterGrad correlates the operand with the adjoint: a convolution whose filters are the adjoint's planes, over items instead of
// channels; strides and dilations change places.
func (m maths) filterGrad(c ConvAttrs, s strip, group int, x, dy, f *ir.Value) *ir.Value {
	rank := m.rankOf(x)
	rest := upTo(2, rank)
	spatial := m.spatialSizes(x)
	if group == 1 {
		x = m.transpose(x, append([]int{1, 0}, rest...)...)
	} else {
		items, per := sizeAt(m.b, x, 0), m.div(sizeAt(m.b, x, 1), m.ints(group))
		x = m.sized(x, m.concat(append([]*ir.Value{items, m.ints(group), per}, spatial...)...))
		x = m.transpose(x, append([]int{2, 1, 0}, upTo(3, rank+1)...)...)
		x = m.sized(x, m.concat(append([]*ir.Value{per, m.mul(items, m.ints(group))}, spatial...)...))
	}
	c.Group, c.Strides, c.Dilations = group, s.w.dilations, s.w.strides
	d := Conv.New(m.b, c, x, m.transpose(dy, append([]int{1, 0}, rest...)...))
	d = m.transpose(d, append([]int{1, 0}, rest...)...)
	if len(rest) > 0 {
		// Places behind the last window make taps that the filter does not have.
		start := m.one(Expand, m.ints(0), m.ints(len(rest)))
		d = m.one(Slice, d, start, Shape.New(m.b, ShapeAttrs{Start: 2}, f), m.ints(rest...))
	}
	return m.like(d, f)
}

func convTransposeGrad(g *ir.Grad, a ConvTransposeAttrs, n *ir.Node) []*ir.Value {
	m, x, f, dy := maths{g.Builder}, n.In[0], n.In[1], g.Out[0]
	rank := m.rankOf(x)
	w, extra, shape, err := a.window(max(rank-2, 0))
	if err != nil || g.Err() != nil {
		g.Fail(err)
		return nil
	}
	if len(shape) > 0 && w.auto == "" {
		w.auto = "SAME_LOWER" // which the padding follows then
	}
	// The windows slide over the result; their places are those of x.
	s := m.strip(w, m.spatialSizes(dy), m.spatialSizes(f), m.spatialSizes(x))
	if w.auto != "" {
		for i := range s.begin {
			total := m.one(Max, m.sub(m.add(s.reach(i), m.ints(extra[i])), s.in[i]), m.ints(0))
			if s.begin[i] = m.div(total, m.ints(2)); w.auto == "SAME_LOWER" {
				s.begin[i] = m.sub(total, s.begin[i])
			}
		}
	}
	c := w.bare(a.Group)
	cover := dy
	simple := s.plain()
	for _, e := range extra {
		simple = simple && e == 0
	}
	if c.Pads = w.pads; !simple {
		cover, c.Pads = s.cover(dy), nil
	}
	out := make([]*ir.Value, 3)
	if needs(g, 0) {
		out[0] = m.like(Conv.New(m.b, c, cover, f), x)
	}
	if needs(g, 1) {
		out[1] = m.filterGrad(ConvAttrs{AutoPad: "NOTSET", Pads: c.Pads}, s, a.Group, cover, x, f)
	}
	if needs(g, 2) {
		out[2] = m.sum(dy, false, append([]int{0}, upTo(2, rank)...)...)
	}
	return out
}

// maxPoolGrad adds each adjoint to the element that the pool found. Windows of padding alone found none, −1.
func maxPoolGrad(g *ir.Grad, a MaxPoolAttrs, n *ir.Node) []*ir.Value {
	m, x := maths{g.Builder}, n.In[0]
	if g.Out[0] == nil {
		return nil
	}
	if len(n.Out) < 2 {
		a.StorageOrder = 0
		if n = g.Again(a, nil, 2); n == nil {
			return nil
		}
	} else if a.StorageOrder != 0 {
		a.StorageOrder = 0
		if n = m.b.Add(n.Op, a, nil, 2, x); n == nil {
			return nil
		}
	}
	return []*ir.Value{m.sentBack(x, m.add(m.flat(n.Out[1]), m.ints(1)), g.Out[0])}
}

// maxUnpoolGrad picks the adjoints of the places that elements were put to; indices count those of the least result.
func maxUnpoolGrad(g *ir.Grad, a MaxUnpoolAttrs, n *ir.Node) []*ir.Value {
	m, x := maths{g.Builder}, n.In[0]
	rank := m.rankOf(x)
	w, err := a.window(rank)
	if err != nil || g.Err() != nil {
		g.Fail(err)
		return nil
	}
	sizes := []*ir.Value{sizeAt(m.b, x, 0), sizeAt(m.b, x, 1)}
	for i, d := range m.spatialSizes(x) {
		span := m.mul(m.sub(d, m.ints(1)), m.ints(w.strides[i]))
		sizes = append(sizes, m.add(span, m.ints(w.kernel[i]-w.pads[i]-w.pads[rank-2+i])))
	}
	dy := m.one(Slice, g.Out[0], m.one(Expand, m.ints(0), m.ints(rank)), m.concat(sizes...))
	return []*ir.Value{m.like(GatherElements.New(m.b, AxisAttrs{}, m.flat(dy), m.flat(n.In[1])), x)}
}

// poolSums is a pool spelt out as convolutions of single planes.
type poolSums struct {
	strip
	x     *ir.Value
	ones  *ir.Value // the filter
	sizes []*ir.Value
}

// windows describes a pool over x; nil after an error.
func (m maths) windows(w windowAttrs, x *ir.Value) *poolSums {
	rank := m.rankOf(x)
	w, err := w.filled(max(rank-2, 0))
	if err != nil || m.b.Err() != nil {
		m.b.Fail(err)
		return nil
	}
	var kernel, out []*ir.Value
	shape := []int{1, 1}
	in := m.spatialSizes(x)
	for i, d := range in {
		k := 1
		if len(w.kernel) > 0 {
			k = w.kernel[i]
		}
		kernel, shape = append(kernel, m.ints(k)), append(shape, k)
		out = append(out, m.places(w, i, d, k))
	}
	p := &poolSums{strip: m.strip(w, in, kernel, out), x: x}
	p.ones = m.one(Expand, m.c(x, 1), m.ints(shape...))
	p.sizes = append([]*ir.Value{sizeAt(m.b, x, 0), sizeAt(m.b, x, 1)}, out...)
	return p
}

// places is the number of windows along spatial axis i, of size d.
func (m maths) places(w windowAttrs, i int, d *ir.Value, kernel int) *ir.Value {
	s := m.ints(w.strides[i])
	up := func(x *ir.Value) *ir.Value { return m.div(m.add(x, m.ints(w.strides[i]-1)), s) }
	if w.auto != "" {
		return up(d)
	}
	n := len(w.strides)
	room := m.add(d, m.ints(w.pads[i]+w.pads[n+i]-(kernel-1)*w.dilations[i]-1))
	if !w.ceil {
		return m.add(m.div(room, s), m.ints(1))
	}
	return m.one(Min, m.add(up(room), m.ints(1)), up(m.add(d, m.ints(w.pads[i]))))
}

// padded is v, of the pool's operand's sizes, as planes of one channel with zeros where windows reach beyond it.
func (p *poolSums) padded(v *ir.Value) *ir.Value {
	m := p.m
	items := m.mul(sizeAt(m.b, v, 0), sizeAt(m.b, v, 1))
	planes := m.sized(v, m.concat(append([]*ir.Value{items, m.ints(1)}, m.spatialSizes(v)...)...))
	return p.cover(planes)
}

// sums are the sums of all windows, of the pool's result's sizes.
func (p *poolSums) sums(planes *ir.Value) *ir.Value {
	y := Conv.New(p.m.b, p.w.bare(1), planes, p.ones)
	return p.m.sized(y, p.m.concat(p.sizes...))
}

func averagePool(m maths, a AveragePoolAttrs, in []*ir.Value) *ir.Value {
	x := in[0]
	p := m.windows(a.window(), x)
	if p == nil {
		return nil
	}
	sum := p.sums(p.padded(x))
	taps := 1
	for _, k := range p.w.kernel {
		taps *= k
	}
	if a.CountIncludePad && !p.w.ceil {
		return m.div(sum, m.c(x, float64(taps)))
	}
	// How many places of each window count: those of the operand, or with the padding.
	s, size := p.strip, []*ir.Value{m.ints(1), m.ints(1)}
	if a.CountIncludePad && p.w.auto == "" {
		wide := make([]*ir.Value, len(s.in))
		begin := make([]*ir.Value, len(s.in))
		for i := range wide {
			wide[i] = m.add(s.in[i], m.ints(p.w.pads[i]+p.w.pads[len(wide)+i]))
			begin[i] = m.ints(0)
		}
		s.in, s.begin = wide, begin
	}
	ones := s.cover(m.one(Expand, m.c(x, 1), m.concat(append(size, s.in...)...)))
	if a.CountIncludePad && p.w.auto != "" {
		return m.div(sum, m.c(x, float64(taps)))
	}
	return m.div(sum, m.one(Max, Conv.New(m.b, p.w.bare(1), ones, p.ones), m.c(x, 1)))
}
