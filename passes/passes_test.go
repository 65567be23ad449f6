package passes

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// every is a target with a kernel for everything, which fuses and prefers nothing.
type every struct{}

func (every) HasKernel(*ir.Node) bool           { return true }
func (every) Fusable(*ir.Node) bool             { return false }
func (every) TakesEpilogue(*ir.Node) bool       { return false }
func (every) Layout(*ir.Node) (ir.Layout, bool) { return ir.RowMajor, false }

func small(t *testing.T) *ir.Graph {
	t.Helper()
	g, err := ir.Parse("graph g(%x: f32[2]) {\n\t%dead = relu(%x) : f32[2]\n\t%y = relu(%x) : f32[2]\n\treturn %y\n}", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestDriverRunsPassesInOrderAndLeavesOutThoseSwitchedOff(t *testing.T) {
	var ran []string
	note := func(name string) func(*ir.Graph, Target) error {
		return func(*ir.Graph, Target) error { ran = append(ran, name); return nil }
	}
	ps := ordered([]Pass{{Name: "a", Run: note("a")}, {Name: "b", Run: note("b"), After: "a", Must: true}, {Name: "c", Run: note("c")}})
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "a b c"},
		{Options{Off: []string{"a"}}, "b c"},
		{Options{Off: []string{"all"}}, "b"},
		{Options{Stop: "b"}, "a b"},
		{Options{Stop: "a", Off: []string{"a"}}, ""},
	} {
		ran = nil
		g := small(t)
		if err := run(ps, g, every{}, c.o); err != nil {
			t.Error(err)
		}
		if got := strings.Join(ran, " "); got != c.want {
			t.Errorf("%+v ran %q, want %q", c.o, got, c.want)
		}
		if len(ran) > 0 && len(g.Nodes) != 1 {
			t.Errorf("the dead node is still there:\n%s", g)
		}
	}
}

func TestDriverRefusesNamesThatThereAreNot(t *testing.T) {
	nop := func(*ir.Graph, Target) error { return nil }
	ps := []Pass{{Name: "a", Run: nop}, {Name: "b", Run: nop, Must: true}}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Off: []string{"z"}}, `pass "z" cannot be switched off: there are all, a`},
		{Options{Off: []string{"b"}}, `pass "b" cannot be switched off: there are all, a`},
		{Options{Stop: "z"}, `no pass "z": there are a, b`},
	} {
		if err := run(ps, small(t), every{}, c.o); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestDriverNamesThePassThatFailed(t *testing.T) {
	bad := errors.New("no")
	nop := func(*ir.Graph, Target) error { return nil }
	fails := func(*ir.Graph, Target) error { return bad }
	for _, c := range []struct {
		ps   []Pass
		want string
	}{
		{[]Pass{{Name: "a", Run: fails}}, "pass a: no"},
		{[]Pass{{Name: "a", Run: nop, Ensures: fails}}, "pass a: what a ensures: no"},
	} {
		if err := run(c.ps, small(t), every{}, Options{}); !errors.Is(err, bad) || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestDriverChecksWhatEarlierPassesEnsure(t *testing.T) {
	first := true
	ps := []Pass{
		{Name: "a", Run: func(*ir.Graph, Target) error { return nil }, Ensures: func(*ir.Graph, Target) error {
			if first {
				return nil
			}
			return errors.New("broken")
		}},
		{Name: "b", Run: func(*ir.Graph, Target) error { first = false; return nil }},
	}
	if err := run(ps, small(t), every{}, Options{}); err == nil || err.Error() != "pass b: what a ensures: broken" {
		t.Errorf("got %v", err)
	}
}

func TestOrderThatAfterForbidsPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	nop := func(*ir.Graph, Target) error { return nil }
	ordered([]Pass{{Name: "b", Run: nop, After: "a"}, {Name: "a", Run: nop}})
}

func TestHooksSeeEveryPass(t *testing.T) {
	nop := func(*ir.Graph, Target) error { return nil }
	var dumped, seen []string
	o := Options{
		Verify: true,
		Dump:   func(i int, name string, g *ir.Graph) { dumped = append(dumped, name) },
		Each:   func(name string, g *ir.Graph) error { seen = append(seen, name); return nil },
	}
	if err := run([]Pass{{Name: "a", Run: nop}, {Name: "b", Run: nop}}, small(t), every{}, o); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b"}; !slices.Equal(dumped, want) || !slices.Equal(seen, want) {
		t.Errorf("dumped %v, seen %v", dumped, seen)
	}
}

func TestStrictLeavesOutRulesThatRoundElsewhere(t *testing.T) {
	for _, strict := range []bool{false, true} {
		g, err := ir.Parse("graph g(%x: f32[1,2,3,3]) {\n\t%w = const @w : f32[2,2,3,3]\n\t%k = const [2] : f32[]\n\t%c = conv(%x, %w) : f32[1,2,1,1]\n\t%y = mul(%c, %k) : f32[1,2,1,1]\n\treturn %y\n}", op.Lookup, randomConst)
		if err != nil {
			t.Fatal(err)
		}
		if err := Run(g, every{}, Options{Strict: strict}); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{false: 1, true: 2}[strict]; len(g.Nodes) != want {
			t.Errorf("strict %v: %d nodes are left, want %d", strict, len(g.Nodes), want)
		}
	}
}

func TestFactsAboutSizesThatAreGoneAreForgotten(t *testing.T) {
	g, err := ir.Parse("graph g(%x: f32[N]) {\n\tassume N <= 8\n\tassume u7 == N\n\t%y = relu(%x) : f32[N]\n\treturn %y\n}", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Run(g, every{}, Options{}); err != nil {
		t.Fatal(err)
	}
	if len(g.Assumes) != 1 || g.Assumes[0].String() != "N <= 8" {
		t.Errorf("left are %v", g.Assumes)
	}
}
