package kern

import "testing"

func TestQuotient(t *testing.T) {
	for _, c := range []struct {
		q, p string
		want int
	}{{"200000", "100000", 2}, {"150000", "100000", 2}, {"max", "100000", 0}, {"-1", "100000", 0}, {"", "", 0}} {
		if got := quotient(c.q, c.p); got != c.want {
			t.Errorf("%q/%q: %d, want %d", c.q, c.p, got, c.want)
		}
	}
}
