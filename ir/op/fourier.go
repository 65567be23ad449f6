package op

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fourier computes discrete Fourier transforms of one length n in O(n log n), whatever n: by radix 2, or as a convolution of a power of
// two's length (Bluestein's algorithm, "A linear filtering approach to the computation of the discrete Fourier transform", 1970).
type fourier struct {
	n      int
	roots  []complex128 // e^(-2πik/n) for a power of two: half of them
	inner  *fourier     // for other lengths
	chirp  []complex128 // e^(-πik²/n)
	kernel []complex128 // the transform of the conjugate chirp, both ways round
	work   []complex128
}

// fourierSize returns the elements of working memory that newFourier takes for length n.
func fourierSize(n int) int { return 16 * n }

// newFourier prepares transforms of length n >= 1.
func newFourier(n int) *fourier {
	f := &fourier{n: n}
	if n&(n-1) == 0 {
		f.roots = make([]complex128, n/2)
		for k := range f.roots {
			f.roots[k] = unitRoot(k, n)
		}
		return f
	}
	m := 1 << bits.Len(uint(2*n-2))
	f.inner, f.chirp = newFourier(m), make([]complex128, n)
	f.kernel, f.work = make([]complex128, m), make([]complex128, m)
	for k := range f.chirp {
		// k² modulo 2n, for angles lose precision as they grow.
		hi, lo := bits.Mul64(uint64(k), uint64(k))
		_, r := bits.Div64(hi%uint64(2*n), lo, uint64(2*n))
		f.chirp[k] = unitRoot(int(r), 2*n)
		c := cmplx.Conj(f.chirp[k])
		f.kernel[k], f.kernel[(m-k)%m] = c, c
	}
	f.inner.transform(f.kernel)
	return f
}

// unitRoot is e^(-2πik/n).
func unitRoot(k, n int) complex128 {
	sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
	return complex(cos, -sin)
}

// transform replaces v, of f's length, by its transform.
func (f *fourier) transform(v []complex128) {
	if f.inner == nil {
		f.radix2(v)
		return
	}
	w := f.work
	clear(w)
	for k, c := range f.chirp {
		w[k] = v[k] * c
	}
	f.inner.transform(w)
	for k, c := range f.kernel {
		w[k] = cmplx.Conj(w[k] * c)
	}
	f.inner.transform(w) // of the conjugate: the inverse, times the length
	scale := complex(1/float64(len(w)), 0)
	for k, c := range f.chirp {
		v[k] = cmplx.Conj(w[k]) * scale * c
	}
}

// inverse replaces v by its inverse transform.
func (f *fourier) inverse(v []complex128) {
	for k, x := range v {
		v[k] = cmplx.Conj(x)
	}
	f.transform(v)
	scale := 1 / float64(f.n)
	for k, x := range v {
		v[k] = complex(real(x)*scale, -imag(x)*scale)
	}
}

func (f *fourier) radix2(v []complex128) {
	n := f.n
	shift := 64 - (bits.Len(uint(n)) - 1)
	for i := range v {
		if j := int(bits.Reverse64(uint64(i)) >> shift); n > 1 && i < j {
			v[i], v[j] = v[j], v[i]
		}
	}
	for half := 1; half < n; half *= 2 {
		step := n / (2 * half)
		for start := 0; start < n; start += 2 * half {
			a, b := v[start:start+half], v[start+half:start+2*half]
			for k := range a {
				t := b[k] * f.roots[k*step]
				a[k], b[k] = a[k]+t, a[k]-t
			}
		}
	}
}
