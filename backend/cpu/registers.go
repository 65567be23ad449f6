package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
)

// finish gives the virtual registers of a program real ones: operands first, results next, temporaries behind, used again once they are dead. A result that is an operand, or the same as another, is
// copied; results are written by instructions of their own at the end, so that a result may lie in the memory of an operand.
func (b *programmer) finish(outs []uint8) (kern.Program, bool) {
	in := len(b.inputs)
	p := kern.Program{In: in, Out: len(outs), Regs: in + len(outs)}
	if b.failed || in+len(outs) > kern.MaxRegs {
		return p, false
	}
	last := lastUses(b.code, outs)
	real := map[uint8]uint8{}
	for i := range in {
		real[uint8(i)] = uint8(i)
	}
	var free []uint8
	for at, i := range b.code {
		c := kern.Instr{Op: i.Op, Imm: i.Imm}
		n := operandsOf(i.Op)
		for k, r := range []uint8{i.A, i.B, i.C}[:n] {
			if r != kern.ImmReg {
				r = real[r]
			}
			*[]*uint8{&c.A, &c.B, &c.C}[k] = r
		}
		for k, r := range []uint8{i.A, i.B, i.C}[:n] {
			if r != kern.ImmReg && int(r) >= in && last[r] == at && !slices.Contains([]uint8{i.A, i.B, i.C}[:k], r) {
				free = append(free, real[r])
			}
		}
		if n := len(free); n > 0 {
			c.Dst, free = free[n-1], free[:n-1]
		} else {
			if p.Regs >= kern.MaxRegs {
				return p, false
			}
			c.Dst = uint8(p.Regs)
			p.Regs++
		}
		real[i.Dst] = c.Dst
		p.Code = append(p.Code, c)
	}
	if n := len(b.code); len(outs) == 1 && n > 0 && b.code[n-1].Dst == outs[0] {
		p.Code[n-1].Dst = uint8(in) // the last instruction may write the one result itself
		return p, true
	}
	p.Code = append(p.Code, writes(in, outs, real)...)
	return p, true
}

func writes(in int, outs []uint8, real map[uint8]uint8) []kern.Instr {
	var code []kern.Instr
	for i, r := range outs {
		code = append(code, kern.Instr{Op: kern.OpCopy, Dst: uint8(in + i), A: real[r]})
	}
	return code
}

// lastUses returns, by virtual register, the index of the last instruction that reads it; results are read after all.
func lastUses(code []kern.Instr, outs []uint8) map[uint8]int {
	last := map[uint8]int{}
	for at, i := range code {
		for _, r := range []uint8{i.A, i.B, i.C}[:operandsOf(i.Op)] {
			if r != kern.ImmReg {
				last[r] = at
			}
		}
	}
	for _, r := range outs {
		last[r] = len(code)
	}
	return last
}

// operandsOf returns how many operands an instruction has.
func operandsOf(o kern.Op) int { return o.Operands() }
