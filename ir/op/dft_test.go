package op_test

import (
	"strings"
	"testing"
)

func TestTransformsPadCutAndMirror(t *testing.T) {
	const x = "%x: f32[1,4,1] = [1,2,3,4]"
	for _, c := range []struct{ name, inputs, body, want string }{
		{"half of a spectrum", x, "%y = dft(%x) {onesided=true} : f32[1,3,2]; return %y", "f32[1,3,2] {10.0, 0.0, -2.0, 2.0, -2.0, 0.0}"},
		{"zeros behind", "%x: f32[1,1] = [1]", "%n = const [2] : i64[]; %y = dft(%x, %n) : f32[2,2]; return %y", "f32[2,2] {1.0, 0.0, 1.0, 0.0}"},
		{"cut off", x, "%n = const [1] : i64[]; %a = const [-2] : i64[]; %y = dft(%x, %n, %a) : f32[1,1,2]; return %y", "f32[1,1,2] {1.0, 0.0}"},
		{"real again", "%x: f32[3,2] = [10, 0, -2, 2, -2, 0]", "%y = dft(%x) {inverse=true, onesided=true} : f32[4,1]; return %y", "f32[4,1] {1.0, 2.0, 3.0, 4.0}"},
		{"an axis found when running", "%x: f32[1,2,1] = [3, 5], %a: i64[] = [0]", "%y = dft(%x, _, %a) : f32[*]; return %y", "f32[1,2,2] {3.0, 0.0, 5.0, 0.0}"},
		{"frames that overlap", x, "%s = const [1] : i64[]; %n = const [2] : i64[]; %y = stft(%x, %s, _, %n) : f32[1,3,2,2]; return %y", "f32[1,3,2,2] {3.0, 0.0, -1.0, 0.0, 5.0, 0.0, …}"},
		{"a complex signal", "%x: f32[1,2,2] = [0,1,0,1], %w: f32[2] = [1,2]", "%s = const [1] : i64[]; %y = stft(%x, %s, %w) {onesided=false} : f32[1,1,2,2]; return %y", "f32[1,1,2,2] {0.0, 3.0, 0.0, -1.0}"},
	} {
		_, y, err := evalText(t, c.inputs, c.body)
		if err != nil || y.String() != c.want {
			t.Errorf("%s: %v, %v; want %s", c.name, y, err, c.want)
		}
	}
}

func TestTransformsRefuse(t *testing.T) {
	const x = "%x: f32[1,4,1] = [1,2,3,4], %n: i64[] = "
	for _, c := range []struct{ inputs, body, want string }{
		{x + "[0]", "%y = dft(%x, %n) : f32[*]; return %y", "length 0"},
		{x + "[-1]", "%y = dft(%x, %n) : f32[*]; return %y", "dft_length is -1"},
		{x + "[4611686018427387904]", "%y = dft(%x, %n) : f32[*]; return %y", "not possible"},
		{x + "[2]", "%y = dft(%x, _, %n) : f32[*]; return %y", "axis 2 holds the parts"},
		{x + "[3]", "%y = dft(%x, _, %n) : f32[*]; return %y", "axis 3 is out of range"},
		{x + "[1]", "%y = dft(%x) {inverse=true, onesided=true} : f32[*]; return %y", "real spectrum"},
		{"%x: f32[1,4,3] = splat 1", "%y = dft(%x) : f32[*]; return %y", "3 numbers"},
		{"%x: f32[4] = splat 1", "%y = dft(%x) : f32[*]; return %y", "rank 1, less than 2"},
		{x + "[0]", "%y = stft(%x, %n) : f32[*]; return %y", "every 0"},
		{x + "[9]", "%s = const [1] : i64[]; %y = stft(%x, %s, _, %n) : f32[*]; return %y", "frames of 9"},
		{x + "[1]", "%s = const [9] : i64[]; %y = stft(%x, %n, _, %s) : f32[*]; return %y", "frame and signal: 9 > 4"},
		{"%n: i64[] = [8], %r: i64[] = [100], %l: f32[] = [0], %h: f32[] = [4000]", "%y = mel_weight_matrix(%n, %n, %r, %l, %h) : f32[*]; return %y", "outside a spectrum of 5 places"},
		{"%n: i64[] = [-8], %r: i64[] = [100], %l: f32[] = [0], %h: f32[] = [40]", "%y = mel_weight_matrix(%n, %n, %r, %l, %h) : f32[*]; return %y", "num_mel_bins is -8"},
	} {
		if _, y, err := evalText(t, c.inputs, c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %s: %v, %v; want an error with %q", c.body, c.inputs, y, err, c.want)
		}
	}
}
