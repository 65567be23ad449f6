package passes

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

var update = flag.Bool("update", false, "rewrite what stands under -- out -- in the golden files")

// A golden file says which pass to run, which rules are to fire, perhaps which ops have kernels ("kernels: relu add", all by
// default; "kernels: f32 add": add, and what has operands of float32 alone), which take an epilogue ("epilogues: gemm conv")
// and which want channels-last ("images: conv"), and the graph before and after. Elementwise nodes are fusable where either
// field is given.
type golden struct {
	pass, kernels string
	fuses         bool
	epilogues     []string
	images        []string
	fires         []string
	in, out       string
}

func readGolden(t *testing.T, file string) golden {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), "-- in --\n")
	in, out, ok2 := strings.Cut(rest, "-- out --\n")
	if !ok || !ok2 && !*update {
		t.Fatalf("%s: want -- in -- and -- out --", file)
	}
	c := golden{in: in, out: out, kernels: "*"}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch value = strings.TrimSpace(value); key {
		case "pass":
			c.pass = value
		case "fires":
			c.fires = strings.Fields(value)
		case "kernels":
			c.kernels = value
		case "epilogues":
			c.fuses, c.epilogues = true, strings.Fields(value)
		case "images":
			c.fuses, c.images = true, strings.Fields(value)
		case "":
		default:
			t.Fatalf("%s: no field %q", file, key)
		}
	}
	return c
}

// only is the target that a golden file describes.
type only struct{ golden }

func (o only) HasKernel(n *ir.Node) bool {
	if strings.HasPrefix(o.kernels, "f32") && !slices.ContainsFunc(n.In, func(v *ir.Value) bool { return v != nil && v.Type.DType != tensor.F32 }) {
		return true
	}
	return o.kernels == "*" || slices.Contains(strings.Fields(o.kernels), n.Op.Name)
}

func (o only) Fusable(n *ir.Node) bool {
	return o.fuses && (n.Op.Props&ir.Elementwise != 0 || scalesAll(n))
}

func (o only) TakesEpilogue(n *ir.Node) bool { return slices.Contains(o.epilogues, n.Op.Name) }

func (o only) Layout(n *ir.Node) (ir.Layout, bool) {
	return ir.ChannelsLast, slices.Contains(o.images, n.Op.Name)
}

func (c golden) target() Target { return only{c} }

// random returns a constant or an input that depends on nothing but its name and type: floats about 1 in size, away from 0,
// positive where the name says variance; small integers.
func random(name string, d tensor.DType, dims []int) *tensor.Tensor {
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	if d == tensor.String {
		s := make([]string, tensor.New(tensor.U8, dims...).Len())
		for i := range s {
			s[i] = string(rune('a' + r.IntN(26)))
		}
		return tensor.OfStrings(s, dims...)
	}
	x := tensor.New(d, dims...)
	for i := range x.Len() {
		switch {
		case d.IsFloat() && strings.Contains(name, "var"):
			x.SetFloat64At(i, 0.5+r.Float64())
		case d.IsFloat():
			x.SetFloat64At(i, math.Copysign(0.1+1.5*r.Float64(), r.Float64()-0.5))
		case d.IsComplex():
		case d == tensor.Bool:
			x.SetInt64At(i, int64(r.IntN(2)))
		default:
			x.SetInt64At(i, int64(r.IntN(3)))
		}
	}
	return x
}

func randomConst(name string, t ir.Type) (*tensor.Tensor, error) {
	dims, ok := t.Shape.Ints()
	if !ok {
		return nil, fmt.Errorf("a constant of type %v", t)
	}
	return random(name, t.DType, dims), nil
}

// inputs returns random inputs of g; symbols become small sizes, in order of their appearance from first on.
func inputs(g *ir.Graph, first int) ([]tensor.Value, error) {
	syms := map[string]int{}
	var in []tensor.Value
	for _, v := range g.Inputs {
		if !v.Type.IsTensor() || v.Type.Unranked {
			return nil, fmt.Errorf("input %%%s is of type %v", v.Name, v.Type)
		}
		if v.Data != nil {
			in = append(in, nil)
			continue
		}
		var dims []int
		for _, d := range v.Type.Shape {
			n, err := d.Eval(func(s string) (int, bool) {
				if _, ok := syms[s]; !ok {
					syms[s] = first + len(syms)
				}
				return syms[s], true
			})
			if err != nil {
				return nil, err
			}
			dims = append(dims, n)
		}
		in = append(in, random(v.Name, v.Type.DType, dims))
	}
	return in, nil
}

// differ says where two results differ by more than float32 rounding explains.
func differ(a, b tensor.Value) error {
	x, ok := a.(*tensor.Tensor)
	y, ok2 := b.(*tensor.Tensor)
	if !ok || !ok2 || !x.DType().IsFloat() {
		if !tensor.Equal(a, b) {
			return fmt.Errorf("%v, not %v", b, a)
		}
		return nil
	}
	if !slices.Equal(x.Dims(), y.Dims()) {
		return fmt.Errorf("sizes %v, not %v", y.Dims(), x.Dims())
	}
	rel, abs := 2e-4, 2e-5
	if x.DType().Bits() < 32 {
		rel, abs = 2e-2, 2e-3
	}
	for i, v := range x.Float64s() {
		w := y.Float64At(i)
		if v != w && !(math.IsNaN(v) && math.IsNaN(w)) && (math.IsInf(v, 0) || !(math.Abs(v-w) <= abs+rel*math.Abs(v))) {
			return fmt.Errorf("element %d is %v, not %v", i, w, v)
		}
	}
	return nil
}

// equivalent evaluates both graphs on the same random inputs.
func equivalent(before, after *ir.Graph, first int) error {
	in, err := inputs(before, first)
	if err != nil {
		return err
	}
	want, err := before.Eval(&ir.Env{Seed: 7}, in)
	if err != nil {
		return fmt.Errorf("before: %w", err)
	}
	got, err := after.Eval(&ir.Env{Seed: 7}, in)
	if err != nil {
		return fmt.Errorf("after: %w", err)
	}
	for i := range want {
		if err := differ(want[i], got[i]); err != nil {
			return fmt.Errorf("output %q: %w", before.Outputs[i].Name, err)
		}
	}
	return nil
}

func passNamed(t *testing.T, name string) Pass {
	t.Helper()
	for _, p := range Pipeline {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no pass %q", name)
	return Pass{}
}

func goldenFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	return files
}

func TestGolden(t *testing.T) {
	for _, file := range goldenFiles(t) {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".txt"), func(t *testing.T) {
			c := readGolden(t, file)
			before, err := ir.Parse(c.in, op.Lookup, randomConst)
			if err != nil {
				t.Fatal(err)
			}
			after, _ := ir.Parse(c.in, op.Lookup, randomConst)
			seen := map[string]bool{}
			see := func(_, rule string, n *ir.Node, err error) {
				if seen[rule] = true; err != nil {
					t.Errorf("rule %s at %s: %v", rule, n, err)
				}
			}
			if err := run([]Pass{passNamed(t, c.pass)}, after, c.target(), Options{Verify: true, Fired: see}); err != nil {
				t.Fatal(err)
			}
			for _, r := range c.fires {
				if !seen[r] {
					t.Errorf("rule %s did not fire", r)
				}
				delete(seen, r)
			}
			for r := range seen {
				t.Errorf("rule %s fired", r)
			}
			if *update {
				writeGolden(t, file, after.String())
			} else if got := after.String(); got != c.out {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.out)
			}
			for _, first := range []int{2, 3} {
				if err := equivalent(before, after, first); err != nil {
					t.Errorf("sizes from %d: %v", first, err)
				}
			}
		})
	}
}

func writeGolden(t *testing.T, file, out string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(data), "-- out --\n")
	if err := os.WriteFile(file, []byte(head+"-- out --\n"+out), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tables are the rule tables by pass; every rule in them has a golden file.
var tables = map[string]*rewrite.Rules{"simplify": simplifyRules, "fuse-patterns": patternRules}

func TestEveryRuleHasAGoldenFile(t *testing.T) {
	have := map[string]bool{}
	for _, file := range goldenFiles(t) {
		c := readGolden(t, file)
		for _, r := range c.fires {
			have[c.pass+"/"+r] = true
		}
	}
	for pass, rs := range tables {
		for _, r := range rs.Names() {
			if !have[pass+"/"+r] {
				t.Errorf("no golden file under testdata/%s fires %s", pass, r)
			}
		}
	}
}
