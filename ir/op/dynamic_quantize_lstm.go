package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DynamicQuantizeLSTMAttrs is what ONNX says of an LSTM, but for its layout.
type DynamicQuantizeLSTMAttrs struct {
	ActivationAlpha []float32 `ir:"activation_alpha"`
	ActivationBeta  []float32 `ir:"activation_beta"`
	Activations     []string  `ir:"activations"`
	Clip            *float32  `ir:"clip"`
	Direction       string    `ir:"direction"`
	HiddenSize      *int      `ir:"hidden_size"`
	InputForget     bool      `ir:"input_forget"`
}

func (a DynamicQuantizeLSTMAttrs) lstm() LSTMAttrs {
	return LSTMAttrs{a.ActivationAlpha, a.ActivationBeta, a.Activations, a.Clip, a.Direction, a.HiddenSize, a.InputForget, 0}
}

// DynamicQuantizeLSTM is an LSTM whose weights w[D,I,4H] and r[D,H,4H] are quantised, with scales and zero points for each direction
// [D] or each column of it [D,4H]. What they multiply is quantised too, as DynamicQuantizeLinear does: x as a whole, up to the longest
// item's end, and the hidden state of each item at each step. (ONNX Runtime does the latter with as many items together as fall to one
// thread.)
var DynamicQuantizeLSTM = defineN(DefN[DynamicQuantizeLSTMAttrs]{
	Name: "dynamic_quantize_lstm", ONNX: "DynamicQuantizeLSTM", Domain: "com.microsoft",
	Sig: "x T, w W, r W, b? T, sequence_lens? i32, initial_h? T, initial_c? T, p? T, w_scale T, w_zero_point W, r_scale T, r_zero_point W -> " +
		"y? T, y_h? T, y_c? T; T f32, W u8|i8",
	Props: ir.Pure,
	Attrs: DynamicQuantizeLSTMAttrs{Direction: "forward"},
	Infer: func(sc *ir.Scope, a DynamicQuantizeLSTMAttrs, in []ir.Known) ([]ir.Known, error) {
		as := slices.Clone(in[:8])
		for _, i := range []int{recW, recR} {
			if s := as[i].Type.Shape; len(s) == 3 {
				as[i].Type.Shape = ir.Shape{s[0], s[2], s[1]}
			}
		}
		y, last, err := a.lstm().recurrent().infer(sc, as)
		return []ir.Known{of(y), of(last), of(last)}, err
	},
	Eval: func(e *ir.Env, a DynamicQuantizeLSTMAttrs, in []tensor.Value) ([]tensor.Value, error) {
		as := slices.Clone(in[:8])
		for k, i := range []int{recW, recR} {
			w, err := columnWeights(e, tens(in, i), tens(in, 8+2*k), tens(in, 9+2*k))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", recNames[i], err)
			}
			as[i] = w
		}
		lstm := a.lstm()
		s, err := lstm.recurrent().load(e, as)
		if err != nil {
			return nil, err
		}
		if s.batch > 0 {
			asBytes(s.x[:slices.Max(s.lens)*s.batch*tens(in, recX).Dims()[2]])
		}
		err = s.run(func(s *sequence, dir int, pre, h, c []float64) error {
			for i := range s.batch {
				asBytes(h[i*s.hidden : (i+1)*s.hidden])
			}
			return lstm.cell(s, dir, pre, h, c)
		})
		if err != nil {
			return nil, err
		}
		return s.results(tensor.F32, s.h, s.c)
	},
})

// columnWeights dequantises weights [D,K,N] and turns them into [D,N,K].
func columnWeights(e *ir.Env, t, scale, zero *tensor.Tensor) (*tensor.Tensor, error) {
	d := t.Dims()
	if len(d) != 3 || scale.Len() != zero.Len() || scale.Len() != d[0] && scale.Len() != d[0]*d[2] {
		return nil, fmt.Errorf("weights of sizes %v with scales of sizes %v and zero points of sizes %v", d, scale.Dims(), zero.Dims())
	}
	v, err := loadAll[float64](e, t, scale, zero)
	if err != nil {
		return nil, err
	}
	out, err := alloc[float64](e, d[0], d[2], d[1])
	if err != nil {
		return nil, err
	}
	each := 1 // of the scales of a direction
	if d[0] > 0 {
		each = scale.Len() / d[0]
	}
	for i, x := range v[0] {
		dir, k, n := i/(d[1]*d[2]), i/d[2]%d[1], i%d[2]
		at := dir*each + n%each
		out[(dir*d[2]+n)*d[1]+k] = (x - v[2][at]) * v[1][at]
	}
	return tensor.FromFloat64s(tensor.F64, out, d[0], d[2], d[1]), nil
}

// asBytes rounds v to what 256 numbers tell apart, among them 0.
func asBytes(v []float64) {
	var lo, hi float32
	for _, x := range v {
		lo, hi = min(lo, float32(x)), max(hi, float32(x))
	}
	scale, zero := byteScale(lo, hi)
	if !(scale > 0) {
		return
	}
	for i, x := range v {
		q := min(max(math.RoundToEven(float64(float32(x)/scale))+zero, 0), 255)
		v[i] = (q - zero) * float64(scale)
	}
}
