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
	for p := p0; p < p1; p++ {
		d := dst[p*k*nr : (p+1)*k*nr]
		live := min(nr, n-p*nr)
		if live < nr {
			clear(d)
		}
		if transB {
			packTransposed(d, b[p*nr*ldb:], ldb, k, live, nr)
			continue
		}
		for i := range k {
			copy(d[i*nr:i*nr+live], b[i*ldb+p*nr:])
		}
	}
}

// packTransposed writes column j of d from row j of b, a stretch of rows at a time so that the
// lines of d stay in the first-level cache.
func packTransposed(d, b []float32, ldb, k, live, nr int) {
	const stretch = 32
	for k0 := 0; k0 < k; k0 += stretch {
		k1 := min(k, k0+stretch)
		for j := range live {
			src := b[j*ldb+k0 : j*ldb+k1]
			dd := d[k0*nr+j:]
			for i, v := range src {
				dd[i*nr] = v
			}
		}
	}
}

// packRows copies rows m0 to m1-1 of the transpose of a, which holds k rows ldk apart, into dst as [m1-m0][k].
func packRows(dst, a []float32, ldk, k, m0, m1 int) {
	const stretch = 16
	n := m1 - m0
	for i0 := 0; i0 < n; i0 += stretch {
		i1 := min(n, i0+stretch)
		for x := range k {
			src := a[x*ldk+m0+i0 : x*ldk+m0+i1]
			dd := dst[i0*k+x:]
			for i, v := range src {
				dd[i*k] = v
			}
		}
	}
}
