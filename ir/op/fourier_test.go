package op

import (
	"fmt"
	"math/cmplx"
	"testing"
)

func TestTransformsOfAnyLengthEqualTheirDefinition(t *testing.T) {
	k := randomKey{3, 4}
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 12, 31, 64, 97, 100, 257} {
		v, want := make([]complex128, n), make([]complex128, n)
		for i := range v {
			v[i] = complex(k.normal(2*i), k.normal(2*i+1))
		}
		for i := range want {
			for j, x := range v {
				want[i] += x * unitRoot(i*j%n, n)
			}
		}
		f, got := newFourier(n), append([]complex128{}, v...)
		f.transform(got)
		closeTo(t, fmt.Sprint("length ", n), got, want)
		f.inverse(got)
		closeTo(t, fmt.Sprint("inverse of length ", n), got, v)
	}
}

func closeTo(t *testing.T, name string, got, want []complex128) {
	t.Helper()
	for i := range want {
		if cmplx.Abs(got[i]-want[i]) > 1e-12*float64(len(want)+1) {
			t.Errorf("%s: place %d is %v, not %v", name, i, got[i], want[i])
			return
		}
	}
}
