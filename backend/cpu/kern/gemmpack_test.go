package kern

import (
	"math/rand/v2"
	"testing"
)

func TestPackBPutsEveryElementInItsPanel(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		nr := GemmNR()
		for k := range 40 {
			for n := 1; n < 70; n += 1 + k%3 {
				for _, trans := range []bool{false, true} {
					src, dst := randoms(r, guarded(t, k*n)), guarded(t, PackedB(k, n, nr))
					ld := n
					if trans {
						ld = k
					}
					randoms(r, dst)
					PackB(dst, src, ld, k, n, nr, trans)
					for i, v := range dst {
						p, row, col := i/(k*nr), i/nr%k, i%nr
						var want float32
						if c := p*nr + col; c < n && trans {
							want = src[c*k+row]
						} else if c < n {
							want = src[row*n+c]
						}
						if v != want {
							t.Fatalf("%d by %d, transposed %v: element %d is %v, want %v", k, n, trans, i, v, want)
						}
					}
				}
			}
		}
	})
}

func TestTransposeOfLargeMatrices(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(23, 24))
		for _, s := range [][2]int{{300, 200}, {33, 129}, {16, 131}, {1, 300}, {300, 1}} {
			src, dst := randoms(r, guarded(t, s[0]*s[1])), guarded(t, s[0]*s[1])
			transpose(dst, s[0], src, s[1], s[0], s[1])
			for i, v := range src {
				if got := dst[i%s[1]*s[0]+i/s[1]]; got != v {
					t.Fatalf("%v: element %d is %v, want %v", s, i, got, v)
				}
			}
		}
	})
}
