package grad_test

import (
	"testing"

	"github.com/cameo-onnx/cameo/ir/op"
)

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

func TestEveryGradientIsCompared(t *testing.T) {
	has := map[string]bool{}
	for _, c := range cases() {
		has[c.op] = true
	}
	for _, o := range op.All() {
		if d := op.Differentiable(o); d != has[o.Name] {
			t.Errorf("%s: it says that it has a gradient: %v; it is compared with differences: %v", o.Name, d, has[o.Name])
		}
	}
}
