package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/zoo"
)

func TestZooListsAndShowsEveryModel(t *testing.T) {
	out, _, status := cameoRun("zoo", "list")
	for _, m := range zoo.All() {
		if status != 0 || !strings.Contains(out, m.Name+" ") {
			t.Errorf("zoo list leaves out %s", m.Name)
		}
		show, errs, status := cameoRun("zoo", "show", m.Name)
		if status != 0 || !strings.Contains(show, m.About) || !strings.Contains(show, m.Loss) || !strings.Contains(show, m.Source) {
			t.Errorf("zoo show %s: %d %s%s", m.Name, status, show, errs)
		}
		var v struct {
			Name       string
			Parameters int
			Layers     []zoo.Layer
		}
		show, _, _ = cameoRun("zoo", "show", m.Name, "--json")
		if err := json.Unmarshal([]byte(show), &v); err != nil || v.Name != m.Name || len(v.Layers) == 0 || v.Parameters == 0 {
			t.Errorf("zoo show %s --json: %v: %s", m.Name, err, show)
		}
	}
}

func TestZooStatuses(t *testing.T) {
	dir, set := t.TempDir(), drawn(t)
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"zoo", 0, "classify"},
		{"zoo lits", exitUsage, "did you mean list"},
		{"zoo show", exitUsage, "want cameo zoo show NAME"},
		{"zoo show resnet", exitUsage, "no model \"resnet\" in the zoo"},
		{"zoo show fc_ae --size depth=3", exitUsage, "no size \"depth\""},
		{"zoo show fc_ae --size code=-1", exitUsage, "size code=-1"},
		{"zoo export mlp --batch x", exitUsage, "--batch x"},
		{"zoo run mlp --batch N", exitUsage, "needs a number of rows"},
		{"zoo run mlp -o " + filepath.Join(dir, "x.png"), exitUsage, "gives no picture"},
		{"zoo run mlp --loss --seed 3", 0, "loss f32[]"},
		{"zoo run mlp --input ../../testdata/digits/7.png", 0, "logits f32[1,10]"},
		{"zoo run names_rnn", 0, "next_hidden f32[1,128]"},
		{"zoo run recurrent_ae --size steps=60000 --size features=60000", exitData, "too many random numbers"},
		{"zoo export fc_ae --size height=60000 --size width=60000", exitUsage, "is too large"},
		{"zoo classify", exitUsage, "--data DIR"},
		{"zoo classify --model " + digits + " --data " + dir, exitData, "t10k-images-idx3-ubyte"},
		{"zoo classify --model " + digits + " --data " + dir + " --split test", exitUsage, "t10k and train"},
		{"zoo classify --model " + digits + " --data " + set + " --count -1", exitUsage, "--count -1"},
		{"zoo classify --model " + digits + " --data " + set + " --model-output image", exitData, "no classifier"},
		{"zoo denoise --drop 1", exitUsage, "--drop 1"},
		{"zoo sample --model " + digits, exitUsage, "-o FILE.png"},
		{"zoo reduce -o x.bmp", exitUsage, "want .png"},
		{"zoo anomaly --series x.csv", exitUsage, "either --model or --normal"},
		{"zoo language --model " + names, exitUsage, "give names"},
		{"zoo language --model " + digits + " Rossi", exitData, "does not map a letter and a state"},
		{"zoo language --model " + names + " 123", exitData, "no letter of the alphabet"},
		{"zoo language --model " + names + " Rossi", 0, "Rossi: Italian"},
	} {
		out, errs, status := cameoRun(strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(out+errs, c.says) {
			t.Errorf("cameo %s: status %d, %q, not %d, %q", c.args, status, out+errs, c.status, c.says)
		}
	}
}

// drawn writes the drawn digits as a data set.
func drawn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	images, labels := []byte{0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 28, 0, 0, 0, 28}, []byte{0, 0, 8, 1, 0, 0, 0, 10}
	for d := range 10 {
		img := decodePNG(t, fmt.Sprintf("../../testdata/digits/%d.png", d))
		for y := range 28 {
			for x := range 28 {
				g, _, _, _ := img.At(x, y).RGBA()
				images = append(images, byte(g>>8))
			}
		}
		labels = append(labels, byte(d))
	}
	for name, b := range map[string][]byte{"t10k-images-idx3-ubyte": images, "t10k-labels-idx1-ubyte": labels} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func decodePNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return img
}

// ok runs a command that must succeed and returns its JSON.
func ok(t *testing.T, args ...string) map[string]any {
	t.Helper()
	out, errs, status := cameoRun(append([]string{"zoo"}, append(args, "--json")...)...)
	v := map[string]any{}
	if err := json.Unmarshal([]byte(out), &v); status != 0 || err != nil {
		t.Fatalf("zoo %s: status %d: %s%s", strings.Join(args, " "), status, out, errs)
	}
	return v
}

func TestZooClassifiesTheDrawnDigits(t *testing.T) {
	if v := ok(t, "classify", "--model", digits, "--data", drawn(t)); v["correct"].(float64) < 9 || v["count"] != 10. {
		t.Errorf("%v", v)
	}
}

func TestZooDrawsWhatModelsMake(t *testing.T) {
	set, dir := drawn(t), t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	ok(t, "export", "fc_ae", "-o", file("ae.onnx"))
	ok(t, "export", "dense_vae", "-o", file("vae.onnx"), "--seed", "5")
	ok(t, "export", "dense_gan_generator", "-o", file("g.onnx"))
	if v := ok(t, "reconstruct", "--model", file("ae.onnx"), "--data", set, "-o", file("pairs.png")); v["mse"].(float64) < 0.1 {
		t.Errorf("an untrained model reconstructs with an error of %v", v["mse"])
	}
	ok(t, "denoise", "--model", file("ae.onnx"), "--data", set, "-o", file("noisy.png"))
	ok(t, "sample", "--model", file("g.onnx"), "--side", "3", "-o", file("plane.png"))
	ok(t, "export", "mlp", "--size", "classes=30", "-o", file("encoder.onnx")) // as many numbers as the generator reads
	ok(t, "sample", "--model", file("g.onnx"), "--encoder", file("encoder.onnx"), "--data", set, "--side", "3", "-o", file("spread.png"))
	ok(t, "reduce", "--model", file("vae.onnx"), "--model-output", "mean", "--data", set, "-o", file("codes.png"), "-o", file("codes.svg"), "-o", file("codes.csv"))
	if v := ok(t, "anomaly", "--model", file("ae.onnx"), "--data", set, "--against", set, "-o", file("a.csv"), "--histogram", file("a.png")); v["auc"] != 0.5 {
		t.Errorf("a data set differs from itself: %v", v)
	}
	ok(t, "run", "dense_gan_generator", "--batch", "4", "-o", file("made.png"))
	for name, width := range map[string]int{"pairs.png": 10*(28*3+2) + 2, "plane.png": 3*(28*3+2) + 2, "spread.png": 3*(28*3+2) + 2, "made.png": 4*(28*3+2) + 2, "codes.png": 768} {
		if got := decodePNG(t, file(name)).Bounds().Dx(); got != width {
			t.Errorf("%s is %d wide, not %d", name, got, width)
		}
	}
	for name, want := range map[string]string{"codes.csv": "x,y,class\n", "a.csv": "index,score,anomaly\n0,", "codes.svg": "<svg"} {
		if b, err := os.ReadFile(file(name)); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: %v: %.80s", name, err, b)
		}
	}
}

// A one-hot letter among 57 that are zero picks one column; numbers from 0 to 1 would give another result.
func TestZooRunMakesUpWhatTheModelReads(t *testing.T) {
	m, err := zoo.Find("names_rnn")
	if err != nil {
		t.Fatal(err)
	}
	in, err := m.Random(zoo.Options{}, 1, 9)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(zoo.Options{Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cameo.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	want, err := c.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "y.npz")
	if text, errs, status := cameoRun("zoo", "run", "names_rnn", "--seed", "9", "-o", out, "--json"); status != 0 || !strings.Contains(text, fmt.Sprint(tensor.Data[float32](want["log_probabilities"])[0])) {
		t.Errorf("status %d: %.300s%s, not %v", status, text, errs, want["log_probabilities"])
	}
}

func TestZooFindsTheSpikeInASignal(t *testing.T) {
	var normal, odd strings.Builder
	normal.WriteString("t,v\n")
	odd.WriteString("t,v,a\n")
	for i := range 1000 {
		v := math.Sin(float64(i)/5) + math.Cos(float64(i)/17)
		fmt.Fprintf(&normal, "%d,%g\n", i, v)
		if i == 700 {
			fmt.Fprintf(&odd, "%d,%g,1\n", i, v+3)
		} else {
			fmt.Fprintf(&odd, "%d,%g,0\n", i, v)
		}
	}
	v := ok(t, "anomaly", "--series", write(t, "odd.csv", odd.String()), "--normal", write(t, "normal.csv", normal.String()), "--window", "20", "--code", "4")
	if v["auc"].(float64) < 0.98 || v["anomalies"] != 1. {
		t.Errorf("%v", v)
	}
}

func TestZooTellsHowOftenLanguagesAreRight(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"Italian": "Rossi\nBianchi\n", "Russian": "Dovesky\n"} {
		if err := os.WriteFile(filepath.Join(dir, name+".txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Two files are not the eighteen classes that the model has, so labels 0 and 1 stand for its first two.
	if v := ok(t, "language", "--model", names, "--data", dir); v["count"] != 3. || v["correct"] != 0. {
		t.Errorf("%v", v)
	}
}
