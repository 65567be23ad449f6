package main

import . "github.com/mmcloughlin/avo/build"
import . "github.com/mmcloughlin/avo/operand"

// Coefficients are least-squares fits at Chebyshev nodes, rounded to float32; the portable rows in
// pointwise_math.go use the same but for expP.
var (
	expP   = []float64{1, 1, 0.5, 0.166665092, 0.041666247, 0.0083698649, 0.00139475928}
	expQ   = []float64{0.5, 0.166666672, 0.0416662619, 0.00833328068, 0.00139464461, 0.000199096467}
	logP   = []float64{0.333333105, -0.25, 0.200022459, -0.166685119, 0.142177626, -0.123964451, 0.118909895, -0.117266051, 0.0680091232}
	tanhP  = []float64{-0.333332807, 0.133314312, -0.0537391566, 0.0206378624, -0.0057040425}
	erfP   = []float64{0.128379166, -0.37612626, 0.112835974, -0.0268543288, 0.00518931216, -0.000801885501, 7.88249745e-05}
	lerfcQ = []float64{-3.86937427e-05, -1.12860465, -0.634967864, -0.106719814, 0.0242436007, -0.00388459559, 0.000383941806, -1.73909921e-05}
)

const (
	log2e = 1.44269504
	ln2hi = 0.693145752    // 15 bits, so that n*ln2hi is exact
	ln2lo = 1.42860677e-06 // ln 2 - ln2hi
	expLo = -104           // below: 0
	tiny  = -87.25         // e^tiny is the last that is not subnormal, or nearly
	expHi = 89             // above: infinite

	rounder = 3 << 22 // added to |x| < 2^21 and taken off again, it leaves x rounded to a whole number
)

// split returns a whole number n and r = x - n ln 2, which is at most ln 2 / 2 and a little, for |x| < 2^20.
func (k *kit) split(x vec) (n, r vec) {
	n = k.sub(k.fma(x, k.c(log2e), k.cr(rounder)), k.c(rounder))
	return n, k.fnma(n, k.c(ln2lo), k.fnma(n, k.c(ln2hi), x))
}

// reduce splits x into n ln 2 + r and returns n and (e^r - 1).
func (k *kit) reduce(x vec) (n, em vec) {
	n, r := k.split(x)
	q := k.horner(r, expQ...)
	return n, k.fma(q, k.mul(r, r), r)
}

// pow2 is 2^n for whole n in [-126, 127].
func (k *kit) pow2(n vec) vec {
	i := k.reg()
	VCVTPS2DQ(n, i)
	VPSLLD(U8(23), i, i)
	VPADDD(k.bits(0x3f800000), i, i)
	return i
}

// scale is p 2^n for any whole n of a few hundred at most, rounded once.
func (k *kit) scale(p, n vec) vec {
	if k.avx512 {
		d := k.reg()
		VSCALEFPS(n, p, d)
		return d
	}
	half := k.round(k.mul(n, k.c(0.5)), 1)
	return k.mul(k.mul(p, k.pow2(half)), k.pow2(k.sub(n, half)))
}

// exp is e^x; NaN stays.
func (k *kit) exp(x vec) vec {
	n, r := k.split(k.max(k.cr(expLo), k.min(k.cr(expHi), x)))
	return k.scale(k.horner(r, expP...), n)
}

// expNormal is e^x for x in [tiny, 88], where it is a normal number; NaN stays.
func (k *kit) expNormal(x vec) vec {
	n, r := k.split(x)
	p := k.horner(r, expP...)
	if k.avx512 {
		return k.scale(p, n)
	}
	return k.mul(p, k.pow2(n))
}

// expTail is e^x for x up to 80; what would be subnormal is 0. Multiplying subnormal numbers
// takes a hundred times as long, in this function and in all that reads its results.
func (k *kit) expTail(x vec) vec {
	e := k.expNormal(k.max(k.cr(tiny), x))
	return k.blend(k.cmp(lt, x, k.c(tiny)), e, k.c(0))
}

func (k *kit) expm1(x vec) vec {
	n, em := k.reduce(k.max(k.cr(-30), k.min(k.cr(expHi), x)))
	// 2^128 is infinite: above 2^127 the 1 to be taken off is far below half an ulp.
	t := k.scale(k.cr(1), k.min(k.cr(127), n))
	low := k.fma(em, t, k.sub(t, k.c(1)))
	high := k.scale(k.add(em, k.c(1)), n)
	r := k.blend(k.cmp(gt, n, k.c(126)), low, high)
	return k.blend(k.cmp(eq, x, k.c(0)), r, x)
}

// log1pSum is fe ln 2 + log(1 + f).
func (k *kit) log1pSum(f, fe vec) vec {
	p := k.horner(f, logP...)
	f2 := k.mul(f, f)
	y := k.fma(k.mul(f2, f), p, k.mul(fe, k.c(ln2lo)))
	y = k.fnma(f2, k.c(0.5), y)
	return k.fma(fe, k.c(ln2hi), k.add(y, f))
}

func (k *kit) log(x vec) vec {
	small := k.cmp(lt, x, k.c(1.17549435e-38))
	xs := k.blend(small, x, k.mul(x, k.c(8388608)))
	e, m := k.reg(), k.reg()
	VPSUBD(k.bits(0x3f3504f3), xs, e)
	VPSRAD(U8(23), e, e)
	VPSLLD(U8(23), e, m)
	VPSUBD(m, xs, m)
	VCVTDQ2PS(e, e)
	e = k.blend(small, e, k.sub(e, k.c(23)))
	y := k.log1pSum(k.sub(m, k.c(1)), e)
	inf := 0x7f800000
	y = k.blend(k.cmp(lt, x, k.c(0)), y, k.bits(0x7fc00000))
	y = k.blend(k.cmp(eq, x, k.c(0)), y, k.bits(0xff800000))
	y = k.blend(k.cmp(eq, x, k.bits(uint32(inf))), y, x)
	return k.blend(k.cmp(unord, x, x), y, x)
}

// sigmoid is 0 where it would be subnormal. Where e^-x is not finite or not right, x is below tiny.
func (k *kit) sigmoid(x vec) vec {
	e := k.expNormal(k.max(k.cr(tiny), k.xor(x, k.bits(signBit))))
	return k.blend(k.cmp(lt, x, k.c(tiny)), k.recip(k.add(e, k.c(1))), k.c(0))
}

func (k *kit) tanh(x vec) vec {
	ax := k.abs(x)
	x2 := k.mul(x, x)
	small := k.fma(k.mul(k.horner(x2, tanhP...), x2), x, x)
	e := k.expNormal(k.min(k.cr(20), k.add(ax, ax)))
	big := k.fnma(k.recip(k.add(e, k.c(1))), k.c(2), k.cr(1))
	return k.blend(k.cmp(lt, ax, k.c(0.625)), k.withSign(big, x), small)
}

// erfc returns erf(x) for |x| < 1 and erfc(|x|) for larger, and where which holds.
func (k *kit) erfc(x, ax vec) (small, c vec, isSmall mask) {
	x2 := k.mul(x, x)
	small = k.fma(k.horner(x2, erfP...), x, x)
	z := k.min(k.cr(4), ax)
	n, em := k.reduce(k.horner(z, lerfcQ...))
	c = k.mul(k.add(em, k.c(1)), k.pow2(n))
	// NaN passes through min and the polynomial, but not through 2^n as an integer.
	c = k.blend(k.cmp(unord, x, x), c, x)
	return small, c, k.cmp(lt, ax, k.c(1))
}

func (k *kit) erf(x vec) vec {
	small, c, is := k.erfc(x, k.abs(x))
	return k.blend(is, k.withSign(k.sub(k.cr(1), c), x), small)
}

func (k *kit) gelu(x vec) vec {
	v := k.mul(x, k.c(0.707106781))
	av := k.abs(v)
	small, c, is := k.erfc(v, av)
	h := k.mul(x, k.c(0.5))
	c = k.blend(k.cmp(gt, av, k.c(4)), c, k.c(0))
	c = k.blend(k.cmp(gt, v, k.c(0)), c, k.sub(k.cr(2), c))
	return k.mul(h, k.blend(is, c, k.add(small, k.c(1))))
}

func (k *kit) geluTanh(x vec) vec {
	// x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x³).
	w := k.horner(k.mul(x, x), 1.59576912, 0.0713548163)
	return k.mul(x, k.sigmoid(k.mul(w, x)))
}

func (k *kit) softplus(x vec) vec {
	e := k.expTail(k.or(x, k.bits(signBit)))
	// 1 + e in [1, 2]: halve it above sqrt 2, so that f is exact in both cases.
	over := k.cmp(gt, e, k.c(0.414213562))
	f := k.blend(over, e, k.mul(k.sub(e, k.c(1)), k.c(0.5)))
	l := k.log1pSum(f, k.one(over))
	return k.add(l, k.max(k.cr(0), x))
}

func (k *kit) mish(x vec) vec {
	// tanh(log(1 + e)) = n / (n + 2), n = e (e + 2); beyond 20 that is 1.
	e := k.expTail(k.min(k.cr(20), x))
	n := k.mul(e, k.add(e, k.c(2)))
	return k.mul(x, k.div(n, k.add(n, k.c(2))))
}

func (k *kit) sign(x vec) vec {
	r := k.blend(k.cmp(gt, x, k.c(0)), x, k.c(1))
	return k.blend(k.cmp(lt, x, k.c(0)), r, k.c(-1))
}

func (k *kit) hardSwish(x vec) vec {
	t := k.fma(x, k.c(1.0/6), k.cr(0.5))
	t = k.max(k.cr(0), k.min(k.cr(1), t))
	return k.mul(x, t)
}

// minimum and maximum hand NaN on from either side.
func (k *kit) minimum(x, y vec) vec { return k.blend(k.cmp(unord, x, x), k.min(x, y), x) }
func (k *kit) maximum(x, y vec) vec { return k.blend(k.cmp(unord, x, x), k.max(x, y), x) }

// sincos is sin(x + quarter·π/2) for |x| below pwSinLimit: x = n π/2 + r, where n tells which of the
// two polynomials in r, and which sign. The first product is exact, being fused.
func (k *kit) sincos(x vec, quarter uint32) vec {
	n := k.round(k.mul(x, k.c(0.636619747)), 0)
	r := k.fnma(n, k.c(1.57079637), x)
	r = k.fnma(n, k.c(-4.37113883e-08), r)
	r = k.fnma(n, k.c(-1.71512451e-15), r)
	r2 := k.mul(r, r)
	s := k.fma(k.mul(k.horner(r2, -0.166666672, 0.00833332911, -0.000198393202, 2.71819863e-06), r2), r, r)
	c := k.fma(k.horner(r2, 0.0416666456, -0.00138873421, 2.44358525e-05), k.mul(r2, r2), k.fnma(r2, k.c(0.5), k.cr(1)))
	q := k.reg()
	VCVTPS2DQ(n, q)
	if quarter != 0 {
		VPADDD(k.bits(quarter), q, q)
	}
	odd, sign := k.reg(), k.reg()
	VPSLLD(U8(31), q, odd)
	VPSRLD(U8(1), q, sign)
	VPSLLD(U8(31), sign, sign)
	m := mask{v: odd}
	if k.avx512 {
		m = mask{k: K()}
		VPMOVD2M(odd, m.k)
	}
	return k.xor(k.blend(m, s, c), sign)
}

// toF16 rounds to the nearest float16, even in the middle, and back.
func (k *kit) toF16(x vec) vec {
	half, d := vec(XMM()), k.reg()
	if k.avx512 {
		half = YMM()
	}
	VCVTPS2PH(U8(0), x, half)
	VCVTPH2PS(half, d)
	return d
}

// toBF16 rounds to the nearest bfloat16, even in the middle: the upper half of the bits.
func (k *kit) toBF16(x vec) vec {
	odd, r, d := k.reg(), k.reg(), k.reg()
	VPSRLD(U8(16), x, odd)
	VPADDD(k.bits(0x7fff), x, r)
	one := k.and(odd, k.bits(1))
	VPADDD(one, r, r)
	VANDPS(k.bits(0xffff0000), r, d)
	return k.blend(k.cmp(unord, x, x), d, k.bits(0x7fc00000))
}
