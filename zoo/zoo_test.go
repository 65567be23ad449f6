package zoo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/zoo"
)

// forms are all that a model comes in.
var forms = map[string]zoo.Options{
	"evaluation":          {},
	"training":            {Train: true},
	"loss":                {Loss: true},
	"loss in training":    {Loss: true, Train: true},
	"one row":             {Batch: 1},
	"three rows, trained": {Batch: 3, Train: true, Loss: true},
}

func eachForm(t *testing.T, f func(t *testing.T, m zoo.Model, o zoo.Options)) {
	for _, m := range zoo.All() {
		for name, o := range forms {
			t.Run(m.Name+"/"+name, func(t *testing.T) { f(t, m, o) })
		}
	}
}

func build(t *testing.T, m zoo.Model, o zoo.Options) *ir.Graph {
	t.Helper()
	g, err := m.Graph(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func run(t *testing.T, m *cameo.Model, in map[string]*tensor.Tensor) map[string]*tensor.Tensor {
	t.Helper()
	out, err := m.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExportedGraphsComeBackWithTheSameOutputs(t *testing.T) {
	eachForm(t, func(t *testing.T, m zoo.Model, o zoo.Options) {
		g := build(t, m, o)
		if err := g.Verify(); err != nil {
			t.Fatal(err)
		}
		file, err := onnx.Export(g, onnx.ExportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		direct, err := cameo.Compile(g)
		if err != nil {
			t.Fatal(err)
		}
		back, err := cameo.OpenBytes(file.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		in, err := m.Random(o, 2, 7)
		if err != nil {
			t.Fatal(err)
		}
		want, got := run(t, direct, in), run(t, back, in)
		if len(got) != len(want) || len(want) == 0 {
			t.Fatalf("%d outputs, not %d", len(got), len(want))
		}
		for name, w := range want {
			if g := got[name]; g == nil || !slices.Equal(g.Dims(), w.Dims()) || !bytes.Equal(g.Bytes(), w.Bytes()) {
				t.Errorf("%s: not the same bits", name)
			}
			for _, v := range tensor.Data[float32](w) {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Fatalf("%s holds %v", name, v)
				}
			}
		}
	})
}

func TestLossIsAScalarAndPositive(t *testing.T) {
	for _, m := range zoo.All() {
		o := zoo.Options{Loss: true, Train: true}
		c, err := cameo.Compile(build(t, m, o))
		if err != nil {
			t.Fatal(err)
		}
		in, err := m.Random(o, 4, 1)
		if err != nil {
			t.Fatal(err)
		}
		out := run(t, c, in)
		if l := out["loss"]; len(out) != 1 || l == nil || l.Rank() != 0 || tensor.Data[float32](l)[0] <= 0 {
			t.Errorf("%s: the loss is %v", m.Name, out)
		}
	}
}

func TestSeedAndNameDecideTheWeights(t *testing.T) {
	constants := func(o zoo.Options) map[string][]byte {
		m, err := zoo.Find("dense_vae")
		if err != nil {
			t.Fatal(err)
		}
		out := map[string][]byte{}
		for _, v := range build(t, m, o).Consts() {
			out[v.Name] = v.Data.Bytes()
		}
		return out
	}
	a, b, other := constants(zoo.Options{Seed: 3}), constants(zoo.Options{Seed: 3, Train: true, Loss: true}), constants(zoo.Options{Seed: 4})
	for _, name := range []string{"fc1.weight", "fc21.bias", "fc4.weight"} {
		if a[name] == nil || !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs between the forms of a model", name)
		}
		if bytes.Equal(a[name], other[name]) {
			t.Errorf("%s is the same for another seed", name)
		}
	}
}

// Bounds and deviations of what PyTorch and Keras put into layers of these sizes.
func TestLayersStartAsTheirFrameworksStartThem(t *testing.T) {
	for _, k := range []struct {
		model, parameter string
		bound, deviation float64
	}{
		{"mlp", "fc1.weight", 1 / math.Sqrt(784), 1 / math.Sqrt(784*3)},
		{"mlp", "fc1.bias", 1 / math.Sqrt(784), 1 / math.Sqrt(784*3)},
		{"cnn", "c2.weight", 1 / math.Sqrt(288), 1 / math.Sqrt(288*3)},
		{"dcgan_generator", "net.0.weight", 1 / math.Sqrt(4096), 1 / math.Sqrt(4096*3)},
		{"ae784", "n.0.weight", math.Sqrt(6. / 912), math.Sqrt(2. / 912)},
		{"ae784", "n.0.bias", 0, 0},
		{"conv_ae", "e.3.weight", math.Sqrt(6. / 432), math.Sqrt(2. / 432)},
		{"dense_gan_generator", "n.2.weight", 2 * math.Sqrt(2./100) / 0.8796, math.Sqrt(2. / 100)},
		{"dense_gan_generator", "n.4.weight", math.Sqrt(6. / 934), math.Sqrt(2. / 934)},
		{"recurrent_ae", "l1.weight_hh_l0", 1, 1 / math.Sqrt(400)},
		{"recurrent_ae", "l1.bias_hh_l0", 0, 0},
	} {
		g, err := zoo.Build(k.model, zoo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		x := g.Value(k.parameter).Data
		_, deviation := moments(x)
		var top float64
		for _, v := range tensor.Data[float32](x) {
			top = max(top, math.Abs(float64(v)))
		}
		if top > k.bound*1.0001 || top < k.bound*0.5 && k.parameter != "l1.weight_hh_l0" || math.Abs(deviation-k.deviation) > 0.05*k.deviation {
			t.Errorf("%s %s: bound %g and deviation %g, not %g and %g", k.model, k.parameter, top, deviation, k.bound, k.deviation)
		}
	}
}

func TestForgetGatesStartOpen(t *testing.T) {
	g, err := zoo.Build("recurrent_ae", zoo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := tensor.Data[float32](g.Value("l2.bias_ih_l0").Data)
	if b[29] != 0 || b[30] != 1 || b[59] != 1 || b[60] != 0 {
		t.Errorf("biases %v", b)
	}
}

func TestTrainingModeUsesTheBatch(t *testing.T) {
	for name, want := range map[string]string{"dcgan_generator": "batch_normalization", "cnn": "dropout", "denoise_ae": "dropout", "dense_vae": "random_normal_like", "multinomial_vae": "random_normal_like"} {
		eval, err := zoo.Build(name, zoo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		train, err := zoo.Build(name, zoo.Options{Train: true})
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(want + `\([^\n]*`)
		if e, tr := found.FindString(eval.String()), found.FindString(train.String()); tr == "" || e == tr {
			t.Errorf("%s: training has %q, evaluation %q", name, tr, e)
		}
	}
}

func TestOptionsThatDoNotFitAreErrors(t *testing.T) {
	w := tensor.New(tensor.F32, 2, 2)
	for want, o := range map[string]zoo.Options{
		`there is no size "depth" to set`:           {Sizes: map[string]int{"depth": 2}},
		`size code=0 is not between`:                {Sizes: map[string]int{"code": 0}},
		`a batch of -1 rows`:                        {Batch: -1},
		`parameter "e.weight" is not among`:         {Weights: map[string]*tensor.Tensor{}},
		`parameter "e.weight": .*2 2.* != f32.2 3.`: {Weights: map[string]*tensor.Tensor{"e.weight": w}},
		`there is no parameter "extra"`: {Weights: map[string]*tensor.Tensor{"extra": w, "e.weight": tensor.New(tensor.F32, 2, 3), "e.bias": tensor.New(tensor.F32, 2),
			"d.weight": tensor.New(tensor.F32, 3, 2), "d.bias": tensor.New(tensor.F32, 3)}},
	} {
		if _, err := zoo.Build("pca_ae", o); err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("got %v, not %q", err, want)
		}
	}
	if _, err := zoo.Build("resnet", zoo.Options{}); !errors.Is(err, zoo.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestSizesChangeTheModel(t *testing.T) {
	g, err := zoo.Build("conv_vae", zoo.Options{Sizes: map[string]int{"latent": 2}, Batch: 5})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(g.Outputs[1].Value.Type); got != "f32[5,2]" {
		t.Errorf("mean: %s", got)
	}
}

// Counts by hand, of weights and biases.
func TestSummaryCountsParameters(t *testing.T) {
	for name, want := range map[string]int{
		"pca_ae":              3*2 + 2 + 2*3 + 3,
		"mlp":                 784*500 + 500 + 500*200 + 200 + 200*100 + 100 + 100*10 + 10,
		"cnn":                 9*32 + 32 + 9*32*64 + 64 + 9216*128 + 128 + 128*10 + 10,
		"names_rnn":           185*128 + 128 + 185*18 + 18,
		"recurrent_ae":        4*100*(28+100+2) + 4*30*(100+30+2) + 4*100*(30+100+2) + 28*100 + 28,
		"multinomial_vae":     63*8 + 8 + 8 + 8*63 + 63,
		"dcgan_discriminator": 16*(32+32*64+64*128+128*256+256) + 2*(64+128+256),
	} {
		m, err := zoo.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Summary(zoo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Count(); got != want {
			t.Errorf("%s has %d parameters, not %d", name, got, want)
		}
		var layers int
		for _, l := range s.Layers {
			if layers += l.Params; l.Out == "" {
				t.Errorf("%s: layer %q has no type", name, l.Name)
			}
		}
		if layers < want {
			t.Errorf("%s: its layers have %d parameters, not %d", name, layers, want)
		}
	}
}

// The tables of README.md and docs/zoo.md name all models, in order, and no other.
func TestDocumentsListTheModels(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|")
	for _, file := range []string{"../README.md", "../docs/zoo.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		var got []string
		for _, m := range row.FindAllStringSubmatch(string(text), -1) {
			if _, err := zoo.Find(m[1]); err == nil {
				got = append(got, m[1])
			}
		}
		var want []string
		for _, m := range zoo.All() {
			want = append(want, m.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s lists %v, not %v", file, got, want)
		}
	}
}
