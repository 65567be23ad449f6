package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DynamicQuantizeLinear quantises x to u8 by a scale and a zero point such that 0 and all of x lie in range; its results are the
// elements, the scale and the zero point. Every step is rounded to float32, and what is 0 throughout has the scale 0.
var DynamicQuantizeLinear = defineN(DefN[None]{
	Name: "dynamic_quantize_linear", ONNX: "DynamicQuantizeLinear", Sig: "x f32 -> y u8, y_scale f32, y_zero_point u8",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) ([]ir.Known, error) {
		y := in[0].Type.WithDType(tensor.U8)
		return []ir.Known{of(y), of(ir.TensorOf(tensor.F32)), of(ir.TensorOf(tensor.U8))}, nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) ([]tensor.Value, error) {
		x := tens(in, 0)
		y, err := e.New(tensor.U8, x.Dims()...)
		if err != nil {
			return nil, err
		}
		v := tensor.Data[float32](x)
		var lo, hi float32
		for _, t := range v {
			lo, hi = min(lo, t), max(hi, t)
		}
		scale, zero := byteScale(lo, hi)
		if scale > 0 {
			for i, t := range v {
				y.SetFloat64At(i, math.RoundToEven(float64(t/scale))+zero)
			}
		}
		return []tensor.Value{y, tensor.Scalar(scale), tensor.Scalar(uint8(zero))}, nil
	},
	Lower: func(b *ir.Builder, _ None, n *ir.Node) []*ir.Value {
		x, c := n.In[0], scalars(b, n.In[0])
		lo := Min.New(b, None{}, ReduceMin.New(b, ReduceAttrs{}, x), c(0))
		hi := Max.New(b, None{}, ReduceMax.New(b, ReduceAttrs{}, x), c(0))
		scale := Div.New(b, None{}, Sub.New(b, None{}, hi, lo), c(255))
		// Where the scale is 0 so is every quotient, instead of NaN.
		divisor := Where.New(b, None{}, Greater.New(b, None{}, scale, c(0)), scale, c(1))
		zero := Div.New(b, None{}, Sub.New(b, None{}, c(0), lo), divisor)
		z := Cast.New(b, CastAttrs{To: tensor.U8, Saturate: true, RoundMode: "up"}, Round.New(b, None{}, Clip.New(b, None{}, zero, c(0), c(255))))
		return []*ir.Value{QuantizeLinear.New(b, QuantizeAttrs{Axis: 1, Saturate: true}, x, divisor, z), scale, z}
	},
})

// byteScale returns the scale and the zero point by which 256 numbers reach from lo to hi, among them 0.
func byteScale(lo, hi float32) (scale float32, zero float64) {
	if scale = (hi - lo) / 255; scale > 0 {
		zero = math.RoundToEven(float64(min(max(0-lo/scale, 0), 255)))
	}
	return scale, zero
}
