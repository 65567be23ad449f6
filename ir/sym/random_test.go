package sym

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var names = []string{"a", "b", "c", "s0"}

// twin is a size together with what it should evaluate to.
type twin struct {
	d    Dim
	text string
	eval func(env []int) (int, error)
}

var errUndefined = errors.New("division by zero")

type binary struct {
	name string
	dim  func(a, b Dim) Dim
	num  func(a, b int) int
	div  bool
}

func floorF(a, b int) int { return int(math.Floor(float64(a) / float64(b))) }

var binaries = []binary{
	{"add", Add, func(a, b int) int { return a + b }, false},
	{"sub", Sub, func(a, b int) int { return a - b }, false},
	{"mul", Mul, func(a, b int) int { return a * b }, false},
	{"floordiv", FloorDiv, floorF, true},
	{"ceildiv", CeilDiv, func(a, b int) int { return int(math.Ceil(float64(a) / float64(b))) }, true},
	{"mod", Mod, func(a, b int) int { return a - b*floorF(a, b) }, true},
	{"min", Min, func(a, b int) int { return min(a, b) }, false},
	{"max", Max, func(a, b int) int { return max(a, b) }, false},
}

func grow(r *rand.Rand, depth int) twin {
	if depth == 0 || r.IntN(6) == 0 {
		if r.IntN(2) == 0 {
			n := r.IntN(12) - 3
			return twin{Const(n), fmt.Sprint(n), func([]int) (int, error) { return n, nil }}
		}
		i := r.IntN(len(names))
		return twin{Sym(names[i]), names[i], func(env []int) (int, error) { return env[i], nil }}
	}
	x, y, op := grow(r, depth-1), grow(r, depth-1), binaries[r.IntN(len(binaries))]
	return twin{op.dim(x.d, y.d), op.name + "(" + x.text + "," + y.text + ")", func(env []int) (int, error) {
		a, err := x.eval(env)
		if err != nil {
			return 0, err
		}
		b, err := y.eval(env)
		if err != nil || op.div && b == 0 {
			return 0, errUndefined
		}
		v := op.num(a, b)
		if v > 1<<40 || v < -1<<40 { // beyond what the referee's float division is sure of
			return 0, errUndefined
		}
		return v, nil
	}}
}

// index finds a name's place in names.
func index(name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

func TestRandomSizesEvaluateLikeTheirOperands(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	valid, compared := 0, 0
	for range 12000 {
		x := grow(r, 1+r.IntN(4))
		if !x.d.Valid() {
			continue
		}
		valid++
		p, err := Compile(x.d, index)
		if err != nil {
			t.Fatal(err)
		}
		bounds, lo, hi := Bounds{}, make([]int, len(names)), make([]int, len(names))
		for i, n := range names {
			lo[i], hi[i] = 0, 40
			if r.IntN(2) == 0 {
				lo[i] = r.IntN(30)
				hi[i] = lo[i] + r.IntN(10)
				bounds[n] = Range{lo[i], hi[i]}
			}
		}
		free, held := x.d.Range(nil), x.d.Range(bounds)
		for range 8 {
			env := make([]int, len(names))
			for i := range env {
				env[i] = lo[i] + r.IntN(hi[i]-lo[i]+1)
			}
			want, err := x.eval(env)
			if err != nil {
				continue
			}
			compared++
			got, err := x.d.Eval(func(name string) (int, bool) { return env[index(name)], true })
			if err != nil || got != want {
				t.Fatalf("%s = %v at %v: %d, %v, want %d", x.text, x.d, env, got, err, want)
			}
			if got, err := p.Eval(env); err != nil || got != want {
				t.Fatalf("program of %v at %v: %d, %v, want %d", x.d, env, got, err, want)
			}
			s := x.d.Subst(func(name string) (Dim, bool) { return Const(env[index(name)]), true })
			if n, ok := s.Int(); s.Valid() && (!ok || n != want) {
				t.Fatalf("%v at %v: substituted %v, want %d", x.d, env, s, want)
			}
			if want < free.Lo || want > free.Hi || want < held.Lo || want > held.Hi {
				t.Fatalf("%v at %v is %d, outside %v or, within %v, %v", x.d, env, want, free, bounds, held)
			}
		}
		if d, err := Parse(x.d.String()); err != nil || !d.Equal(x.d) {
			t.Fatalf("%s: %v parses as %v, %v", x.text, x.d, d, err)
		}
		if d := x.d.Subst(func(string) (Dim, bool) { return Dim{}, false }); !d.Equal(x.d) {
			t.Fatalf("%s: %v rebuilt is %v", x.text, x.d, d)
		}
	}
	if valid < 8000 || compared < 30000 {
		t.Fatalf("only %d valid sizes, %d values compared", valid, compared)
	}
}

func TestProvedInequalitiesHold(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	proved := 0
	for range 12000 {
		x, y := grow(r, 1+r.IntN(3)), grow(r, 1+r.IntN(3))
		if !GE(x.d, y.d, nil) {
			continue
		}
		proved++
		for range 20 {
			env := []int{r.IntN(20), r.IntN(20), r.IntN(20), r.IntN(20)}
			a, err := x.eval(env)
			b, err2 := y.eval(env)
			if err == nil && err2 == nil && a < b {
				t.Fatalf("%v >= %v proved, but %d < %d at %v", x.d, y.d, a, b, env)
			}
		}
	}
	if proved < 1000 {
		t.Fatalf("only %d proved", proved)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"N", "s58 + 1", "4*s10", "((s21//20)) - 1", "2*(((s0 - 1)//2)) + 2", "((s12**2)//s12)", "((s12*s86)//s10)", "Min(64, s12)", "", "Concatkey.3_dim_0",
		"floor(h/32)*32", `"batch size"*3`, "max(a,-b)%7", "-(a//-3)//(b-c)", "(a//2+b//3)//5", "9223372036854775807*a", "a/b//c", "min((a//2*3+1)//4,b%(c+1))**2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse(s)
		if (err == nil) != d.Valid() {
			t.Fatalf("%q: %v, %v", s, d, err)
		}
		if err != nil {
			return
		}
		e, err := Parse(d.String())
		if err != nil || !e.Equal(d) {
			t.Fatalf("%q: %v parses as %v, %v", s, d, e, err)
		}
	})
}
