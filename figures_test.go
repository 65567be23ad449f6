package cameo_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/testdata"
)

// figures are what PyTorch measured for a trained model.
type figures struct {
	Correct      int      `json:"correct"`
	CrossEntropy float64  `json:"mean_cross_entropy"`
	NLL          float64  `json:"mean_nll"`
	MSE          float64  `json:"mse"`
	Clean        float64  `json:"mse_clean"`
	Dropped      float64  `json:"mse_half_the_pixels_dropped"`
	AtMean       float64  `json:"bce_nats_at_the_mean"`
	Sampled      float64  `json:"bce_nats_sampled"`
	KL           float64  `json:"kl_nats"`
	Classes      []string `json:"classes"`
	Alphabet     string   `json:"alphabet"`
}

// trained opens a trained model and what PyTorch measured of it.
func trained(t *testing.T, name string) (*cameo.Model, figures) {
	t.Helper()
	dir := filepath.Join(testdata.Shared(t), "models", "trained", name)
	m, err := cameo.Open(filepath.Join(dir, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "figures.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f figures
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return m, f
}

// idx reads the bytes behind the header of a compressed IDX file.
func idx(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	n, rank := 1, int(data[3])
	for i := range rank {
		n *= int(binary.BigEndian.Uint32(data[4+4*i:]))
	}
	if len(data) != 4+4*rank+n {
		t.Fatalf("%s: %d bytes for %d elements", path, len(data), n)
	}
	return data[4+4*rank:]
}

const side = 28

// A testSet is pictures as numbers from 0 to 1, and their classes.
type testSet struct {
	pixels []float32
	labels []byte
	whole  bool
}

// pictures reads the test set of a data set: all of it, or its beginning with -short.
func pictures(t *testing.T, name string) testSet {
	t.Helper()
	dir := filepath.Join(testdata.Shared(t), "data", name)
	raw, labels := idx(t, filepath.Join(dir, "t10k-images-idx3-ubyte.gz")), idx(t, filepath.Join(dir, "t10k-labels-idx1-ubyte.gz"))
	n := len(labels)
	if testing.Short() {
		n = 500
	}
	s := testSet{labels: labels[:n], pixels: make([]float32, n*side*side), whole: !testing.Short()}
	for i := range s.pixels {
		s.pixels[i] = float32(raw[i]) / 255
	}
	return s
}

// each runs m on the set in batches and calls f with every picture's number and its row of each output.
func (s testSet) each(t *testing.T, m *cameo.Model, pixels []float32, f func(i int, rows map[string][]float32)) {
	t.Helper()
	const batch = 250
	in := m.Inputs()[0]
	dims := []int{batch, side, side}
	if len(in.Shape) == 4 {
		dims = []int{batch, 1, side, side}
	}
	for at := 0; at < len(s.labels); at += batch {
		x := cameo.NewTensor(pixels[at*side*side:(at+batch)*side*side], dims...)
		out, err := m.Run(context.Background(), map[string]*cameo.Tensor{in.Name: x})
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string][]float32{}
		for i := range batch {
			for name, y := range out {
				v, err := cameo.Data[float32](y)
				if err != nil {
					t.Fatal(err)
				}
				rows[name] = v[i*len(v)/batch : (i+1)*len(v)/batch]
			}
			f(at+i, rows)
		}
	}
}

// near requires a figure to agree to within a relative error, or with -short, of a part of the set, to a tenth.
func (s testSet) near(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if !s.whole {
		rel = 0.15
	}
	if math.Abs(got-want) > rel*math.Abs(want) {
		t.Errorf("%s: %.8g, PyTorch has %.8g", what, got, want)
	}
}

func TestClassifiersReachPyTorchsAccuracy(t *testing.T) {
	for _, c := range []struct{ model, data string }{{"digits_cnn", "mnist"}, {"mnist_cnn", "mnist"}, {"fashion_mlp", "fashion-mnist"}} {
		t.Run(c.model, func(t *testing.T) {
			t.Parallel()
			m, want := trained(t, c.model)
			s := pictures(t, c.data)
			correct, loss := 0, 0.0
			s.each(t, m, s.pixels, func(i int, rows map[string][]float32) {
				scores := rows[m.Outputs()[0].Name]
				top, sum := slices.Max(scores), 0.0
				for _, v := range scores {
					sum += math.Exp(float64(v - top))
				}
				loss += math.Log(sum) + float64(top-scores[s.labels[i]])
				if scores[s.labels[i]] == top {
					correct++
				}
			})
			n := len(s.labels)
			if off := correct - want.Correct; s.whole && (off < -2 || off > 2) || correct < n*want.Correct/10000-n/25 {
				t.Errorf("%d of %d correct, PyTorch has %d", correct, n, want.Correct)
			}
			if s.whole {
				s.near(t, "loss", loss/float64(n), want.CrossEntropy+want.NLL, 1e-4)
			}
		})
	}
}

func TestAutoencodersReachPyTorchsError(t *testing.T) {
	for _, name := range []string{"conv_ae", "fashion_ae", "recurrent_ae", "denoise_ae"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, want := trained(t, name)
			s := pictures(t, "fashion-mnist")
			s.near(t, "squared error", s.squaredError(t, m, s.pixels), want.MSE+want.Clean, 1e-4)
			if want.Dropped > 0 {
				r := rand.New(rand.NewPCG(1, 2))
				noisy := slices.Clone(s.pixels)
				for i := range noisy {
					noisy[i] *= 2 * float32(r.IntN(2)) // as dropout scales what is left
				}
				// The pixels that PyTorch dropped are not known: others give nearly the same.
				s.near(t, "squared error with half of the pixels dropped", s.squaredError(t, m, noisy), want.Dropped, 3e-3)
			}
		})
	}
}

func (s testSet) squaredError(t *testing.T, m *cameo.Model, pixels []float32) float64 {
	sum := 0.0
	s.each(t, m, pixels, func(i int, rows map[string][]float32) {
		for k, v := range rows["reconstruction"] {
			d := float64(v - s.pixels[i*side*side+k])
			sum += d * d
		}
	})
	return sum / float64(len(s.pixels))
}

// crossEntropy is that of a picture's pixels, each the probability of a dot, in nats.
func crossEntropy(got, want []float32) float64 {
	sum := 0.0
	for i, p := range got {
		q := float64(p)
		sum -= float64(want[i])*max(math.Log(q), -100) + float64(1-want[i])*max(math.Log1p(-q), -100)
	}
	return sum
}

func TestConvolutionalVAEReachesPyTorchsCrossEntropy(t *testing.T) {
	t.Parallel()
	m, want := trained(t, "conv_vae")
	s := pictures(t, "mnist")
	sum := 0.0
	s.each(t, m, s.pixels, func(i int, rows map[string][]float32) {
		sum += crossEntropy(rows["reconstruction"], s.pixels[i*side*side:(i+1)*side*side])
	})
	s.near(t, "cross entropy at the mean", sum/float64(len(s.labels)), want.AtMean, 1e-4)
}

func TestDenseVAEReachesPyTorchsFigures(t *testing.T) {
	t.Parallel()
	enc, want := trained(t, "dense_vae_encoder")
	dec, _ := trained(t, "dense_vae_decoder")
	s := pictures(t, "mnist")
	n, latent := len(s.labels), 20
	mean, drawn := make([]float32, 0, n*latent), make([]float32, 0, n*latent)
	kl, r := 0.0, rand.New(rand.NewPCG(3, 4))
	s.each(t, enc, s.pixels, func(_ int, rows map[string][]float32) {
		for k, mu := range rows["mean"] {
			v := float64(rows["log_variance"][k])
			kl += (float64(mu)*float64(mu) + math.Exp(v) - v - 1) / 2
			mean = append(mean, mu)
			drawn = append(drawn, mu+float32(math.Exp(v/2)*r.NormFloat64()))
		}
	})
	s.near(t, "divergence", kl/float64(n), want.KL, 1e-4)
	decode := func(z []float32) float64 {
		out, err := dec.Run(context.Background(), map[string]*cameo.Tensor{"latent": cameo.NewTensor(z, n, latent)})
		if err != nil {
			t.Fatal(err)
		}
		img, err := cameo.Data[float32](out["image"])
		if err != nil {
			t.Fatal(err)
		}
		return crossEntropy(img, s.pixels) / float64(n)
	}
	s.near(t, "cross entropy at the mean", decode(mean), want.AtMean, 1e-4)
	s.near(t, "cross entropy of samples", decode(drawn), want.Sampled, 3e-3) // PyTorch drew others
}

// fold returns a name in the letters of an alphabet: accents go, and so does what is in no alphabet.
func fold(name, alphabet string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		if !unicode.Is(unicode.Mn, r) && strings.ContainsRune(alphabet, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestTheRecurrentClassifierOfNamesReachesPyTorchsAccuracy(t *testing.T) {
	t.Parallel()
	m, want := trained(t, "names_rnn")
	s, err := m.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Feed("next_hidden", "hidden"); err != nil {
		t.Fatal(err)
	}
	correct, total := 0, 0
	for class, language := range want.Classes {
		f, err := os.Open(filepath.Join(testdata.Shared(t), "data", "names", language+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for k := 0; lines.Scan(); k++ {
			name := fold(strings.TrimSpace(lines.Text()), want.Alphabet)
			if name == "" || testing.Short() && k%20 > 0 {
				continue
			}
			total++
			if classOf(t, s, name, want.Alphabet) == class {
				correct++
			}
		}
	}
	if testing.Short() {
		if correct*100 < total*65 {
			t.Errorf("%d of %d correct", correct, total)
		}
		return
	}
	if off := correct - want.Correct; off < -2 || off > 2 || total != 20050 {
		t.Errorf("%d of %d correct, PyTorch has %d of 20050", correct, total, want.Correct)
	}
}

// classOf runs a session over a name, a letter a run, from an empty state.
func classOf(t *testing.T, s *cameo.Session, name, alphabet string) int {
	t.Helper()
	if err := s.Set("hidden", cameo.Zeros(cameo.Float32, 1, 128)); err != nil {
		t.Fatal(err)
	}
	x, err := s.Input("letter")
	if err != nil {
		t.Fatal(err)
	}
	letter, err := cameo.Data[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range name {
		clear(letter)
		letter[strings.IndexRune(alphabet, r)] = 1
		if err := s.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	scores, err := cameo.Data[float32](s.Output("log_probabilities"))
	if err != nil {
		t.Fatal(err)
	}
	best := 0
	for i, v := range scores {
		if v > scores[best] {
			best = i
		}
	}
	return best
}
