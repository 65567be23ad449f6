package onnx

import "slices"

// introduced lists the operators that opset 7 did not have, not even as experimental ones, by the version that brought them.
var introduced = []struct {
	domain string
	opset  int
	ops    []string
}{
	{"", 8, []string{"Expand", "Scan"}},
	{"", 9, []string{"Acosh", "Asinh", "Atanh", "Compress", "ConstantOfShape", "Cosh", "Erf", "EyeLike", "IsNaN", "MaxUnpool", "NonZero", "OneHot", "Scatter", "Shrink",
		"Sign", "Sinh", "TfIdfVectorizer", "Where"}},
	{"", 10, []string{"ConvInteger", "DequantizeLinear", "IsInf", "MatMulInteger", "Mod", "NonMaxSuppression", "QLinearConv", "QLinearMatMul", "QuantizeLinear", "Resize", "ReverseSequence", "RoiAlign",
		"StringNormalizer"}},
	{"", 11, []string{"BitShift", "ConcatFromSequence", "CumSum", "Det", "DynamicQuantizeLinear", "GatherElements", "GatherND", "Range", "Round", "ScatterElements", "ScatterND", "SequenceAt",
		"SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SplitToSequence", "Unique"}},
	{"", 12, []string{"Celu", "Einsum", "GreaterOrEqual", "LessOrEqual", "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"}},
	{"", 14, []string{"HardSwish", "Trilu"}},
	{"", 15, []string{"Bernoulli", "CastLike", "Optional", "OptionalGetElement", "OptionalHasElement"}},
	{"", 16, []string{"GridSample"}},
	{"", 17, []string{"BlackmanWindow", "DFT", "HammingWindow", "HannWindow", "LayerNormalization", "MelWeightMatrix", "STFT", "SequenceMap"}},
	{"", 18, []string{"BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "CenterCropPad", "Col2Im", "GroupNormalization", "Mish"}},
	{"", 19, []string{"DeformConv"}},
	{"", 20, []string{"AffineGrid", "Gelu", "ImageDecoder", "RegexFullMatch", "StringConcat", "StringSplit"}},
	{"", 23, []string{"Attention", "RMSNormalization", "RotaryEmbedding"}},
	{"", 24, []string{"Swish", "TensorScatter"}},
	{"", 26, []string{"BitCast", "CumProd"}},
	{"", 27, []string{"CausalConvWithState", "LinearAttention"}},
	{"", 28, []string{"SwiGLU"}},
	{"ai.onnx.ml", 5, []string{"TreeEnsemble"}},
}

// oldest is the first opset of ai.onnx all of whose operators are known.
const oldest = 7

// withdrawn holds the last opsets of operators that ONNX has taken back.
var withdrawn = map[string]int{
	"Affine": 9, "ConstantFill": 9, "Crop": 9, "DynamicSlice": 9, "GivenTensorFill": 9, "GiventensorFill": 9,
	"ImageScaler": 9, "ParametricSoftplus": 9, "Scale": 9, "ScaledTanh": 9, "Scatter": 10, "Upsample": 9,
}

// Opsets returns the versions of its domain in which an operator is part of ONNX and known here; the empty domain is ai.onnx. A last of
// 0 is open. Files that use it under another version are accepted: what it means is beyond doubt.
func Opsets(domain, name string) (first, last int) {
	domain = normDomain(domain)
	first = introducedIn(domain, name)
	if domain != "" {
		return first, 0
	}
	if w := withdrawn[name]; w > 0 {
		return first, w
	}
	return max(first, oldest), MaxOpset
}

// introducedIn returns the version that brought an operator, or 1.
func introducedIn(domain, name string) int {
	for _, v := range introduced {
		if v.domain == domain && slices.Contains(v.ops, name) {
			return v.opset
		}
	}
	return 1
}
