package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A kit emits vector code for one kernel on one instruction set. Its methods return fresh
// registers unless their name says otherwise, and leave their operands alone. A constant may only
// stand where the method says so, because in AVX2 it is an operand in memory.
type kit struct {
	avx512 bool
	consts []uint32
	regs   map[uint32]reg.VecVirtual
	imm    reg.VecVirtual // the immediate in every lane, where the kernel takes one
}

type vec = reg.VecVirtual

// A mask is the result of a comparison: a mask register, or all ones and zeros in a vector.
type mask struct {
	k reg.Register
	v vec
}

func (k *kit) reg() vec {
	if k.avx512 {
		return ZMM()
	}
	return YMM()
}

func (k *kit) bytes() int {
	if k.avx512 {
		return 64
	}
	return 32
}

var constData = map[uint32]Mem{} // AVX2: 32 bytes each; AVX-512 broadcasts from the same place

// constMem places a constant, repeated over 32 bytes, in read-only data.
func constMem(bits uint32) Mem {
	m, ok := constData[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("pw%08x", bits), RODATA|NOPTR)
		for i := range 8 {
			DATA(i*4, U32(bits))
		}
		constData[bits] = m
	}
	return m
}

// bits is a constant by its bits: a register in AVX-512, memory in AVX2, so only ever the first
// operand of an instruction in Go's order.
func (k *kit) bits(b uint32) Op {
	if !k.avx512 {
		return constMem(b)
	}
	if r, ok := k.regs[b]; ok {
		return r
	}
	r := ZMM()
	k.regs[b] = r
	k.consts = append(k.consts, b)
	return r
}

func (k *kit) c(v float64) Op { return k.bits(math.Float32bits(float32(v))) }

// cr is a constant in a register, in both instruction sets.
func (k *kit) cr(v float64) vec {
	c := k.c(v)
	if k.avx512 {
		return c.(vec)
	}
	r := YMM()
	VMOVUPS(c, r)
	return r
}

// loadConsts fills the registers that bits handed out.
func (k *kit) loadConsts() {
	for _, b := range k.consts {
		VBROADCASTSS(constMem(b), k.regs[b])
	}
}

func (k *kit) mov(x Op) vec { d := k.reg(); VMOVUPS(x, d); return d }

// In these y may be a constant.
func (k *kit) add(x vec, y Op) vec { d := k.reg(); VADDPS(y, x, d); return d }
func (k *kit) sub(x vec, y Op) vec { d := k.reg(); VSUBPS(y, x, d); return d }
func (k *kit) mul(x vec, y Op) vec { d := k.reg(); VMULPS(y, x, d); return d }
func (k *kit) div(x vec, y Op) vec { d := k.reg(); VDIVPS(y, x, d); return d }
func (k *kit) and(x vec, y Op) vec { d := k.reg(); VANDPS(y, x, d); return d }
func (k *kit) or(x vec, y Op) vec  { d := k.reg(); VORPS(y, x, d); return d }
func (k *kit) xor(x vec, y Op) vec { d := k.reg(); VXORPS(y, x, d); return d }
func (k *kit) sqrt(x vec) vec      { d := k.reg(); VSQRTPS(x, d); return d }

// recip is 1/x within an ulp, for x whose reciprocal is a normal number; NaN stays. A division occupies the only
// divider of a core for 16 cycles; an estimate to 14 bits and one step of Newton's take 4.
func (k *kit) recip(x vec) vec {
	if !k.avx512 {
		return k.div(k.cr(1), x)
	}
	r := k.reg()
	VRCP14PS(x, r)
	return k.fma(k.fnma(r, x, k.cr(1)), r, r)
}

// min and max return y where either is NaN; y is a register here, as x may be.
func (k *kit) min(x, y vec) vec { d := k.reg(); VMINPS(y, x, d); return d }
func (k *kit) max(x, y vec) vec { d := k.reg(); VMAXPS(y, x, d); return d }

// fma is x*y + z, with y perhaps a constant.
func (k *kit) fma(x vec, y Op, z vec) vec { d := k.mov(z); VFMADD231PS(y, x, d); return d }

// fnma is z - x*y, with y perhaps a constant.
func (k *kit) fnma(x vec, y Op, z vec) vec { d := k.mov(z); VFNMADD231PS(y, x, d); return d }

// horner evaluates c[0] + c[1] x + c[2] x² ….
func (k *kit) horner(x vec, c ...float64) vec {
	p, last := k.reg(), math.Float32bits(float32(c[len(c)-1]))
	VBROADCASTSS(constMem(last), p)
	for i := len(c) - 2; i >= 0; i-- {
		m := constMem(math.Float32bits(float32(c[i])))
		if k.avx512 {
			VFMADD213PS_BCST(m, x, p) // as many coefficients as there are would not fit in registers
		} else {
			VFMADD213PS(m, x, p)
		}
	}
	return p
}

// round: 0 to nearest even, 1 down, 2 up, 3 towards zero.
func (k *kit) round(x vec, mode uint8) vec {
	d := k.reg()
	if k.avx512 {
		VRNDSCALEPS(U8(8|mode), x, d)
	} else {
		VROUNDPS(U8(8|mode), x, d)
	}
	return d
}

const signBit, absBits = 1 << 31, 1<<31 - 1

func (k *kit) abs(x vec) vec { return k.and(x, k.bits(absBits)) }

// withSign gives t, which is not negative, the sign of x.
func (k *kit) withSign(t, x vec) vec { return k.or(k.and(x, k.bits(signBit)), t) }

// Predicates of cmp: ordered ones are false for NaN.
const (
	eq, lt, le, unord, neq, ge, gt = 0x00, 0x11, 0x12, 0x03, 0x04, 0x1d, 0x1e
)

// cmp compares x to y, which may be a constant.
func (k *kit) cmp(p uint8, x vec, y Op) mask {
	if k.avx512 {
		m := K()
		VCMPPS(U8(p), y, x, m)
		return mask{k: m}
	}
	d := YMM()
	VCMPPS(U8(p), y, x, d)
	return mask{v: d}
}

// blend is y where m holds, else x; y may be a constant.
func (k *kit) blend(m mask, x vec, y Op) vec {
	if k.avx512 {
		d := k.mov(x)
		VMOVAPS(y, m.k, d)
		return d
	}
	d := YMM()
	VBLENDVPS(m.v, y, x, d)
	return d
}

// both is m and o, either m or o, differ one of them alone.
func (k *kit) both(m, o mask) mask   { return k.logic(m, o, KANDW, k.and) }
func (k *kit) either(m, o mask) mask { return k.logic(m, o, KORW, k.or) }
func (k *kit) differ(m, o mask) mask { return k.logic(m, o, KXORW, k.xor) }

// logic joins masks, by f of mask registers or g of vectors.
func (k *kit) logic(m, o mask, f func(m, o, d Op), g func(x vec, y Op) vec) mask {
	if k.avx512 {
		d := K()
		f(m.k, o.k, d)
		return mask{k: d}
	}
	return mask{v: g(m.v, o.v)}
}

// one is 1 where m holds, else 0.
func (k *kit) one(m mask) vec {
	if k.avx512 {
		d := ZMM()
		VMOVAPS_Z(k.c(1), m.k, d)
		return d
	}
	return k.and(m.v, k.c(1))
}
