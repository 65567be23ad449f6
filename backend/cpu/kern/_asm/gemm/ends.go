package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/cameo-onnx/cameo/backend/cpu/kern/_asm/emit"
)

// start fills the accumulators: from C, or with zeros.
func (k *kernel) start() {
	k.loadMasks()
	row := emit.GP()
	TESTL(U32(flagLoad), k.field(offFlags))
	JZ(LabelRef("zero"))
	k.eachRow(row, offC, offLdc, func(i int) {
		for j := range k.acc[i] {
			k.loadVec(j, Mem{Base: row, Disp: j * k.Lanes * 4}, k.acc[i][j])
		}
	})
	JMP(LabelRef("begin"))
	Label("zero")
	for i := range k.acc {
		k.Clear(k.acc[i]...)
	}
	Label("begin")
}

// eachRow runs f with row pointing at each row of an operand in turn.
func (k *kernel) eachRow(row reg.GPVirtual, base, stride int, f func(i int)) {
	MOVQ(k.field(base), row)
	for i := range k.acc {
		if i > 0 {
			ADDQ(k.field(stride), row)
		}
		f(i)
	}
}

// finish scales, adds the bias and the residual, clamps and stores.
func (k *kernel) finish() {
	if k.Lanes == 8 {
		k.loadMasks() // the masks shared registers with B
	}
	k.scalar("alpha", flagAlpha, offAlpha, func(v reg.VecVirtual) { VMULPS(k.av, v, v) })
	row := emit.GP()
	MOVQ(k.field(offBias), row)
	TESTQ(row, row)
	JZ(LabelRef("residual"))
	for j := range k.acc[0] {
		k.loadVec(j, Mem{Base: row, Disp: j * k.Lanes * 4}, k.av)
		for i := range k.acc {
			VADDPS(k.av, k.acc[i][j], k.acc[i][j])
		}
	}
	Label("residual")
	MOVQ(k.field(offRes), row)
	TESTQ(row, row)
	JZ(LabelRef("clamp"))
	k.eachRow(row, offRes, offLdr, func(i int) {
		for j := range k.acc[i] {
			k.loadVec(j, Mem{Base: row, Disp: j * k.Lanes * 4}, k.av)
			VADDPS(k.av, k.acc[i][j], k.acc[i][j])
		}
	})
	Label("clamp")
	// The accumulator is the second source, so that NaN and -0 stay as they are.
	k.scalar("lo", flagClamp, offLo, func(v reg.VecVirtual) { VMAXPS(v, k.av, v) })
	k.scalar("hi", flagClamp, offHi, func(v reg.VecVirtual) { VMINPS(v, k.av, v) })
	if k.Lanes == 8 {
		TESTL(U32(flagWhole), k.field(offFlags))
		JZ(LabelRef("masked"))
		k.store(row, nil)
		VZEROUPPER()
		RET()
		Label("masked")
		k.store(row, k.mask)
		return
	}
	k.store(row, k.mask)
}

// scalar applies f to every accumulator, with the field's value in all lanes of av, if the flag is set.
func (k *kernel) scalar(label string, flag uint32, off int, f func(reg.VecVirtual)) {
	TESTL(U32(flag), k.field(offFlags))
	JZ(LabelRef("no" + label))
	VBROADCASTSS(k.field(off), k.av)
	for i := range k.acc {
		for _, v := range k.acc[i] {
			f(v)
		}
	}
	Label("no" + label)
}

func (k *kernel) store(row reg.GPVirtual, mask func(int) reg.Register) {
	k.eachRow(row, offC, offLdc, func(i int) {
		for j, v := range k.acc[i] {
			to := Mem{Base: row, Disp: j * k.Lanes * 4}
			switch {
			case mask == nil || mask(j) == nil:
				VMOVUPS(v, to)
			case k.Lanes == 16:
				VMOVUPS(v, mask(j), to)
			default:
				VMASKMOVPS(v, mask(j), to)
			}
		}
	})
}
