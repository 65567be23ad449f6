package cpu

import "github.com/cameo-onnx/cameo/backend/cpu/kern"

// finish gives the virtual registers of a program real ones: operands first, results next, temporaries behind, used again once
// they are dead. Results are written by copies of their own at the end, so that a result may lie in the memory of an operand; the
// last instruction writes a single result itself.
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
		c := i
		for k, r := range c.Operands() {
			v := *i.Operands()[k]
			if v == kern.ImmReg {
				continue
			}
			*r = real[v]
			if int(v) >= in && last[v] == at {
				free = append(free, *r)
				last[v] = -1 // free once, if it is read twice
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
		p.Code[n-1].Dst = uint8(in)
		return p, true
	}
	for i, r := range outs {
		p.Code = append(p.Code, kern.Instr{Op: kern.OpCopy, Dst: uint8(in + i), A: real[r]})
	}
	return p, true
}

// lastUses returns, by virtual register, the index of the last instruction that reads it; results are read after all.
func lastUses(code []kern.Instr, outs []uint8) map[uint8]int {
	last := map[uint8]int{}
	for at, i := range code {
		for _, r := range i.Operands() {
			last[*r] = at
		}
	}
	for _, r := range outs {
		last[r] = len(code)
	}
	return last
}
