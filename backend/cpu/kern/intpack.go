package kern

import "unsafe"

// stepBytes are the bytes of one step of k: four of 8 bits, or two of 16.
const stepBytes = 4

// perStep returns how many numbers a step holds.
func perStep(bytes bool) int {
	if bytes {
		return 4
	}
	return 2
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// An IntPacking is how B of a product of small integers lies in panels; the zero value is none.
type IntPacking struct {
	NR    int  // columns of a panel
	Bytes bool // four numbers of 8 bits to a step; else two of 16
}

// IntPackingBest returns what the row wants that this machine takes.
func IntPackingBest() IntPacking {
	r := intRowBest()
	return IntPacking{NR: r.nr, Bytes: r.bytes}
}

// steps returns the steps of k that so many numbers make.
func (p IntPacking) steps(k int) int { return ceilDiv(k, perStep(p.Bytes)) }

// kind returns what the steps of k are where A is signed or not.
func (p IntPacking) kind(aSigned bool) intKind {
	switch {
	case !p.Bytes:
		return intPairs
	case aSigned:
		return intI8
	}
	return intU8
}

// panels returns the panels that n columns make.
func (p IntPacking) panels(n int) int { return ceilDiv(n, p.NR) }

// size returns the bytes of B in panels, with the sum of each column behind them.
func (p IntPacking) size(steps, n int) int { return p.panels(n) * p.NR * (stepBytes*steps + 4) }

// sums returns the sums of columns behind the panels.
func (p IntPacking) sums(packed []byte, steps, n int) []int32 {
	all := p.panels(n) * p.NR
	return Of[int32](&Arg{Data: packed[stepBytes*steps*all:]})[:all]
}

// shift is what the packed numbers of B are more than B's: instructions multiply bytes without a
// sign by bytes with one.
func (p IntPacking) shift(aSigned, bSigned bool) int32 {
	switch {
	case !p.Bytes || aSigned != bSigned:
		return 0
	case aSigned:
		return 128
	}
	return -128
}

// A matrixB is B as it lies in memory: element (k, j) at at + k·perK + j·perN.
type matrixB struct {
	data       []byte
	signed     bool
	perK, perN int
	at         int
}

// pack writes steps from one to another of columns j0 to j1-1 of one panel and adds to the sums. Number k of B is the tap-th
// of those of one step's run: runs of cg numbers are padded to whole steps.
func (p IntPacking) pack(panel []byte, sums []int32, b *matrixB, k0, cg, step, cols int, shift int32) {
	per := perStep(p.Bytes)
	for c := range cg {
		at := b.at + (k0+c)*b.perK
		row := panel[stepBytes*p.NR*(step+c/per):]
		for j := range cols {
			v := int32(int8(b.data[at+j*b.perN]))
			if !b.signed {
				v = int32(uint8(v))
			}
			v += shift
			sums[j] += v
			if p.Bytes {
				row[4*j+c%4] = byte(v)
			} else {
				*(*int16)(unsafe.Pointer(&row[4*j+2*(c%2)])) = int16(v)
			}
		}
	}
}

// PackedIntB returns the bytes that [PackIntB] writes for a matrix of k rows and n columns.
func PackedIntB(p IntPacking, k, n int) int { return p.size(p.steps(k), n) }

// PackIntB puts B [k,n], or [n,k] if trans, in panels for [IntMatMul]; signed tells of A's and B's
// elements whether they have a sign. dst and src must be long enough.
func PackIntB(dst, src []byte, p IntPacking, k, n int, trans, aSigned, bSigned bool) {
	b := matrixB{src, bSigned, n, 1, 0}
	if trans {
		b.perK, b.perN = 1, k
	}
	t := intPackTask{p: p, dst: dst, b: b, k: k, n: n, shift: p.shift(aSigned, bSigned)}
	t.Do(0, 0, p.panels(n))
}

// An intPackTask packs one matrix, a panel at a time.
type intPackTask struct {
	p     IntPacking
	dst   []byte
	b     matrixB
	k, n  int
	shift int32
}

// Do packs panels lo to hi-1.
func (t *intPackTask) Do(_, lo, hi int) {
	steps := t.p.steps(t.k)
	size := stepBytes * steps * t.p.NR
	sums := t.p.sums(t.dst, steps, t.n)
	for i := lo; i < hi; i++ {
		panel, s := t.dst[i*size:(i+1)*size], sums[i*t.p.NR:(i+1)*t.p.NR]
		clear(panel)
		clear(s)
		b := t.b
		b.at += i * t.p.NR * b.perN
		t.p.pack(panel, s, &b, 0, t.k, 0, min(t.p.NR, t.n-i*t.p.NR), t.shift)
	}
}

// orderRows puts rows of A, each of so many groups of cg numbers, in whole steps: bytes as they are,
// or numbers of 16 bits less the zero point. What pads a group to so many steps is zero.
func orderRows(dst, src []byte, rows, groups, cg, steps int, p IntPacking, signed bool, zero int32) {
	switch {
	case p.Bytes && cg == 3 && steps == 1:
		d := Of[uint32](&Arg{Data: dst})
		for i := range rows * groups {
			s := src[3*i : 3*i+3]
			d[i] = uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16
		}
	case p.Bytes:
		for i := range rows * groups {
			d := dst[stepBytes*steps*i : stepBytes*steps*(i+1)]
			n := copy(d, src[cg*i:cg*(i+1)])
			clear(d[n:])
		}
	default:
		d := Of[int16](&Arg{Data: dst})
		for i := range rows * groups {
			row := d[2*steps*i : 2*steps*(i+1)]
			widen(row, src[cg*i:cg*(i+1)], signed, int16(zero))
			clear(row[cg:])
		}
	}
}

// widen writes numbers of 8 bits less the zero point in 16.
func widen(dst []int16, src []byte, signed bool, zero int16) {
	dst = dst[:len(src)]
	if signed {
		for i, v := range src {
			dst[i] = int16(int8(v)) - zero
		}
		return
	}
	for i, v := range src {
		dst[i] = int16(v) - zero
	}
}

// rowSums adds up the numbers of rows of A, over the segments of k.
func rowSums(sums []int32, a unsafe.Pointer, lda int, segs []int, segk int, kind intKind) {
	for i := range sums {
		var s int32
		for _, off := range segs {
			s += sumSteps(unsafe.Add(a, i*lda+off), segk, kind)
		}
		sums[i] = s
	}
}

// sumSteps adds up the numbers of so many steps.
func sumSteps(p unsafe.Pointer, steps int, kind intKind) (s int32) {
	if steps == 0 {
		return 0
	}
	switch kind {
	case intU8:
		return sumBytes(unsafe.Slice((*uint32)(p), steps), 0)
	case intI8: // a byte with a sign is one without, of which the sign is turned over, less 128
		return sumBytes(unsafe.Slice((*uint32)(p), steps), 0x80808080) - int32(512*steps)
	}
	for _, v := range unsafe.Slice((*int16)(p), 2*steps) {
		s += int32(v)
	}
	return s
}

func sumBytes(w []uint32, turn uint32) int32 {
	const even = 0x00ff00ff
	var s uint32
	for len(w) > 0 {
		n := min(len(w), 128) // so many sums of two bytes fit in 16 bits
		var part uint32
		for _, v := range w[:n] {
			v ^= turn
			part += v&even + v>>8&even
		}
		s += part&0xffff + part>>16
		w = w[n:]
	}
	return int32(s)
}
