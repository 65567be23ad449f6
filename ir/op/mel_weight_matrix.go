package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MelAttrs holds the element type of the matrix.
type MelAttrs struct {
	OutputDatatype tensor.DType `ir:"output_datatype"`
}

// MelWeightMatrix weighs the dft_length // 2 + 1 places of a spectrum into num_mel_bins bands, triangles that are equally wide on the
// mel scale.
var MelWeightMatrix = define(Def[MelAttrs]{
	Name: "mel_weight_matrix", ONNX: "MelWeightMatrix",
	Sig:   "num_mel_bins N, dft_length N, sample_rate N, lower_edge_hertz H, upper_edge_hertz H -> y T; N i32|i64, H float, T num",
	Props: ir.Pure,
	Attrs: MelAttrs{OutputDatatype: tensor.F32},
	Infer: func(sc *ir.Scope, a MelAttrs, in []ir.Known) (ir.Known, error) {
		if !isNumber(a.OutputDatatype) {
			return ir.Known{}, fmt.Errorf("weights of %v: %w", a.OutputDatatype, ir.ErrUnsupported)
		}
		bands, err := scalarSize(sc, in[0], "num_mel_bins")
		if err != nil {
			return ir.Known{}, err
		}
		length, err := scalarSize(sc, in[1], "dft_length")
		if err != nil {
			return ir.Known{}, err
		}
		for i, name := range []string{"sample_rate", "lower_edge_hertz", "upper_edge_hertz"} {
			if err := checkScalar(in[2+i], name); err != nil {
				return ir.Known{}, err
			}
		}
		places, _ := DFTAttrs{Onesided: true}.spectrum(length)
		return of(ir.TensorOf(a.OutputDatatype, places, bands)), nil
	},
	Eval: evalMel,
})

func evalMel(e *ir.Env, a MelAttrs, in []tensor.Value) (tensor.Value, error) {
	var n [3]int
	for i, name := range []string{"num_mel_bins", "dft_length", "sample_rate"} {
		var err error
		if n[i], err = scalarInt(tens(in, i), name); err != nil {
			return nil, err
		}
	}
	bands, length, rate := n[0], n[1], n[2]
	if tens(in, 3).Len() != 1 || tens(in, 4).Len() != 1 || rate == 0 {
		return nil, fmt.Errorf("edges of sizes %v and %v, sample rate %d", tens(in, 3).Dims(), tens(in, 4).Dims(), rate)
	}
	low, high := mel(tens(in, 3).Float64At(0)), mel(tens(in, 4).Float64At(0))
	places := length/2 + 1
	y, err := alloc[float64](e, places, bands)
	if err != nil {
		return nil, err
	}
	at := make([]int, bands+2)
	step := (high - low) / float64(len(at))
	for i := range at {
		hertz := 700 * math.Expm1((low+float64(i)*step)/2595*math.Ln10)
		k := math.Floor(float64(length+1) * hertz / float64(rate))
		if !(k >= 0 && k < float64(places)) || i > 0 && int(k) < at[i-1] {
			return nil, fmt.Errorf("the edge of band %d, %v Hz, lies outside a spectrum of %d places at %d samples a second", i, hertz, places, rate)
		}
		at[i] = int(k)
	}
	for b := range bands {
		triangle(at[b], at[b+1], at[b+2], func(k int, w float64) { y[k*bands+b] = w })
	}
	return value(store(e, a.OutputDatatype, y, places, bands))
}

// mel is the pitch of a frequency in hertz.
func mel(hertz float64) float64 { return 2595 * math.Log1p(hertz/700) / math.Ln10 }

// triangle sets weights that rise from lo to 1 at mid and fall to hi.
func triangle(lo, mid, hi int, set func(k int, w float64)) {
	set(mid, 1)
	for k := lo; k < mid; k++ {
		set(k, float64(k-lo)/float64(mid-lo))
	}
	for k := mid + 1; k < hi; k++ {
		set(k, float64(hi-k)/float64(hi-mid))
	}
}
