package kern

import "sync/atomic"

// Features is a set of instruction groups that rows of kernels need.
type Features uint32

const (
	AVX2   Features = 1 << iota // with FMA and F16C
	AVX512                      // F, BW, VL and DQ
	VNNI                        // of 512 bits
)

// enabled is what dispatch goes by.
var enabled atomic.Uint32

func init() { enabled.Store(uint32(detect())) }

// CPU returns the features that kernels may use: those of this machine, less what [Mask] took away.
func CPU() Features { return Features(enabled.Load()) }

// Detected returns the features of this machine that kernels of this build have code for.
func Detected() Features { return detect() }

// Mask restricts kernels to the given features and returns what they had before. It exists for
// tests and for comparing; operands packed under one mask need the same one when they are used,
// or lose speed.
func Mask(f Features) Features { return Features(enabled.Swap(uint32(f & detect()))) }

// Has reports whether all of g are in f.
func (f Features) Has(g Features) bool { return f&g == g }

// String lists the features as in "avx2 avx512".
func (f Features) String() string {
	s := ""
	for i, name := range []string{"avx2", "avx512", "vnni"} {
		if f&(1<<i) != 0 {
			if s != "" {
				s += " "
			}
			s += name
		}
	}
	if s == "" {
		return "none"
	}
	return s
}

// Caches holds the sizes in bytes of the data caches that one core sees.
type Caches struct{ L1, L2, L3 int }

// usualCaches stand in where the machine does not say.
var usualCaches = Caches{L1: 32 << 10, L2: 512 << 10, L3: 4 << 20}

// CacheSizes returns what the machine reports, or usual sizes where it does not.
func CacheSizes() Caches { return caches() }
