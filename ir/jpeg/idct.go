package jpeg

// The inverse transform is that of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) with eleven multiplications a row or column, in
// fixed point: constants have 13 bits of fraction, and what lies between the columns and the rows 2 bits. Sums of two coefficients, and
// the numbers between columns and rows, have 16 bits, as they have where vector instructions compute them.
const (
	fraction = 13
	between  = 2

	c0298 = 2446  // √2·(−cos 1 + cos 3 + cos 5 − cos 7), all of π/16
	c0390 = 3196  // √2·(cos 3 − cos 5)
	c0541 = 4433  // √2·cos 6
	c0765 = 6270  // √2·(cos 2 − cos 6)
	c0899 = 7373  // √2·(cos 3 − cos 7)
	c1175 = 9633  // √2·cos 5
	c1501 = 12299 // √2·(cos 1 + cos 3 − cos 5 − cos 7)
	c1847 = 15137 // √2·(cos 2 + cos 6)
	c1961 = 16069 // √2·(cos 3 + cos 5)
	c2053 = 16819 // √2·(cos 1 + cos 3 − cos 5 + cos 7)
	c2562 = 20995 // √2·(cos 1 + cos 3)
	c3072 = 25172 // √2·(cos 1 + cos 3 + cos 5 − cos 7)
)

func narrow(x int32) int32 { return int32(int16(x)) }

func saturate(x int32) int32 { return min(max(x, -1<<15), 1<<15-1) }

func sample(x int32) uint8 {
	if x += 128; uint32(x) > 255 {
		return uint8(^(x >> 31))
	}
	return uint8(x)
}

// eight is the transform of eight numbers, not yet rounded: 13 bits of fraction more than they have.
func eight(i0, i1, i2, i3, i4, i5, i6, i7 int32) (o0, o1, o2, o3, o4, o5, o6, o7 int32) {
	z := (i2 + i6) * c0541
	t2, t3 := z-i6*c1847, z+i2*c0765
	t0, t1 := narrow(i0+i4)<<fraction, narrow(i0-i4)<<fraction
	e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2

	z3, z4 := narrow(i7+i3), narrow(i5+i1)
	z3, z4 = z3*(c1175-c1961)+z4*c1175, z3*c1175+z4*(c1175-c0390)
	z1, z2 := (i7+i1)*c0899, (i5+i3)*c2562
	d0 := i7*c0298 - z1 + z3
	d1 := i5*c2053 - z2 + z4
	d2 := i3*c3072 - z2 + z3
	d3 := i1*c1501 - z1 + z4
	return e0 + d3, e1 + d2, e2 + d1, e3 + d0, e3 - d0, e2 - d1, e1 - d2, e0 - d3
}

// transform writes the block of samples that b, times its quantisers, stands for.
func transform(out []uint8, stride int, b *[64]int16, quant *[64]uint16) {
	var w [64]int32
	top, below := int16(0), int16(0)
	for _, v := range b[1:8] {
		top |= v
	}
	for _, v := range b[8:] {
		below |= v
	}
	if top|below == 0 {
		flat(out, stride, b[0], quant[0])
		return
	}
	const round = 1 << (fraction - between - 1)
	for x := range 8 {
		at := func(y int) int32 { return narrow(int32(b[8*y+x]) * int32(quant[8*y+x])) }
		if b[8+x]|b[16+x]|b[24+x]|b[32+x]|b[40+x]|b[48+x]|b[56+x] == 0 {
			v := narrow(at(0) << between) // so where all columns are like this one
			if below != 0 {
				v = saturate(at(0) << between)
			}
			for y := range 8 {
				w[8*y+x] = v
			}
			continue
		}
		o0, o1, o2, o3, o4, o5, o6, o7 := eight(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
		w[x] = saturate((o0 + round) >> (fraction - between))
		w[8+x] = saturate((o1 + round) >> (fraction - between))
		w[16+x] = saturate((o2 + round) >> (fraction - between))
		w[24+x] = saturate((o3 + round) >> (fraction - between))
		w[32+x] = saturate((o4 + round) >> (fraction - between))
		w[40+x] = saturate((o5 + round) >> (fraction - between))
		w[48+x] = saturate((o6 + round) >> (fraction - between))
		w[56+x] = saturate((o7 + round) >> (fraction - between))
	}
	const down = fraction + between + 3
	const half = 1 << (down - 1)
	for y := range 8 {
		r := (*[8]int32)(w[8*y:])
		o := (*[8]uint8)(out[y*stride:])
		o0, o1, o2, o3, o4, o5, o6, o7 := eight(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
		o[0], o[1] = sample((o0+half)>>down), sample((o1+half)>>down)
		o[2], o[3] = sample((o2+half)>>down), sample((o3+half)>>down)
		o[4], o[5] = sample((o4+half)>>down), sample((o5+half)>>down)
		o[6], o[7] = sample((o6+half)>>down), sample((o7+half)>>down)
	}
}

// flat writes the block of which only the first coefficient is not zero.
func flat(out []uint8, stride int, dc int16, quant uint16) {
	v := narrow(narrow(int32(dc)*int32(quant)) << between)
	s := sample((v<<fraction + 1<<(fraction+between+2)) >> (fraction + between + 3))
	for y := range 8 {
		o := (*[8]uint8)(out[y*stride:])
		*o = [8]uint8{s, s, s, s, s, s, s, s}
	}
}
