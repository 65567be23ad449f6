package grad_test

import "testing"

func TestGradientsAreDerivatives(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name(), func(t *testing.T) {
			c.check(t, false)
			if !c.fix && !t.Failed() {
				c.check(t, true)
			}
		})
	}
}
