// Command pointwise writes the vector kernels of the tile interpreter, one per instruction, operand
// form and instruction set, and the tables that list them.
package main

import (
	"flag"
	"fmt"
	"go/format"
	"os"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A kernel is one row of the table: in names the operands that are vectors ("ab"), in place of
// the others stands the immediate.
type kernel struct {
	index  string // its place in the table of the interpreter
	name   string
	doc    string
	in     string
	imm    bool
	unroll int
	f      func(k *kit, a, b, c vec) vec
}

const unrollPlain = 4

func unary(op, doc string, unroll int, f func(*kit, vec) vec) kernel {
	return kernel{"Op" + op, op, doc, "a", false, unroll, func(k *kit, a, _, _ vec) vec { return f(k, a) }}
}

// binary gives the forms vector-vector, vector-immediate and immediate-vector.
func binary(op, doc string, f func(k *kit, a, b vec) vec) []kernel {
	swap := strings.NewReplacer("a[i]", "imm")
	swapB := strings.NewReplacer("b[i]", "imm")
	return []kernel{
		{"Op" + op, op, doc, "ab", false, unrollPlain, func(k *kit, a, b, _ vec) vec { return f(k, a, b) }},
		{"Op" + op + "|formB", op + "B", swapB.Replace(doc), "a", true, unrollPlain, func(k *kit, a, _, _ vec) vec { return f(k, a, k.imm) }},
		{"Op" + op + "|formA", op + "A", swap.Replace(doc), "b", true, unrollPlain, func(k *kit, _, b, _ vec) vec { return f(k, k.imm, b) }},
	}
}

func compare(op, sym string, pred uint8) []kernel {
	return binary(op, "1 if a[i] "+sym+" b[i] else 0", func(k *kit, a, b vec) vec { return k.one(k.cmp(pred, a, b)) })
}

func logic(op, sym string, f func(k *kit, m, o mask) mask) []kernel {
	return binary(op, "1 if (a[i] != 0) "+sym+" (b[i] != 0) else 0", func(k *kit, a, b vec) vec {
		return k.one(f(k, k.cmp(neq, a, k.c(0)), k.cmp(neq, b, k.c(0))))
	})
}

func kernels() []kernel {
	var ks []kernel
	ks = append(ks, binary("Add", "a[i] + b[i]", func(k *kit, a, b vec) vec { return k.add(a, b) })...)
	ks = append(ks, binary("Sub", "a[i] - b[i]", func(k *kit, a, b vec) vec { return k.sub(a, b) })...)
	ks = append(ks, binary("Mul", "a[i] * b[i]", func(k *kit, a, b vec) vec { return k.mul(a, b) })...)
	ks = append(ks, binary("Div", "a[i] / b[i]", func(k *kit, a, b vec) vec { return k.div(a, b) })...)
	ks = append(ks, binary("Min", "min(a[i], b[i])", (*kit).minimum)...)
	ks = append(ks, binary("Max", "max(a[i], b[i])", (*kit).maximum)...)
	ks = append(ks, binary("PRelu", "a[i] if a[i] >= 0 else a[i] * b[i]", func(k *kit, a, b vec) vec {
		return k.blend(k.cmp(lt, a, k.c(0)), a, k.mul(a, b))
	})...)
	ks = append(ks, compare("Eq", "==", eq)...)
	ks = append(ks, compare("Ne", "!=", neq)...)
	ks = append(ks, compare("Lt", "<", lt)...)
	ks = append(ks, compare("Le", "<=", le)...)
	ks = append(ks, compare("Gt", ">", gt)...)
	ks = append(ks, compare("Ge", ">=", ge)...)
	ks = append(ks, logic("And", "and", (*kit).both)...)
	ks = append(ks, logic("Or", "or", (*kit).either)...)
	ks = append(ks, logic("Xor", "xor", (*kit).differ)...)

	ks = append(ks,
		unary("Neg", "-a[i]", unrollPlain, func(k *kit, x vec) vec { return k.xor(x, k.bits(signBit)) }),
		unary("Abs", "abs(a[i])", unrollPlain, (*kit).abs),
		unary("Sqrt", "sqrt(a[i])", unrollPlain, (*kit).sqrt),
		unary("Rsqrt", "1 / sqrt(a[i])", unrollPlain, func(k *kit, x vec) vec { return k.div(k.cr(1), k.sqrt(x)) }),
		unary("Reciprocal", "1 / a[i]", unrollPlain, func(k *kit, x vec) vec { return k.div(k.cr(1), x) }),
		unary("Square", "a[i] * a[i]", unrollPlain, func(k *kit, x vec) vec { return k.mul(x, x) }),
		unary("Relu", "max(a[i], 0)", unrollPlain, func(k *kit, x vec) vec { return k.max(k.cr(0), x) }),
		unary("Floor", "floor(a[i])", unrollPlain, func(k *kit, x vec) vec { return k.round(x, 1) }),
		unary("Ceil", "ceil(a[i])", unrollPlain, func(k *kit, x vec) vec { return k.round(x, 2) }),
		unary("Round", "a[i] rounded to the nearest, even in the middle", unrollPlain, func(k *kit, x vec) vec { return k.round(x, 0) }),
		unary("Trunc", "a[i] rounded towards zero", unrollPlain, func(k *kit, x vec) vec { return k.round(x, 3) }),
		unary("Sign", "1, -1, or a[i] itself where it is zero or NaN", unrollPlain, (*kit).sign),
		unary("F16", "a[i] rounded to float16", unrollPlain, (*kit).toF16),
		unary("BF16", "a[i] rounded to bfloat16", unrollPlain, (*kit).toBF16),
		unary("Not", "1 if a[i] == 0 else 0", unrollPlain, func(k *kit, x vec) vec { return k.one(k.cmp(eq, x, k.c(0))) }),
		unary("IsNaN", "1 if a[i] is NaN else 0", unrollPlain, func(k *kit, x vec) vec { return k.one(k.cmp(unord, x, x)) }),
		unary("HardSwish", "a[i] * min(max(a[i]/6 + 0.5, 0), 1)", unrollPlain, (*kit).hardSwish),
		unary("Exp", "exp(a[i])", 1, (*kit).exp),
		unary("Expm1", "exp(a[i]) - 1", 1, (*kit).expm1),
		unary("Log", "log(a[i])", 1, (*kit).log),
		unary("Sigmoid", "1 / (1 + exp(-a[i]))", 1, (*kit).sigmoid),
		unary("Tanh", "tanh(a[i])", 1, (*kit).tanh),
		unary("Sin", "sin(a[i]), for abs(a[i]) < pwSinLimit", 1, func(k *kit, x vec) vec { return k.sincos(x, 0) }),
		unary("Cos", "cos(a[i]), for abs(a[i]) < pwSinLimit", 1, func(k *kit, x vec) vec { return k.sincos(x, 1) }),
		unary("Erf", "erf(a[i])", 1, (*kit).erf),
		unary("Gelu", "a[i]/2 * (1 + erf(a[i] / sqrt 2))", 1, (*kit).gelu),
		unary("GeluTanh", "a[i]/2 * (1 + tanh(sqrt(2/pi) * (a[i] + 0.044715*a[i]^3)))", 1, (*kit).geluTanh),
		unary("Silu", "a[i] / (1 + exp(-a[i]))", 1, func(k *kit, x vec) vec { return k.mul(x, k.sigmoid(x)) }),
		unary("Softplus", "log(1 + exp(a[i]))", 1, (*kit).softplus),
		unary("Mish", "a[i] * tanh(log(1 + exp(a[i])))", 1, (*kit).mish),
		kernel{"OpElu", "Elu", "a[i] if a[i] >= 0 else imm * (exp(a[i]) - 1)", "a", true, 1, func(k *kit, x, _, _ vec) vec {
			return k.blend(k.cmp(lt, x, k.c(0)), x, k.mul(k.expm1(x), k.imm))
		}},
		kernel{"OpReluN", "ReluN", "min(max(a[i], 0), imm)", "a", true, unrollPlain, func(k *kit, x, _, _ vec) vec {
			return k.min(k.imm, k.max(k.cr(0), x))
		}},
		kernel{"OpConst", "Const", "imm", "", true, unrollPlain, func(k *kit, _, _, _ vec) vec { return k.imm }},
		kernel{"OpFMA", "FMA", "a[i]*b[i] + c[i]", "abc", false, unrollPlain, func(k *kit, a, b, c vec) vec { return k.fma(a, b, c) }},
		kernel{"OpFMA|formB", "FMAB", "a[i]*imm + c[i]", "ac", true, unrollPlain, func(k *kit, a, _, c vec) vec { return k.fma(a, k.imm, c) }},
		kernel{"OpFMA|formC", "FMAC", "a[i]*b[i] + imm", "ab", true, unrollPlain, func(k *kit, a, b, _ vec) vec { return k.fma(a, b, k.imm) }},
		kernel{"OpWhere", "Where", "b[i] if a[i] != 0 else c[i]", "abc", false, unrollPlain, func(k *kit, a, b, c vec) vec {
			return k.blend(k.cmp(neq, a, k.c(0)), c, b)
		}},
		kernel{"OpClip", "Clip", "min(max(a[i], b[i]), c[i])", "abc", false, unrollPlain, func(k *kit, a, b, c vec) vec {
			return k.minimum(k.maximum(a, b), c)
		}},
	)
	return ks
}

func emit(kn kernel, avx512 bool) string {
	k := &kit{avx512: avx512, regs: map[uint32]vec{}}
	name := "pw" + kn.name + suffix(avx512)
	TEXT(name, NOSPLIT, "func(n int, d, a, b, c *float32, imm float32)")
	Doc(name + " sets d[i] = " + kn.doc + " for i < n.")
	w := k.bytes() / 4
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	d := Load(Param("d"), GP64()).(reg.GPVirtual)
	ptr := map[byte]reg.GPVirtual{}
	for _, s := range []byte(kn.in) {
		ptr[s] = Load(Param(string(s)), GP64()).(reg.GPVirtual)
	}
	if kn.imm {
		p, err := Param("imm").Resolve()
		if err != nil {
			panic(err)
		}
		k.imm = k.reg()
		VBROADCASTSS(p.Addr, k.imm)
	}
	if avx512 {
		JMP(LabelRef("consts"))
	}
	Label("body")
	i := GP64()
	XORQ(i, i)
	body := func(label string, unroll int) {
		limit := GP64()
		MOVQ(n, limit)
		SUBQ(Imm(uint64(unroll*w)), limit)
		Label(label)
		CMPQ(i, limit)
		JG(LabelRef(label + "end"))
		for u := range unroll {
			at := func(p reg.GPVirtual) Mem { return Mem{Base: p, Index: i, Scale: 4, Disp: u * k.bytes()} }
			var v [3]vec
			for j, s := range []byte("abc") {
				if p, ok := ptr[s]; ok {
					v[j] = k.mov(at(p))
				}
			}
			VMOVUPS(kn.f(k, v[0], v[1], v[2]), at(d))
		}
		ADDQ(Imm(uint64(unroll*w)), i)
		JMP(LabelRef(label))
		Label(label + "end")
	}
	if kn.unroll > 1 {
		body("wide", kn.unroll)
	}
	body("loop", 1)
	SUBQ(i, n)
	JE(LabelRef("done"))
	tail(k, kn, n, i, d, ptr)
	Label("done")
	VZEROUPPER()
	RET()
	if avx512 {
		Label("consts")
		k.loadConsts()
		JMP(LabelRef("body"))
	}
	return name
}

// tail is one more round with the lanes beyond n masked off.
func tail(k *kit, kn kernel, n, i, d reg.GPVirtual, ptr map[byte]reg.GPVirtual) {
	at := func(p reg.GPVirtual) Mem { return Mem{Base: p, Index: i, Scale: 4} }
	var v [3]vec
	if k.avx512 {
		m, bits, cl := K(), GP32(), reg.ECX
		MOVL(n.As32(), cl)
		MOVL(U32(1), bits)
		SHLL(reg.CL, bits)
		DECL(bits)
		KMOVW(bits, m)
		for j, s := range []byte("abc") {
			if p, ok := ptr[s]; ok {
				v[j] = ZMM()
				VMOVUPS_Z(at(p), m, v[j])
			}
		}
		VMOVUPS(kn.f(k, v[0], v[1], v[2]), m, at(d))
		return
	}
	table, p, m := tailMask(), GP64(), YMM()
	LEAQ(table, p)
	NEGQ(n)
	VMOVUPS(Mem{Base: p, Index: n, Scale: 4, Disp: 32}, m)
	for j, s := range []byte("abc") {
		if p, ok := ptr[s]; ok {
			v[j] = YMM()
			VMASKMOVPS(at(p), m, v[j])
		}
	}
	VMASKMOVPS(kn.f(k, v[0], v[1], v[2]), m, at(d))
}

var tailTable *Mem

// tailMask is eight words of ones followed by eight of zeros.
func tailMask() Mem {
	if tailTable == nil {
		m := GLOBL("pwTail", RODATA|NOPTR)
		for i := range 16 {
			v := U32(0)
			if i < 8 {
				v = 1<<32 - 1
			}
			DATA(i*4, v)
		}
		tailTable = &m
	}
	return *tailTable
}

func main() {
	onlyRows := flag.Bool("rows", false, "write the kernels that reduce and normalise rows instead")
	flag.Parse()
	ConstraintExpr("!purego")
	if *onlyRows {
		rows()
		Generate()
		return
	}
	var table strings.Builder
	table.WriteString("// Code generated by _asm/pointwise. DO NOT EDIT.\n\n//go:build amd64 && !purego\n\npackage kern\n")
	for _, avx512 := range []bool{false, true} {
		fmt.Fprintf(&table, "\nvar pw%s = pwTable{\n", suffix(avx512))
		for _, kn := range kernels() {
			op, form, ok := strings.Cut(kn.index, "|")
			if !ok {
				form = "formV"
			}
			fmt.Fprintf(&table, "\tint(%s)<<formBits + %s: %s,\n", op, form, emit(kn, avx512))
		}
		table.WriteString("}\n")
	}
	text, err := format.Source([]byte(table.String()))
	if err == nil {
		err = os.WriteFile("../pointwise_table_amd64.go", text, 0o644)
	}
	if err != nil {
		panic(err)
	}
	Generate()
}
