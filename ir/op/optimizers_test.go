package op_test

import (
	"strings"
	"testing"
)

func TestOptimizersUpdateEachTensorByItsOwnState(t *testing.T) {
	const in = "%r: f32[] = [0.5], %t: i64[] = [0], %x: f32[1] = [1], %z: f64[2] = [3, 4], %g: f32[1] = [2], %h: f64[2] = [0, -2], %v: f32[1] = [0], %w: f64[2] = [1, 0]"
	const types = " : f32[1], f64[2], f32[1], f64[2]; return "
	for _, c := range []struct{ name, body, want string }{
		{"momentum", `%a, %b, %c, %d = momentum(%r, %t, %x, %z, %g, %h, %v, %w) {alpha=0.5, beta=9, norm_coefficient=0, mode="standard"}` + types + "%b", "f64[2] {2.75, 5.0}"},
		{"nesterov", `%a, %b, %c, %d = momentum(%r, %t, %x, %z, %g, %h, %v, %w) {alpha=0.5, beta=9, norm_coefficient=0, mode="nesterov"}` + types + "%a", "f32[1] {-0.5}"},
		{"adagrad's state", "%a, %b, %c, %d = adagrad(%r, %t, %x, %z, %g, %h, %v, %w)" + types + "%d", "f64[2] {1.0, 4.0}"},
	} {
		_, y, err := evalText(t, in, c.body)
		if err != nil || y.String() != c.want {
			t.Errorf("%s: %v, %v; want %s", c.name, y, err, c.want)
		}
	}
	for _, c := range []struct{ body, want string }{
		{"%a = momentum(%r, %t, %x, %g, %v) : f32[1]; return %a", "attribute alpha is missing"},
		{"%a = adagrad(%r, %t, %x, %g) : f32[1]; return %a", "2 operands are no groups of 3"},
		{"%a = adagrad(%r, %t, %x, %h, %v) : f32[1]; return %a", "operand 3 is of f64"},
		{"%a = adagrad(%r, %t, %z, %h, %z2) : f64[2]; return %a", "no value %z2"},
	} {
		if _, y, err := evalText(t, in, c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want an error with %q", c.body, y, err, c.want)
		}
	}
}
