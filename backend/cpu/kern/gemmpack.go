package kern

// PackedB returns how many float32 the panels of a matrix of k rows and n columns take.
func PackedB(k, n, nr int) int { return (n + nr - 1) / nr * nr * k }

// PackB copies B, k rows by n columns with rows ldb apart, into dst as panels of nr columns: each
// [k][nr], the last one filled up with zeros. With transB, b holds n rows by k columns instead.
func PackB(dst, b []float32, ldb, k, n, nr int, transB bool) {
	packPanels(dst, b, ldb, k, n, nr, transB, 0, (n+nr-1)/nr)
}

// packPanels packs panels p0 to p1-1.
func packPanels(dst, b []float32, ldb, k, n, nr int, transB bool, p0, p1 int) {
	if k == 0 {
		return
	}
	for p := p0; p < p1; p++ {
		d := dst[p*k*nr : (p+1)*k*nr]
		live := min(nr, n-p*nr)
		if live < nr {
			clear(d)
		}
		if transB {
			transpose(d, nr, b[p*nr*ldb:], ldb, live, k)
			continue
		}
		if live == nr && copyPanel(d, b[p*nr:], ldb, k, nr) {
			continue
		}
		for i := range k {
			copy(d[i*nr:i*nr+live], b[i*ldb+p*nr:])
		}
	}
}

// packRows copies rows m0 to m1-1 of the transpose of a, which holds k rows ldk apart, into dst as [m1-m0][k].
func packRows(dst, a []float32, ldk, k, m0, m1 int) {
	transpose(dst, k, a[m0:], ldk, k, m1-m0)
}

// transpose writes element c of row r of src, rows lds apart, to element r of row c of dst, rows ldd
// apart, for rows by cols elements: a stretch of columns at a time, so that the lines of dst stay in
// the first-level cache.
func transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	const stretch = 128
	for c0 := 0; c0 < cols; c0 += stretch {
		n := min(stretch, cols-c0)
		from, to := src[c0:], dst[c0*ldd:]
		r := transposeFast(to, ldd, from, lds, rows, n)
		fast := n &^ 3
		if r == 0 {
			fast = 0
		}
		for i := range rows {
			c := 0
			if i < r {
				c = fast
			}
			line := from[i*lds : i*lds+n]
			for ; c < n; c++ {
				to[c*ldd+i] = line[c]
			}
		}
	}
}
