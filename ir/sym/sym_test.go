package sym

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
)

func parse(t *testing.T, s string) Dim {
	t.Helper()
	d, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNormalForm(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0", "0"}, {"-3", "-3"}, {"2+3*4", "14"}, {"-7//2", "-4"}, {"-7%4", "1"}, {"2**3**2", "512"}, {"-2**2", "-4"}, {"s**0", "1"},
		{"12*N", "N*12"}, {"1+s0", "s0+1"}, {"64-s", "-s+64"}, {"s0-s0", "0"}, {"--s", "s"}, {"(a+b)*(a-b)", "a*a-b*b"}, {"b*a+a*b", "a*b*2"},
		{"s10*s21", "s10*s21"}, {"Concatkey.3_dim_0", "Concatkey.3_dim_0"}, {"a:b/c//d", "a:b/c//d"}, {`"batch size"*2`, `"batch size"*2`}, {"min+max", "max+min"},
		// one-term division
		{"(s12**2)//s12", "s12"}, {"(4*s+6*t)//2", "s*2+t*3"}, {"(s+t)//(s+t)", "1"}, {"0//s", "0"}, {"s//-1", "-s"},
		// common factors
		{"(2*s)//4", "s//2"}, {"s*t//(s*u)", "t//u"}, {"((s12*s86)//s10)", "s12*s86//s10"}, {"(6*s+3)//9", "(s*2+1)//3"}, {"s//-2", "(-s)//2"}, {"s//(-t)", "(-s)//t"},
		// whole terms move out
		{"(4*s+t)//4", "s+t//4"}, {"(s-1)//2+1", "(s+1)//2"}, {"2*(((s0 - 1)//2)) + 2", "(s0+1)//2*2"}, {"((s21//20)) - 1", "s21//20-1"}, {"(4*s+6)//4", "s+1"},
		// nested divisions
		{"(s//2+1)//3", "(s+2)//6"}, {"s//2//3", "s//6"}, {"(s//2+t)//3", "(s+t*2)//6"}, {"(s//t)//2", "s//t//2"},
		// bounds
		{"min(s,3)//4", "0"}, {"(s%4)//4", "0"}, {"(s%4)//3", "(s-(s//4)*4)//3"},
		{"s%4", "s-(s//4)*4"}, {"-(s//2)", "-(s//2)"}, {"-s//2", "(-s)//2"}, {"t*(s//2)", "s//2*t"}, {"a*(s//2)", "a*(s//2)"},
		// min and max
		{"Min(64, s12)", "min(64,s12)"}, {"Max(s,s+1)", "s+1"}, {"min(s,s+1,64)", "min(64,s)"}, {"min(0,s)", "0"}, {"max(0,s)", "s"}, {"max(s,(s+1)//2)", "s"},
		{"min(64,min(s,32))", "min(32,s)"}, {"min(s,t,s)", "min(s,t)"}, {"max(t,s,t+s)", "s+t"}, {"min(5)", "5"}, {"min(s,max(s,t))", "s"},
		{"floor(s/32)*32", "s//32*32"}, {"floor(s+1)", "s+1"}, {"floor(a*b/c)", "a*b//c"},
	} {
		d := parse(t, c.in)
		if d.String() != c.want {
			t.Errorf("%s: %v, want %s", c.in, d, c.want)
		}
		if r := parse(t, d.String()); !r.Equal(d) {
			t.Errorf("%s: %v parses as %v", c.in, d, r)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "1+", "2N", "a b", "a/ b", "(a", "a)", "f(a)", "a**-1", "a**b", "a**65", "1//0", "a%0", "9223372036854775808", "9223372036854775807+1", "min()", "min(a,", `"a`,
		"a.", "é", "?", "floor(1-a/b)x", "floor(1-a/b)", "1.5", strings.Repeat("(", 5000) + "a", strings.Repeat("-", 20000) + "a", "(a+b+c)**60", "a\x00"} {
		if d, err := Parse(s); s != "a." && (err == nil || d.Valid()) {
			t.Errorf("%.40q: parsed as %v", s, d)
		}
	}
}

func TestNamesOfAnyBytesRoundTrip(t *testing.T) {
	for _, s := range []string{"N", "batch size", "", "min", "s0+1", "3x", "a/b", "a//b", "/a", "a/", `q"uo\te`, "\xff\x00", "é", "floor"} {
		d := Add(Mul(Sym(s), Const(2)), Const(-1))
		if r, err := Parse(d.String()); err != nil || !r.Equal(d) {
			t.Errorf("%q: %v parses as %v, %v", s, d, r, err)
		}
		if n, ok := Sym(s).Name(); !ok || n != s {
			t.Errorf("%q: name %q, %v", s, n, ok)
		}
	}
}

func TestDivExactOnlyWhereEveryTermDivides(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"12", "4", "3"}, {"12", "5", ""}, {"s*12", "4", "s*3"}, {"s*12+2", "4", ""}, {"s*t*6", "s*3", "t*2"}, {"s", "t", ""}, {"s+1", "s+1", "1"}, {"0", "s+1", "0"}, {"s", "0", ""}, {"0", "0", ""},
		{"s*t+s", "t+1", ""}, {"s//2*t", "s//2", "t"},
	} {
		q, ok := DivExact(parse(t, c.a), parse(t, c.b))
		if ok != (c.want != "") || ok && q.String() != c.want {
			t.Errorf("%s / %s: %v, %v, want %q", c.a, c.b, q, ok, c.want)
		}
	}
}

func TestInequalitiesProved(t *testing.T) {
	for _, c := range []struct {
		a, b   string
		bounds Bounds
		want   bool
	}{
		{"3", "2", nil, true}, {"2", "3", nil, false}, {"s", "0", nil, true}, {"s", "1", nil, false}, {"s", "1", Bounds{"s": {1, 9}}, true}, {"s+t", "s", nil, true}, {"s", "s-1", nil, true},
		{"64", "s", Bounds{"s": {0, 64}}, true}, {"64", "s", Bounds{"s": {0, 65}}, false}, {"s", "min(s,64)", nil, true}, {"64", "min(s,64)", nil, true}, {"min(s,64)", "s", nil, false},
		{"max(s,t)", "t", nil, true}, {"s+t", "max(s,t)", nil, true}, {"s", "s//2", nil, true}, {"s", "(s+1)//2", nil, true}, {"s//2*2+1", "s", nil, true}, {"s//2*2", "s", nil, false},
		{"s%4", "0", nil, true}, {"3", "s%4", nil, true}, {"2", "s%4", nil, false}, {"(s-40)//2+1", "1", Bounds{"s": {40, math.MaxInt}}, true}, {"s*t", "0", nil, true},
		{"s//t", "0", nil, true}, {"s//(t-1)", "0", nil, false}, {"min(a,b)+min(c,d)", "min(a,b)", nil, true},
	} {
		if got := GE(parse(t, c.a), parse(t, c.b), c.bounds); got != c.want {
			t.Errorf("%s >= %s within %v: %v, want %v", c.a, c.b, c.bounds, got, c.want)
		}
	}
}

func TestRange(t *testing.T) {
	b := Bounds{"s": {2, 10}, "u": {1, math.MaxInt}}
	for _, c := range []struct {
		d    string
		want Range
	}{
		{"7", Range{7, 7}}, {"s", Range{2, 10}}, {"t", Range{0, math.MaxInt}}, {"-t", Range{math.MinInt, 0}}, {"s*2-1", Range{3, 19}}, {"s-t", Range{math.MinInt, 10}}, {"s*s", Range{4, 100}},
		{"s//3", Range{0, 3}}, {"-s//3", Range{-4, -1}}, {"s//u", Range{0, 10}}, {"min(s,t)", Range{0, 10}}, {"max(s,t)", Range{2, math.MaxInt}}, {"s%4", Range{0, 3}}, {"t*9223372036854775807", Range{0, math.MaxInt}},
	} {
		if got := parse(t, c.d).Range(b); got != c.want {
			t.Errorf("%s: %v, want %v", c.d, got, c.want)
		}
	}
	if got := invalid.Range(nil); got != everything {
		t.Errorf("invalid: %v", got)
	}
}

func TestInvalidSpreads(t *testing.T) {
	s, big := Sym("s"), Const(math.MaxInt)
	for name, d := range map[string]Dim{
		"add": Add(big, Const(1)), "mul": Mul(big, Const(2)), "coefficient": Mul(Mul(s, big), Const(2)), "least int": Const(math.MinInt), "divide": FloorDiv(s, Const(0)), "ceil": CeilDiv(s, Dim{}), "mod": Mod(s, Const(0)),
	} {
		for op, e := range map[string]Dim{"": d, "+": Add(d, s), "-": Sub(s, d), "*0": Mul(d, Const(0)), "0//": FloorDiv(Const(0), d), "//": FloorDiv(d, s), "c": CeilDiv(s, d), "%": Mod(s, d), "min": Min(d, Const(0)),
			"max": Max(s, d), "prod": Prod(s, d), "subst": s.Subst(func(string) (Dim, bool) { return d, true })} {
			if e.Valid() || e.Equal(e) || GE(e, e, nil) {
				t.Errorf("%s %s: %v passes as a size", name, op, e)
			}
		}
		if _, err := d.Eval(nil); err == nil {
			t.Errorf("%s: evaluates", name)
		}
	}
}

func TestLargeExpressionsAreInvalid(t *testing.T) {
	sum, low, deep, prod := Dim{}, Sym("x"), Sym("x"), Sym("x")
	for i := range 64 {
		sum = Add(sum, Sym(fmt.Sprint("a", i)))
		prod = Mul(prod, Sym("x"))
		if i < 10 {
			low = Min(low, Sym(fmt.Sprint("a", i)))
		}
		if i < 17 {
			deep = FloorDiv(Add(deep, Sym("y")), Sym("z"))
		}
		if i == 15 && !deep.Valid() {
			t.Error("depth 16 is invalid")
		}
	}
	if !sum.Valid() {
		t.Error("64 terms are invalid")
	}
	for name, d := range map[string]Dim{"65 terms": Add(sum, Const(1)), "square of 64": Mul(sum, sum), "degree 65": prod, "11 operands": low, "depth 17": deep, "long name": Sym(strings.Repeat("n", 5000))} {
		if d.Valid() {
			t.Errorf("%s: valid", name)
		}
	}
}

func TestEvalNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		d    string
		s    int
		want string
	}{
		{"s+batch", 1, `symbol "batch" has no value`}, {"1//(s-1)", 1, "division by zero"}, {"s*s", 1 << 40, "overflow"}, {"s+9223372036854775807", 1, "overflow"}, {"s", -1, "below 0"},
	} {
		_, err := parse(t, c.d).Eval(func(n string) (int, bool) { return c.s, n == "s" })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.d, err, c.want)
		}
	}
	p, err := Compile(Sym("s"), func(string) int { return 3 })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Eval(make([]int, 3)); err == nil {
		t.Error("symbol 3 of 3 evaluates")
	}
	if _, err := Compile(Sym("s"), func(string) int { return -1 }); err == nil {
		t.Error("unbound symbol compiles")
	}
	if v, err := (Prog{}).Eval(nil); v != 0 || err != nil {
		t.Errorf("empty program: %d, %v", v, err)
	}
}

func TestProgramsOfTheDeepestSizesFitTheirStack(t *testing.T) {
	deep := Sym("x")
	for deep.Valid() {
		p, err := Compile(deep, func(string) int { return 0 })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Eval([]int{1}); err != nil {
			t.Fatal(err)
		}
		deep = Add(Sym("a"), Mul(Sym("a"), FloorDiv(Sym("a"), Add(Sym("a"), Mul(Const(3), Mul(Sym("a"), deep))))))
	}
}

func TestSubstIsSimultaneous(t *testing.T) {
	swap := func(n string) (Dim, bool) {
		d, ok := map[string]Dim{"a": Sym("b"), "b": Sym("a"), "s": Const(7)}[n]
		return d, ok
	}
	for _, c := range [][2]string{{"a-b", "-a+b"}, {"a//b+c", "b//a+c"}, {"(s+1)//4*t", "t*2"}, {"min(s,a,64)", "min(7,b)"}, {"3", "3"}} {
		if got := parse(t, c[0]).Subst(swap); !got.Equal(parse(t, c[1])) {
			t.Errorf("%s: %v, want %s", c[0], got, c[1])
		}
	}
}

func TestSymsAndAccessors(t *testing.T) {
	if got := parse(t, "b*min(a,c//d)+b-2").Syms(); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Error(got)
	}
	if n, ok := Const(4).Int(); n != 4 || !ok {
		t.Error("Int of 4", n, ok)
	}
	if _, ok := Sym("s").Int(); ok {
		t.Error("Int of s")
	}
	for _, s := range []string{"s+1", "2*s", "s*s", "-s", "3", "s//2"} {
		if _, ok := parse(t, s).Name(); ok {
			t.Errorf("%s is a name", s)
		}
	}
	if d := Prod(); !d.Equal(Const(1)) {
		t.Error("empty product", d)
	}
}

func TestConstantsAndProgramsDoNotAllocate(t *testing.T) {
	p, err := Compile(parse(t, "min(64,(s-1)//2+1)*s*12"), func(string) int { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	env, sink := []int{9}, 0
	if n := testing.AllocsPerRun(100, func() {
		v, _ := p.Eval(env)
		d := Min(Mod(FloorDiv(Mul(Add(Const(3), Const(4)), Const(5)), Const(2)), Const(10)), Const(v))
		w, _ := d.Int()
		sink += v + w
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSharedSizesNeedNoLock(t *testing.T) {
	d := parse(t, "min(64,(s-1)//2+1)*s*12")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				e := Add(Mul(d, Sym("t")), FloorDiv(d, Const(i+1)))
				if !Sub(Add(d, e), e).Equal(d) {
					t.Error("d+e-e differs from d")
				}
			}
		})
	}
	wg.Wait()
}
