package kern

import "math"

// The portable functions use the same reductions and polynomials as the vector kernels of
// _asm/pointwise, which has the reasons; without FMA they round a few times more.

const (
	log2e   = 1.44269504
	ln2hi   = 0.693145752
	ln2lo   = 1.42860677e-06
	rint32  = 12582912 // 1.5 * 2^23: adding and taking it off rounds to whole numbers
	minNorm = 1.17549435e-38
)

var inf32, nan32 = float32(math.Inf(1)), float32(math.NaN())

func isNaN(x float32) bool { return x != x }

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

func signed(t, x float32) float32 {
	return math.Float32frombits(math.Float32bits(t) | math.Float32bits(x)&(1<<31))
}

func pow2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// reduce32 splits x into n ln 2 + r and returns n and e^r - 1.
func reduce32(x float32) (int32, float32) {
	n := float32(x*log2e+rint32) - rint32
	r := float32(x-n*ln2hi) - n*ln2lo
	q := ((((0.000199096467*r+0.00139464461)*r+0.00833328068)*r+0.0416662619)*r+0.166666672)*r + 0.5
	return int32(n), q*(r*r) + r
}

func exp32(x float32) float32 {
	switch {
	case isNaN(x):
		return x
	case x > 89:
		return inf32
	case x < -104:
		return 0
	}
	n, em := reduce32(x)
	h := n >> 1
	return (em + 1) * pow2(h) * pow2(n-h)
}

// expTail32 is e^x, but 0 where that would be subnormal: see _asm/pointwise.
func expTail32(x float32) float32 {
	if x < -87.25 {
		return 0
	}
	return exp32(x)
}

func expm1f(x float32) float32 {
	if isNaN(x) || x == 0 {
		return x
	}
	if x > 88 {
		return exp32(x)
	}
	n, em := reduce32(max(x, -30))
	t := pow2(n)
	return em*t + (t - 1)
}

// log1pSum32 is fe ln 2 + log(1 + f).
func log1pSum32(f, fe float32) float32 {
	p := (((((((0.0680091232*f-0.117266051)*f+0.118909895)*f-0.123964451)*f+0.142177626)*f-0.166685119)*f+0.200022459)*f-0.25)*f + 0.333333105
	f2 := f * f
	y := f2*f*p + fe*ln2lo
	y -= 0.5 * f2
	return (y + f) + fe*ln2hi
}

func log32(x float32) float32 {
	switch {
	case isNaN(x) || x == inf32:
		return x
	case x < 0:
		return nan32
	case x == 0:
		return -inf32
	}
	adj := float32(0)
	if x < minNorm {
		x *= 8388608
		adj = 23
	}
	ix := int32(math.Float32bits(x))
	e := (ix - 0x3f3504f3) >> 23
	m := math.Float32frombits(uint32(ix - e<<23))
	return log1pSum32(m-1, float32(e)-adj)
}

func sigmoid32(x float32) float32 {
	e := expTail32(-abs32(x))
	r := 1 / (1 + e)
	if x < 0 {
		return r * e
	}
	return r
}

func tanh32(x float32) float32 {
	ax := abs32(x)
	if ax < 0.625 {
		t := x * x
		p := (((-0.0057040425*t+0.0206378624)*t-0.0537391566)*t+0.133314312)*t - 0.333332807
		return p*t*x + x
	}
	return signed(1-2/(exp32(ax+ax)+1), x)
}

func erfSmall(x float32) float32 {
	t := x * x
	p := (((((7.88249745e-05*t-0.000801885501)*t+0.00518931216)*t-0.0268543288)*t+0.112835974)*t-0.37612626)*t + 0.128379166
	return p*x + x
}

// erfcBig is erfc(z) for z from 1; beyond 4 it stays where it is.
func erfcBig(z float32) float32 {
	z = min(z, 4)
	return exp32(((((((-1.73909921e-05*z+0.000383941806)*z-0.00388459559)*z+0.0242436007)*z-0.106719814)*z-0.634967864)*z-1.12860465)*z - 3.86937427e-05)
}

func erf32(x float32) float32 {
	if abs32(x) < 1 {
		return erfSmall(x)
	}
	return signed(1-erfcBig(abs32(x)), x)
}

func gelu32(x float32) float32 {
	v := x * 0.707106781
	c := float32(0)
	switch av := abs32(v); {
	case av < 1:
		c = 1 + erfSmall(v)
	case av > 4:
		if v > 0 {
			c = 2
		}
	default:
		if c = erfcBig(av); v > 0 {
			c = 2 - c
		}
	}
	return 0.5 * x * c
}

func geluTanh32(x float32) float32 {
	return x * sigmoid32((0.0713548163*(x*x)+1.59576912)*x)
}

func softplus32(x float32) float32 {
	f, fe := expTail32(-abs32(x)), float32(0)
	if f > 0.414213562 {
		f, fe = (f-1)*0.5, 1
	}
	return log1pSum32(f, fe) + max(x, 0)
}

func mish32(x float32) float32 {
	e := expTail32(min(x, 20))
	n := e * (e + 2)
	return x * (n / (n + 2))
}

func sign32(x float32) float32 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func hardSwish32(x float32) float32 {
	t := x*(1.0/6) + 0.5
	return x * max(min(t, 1), 0)
}

func pow32(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) }

func mod32(x, y float32) float32 {
	r := math.Mod(float64(x), float64(y))
	if r != 0 && (r < 0) != (y < 0) {
		r += float64(y)
	}
	return float32(r)
}

func fmod32(x, y float32) float32 { return float32(math.Mod(float64(x), float64(y))) }
