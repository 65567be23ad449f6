package cameo_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// What a hostile model may take.
const (
	hostileTime   = 4 * time.Second
	hostileMemory = 256 << 20
)

// onnxNode returns a node; operands and results are lists of names separated by spaces, "_" is absent.
func onnxNode(op, in, out string, attrs ...*wire.Attr) *wire.Node {
	names := func(s string) (list []string) {
		for _, n := range strings.Fields(s) {
			list = append(list, strings.TrimPrefix(n, "_"))
		}
		return list
	}
	return &wire.Node{Name: op + "_" + out, OpType: op, In: names(in), Out: names(out), Attrs: attrs}
}

func ints(name string, v ...int64) *wire.Attr {
	return &wire.Attr{Name: name, Type: wire.AttrInts, Ints: v}
}

func integer(name string, v int64) *wire.Attr {
	return &wire.Attr{Name: name, Type: wire.AttrInt, I: v}
}

func subgraph(name string, g *wire.Graph) *wire.Attr {
	return &wire.Attr{Name: name, Type: wire.AttrGraph, G: g}
}

func valueOf(name string, d tensor.DType, dims ...int64) *wire.ValueInfo {
	t := &wire.Type{Kind: wire.KindTensor, Elem: int32(d), HasShape: true}
	for _, n := range dims {
		t.Shape = append(t.Shape, wire.Dim{Value: n, HasValue: true})
	}
	return &wire.ValueInfo{Name: name, Type: t}
}

// model returns the bytes of a model with an input x of the given sizes, an output y, and int64 constants by name.
func model(x []int64, consts map[string][]int64, nodes ...*wire.Node) []byte {
	g := &wire.Graph{Name: "g", Nodes: nodes, Inputs: []*wire.ValueInfo{valueOf("x", tensor.F32, x...)}, Outputs: []*wire.ValueInfo{{Name: "y"}}}
	for _, name := range slices.Sorted(maps.Keys(consts)) {
		v := consts[name]
		g.Inits = append(g.Inits, wire.FromTensor(name, tensor.Of(v, len(v))))
	}
	m := &wire.Model{IRVersion: 10, Opsets: []wire.OpsetID{{Version: 23}}, Graph: g}
	return m.Append(nil)
}

// attempt opens and runs a model on zeros within bounds, and returns the error.
func attempt(data []byte) error {
	m, err := cameo.OpenBytes(data, cameo.WithMemory(hostileMemory), cameo.WithTimeout(hostileTime/4))
	if err != nil {
		return err
	}
	in := map[string]cameo.Value{}
	for _, i := range m.Inputs() {
		dims := make([]int, len(i.Shape))
		for k, s := range i.Shape {
			dims[k] = 1
			if n := number(s); n >= 0 {
				dims[k] = n
			}
		}
		if size, ok := tensor.ByteSize(i.DType, dims); !ok || size > hostileMemory || !i.DType.Valid() {
			return errors.New("an input that nobody could give")
		}
		in[i.Name] = tensor.New(i.DType, dims...)
	}
	_, err = m.RunValues(context.Background(), in)
	return err
}

func number(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<40 {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// bounded runs f and checks that it neither panics nor takes long nor keeps much.
func bounded(t *testing.T, name string, f func() error) error {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := f()
	if d := time.Since(start); d > 2*hostileTime { // twice what is promised, for a busy machine
		t.Errorf("%s: took %v", name, d)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 6*hostileMemory { // the arena, the results, and what kernels keep beside them
		t.Errorf("%s: allocated %d MiB", name, n>>20)
	}
	var bug *cameo.InternalError
	if errors.As(err, &bug) {
		t.Errorf("%s: %v\n%s", name, err, bug.Stack)
	}
	if err != nil && strings.ContainsAny(err.Error(), "\n\x1b\r") {
		t.Errorf("%s: the error is not one printable line: %q", name, err)
	}
	return err
}

// endlessLoop returns a loop over x whose operands before x are count: "_ _", or "n _" for 2^60 trips.
func endlessLoop(count string, carried ...*wire.Node) []byte {
	body := &wire.Graph{Name: "body", Nodes: append(carried, onnxNode("Identity", "c", "c2")),
		Inputs:  []*wire.ValueInfo{valueOf("i", tensor.I64), valueOf("c", tensor.Bool), {Name: "a", Type: &wire.Type{Kind: wire.KindTensor, Elem: 1}}},
		Outputs: []*wire.ValueInfo{{Name: "c2"}, {Name: "a2"}}}
	return model([]int64{4}, map[string][]int64{"n": {1 << 60}}, onnxNode("Loop", count+" x", "y", subgraph("body", body)))
}

func TestHostileModelsAreRefusedByName(t *testing.T) {
	const tera = 1 << 40
	for _, c := range []struct {
		name string
		data []byte
		want string // in the error: the node, as a rule
	}{
		{"a constant of 1 TiB", model([]int64{1}, map[string][]int64{"s": {tera / 4}}, onnxNode("ConstantOfShape", "s", "k"), onnxNode("Add", "x k", "y")), "budget"},
		{"a tile of 1 TiB", model([]int64{4}, map[string][]int64{"r": {tera / 16}}, onnxNode("Tile", "x r", "y")), "budget"},
		{"a tile beyond all integers", model([]int64{4}, map[string][]int64{"r": {1 << 62}}, onnxNode("Tile", "x r", "y")), "Tile_y"},
		{"a pad of 1 TiB", model([]int64{4}, map[string][]int64{"p": {0, tera / 4}}, onnxNode("Pad", "x p", "y")), "budget"},
		{"a pad below zero", model([]int64{4}, map[string][]int64{"p": {-3, -3}}, onnxNode("Pad", "x p", "y")), "Pad_y"},
		{"an expand of 1 TiB", model([]int64{1}, map[string][]int64{"s": {tera / 4}}, onnxNode("Expand", "x s", "y")), "budget"},
		{"an expand to negative sizes", model([]int64{1}, map[string][]int64{"s": {-5}}, onnxNode("Expand", "x s", "y")), "Expand_y"},
		{"a reshape to too many axes", model([]int64{1}, map[string][]int64{"s": slices.Repeat([]int64{1}, 2000)}, onnxNode("Reshape", "x s", "y")), "rank 2000"},
		{"a constant of negative sizes", model([]int64{1}, map[string][]int64{"s": {-1}}, onnxNode("ConstantOfShape", "s", "k", &wire.Attr{Name: "value", Type: wire.AttrTensor, T: wire.FromTensor("", tensor.Of([]int64{1}, 1))}), onnxNode("Cast", "k", "y", integer("to", 1))), "ConstantOfShape_k"},
		{"a reshape to too many elements", model([]int64{4}, map[string][]int64{"s": {1 << 40, 1 << 40}}, onnxNode("Reshape", "x s", "y")), "Reshape_y"},
		{"an endless range", model([]int64{1}, map[string][]int64{"a": {0}, "b": {1 << 62}, "d": {1}}, onnxNode("Squeeze", "a", "a0"), onnxNode("Squeeze", "b", "b0"), onnxNode("Squeeze", "d", "d0"), onnxNode("Range", "a0 b0 d0", "r"), onnxNode("Cast", "r", "f", integer("to", 1)), onnxNode("Add", "x f", "y")), ""},
		{"a range of step zero", model([]int64{1}, map[string][]int64{"a": {0}, "b": {9}, "d": {0}}, onnxNode("Squeeze", "a", "a0"), onnxNode("Squeeze", "b", "b0"), onnxNode("Squeeze", "d", "d0"), onnxNode("Range", "a0 b0 d0", "r"), onnxNode("Cast", "r", "y", integer("to", 1))), "Range_r"},
		{"an index out of range", model([]int64{4}, map[string][]int64{"i": {4}}, onnxNode("Gather", "x i", "y")), "Gather_y"},
		{"an index far out of range", model([]int64{4}, map[string][]int64{"i": {-1 << 63}}, onnxNode("Gather", "x i", "y")), "Gather_y"},
		{"a slice of step zero", model([]int64{4}, map[string][]int64{"a": {0}, "b": {4}, "d": {0}}, onnxNode("Slice", "x a b a d", "y")), "Slice_y"},
		{"a slice of the least step", model([]int64{4}, map[string][]int64{"a": {1 << 62}, "b": {-1 << 63}, "k": {0}, "d": {-1 << 63}}, onnxNode("Slice", "x a b k d", "y")), ""},
		{"a stride of zero", model([]int64{1, 1, 4, 4}, nil, onnxNode("MaxPool", "x", "y", ints("kernel_shape", 2, 2), ints("strides", 0, 0))), "MaxPool_y"},
		{"a stride below zero", model([]int64{1, 1, 4, 4}, nil, onnxNode("MaxPool", "x", "y", ints("kernel_shape", 2, 2), ints("strides", -1, -1))), "MaxPool_y"},
		{"a dilation of zero", model([]int64{1, 1, 4, 4}, nil, onnxNode("MaxPool", "x", "y", ints("kernel_shape", 2, 2), ints("dilations", 0, 0))), "MaxPool_y"},
		{"a kernel of zero", model([]int64{1, 1, 4, 4}, nil, onnxNode("AveragePool", "x", "y", ints("kernel_shape", 0, 0))), "AveragePool_y"},
		{"pads of 1 TiB in a pool", model([]int64{1, 1, 4, 4}, nil, onnxNode("MaxPool", "x", "y", ints("kernel_shape", 2, 2), ints("pads", tera, tera, tera, tera))), "MaxPool_y"},
		{"groups of zero", model([]int64{1, 2, 4, 4}, nil, onnxNode("Conv", "x x", "y", integer("group", 0))), "Conv_y"},
		{"groups below zero", model([]int64{1, 2, 4, 4}, nil, onnxNode("Conv", "x x", "y", integer("group", -1))), "Conv_y"},
		{"an axis out of range", model([]int64{4}, nil, onnxNode("Softmax", "x", "y", integer("axis", 7))), "Softmax_y"},
		{"a permutation that is none", model([]int64{2, 2}, nil, onnxNode("Transpose", "x", "y", ints("perm", 0, 0))), "Transpose_y"},
		{"a permutation out of range", model([]int64{2, 2}, nil, onnxNode("Transpose", "x", "y", ints("perm", 0, 99))), "Transpose_y"},
		{"blocks of zero", model([]int64{1, 4, 2, 2}, nil, onnxNode("DepthToSpace", "x", "y", integer("blocksize", 0))), "DepthToSpace_y"},
		{"a split of wrong sizes", model([]int64{4}, map[string][]int64{"s": {9, -5}}, onnxNode("Split", "x s", "y z")), "Split_y"},
		{"a negative top_k", model([]int64{4}, map[string][]int64{"k": {-1}}, onnxNode("TopK", "x k", "y z")), "TopK_y"},
		{"a one-hot of 1 TiB", model([]int64{4}, map[string][]int64{"d": {tera}, "v": {0, 1}}, onnxNode("OneHot", "x d v", "z"), onnxNode("Cast", "z", "y", integer("to", 1))), ""},
		{"an eye of 1 TiB", model([]int64{1}, map[string][]int64{"s": {1 << 20, 1 << 20}}, onnxNode("Expand", "x s", "e"), onnxNode("EyeLike", "e", "y")), "budget"},
		{"a loop without an end", endlessLoop("_ _", onnxNode("Identity", "a", "a2")), "Loop_y"},
		{"a loop of 2^60 trips", endlessLoop("n _", onnxNode("Neg", "a", "a2")), "deadline"},
		{"a loop that grows without end", endlessLoop("n _", onnxNode("Concat", "a a", "a2", integer("axis", 0))), `node "`}, // the Concat is beyond its memory, or on a busy machine the Loop beyond its time
		{"a division by zero", model([]int64{1}, map[string][]int64{"a": {1}, "b": {0}}, onnxNode("Div", "a b", "q"), onnxNode("Cast", "q", "f", integer("to", 1)), onnxNode("Add", "x f", "y")), "Div_q"},
		{"an unknown operator with an odd name", model([]int64{1}, nil, onnxNode("\x1b[31mEvil\n", "x", "y")), "not supported"},
	} {
		err := bounded(t, c.name, func() error { return attempt(c.data) })
		if err == nil && c.want != "" {
			t.Errorf("%s: no error", c.name)
		} else if err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want it to mention %q", c.name, err, c.want)
		}
	}
}

// A fast machine may finish these in time; others stop them, and name the node.
func TestLongRunsEndOrAreStoppedByName(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		node string
	}{
		{"boxes that suppress none", model([]int64{1}, map[string][]int64{"b": {1, 60000, 4}, "s": {1, 1, 60000}, "k": {60000}}, onnxNode("ConstantOfShape", "b", "boxes"), onnxNode("ConstantOfShape", "s", "scores"), onnxNode("NonMaxSuppression", "boxes scores k", "n"), onnxNode("Cast", "n", "y", integer("to", 1))), "NonMaxSuppression_n"},
		{"attention over a hundred thousand tokens", model([]int64{1}, map[string][]int64{"s": {1, 1, 100000, 64}}, onnxNode("ConstantOfShape", "s", "q"), onnxNode("Attention", "q q q", "y")), "Attention_y"},
		{"a pool over mostly padding", model([]int64{1, 1, 4, 4}, nil, onnxNode("MaxPool", "x", "y", ints("kernel_shape", 2000, 2000), ints("pads", 2000, 2000, 2000, 2000))), "MaxPool_y"},
		{"a convolution of wide dilations", model([]int64{1, 1, 4, 4}, map[string][]int64{"s": {1, 1, 100, 100}}, onnxNode("ConstantOfShape", "s", "w"), onnxNode("ConvTranspose", "x w", "y", ints("dilations", 40, 40))), "ConvTranspose_y"},
	} {
		err := bounded(t, c.name, func() error { return attempt(c.data) })
		if err != nil && !strings.Contains(err.Error(), c.node) {
			t.Errorf("%s: %v; want it to mention %q", c.name, err, c.node)
		}
	}
}

// Without options a run is given memory in proportion to its weights and inputs.
func TestDefaultMemoryFollowsWhatIsGiven(t *testing.T) {
	grown := model([]int64{-1}, map[string][]int64{"s": {600 << 10}}, onnxNode("Tile", "x s", "k"), onnxNode("ReduceMax", "k", "y")) // times 600 KiB
	m, err := cameo.OpenBytes(grown)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.RunValues(context.Background(), map[string]cameo.Value{"x": tensor.New(tensor.F32, 256)})
	if !errors.Is(err, cameo.ErrBudget) || !strings.Contains(err.Error(), "Tile_k") {
		t.Errorf("600 MiB of an input of a kilobyte: %v", err)
	}
	if l := (backend.Limits{Memory: 1 << 40, Base: 100, Gain: 3}); l.MemoryFor(7) != 121 || l.MemoryFor(1<<62) != 1<<40 {
		t.Errorf("limits for inputs of 7 and of 2^62 bytes: %d, %d", l.MemoryFor(7), l.MemoryFor(1<<62))
	}
}

// small is a model with a bit of everything that a file of a kilobyte can hold.
func small() []byte {
	branch := func(op string) *wire.Graph {
		return &wire.Graph{Name: op, Nodes: []*wire.Node{onnxNode(op, "h", "o")}, Outputs: []*wire.ValueInfo{{Name: "o"}}}
	}
	return model([]int64{2, 4}, map[string][]int64{"s": {4, 2}, "i": {1, 0}, "p": {0, 1, 0, 1}, "c": {1}},
		onnxNode("Reshape", "x s", "r"), onnxNode("Gather", "r i", "g", integer("axis", 0)), onnxNode("Pad", "g p", "q"),
		onnxNode("Softmax", "q", "h", integer("axis", 1)), onnxNode("Cast", "c", "b", integer("to", 9)),
		onnxNode("If", "b", "y", subgraph("then_branch", branch("Relu")), subgraph("else_branch", branch("Neg"))))
}

func TestEveryFlippedByteIsSurvived(t *testing.T) {
	data := small()
	if err := attempt(data); err != nil {
		t.Fatalf("the model itself: %v", err)
	}
	masks := []byte{0x01, 0x80, 0xff}
	if testing.Short() {
		masks = masks[2:]
	}
	for i := range data {
		for _, m := range masks {
			bad := append([]byte{}, data...)
			bad[i] ^= m
			bounded(t, fmt.Sprintf("byte %d ^ %#x", i, m), func() error { return attempt(bad) })
		}
	}
	for n := range data {
		if err := bounded(t, "truncated", func() error { return attempt(data[:n]) }); err == nil && n < len(data)/2 {
			t.Errorf("truncated to %d bytes: no error", n)
		}
	}
}
