package op_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// evalBodies parses g, checks that its text reads back, evaluates it on its inputs' defaults, and returns its outputs, with their
// types, one a line.
func evalBodies(t *testing.T, src string) (string, error) {
	t.Helper()
	g, err := ir.Parse(src, op.Lookup, nil)
	if err != nil {
		return "", err
	}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	h, err := ir.Parse(g.String(), op.Lookup, nil)
	if err != nil || h.String() != g.String() {
		t.Errorf("text does not read back: %v\n%s", err, g)
	}
	trips := 100
	trip := func() error {
		if trips--; trips < 0 {
			return errors.New("too many trips")
		}
		return nil
	}
	out, err := g.Eval(&ir.Env{Trip: trip}, make([]tensor.Value, len(g.Inputs)))
	if err != nil {
		return "", err
	}
	var lines []string
	for i, v := range out {
		s := "seq"
		if x, ok := v.(*tensor.Tensor); ok {
			s = x.String()
		}
		lines = append(lines, g.Outputs[i].Value.Type.String()+": "+s)
	}
	return strings.Join(lines, "\n"), nil
}

const branches = `{
	body(%a: f32[2]) { %b = add(%a, %a) : f32[2]
	return %b }
	body(%a: f32[2]) { %c = const [1,1,1] : f32[3]
	return %c } }`

const countdown = `%y, %s = loop(_, %c, %n, %one) {carried=1} {
	body(%i: i64[], %go: bool[], %k: i64[], %o: i64[]) {
	%m = sub(%k, %o) : i64[]
	%z = const [0] : i64[]
	%more = greater(%m, %z) : bool[]
	return %more, %m, %i } } : i64[], i64[s]
	return %y, %s }`

const doubling = `{carried=1} {
	body(%i: i64[], %go: bool[], %k: f32[n]) {
	%two = concat(%k, %k) {axis=0} : f32[2*n]
	%len = shape(%k) : i64[1]
	return %go, %two, %len } } : f32[u], i64[u2,1]
	return %y, %l }`

func TestBodiesRun(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"the branch that the condition takes", "graph g(%c: bool[] = [0], %x: f32[2] = [1,2]) { %y = if(%c, %x) " + branches + " : f32[s]\n\treturn %y }", "f32[s]: f32[3] {1.0, 1.0, 1.0}"},
		{"a known condition gives its branch's type", "graph g(%x: f32[2] = [1,2]) { %c = const [1] : bool[]\n\t%y = if(%c, %x) " + branches + " : f32[2]\n\treturn %y }", "f32[2]: f32[2] {2.0, 4.0}"},
		{"while with a capture", "graph g(%c: bool[] = [1], %n: i64[] = [3], %one: i64[] = [1]) { " + countdown, "i64[]: i64[] {0}\ni64[s]: i64[3] {0, 1, 2}"},
		{"no trip at all", "graph g(%c: bool[] = [0], %n: i64[] = [3], %one: i64[] = [1]) { " + countdown, "i64[]: i64[] {3}\ni64[s]: i64[0] {}"},
		{"sizes that grow", "graph g(%t: i64[] = [3], %x: f32[1] = [7]) { %y, %l = loop(%t, _, %x) " + doubling, "f32[u]: f32[8] {7.0, 7.0, 7.0, 7.0, 7.0, 7.0, …}\ni64[u2,1]: i64[3,1] {1, 2, 4}"},
		{"a negative count", "graph g(%t: i64[] = [-3], %x: f32[1] = [7]) { %y, %l = loop(%t, _, %x) " + doubling, "f32[u]: f32[1] {7.0}\ni64[u2,1]: i64[0,1] {}"},
		{"scan backwards along another axis", `graph g(%h: f32[] = [10], %x: f32[1,3] = [1,2,3]) { %y, %s = scan(%h, %x) {num_scan_inputs=1, states=1, scan_input_axes=[-1], scan_input_directions=[1], scan_output_axes=[1], scan_output_directions=[1]} {
	body(%a: f32[], %b: f32[1]) { %one = const [0] : i64[1]
	%q = squeeze(%b, %one) : f32[]
	%r = add(%a, %q) : f32[]
	%s = add(%b, %a) : f32[1]
	return %r, %s } } : f32[], f32[1,3]
	return %y, %s }`, "f32[]: f32[] {16.0}\nf32[1,3]: f32[1,3] {16.0, 15.0, 13.0}"},
		{"scan over nothing", `graph g(%h: f32[2] = [1,2], %x: f32[0,5] = []) { %y, %s = scan(%h, %x) {num_scan_inputs=1, states=1} {
	body(%a: f32[2], %b: f32[M]) { return %a, %b } } : f32[2], f32[0,5]
	return %y, %s }`, "f32[2]: f32[2] {1.0, 2.0}\nf32[0,5]: f32[0,5] {}"},
	} {
		got, err := evalBodies(t, c.src)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, err, got, c.want)
		}
	}
}

func TestBodiesRefuse(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"branches of two types", "graph g(%c: bool[]) { %y = if(%c) { body() { %a = const [1] : f32[1]\n\treturn %a } body() { %a = const [1] : i64[1]\n\treturn %a } } : f32[1]\n\treturn %y }", "f32[1] and i64[1] are not of one type"},
		{"a body of other inputs", "graph g(%c: bool[]) { %y = if(%c, %c) { body() { %a = const [1] : f32[1]\n\treturn %a } body() { %a = const [1] : f32[1]\n\treturn %a } } : f32[1]\n\treturn %y }", "takes 0 inputs, not 1"},
		{"no body", "graph g(%c: bool[]) { %y = if(%c) : f32[1]\n\treturn %y }", "body is missing"},
		{"a loop without end", "graph g(%x: f32[1]) { %y, %l = loop(_, _, %x) " + doubling, "would never end"},
		{"more trips than the budget", "graph g(%c: bool[] = [1], %n: i64[] = [1000], %one: i64[] = [1]) { " + countdown, "too many trips"},
		{"stacked sizes that change", `graph g(%t: i64[] = [2], %x: f32[1] = [7]) { %y, %l = loop(%t, _, %x) {carried=1} {
	body(%i: i64[], %go: bool[], %k: f32[n]) { %two = concat(%k, %k) {axis=0} : f32[2*n]
	return %go, %two, %k } } : f32[u], f32[2,v]
	return %y, %l }`, "trip 1 returned f32[2], the first f32[1]"},
		{"scans of two lengths", `graph g(%x: f32[3], %z: f32[2]) { %y = scan(%x, %z) {num_scan_inputs=2} { body(%a: f32[], %b: f32[]) { return %a } } : f32[3]
	return %y }`, "lengths of scanned operands: 3 != 2"},
		{"an axis that is not there", `graph g(%x: f32[3]) { %y = scan(%x) {num_scan_inputs=1, scan_input_axes=[1]} { body(%a: f32[]) { return %a } } : f32[3]
	return %y }`, "axis 1 is out of range"},
		{"more carried than operands", "graph g(%t: i64[]) { %y = loop(%t) {carried=9} { body(%i: i64[], %go: bool[]) { return %go } } : f32[1]\n\treturn %y }", "carried is 9"},
	} {
		if got, err := evalBodies(t, c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want an error with %q", c.name, got, err, c.want)
		}
	}
}

func TestTripsDrawTheirOwnNumbers(t *testing.T) {
	g, err := ir.Parse(`graph g(%t: i64[] = [2]) { %y = loop(%t) { body(%i: i64[], %go: bool[]) { %r = random_normal() {shape=[1]} : f32[1]
	return %go, %r } } : f32[u,1]
	return %y }`, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.Eval(&ir.Env{}, []tensor.Value{nil})
	if err != nil {
		t.Fatal(err)
	}
	if v := out[0].(*tensor.Tensor).Float64s(); len(v) != 2 || v[0] == v[1] {
		t.Errorf("drew %v", v)
	}
}
