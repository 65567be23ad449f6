//go:build !purego

package kern

import (
	"sync"

	"golang.org/x/sys/cpu"
)

func detect() Features {
	var f Features
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C {
		f |= AVX2
		if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ {
			f |= AVX512
			if cpu.X86.HasAVX512VNNI {
				f |= VNNI
			}
		}
	}
	return f
}

// cacheLeaves are the CPUID leaves that list caches alike: Intel's, then AMD's.
var cacheLeaves = [...]uint32{4, 0x8000001d}

var caches = sync.OnceValue(func() Caches {
	c := usualCaches
	for _, leaf := range cacheLeaves {
		if last, _, _, _ := cpuid(leaf&0x80000000, 0); last < leaf {
			continue
		}
		// A list of caches ends with type 0; no machine has as many as 16.
		for i := range uint32(16) {
			a, b, sets, _ := cpuid(leaf, i)
			kind, level := a&31, a>>5&7
			if kind == 0 {
				break
			}
			size := int(b>>22+1) * int(b>>12&1023+1) * int(b&4095+1) * int(sets+1)
			if kind == 2 || size <= 0 { // instructions
				continue
			}
			switch level {
			case 1:
				c.L1 = size
			case 2:
				c.L2 = size
			case 3:
				c.L3 = size
			}
		}
	}
	return c
})
