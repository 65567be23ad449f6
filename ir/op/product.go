package op

import "github.com/cameo-onnx/cameo/ir"

const (
	productCols = 512 // columns of a block: four rows of it stay in the first cache
	productDeep = 64  // rows of the right operand in a block
)

// product adds the matrix product a·b to c: a is m×k, b k×n and c m×n, dense and row-major. Each sum runs in the order of k.
func product[T number](e *ir.Env, m, n, k int, a, b, c []T) error {
	for j := 0; j < n; j += productCols {
		w := min(productCols, n-j)
		for p := 0; p < k; p += productDeep {
			q := min(p+productDeep, k)
			for i := range m {
				if i&63 == 0 {
					if err := e.Err(); err != nil {
						return err
					}
				}
				productRow(a[i*k+p:i*k+q], b[p*n+j:], n, c[i*n+j:i*n+j+w])
			}
		}
	}
	return nil
}

// productRow adds to c the sum of a[i] times the row of len(c) elements that starts at b[i·stride].
func productRow[T number](a, b []T, stride int, c []T) {
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x0, x1, x2, x3 := a[i], a[i+1], a[i+2], a[i+3]
		b0 := b[i*stride:][:len(c)]
		b1 := b[(i+1)*stride:][:len(c)]
		b2 := b[(i+2)*stride:][:len(c)]
		b3 := b[(i+3)*stride:][:len(c)]
		for j, s := range c {
			c[j] = s + x0*b0[j] + x1*b1[j] + x2*b2[j] + x3*b3[j]
		}
	}
	for ; i < len(a); i++ {
		x, r := a[i], b[i*stride:][:len(c)]
		for j, s := range c {
			c[j] = s + x*r[j]
		}
	}
}

// flipped returns the n×m transpose of an m×n matrix.
func flipped[T any](v []T, m, n int) []T {
	out := make([]T, len(v))
	for i := range m {
		for j := range n {
			out[j*m+i] = v[i*n+j]
		}
	}
	return out
}
