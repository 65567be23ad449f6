package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A reduction folds a row into one number: every lane of several accumulators takes one element in
// so many, then the accumulators and at last the lanes are joined in halves.
type reduction struct {
	name, doc string
	start     float64
	accs      int
	step      func(k *kit, acc, x vec) vec // one more element in each lane; k.imm is the immediate
	join      func(k *kit, a, b vec) vec
	store     bool // the kernel also writes what stepStore returns
	stepStore func(k *kit, acc, x vec) (vec, vec)
}

func plus(k *kit, a, b vec) vec { return k.add(a, b) }

func times(k *kit, a, b vec) vec { return k.mul(a, b) }

var reductions = []reduction{
	{name: "Sum", doc: "the sum of x[i]", accs: 4, step: plus, join: plus},
	{name: "SumAbs", doc: "the sum of abs(x[i])", accs: 4, step: func(k *kit, a, x vec) vec { return k.add(a, k.abs(x)) }, join: plus},
	{name: "SumSq", doc: "the sum of (x[i]-imm)²", accs: 4, step: func(k *kit, a, x vec) vec {
		d := k.sub(x, k.imm)
		return k.fma(d, d, a)
	}, join: plus},
	{name: "Prod", doc: "the product of x[i]", start: 1, accs: 4, step: times, join: times},
	{name: "Max", doc: "the greatest x[i], or NaN", start: math.Inf(-1), accs: 4, step: (*kit).maximum, join: (*kit).maximum},
	{name: "Min", doc: "the least x[i], or NaN", start: math.Inf(1), accs: 4, step: (*kit).minimum, join: (*kit).minimum},
	{name: "SumExp", doc: "the sum of exp(x[i]-imm)", accs: 1, step: func(k *kit, a, x vec) vec { return k.add(a, k.expTail(k.sub(x, k.imm))) }, join: plus},
	{name: "Exp", doc: "the sum of y[i] = exp(x[i]-imm)", accs: 1, store: true, stepStore: func(k *kit, a, x vec) (vec, vec) {
		e := k.expTail(k.sub(x, k.imm))
		return k.add(a, e), e
	}, join: plus},
}

// A rowMap computes y from x and up to two more rows and two numbers.
type rowMap struct {
	name, doc string
	rows      string // of "xpq"
	f         func(k *kit, x, g, h, a, b vec) vec
}

var rowMaps = []rowMap{
	{"Linear", "x[i]*a + b", "x", func(k *kit, x, _, _, a, b vec) vec { return k.fma(x, a, b) }},
	{"Norm", "(x[i]-a)*b", "x", func(k *kit, x, _, _, a, b vec) vec { return k.mul(k.sub(x, a), b) }},
	{"NormG", "(x[i]-a)*b*p[i]", "xp", func(k *kit, x, g, _, a, b vec) vec { return k.mul(k.mul(k.sub(x, a), b), g) }},
	{"NormGH", "(x[i]-a)*b*p[i] + q[i]", "xpq", func(k *kit, x, g, h, a, b vec) vec {
		return k.fma(k.mul(k.sub(x, a), b), g, h)
	}},
}

// A frame is the loop that both kinds of row kernels share.
type frame struct {
	k    *kit
	n, i reg.GPVirtual
	w    int
}

func open(name, sig, doc string, avx512 bool) *frame {
	k := &kit{avx512: avx512, regs: map[uint32]vec{}}
	TEXT(name, NOSPLIT, sig)
	Doc(name + " " + doc)
	return &frame{k: k, n: Load(Param("n"), GP64()).(reg.GPVirtual), i: GP64(), w: k.bytes() / 4}
}

func (f *frame) param(name string) vec {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := f.k.reg()
	VBROADCASTSS(p.Addr, v)
	return v
}

func (f *frame) pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func (f *frame) at(p reg.GPVirtual, u int) Mem {
	return Mem{Base: p, Index: f.i, Scale: 4, Disp: u * f.k.bytes()}
}

// loop emits body for whole groups of unroll vectors.
func (f *frame) loop(label string, unroll int, body func()) {
	limit := GP64()
	MOVQ(f.n, limit)
	SUBQ(Imm(uint64(unroll*f.w)), limit)
	Label(label)
	CMPQ(f.i, limit)
	JG(LabelRef(label + "end"))
	body()
	ADDQ(Imm(uint64(unroll*f.w)), f.i)
	JMP(LabelRef(label))
	Label(label + "end")
}

func (f *frame) begin() {
	if f.k.avx512 {
		JMP(LabelRef("consts"))
	}
	Label("body")
	XORQ(f.i, f.i)
}

func (f *frame) end() {
	VZEROUPPER()
	RET()
	if f.k.avx512 {
		Label("consts")
		f.k.loadConsts()
		JMP(LabelRef("body"))
	}
}

// rest returns the mask of the last, partial vector, or jumps to label if there is none.
func (f *frame) rest(label string) mask {
	left := GP64()
	MOVQ(f.n, left)
	SUBQ(f.i, left)
	JE(LabelRef(label))
	if f.k.avx512 {
		m, bits := K(), GP32()
		MOVL(left.As32(), reg.ECX)
		MOVL(U32(1), bits)
		SHLL(reg.CL, bits)
		DECL(bits)
		KMOVW(bits, m)
		return mask{k: m}
	}
	p, m := GP64(), YMM()
	LEAQ(tailMask(), p)
	NEGQ(left)
	VMOVUPS(Mem{Base: p, Index: left, Scale: 4, Disp: 32}, m)
	return mask{v: m}
}

func (f *frame) load(m mask, from Mem) vec {
	d := f.k.reg()
	if f.k.avx512 {
		VMOVUPS_Z(from, m.k, d)
	} else {
		VMASKMOVPS(from, m.v, d)
	}
	return d
}

func (f *frame) save(m mask, v vec, to Mem) {
	if f.k.avx512 {
		VMOVUPS(v, m.k, to)
	} else {
		VMASKMOVPS(v, m.v, to)
	}
}

func (r *reduction) one(f *frame, acc, x vec, y reg.GPVirtual, m *mask) vec {
	if !r.store {
		return r.step(f.k, acc, x)
	}
	a, e := r.stepStore(f.k, acc, x)
	if m == nil {
		VMOVUPS(e, f.at(y, 0))
	} else {
		f.save(*m, e, f.at(y, 0))
	}
	return a
}

func (r *reduction) emit(avx512 bool) string {
	name := "row" + r.name + suffix(avx512)
	sig, y := "func(n int, x *float32, imm float32) float32", reg.GPVirtual(nil)
	if r.store {
		sig = "func(n int, y, x *float32, imm float32) float32"
	}
	f := open(name, sig, "returns "+r.doc+" for i < n.", avx512)
	k := f.k
	x := f.pointer("x")
	if r.store {
		y = f.pointer("y")
	}
	k.imm = f.param("imm")
	f.begin()
	acc := make([]vec, r.accs)
	for u := range acc {
		acc[u] = k.mov(k.cr(r.start))
	}
	if r.accs > 1 {
		f.loop("wide", r.accs, func() {
			for u := range acc {
				VMOVUPS(r.step(k, acc[u], k.mov(f.at(x, u))), acc[u])
			}
		})
	}
	f.loop("loop", 1, func() { VMOVUPS(r.one(f, acc[0], k.mov(f.at(x, 0)), y, nil), acc[0]) })
	m := f.rest("done")
	after := r.one(f, acc[0], f.load(m, f.at(x, 0)), y, &m)
	VMOVUPS(k.blend(m, acc[0], after), acc[0])
	Label("done")
	for len(acc) > 1 {
		h := len(acc) / 2
		for u := range h {
			acc[u] = r.join(k, acc[u], acc[u+h])
		}
		acc = acc[:h]
	}
	r.fold(k, acc[0])
	f.end()
	return name
}

// fold joins the lanes: halves of the vector, of that, and so on.
func (r *reduction) fold(k *kit, v vec) {
	if k.avx512 {
		t := ZMM()
		VSHUFF32X4(U8(0x4e), v, v, t)
		v = r.join(k, v, t)
		t = ZMM()
		VSHUFF32X4(U8(0xb1), v, v, t)
		v = r.join(k, v, t)
	} else {
		t := YMM()
		VPERM2F128(U8(1), v, v, t)
		v = r.join(k, v, t)
	}
	for _, s := range []uint8{0x4e, 0xb1} {
		t := k.reg()
		VSHUFPS(U8(s), v, v, t)
		v = r.join(k, v, t)
	}
	out, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	VMOVSS(v.AsX(), out.Addr)
}

func (r *rowMap) emit(avx512 bool) string {
	name := "row" + r.name + suffix(avx512)
	f := open(name, "func(n int, y, x, p, q *float32, a, b float32)", "sets y[i] = "+r.doc+" for i < n.", avx512)
	ptr := map[byte]reg.GPVirtual{'y': f.pointer("y")}
	for _, s := range []byte(r.rows) {
		ptr[s] = f.pointer(string(s))
	}
	a, b := f.param("a"), f.param("b")
	f.begin()
	apply := func(load func(p reg.GPVirtual) vec) vec {
		var v [3]vec
		for j, s := range []byte("xpq") {
			if p, ok := ptr[s]; ok {
				v[j] = load(p)
			}
		}
		return r.f(f.k, v[0], v[1], v[2], a, b)
	}
	for _, u := range []int{4, 1} {
		f.loop(map[int]string{4: "wide", 1: "loop"}[u], u, func() {
			for j := range u {
				VMOVUPS(apply(func(p reg.GPVirtual) vec { return f.k.mov(f.at(p, j)) }), f.at(ptr['y'], j))
			}
		})
	}
	m := f.rest("done")
	f.save(m, apply(func(p reg.GPVirtual) vec { return f.load(m, f.at(p, 0)) }), f.at(ptr['y'], 0))
	Label("done")
	f.end()
	return name
}

func suffix(avx512 bool) string {
	if avx512 {
		return "AVX512"
	}
	return "AVX2"
}

func rows() {
	for _, avx512 := range []bool{false, true} {
		for i := range reductions {
			reductions[i].emit(avx512)
		}
		for i := range rowMaps {
			rowMaps[i].emit(avx512)
		}
	}
}
