package rewrite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

var rules = Compile([]Rule{
	{Name: "relu-relu", From: "relu(r:relu(x))", To: "r", Shared: true},
	{Name: "bias", From: "add(g:gemm(x, w), b!)", To: "g:gemm(x, w, b)"},
	{Name: "double", From: "add(x, x)", To: "mul(x, 2)"},
	{Name: "times-one", From: "mul(x, 1)", To: "x"},
	{Name: "half", From: "mul(x, 0.7071067811865476)", To: "neg(x)"},
	{Name: "square-of", From: "sub(mul(a, b), mul(b, a))", To: "abs(a)"},
	{Name: "leaky", From: "leaky_relu{alpha=0.5}(x)", To: "leaky_relu{alpha=0.25}(x)"},
	{Name: "tail", From: "concat(x, ...)", When: func(m *Match) bool { return len(m.Root.In) == 1 }, To: "x"},
	{Name: "either", From: "floor(n:ceil|round(x))", To: "n"},
})

// apply rewrites the nodes of a graph over %x, %y: f32[4] and %w: f32[4,4] and returns what is left of them.
func apply(t *testing.T, rs *Rules, body string) (string, []string) {
	t.Helper()
	src := "graph g(%x: f32[4], %y: f32[4], %m: f32[2,4], %w: f32[4,4]) {\n" + body + "\n}"
	g, err := ir.Parse(src, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	var fired []string
	err = rs.Apply(g, Options{Fired: func(rule string, n *ir.Node, err error) {
		if err != nil {
			rule += ": " + err.Error()
		}
		fired = append(fired, rule)
	}})
	if err != nil {
		t.Fatal(err)
	}
	g.Sweep()
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(g.String()), "\n")
	var out []string
	for _, l := range lines[1 : len(lines)-1] {
		l, _, _ = strings.Cut(strings.TrimSpace(l), " : ")
		out = append(out, l)
	}
	return strings.Join(out, "; "), fired
}

func TestRulesRewriteWhatTheyMatchAndNothingElse(t *testing.T) {
	for _, c := range []struct{ name, body, want, fired string }{
		{"a label keeps its node", "%a = relu(%x) : f32[4]\n%b = relu(%a) : f32[4]\nreturn %a, %b", "%a = relu(%x); return %a, %a as \"b\"", "relu-relu"},
		{"chains reach a fixpoint", "%a = relu(%x) : f32[4]\n%b = relu(%a) : f32[4]\n%c = relu(%b) : f32[4]\nreturn %c", "%a = relu(%x); return %a as \"c\"", "relu-relu relu-relu"},
		{"attributes and names are kept", "%b = const [1, 2, 3, 4] : f32[4]\n%a = gemm(%m, %w) {alpha=0.5} from \"g\" : f32[2,4]\n%c = add(%b, %a) from \"a\" : f32[2,4]\nreturn %c",
			"%b = const [1, 2, 3, 4]; %c = gemm(%m, %w, %b) {alpha=0.5} from \"g\" \"a\"; return %c", "bias"},
		{"a name with ! is a constant", "%a = gemm(%m, %w) : f32[2,4]\n%c = add(%x, %a) : f32[2,4]\nreturn %c", "%a = gemm(%m, %w); %c = add(%x, %a); return %c", ""},
		{"an operand that is given must be mentioned", "%b = const splat 1 : f32[4]\n%a = gemm(%m, %w, %x) : f32[2,4]\n%c = add(%b, %a) : f32[2,4]\nreturn %c",
			"%b = const [1, 1, 1, 1]; %a = gemm(%m, %w, %x); %c = add(%b, %a); return %c", ""},
		{"an inner node with other uses stays", "%b = const splat 1 : f32[4]\n%a = gemm(%m, %w) : f32[2,4]\n%c = add(%b, %a) : f32[2,4]\nreturn %c, %a",
			"%b = const [1, 1, 1, 1]; %a = gemm(%m, %w); %c = add(%b, %a); return %c, %a", ""},
		{"a repeated name is one value", "%a = add(%x, %x) : f32[4]\n%b = add(%x, %y) : f32[4]\nreturn %a, %b", "%v6 = const [2]; %a = mul(%x, %v6); %b = add(%x, %y); return %a, %b", "double"},
		{"numbers match splats, on either side", "%k = const splat 1 : f32[4]\n%a = mul(%k, %x) : f32[4]\nreturn %a", "return %x as \"a\"", "times-one"},
		{"a bare name must be of the result's type", "%k = const splat 1 : f32[2,1]\n%a = mul(%k, %x) : f32[2,4]\nreturn %a", "%k = const [1, 1]; %a = mul(%k, %x); return %a", ""},
		{"fractions match as the type rounds them", "%k = const [0.70710677] : f32[]\n%a = mul(%k, %x) : f32[4]\nreturn %a", "%a = neg(%x); return %a", "half"},
		{"other fractions do not", "%k = const [0.7071] : f32[]\n%a = mul(%k, %x) : f32[4]\nreturn %a", "%k = const [0.7071]; %a = mul(%k, %x); return %a", ""},
		{"orders are tried together", "%p = mul(%x, %y) : f32[4]\n%q = mul(%x, %y) : f32[4]\n%a = sub(%p, %q) : f32[4]\nreturn %a", "%a = abs(%x); return %a", "square-of"},
		{"attributes match and are set", "%a = leaky_relu(%x) {alpha=0.5} : f32[4]\n%b = leaky_relu(%x) {alpha=0.125} : f32[4]\nreturn %a, %b",
			"%a = leaky_relu(%x) {alpha=0.25}; %b = leaky_relu(%x) {alpha=0.125}; return %a, %b", "leaky"},
		{"further operands", "%a = concat(%x) {axis=0} : f32[4]\n%b = concat(%x, %y) {axis=0} : f32[8]\nreturn %a, %b", "%b = concat(%x, %y) {axis=0}; return %x as \"a\", %b", "tail"},
		{"one of several ops", "%a = round(%x) : f32[4]\n%b = floor(%a) : f32[4]\nreturn %b", "%a = round(%x); return %a as \"b\"", "either"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, fired := apply(t, rules, c.body)
			if got != c.want || strings.Join(fired, " ") != c.fired {
				t.Errorf("got  %s\nwant %s\nfired %v, want %s", got, c.want, fired, c.fired)
			}
		})
	}
}

func TestMalformedRulesPanic(t *testing.T) {
	for _, r := range []Rule{
		{Name: "no-such-op", From: "gem(x, w)", To: "x"},
		{Name: "no-such-name", From: "relu(x)", To: "y"},
		{Name: "no-such-label", From: "relu(x)", To: "g:relu(x)"},
		{Name: "no-such-attribute", From: "relu{a=1}(x)", To: "x"},
		{Name: "open", From: "relu(x", To: "x"},
		{Name: "more", From: "relu(x))", To: "x"},
		{Name: "no-op", From: "x", To: "x"},
		{Name: "no-result", From: "relu(x)"},
		{Name: "two-results", From: "relu(x)", To: "x", Do: func(*Match) *ir.Value { return nil }},
		{From: "relu(x)", To: "x"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", r.Name)
				}
			}()
			Compile([]Rule{r})
		}()
	}
}

func TestAResultThatCannotBeBuiltChangesNothing(t *testing.T) {
	rs := Compile([]Rule{{Name: "wrong", From: "relu(x)", Do: func(m *Match) *ir.Value {
		y := op.Relu.New(m.B, op.None{}, m.Value("x"))
		return op.MatMul.New(m.B, op.MatMul.Default(), y, m.G.Value("m"))
	}}})
	got, fired := apply(t, rs, "%a = relu(%x) : f32[4]\nreturn %a")
	if got != "%a = relu(%x); return %a" || len(fired) != 1 || !strings.HasPrefix(fired[0], "wrong: ") {
		t.Errorf("got %s, fired %v", got, fired)
	}
}

func TestRulesThatUndoEachOtherEnd(t *testing.T) {
	rs := Compile([]Rule{{Name: "a", From: "relu(x)", To: "abs(x)"}, {Name: "b", From: "abs(x)", To: "relu(x)"}})
	apply(t, rs, "%a = relu(%x) : f32[4]\nreturn %a")
}

func TestManyNodesTakeAboutLinearWork(t *testing.T) {
	var b strings.Builder
	prev := "x"
	for i := range 6000 {
		fmt.Fprintf(&b, "%%n%d = %s(%%%s) : f32[4]\n", i, []string{"relu", "relu", "neg"}[i%3], prev)
		prev = fmt.Sprint("n", i)
	}
	got, fired := apply(t, rules, b.String()+"return %"+prev)
	if len(fired) != 2000 || strings.Count(got, "=") != 4000 {
		t.Errorf("%d rules fired, %d nodes left", len(fired), strings.Count(got, "="))
	}
}
