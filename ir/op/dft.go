package op

import (
	"fmt"
	"math/cmplx"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DFTAttrs says which way to transform, and whether the spectrum of a real signal is given or returned by half.
type DFTAttrs struct {
	Inverse  bool `ir:"inverse"`
	Onesided bool `ir:"onesided"`
}

// DFT is the discrete Fourier transform along an axis of x, of which the last axis holds real, or real and imaginary parts. The signal
// is cut off or padded with zeros to dft_length. A one-sided transform has dft_length // 2 + 1 places; its inverse is real.
var DFT = define(Def[DFTAttrs]{
	Name: "dft", ONNX: "DFT", Sig: "x T, dft_length? L, axis? i64 -> y T; T float, L i32|i64",
	Props: ir.Pure,
	Infer: inferDFT,
	Eval:  evalDFT,
})

// spectrum returns the sizes of the result's axis and of its last axis, for a transform of length n.
func (a DFTAttrs) spectrum(n sym.Dim) (sym.Dim, sym.Dim) {
	switch {
	case !a.Onesided:
		return n, sym.Const(2)
	case a.Inverse:
		return n, sym.Const(1)
	}
	return sym.Add(sym.FloorDiv(n, sym.Const(2)), sym.Const(1)), sym.Const(2)
}

// parts checks the size of the last axis: 1 for real, 2 for complex.
func (a DFTAttrs) parts(n int) error {
	switch {
	case n != 1 && n != 2:
		return fmt.Errorf("the last axis holds %d numbers, not 1 or 2", n)
	case a.Onesided && !a.Inverse && n != 1:
		return fmt.Errorf("a one-sided transform of a complex signal")
	case a.Onesided && a.Inverse && n != 2:
		return fmt.Errorf("a one-sided inverse of a real spectrum")
	}
	return nil
}

func inferDFT(sc *ir.Scope, a DFTAttrs, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	if in[2].Present() {
		if err := checkScalar(in[2], "axis"); err != nil {
			return ir.Known{}, err
		}
	}
	if x.Unranked {
		return of(ir.UnrankedOf(x.DType)), nil
	}
	r := len(x.Shape)
	if r < 2 {
		return ir.Known{}, fmt.Errorf("the operand is of rank %d, less than 2", r)
	}
	if n, ok := x.Shape[r-1].Int(); ok {
		if err := a.parts(n); err != nil {
			return ir.Known{}, err
		}
	}
	length, err := sc.Fresh(), error(nil)
	if in[1].Present() {
		if length, err = scalarSize(sc, in[1], "dft_length"); err != nil {
			return ir.Known{}, err
		}
	}
	out := slices.Clone(x.Shape)
	axis, known := []int{-2}, true
	if in[2].Present() {
		axis, known = in[2].Ints()
	}
	_, out[r-1] = a.spectrum(length)
	if !known {
		copy(out, sc.FreshShape(r-1))
		return of(x.WithShape(out...)), nil
	}
	at, err := signalAxis(axis[0], r)
	if err != nil {
		return ir.Known{}, err
	}
	if !in[1].Present() {
		length = x.Shape[at]
		if a.Inverse && a.Onesided {
			length = sym.Mul(sym.Const(2), sym.Sub(length, sym.Const(1)))
		}
	}
	if n, ok := length.Int(); ok && n < 1 {
		return ir.Known{}, fmt.Errorf("a transform of length %d", n)
	}
	out[at], _ = a.spectrum(length)
	return of(x.WithShape(out...)), nil
}

// signalAxis is normAxis; the last axis holds no signal.
func signalAxis(axis, rank int) (int, error) {
	at, err := normAxis(axis, rank)
	if err == nil && at == rank-1 {
		err = fmt.Errorf("axis %d holds the parts of complex numbers", axis)
	}
	return at, err
}

func evalDFT(e *ir.Env, a DFTAttrs, in []tensor.Value) (tensor.Value, error) {
	x := tens(in, 0)
	dims := x.Dims()
	if len(dims) < 2 {
		return nil, fmt.Errorf("the operand is of rank %d, less than 2", len(dims))
	}
	parts := dims[len(dims)-1]
	if err := a.parts(parts); err != nil {
		return nil, err
	}
	axis := -2
	if t := tens(in, 2); t != nil {
		if t.Len() != 1 {
			return nil, fmt.Errorf("axis is no scalar but of sizes %v", t.Dims())
		}
		axis = int(t.Int64At(0))
	}
	axis, err := signalAxis(axis, len(dims))
	if err != nil {
		return nil, err
	}
	n := dims[axis]
	if a.Inverse && a.Onesided {
		n = 2 * (n - 1)
	}
	if t := tens(in, 1); t != nil {
		if n, err = scalarInt(t, "dft_length"); err != nil {
			return nil, err
		}
	}
	if n < 1 {
		return nil, fmt.Errorf("a transform of length %d", n)
	}
	places, last := a.spectrum(sym.Const(n))
	size := slices.Clone(dims)
	size[axis], _ = places.Int()
	size[len(size)-1], _ = last.Int()
	if err := e.Take(tensor.C128, []int{fourierSize(1), n}); err != nil {
		return nil, err
	}
	v, err := load[float64](e, x)
	if err != nil {
		return nil, err
	}
	y, err := alloc[float64](e, size...)
	if err != nil {
		return nil, err
	}
	if err := a.lines(e, v, y, dims, size, axis, n); err != nil {
		return nil, err
	}
	return value(store(e, x.DType(), y, size...))
}

// lines transforms every line of v along axis into y.
func (a DFTAttrs) lines(e *ir.Env, v, y []float64, dims, size []int, axis, n int) error {
	outer, from, inner := split(dims[:len(dims)-1], axis)
	parts, last, to := dims[len(dims)-1], size[len(size)-1], size[axis]
	f, line := newFourier(n), make([]complex128, n)
	for o := range outer {
		for i := range inner {
			if err := e.Err(); err != nil {
				return err
			}
			clear(line)
			for k := range min(from, n) {
				at := ((o*from+k)*inner + i) * parts
				line[k] = complex(v[at], 0)
				if parts == 2 {
					line[k] = complex(v[at], v[at+1])
				}
			}
			a.line(f, line)
			for k := range to {
				at := ((o*to+k)*inner + i) * last
				y[at] = real(line[k])
				if last == 2 {
					y[at+1] = imag(line[k])
				}
			}
		}
	}
	return nil
}

// line transforms one signal, or one spectrum, of which a one-sided one lacks the second half.
func (a DFTAttrs) line(f *fourier, v []complex128) {
	if !a.Inverse {
		f.transform(v)
		return
	}
	if n := len(v); a.Onesided {
		v[0] = complex(real(v[0]), 0)
		if n%2 == 0 {
			v[n/2] = complex(real(v[n/2]), 0)
		}
		for k := 1; k <= (n-1)/2; k++ {
			v[n-k] = cmplx.Conj(v[k])
		}
	}
	f.inverse(v)
}
