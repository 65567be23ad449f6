package onnxgo

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// powers makes eval, the evaluation of Pow, compute float32 to the power of float32 in float32, as NumPy did when ONNX's test
// cases were made.
func powers(eval evaluation) evaluation {
	return func(e *ir.Env, attrs any, in []tensor.Value) ([]tensor.Value, error) {
		out, err := eval(e, attrs, in)
		if err != nil {
			return out, err
		}
		x, y, z := in[0].(*tensor.Tensor), in[1].(*tensor.Tensor), out[0].(*tensor.Tensor)
		if x.DType() != tensor.F32 || y.DType() != tensor.F32 {
			return out, nil
		}
		at, by, to := tensor.Data[float32](x), tensor.Data[float32](y), tensor.Data[float32](z)
		for i := range to {
			to[i] = power(at[place(i, z.Dims(), x.Dims())], by[place(i, z.Dims(), y.Dims())])
		}
		return out, nil
	}
}

// place returns the element of a tensor of sizes from that element i of sizes to is broadcast from.
func place(i int, to, from []int) int {
	at, stride := 0, 1
	for k := 1; k <= len(to); k++ {
		n := to[len(to)-k]
		if k <= len(from) && from[len(from)-k] > 1 {
			at += i % n * stride
			stride *= n
		}
		i /= n
	}
	return at
}

// power is x to the power of y by the method of fdlibm (Sun Microsystems, 1993), which C libraries used for float32 until 2018:
// the logarithm to base 2 as a sum of two float32, times y, and 2 to that. It errs by less than a unit of the last place. Every
// product is rounded by itself: a conversion keeps compilers from fusing it with what follows.
func power(x, y float32) float32 {
	exact := float32(math.Pow(float64(x), float64(y)))
	if !(x >= 0x1p-126 && x <= math.MaxFloat32 && exact >= 0x1p-126 && exact <= math.MaxFloat32) || x == 1 || y == 0 || y == 1 || y == -1 || y == 2 || y == 0.5 {
		return exact
	}
	l, ll := logTwo(x)
	y1 := head(y)
	return twoTo(float32(y1*l), float32(float32((y-y1)*l)+float32(y*ll)))
}

// head returns x without its last twelve bits, so that the product of two heads is exact.
func head(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ 0xfff) }

// split returns a number as a head and a rest.
func split(x float64) (h, l float32) {
	h = head(float32(x))
	return h, float32(x - float64(h))
}

// logTwo returns log₂ x as a head and a rest, by 2·atanh((m−c)/(m+c)) for the mantissa m of x and the nearer c of 1 and 1½.
func logTwo(x float32) (h, l float32) {
	frac, exp := math.Frexp(float64(x))
	m, n, c := float32(2*frac), float32(exp-1), float32(1)
	var ch, cl float32 // log₂ c
	switch {
	case m >= float32(math.Sqrt(3)):
		m, n = m/2, n+1
	case m > float32(math.Sqrt(1.5)):
		c = 1.5
		ch, cl = split(math.Log2(1.5))
	}
	u, v := m-c, 1/(m+c)
	s := float32(u * v)
	sh := head(s)
	th := head(m + c)
	tl := m - (th - c)
	sl := float32(v * ((u - float32(sh*th)) - float32(sh*tl)))
	// 3·atanh(s)/s = 3 + s² + r
	s2 := float32(s * s)
	r := float32(float32(s2*s2) * series(s2, 3./5, 3./7, 3./9, 3./11))
	r += float32(sl * (sh + s))
	s2 = float32(sh * sh)
	th = head(3 + s2 + r)
	tl = r - ((th - 3) - s2)
	u, v = float32(sh*th), float32(sl*th)+float32(tl*s)
	ph := head(u + v)
	pl := v - (ph - u)
	const scale = 2 / (3 * math.Ln2)
	kh, kl := split(scale)
	zh, zl := float32(kh*ph), float32(kl*ph)+float32(pl*float32(scale))+cl
	h = head(((zh + zl) + ch) + n)
	return h, zl - (((h - n) - ch) - zh)
}

// twoTo returns 2^(h+l), by z·coth(z/2) for what is left of the exponent beside a whole number.
func twoTo(h, l float32) float32 {
	n := math.Round(float64(l + h))
	h -= float32(n)
	t := head(l + h)
	const ln, rest = 0x1.62e4p-1, float32(math.Ln2 - 0x1.62e4p-1) // of ln 2 the first 16 bits
	u, v := float32(t*ln), float32((l-(t-h))*float32(math.Ln2))+float32(t*rest)
	z := u + v
	w := v - (z - u)
	t = float32(z * z)
	t1 := z - float32(t*series(t, 1./6, -1./360, 1./15120))
	r := float32(z*t1)/(t1-2) - (w + float32(z*w))
	return float32(math.Ldexp(float64(1-(r-z)), int(n)))
}

// series returns a[0] + a[1]·x + a[2]·x² + ….
func series(x float32, a ...float64) (sum float32) {
	for i := len(a) - 1; i >= 0; i-- {
		sum = float32(a[i]) + float32(x*sum)
	}
	return sum
}
