package grad_test

import (
	"strconv"
	"strings"
)

func functionCases() []gradCase {
	qkv := "%q: f64[1,2,3,4], %k: f64[1,2,5,4], %v: f64[1,2,5,4]"
	return []gradCase{
		{op: "attention", in: qkv, expr: "attention(%q, %k, %v)", lo: -1, hi: 1, fix: true},
		{op: "attention", in: qkv + ", %m: f64[3,5]", expr: "attention(%q, %k, %v, %m) {softcap=2.0}", lo: -1, hi: 1, fix: true},
		{op: "attention", in: "%q: f64[1,4,3,4], %k: f64[1,2,3,4], %v: f64[1,2,3,4]", expr: "attention(%q, %k, %v) {is_causal=1}", lo: -1, hi: 1, fix: true},
		{op: "attention", in: "%q: f64[2,3,8], %k: f64[2,3,8], %v: f64[2,3,8]", expr: "attention(%q, %k, %v) {q_num_heads=2, kv_num_heads=2}", lo: -1, hi: 1, fix: true},
		{op: "swiglu", in: "%a: f64[2,3], %b: f64[2,3]", expr: "swiglu(%a, %b)"},
		{op: "rotary_embedding", in: "%x: f32[1,2,3,4], %c: f32[3,2], %s: f32[3,2], %p: i64[1,3] = [0,2,1]", expr: "rotary_embedding(%x, %c, %s, %p)", out: "f32[*]", tol: 1e-3, fix: true, known: true},
		{op: "causal_conv_with_state", in: "%x: f32[1,2,4], %w: f32[2,1,3], %b: f32[2], %p: f32[1,2,2]", expr: "causal_conv_with_state(%x, %w, %b, %p)", out: "f32[*], f32[*]", tol: 1e-3, fix: true},
		{op: "sequence_at", in: "%x: f64[2,6]", body: "%n = const [2, 1, 3] : i64[3]\n\t%i = const [2] : i64[]\n\t%s = split_to_sequence(%x, %n) {axis=1} : seq(f64[*])\n\t%y = sequence_at(%s, %i) : f64[*]\n\treturn %y"},
		{op: "sequence_at", in: "%x: f64[3,2]", body: "%i = const [1] : i64[]\n\t%s = split_to_sequence(%x) {keepdims=0} : seq(f64[*])\n\t%y = sequence_at(%s, %i) : f64[*]\n\treturn %y", fix: true},
		{op: "sequence_at", in: "%x: f64[3,2], %y: f64[3,2]", body: "%i = const [1] : i64[]\n\t%s = sequence_construct(%x, %y) : seq(f64[*])\n\t%z = sequence_at(%s, %i) : f64[*]\n\treturn %z"},
		{op: "dynamic_quantize_linear", in: "%x: f32[4]", body: "%y, %s, %z = dynamic_quantize_linear(%x) : u8[4], f32[], u8[]\n\treturn %s", tol: 1e-3, fix: true},
	}
}

func controlCases() []gradCase {
	branches := " { body(%a: f64[2,3], %b: f64[3]) { %m = mul(%a, %b) : f64[2,3]\n\treturn %m, %b } body(%a: f64[2,3], %b: f64[3]) { %e = exp(%a) : f64[2,3]\n\t%s = mul(%b, %b) : f64[3]\n\treturn %e, %s } } : f64[2,3], f64[3]\n\treturn %y, %z"
	scan := func(attrs string) string {
		return "%h, %y = scan(%s, %x, %w) {num_scan_inputs=1, states=1" + attrs + "} { body(%h: f64[2], %x: f64[2], %w: f64[2,2]) { %m = matmul(%w, %h) : f64[2]\n\t%a = add(%m, %x) : f64[2]\n\t%t = tanh(%a) : f64[2]\n\t%o = mul(%t, %x) : f64[2]\n\treturn %t, %o } } : f64[*], f64[*]\n\treturn %h, %y"
	}
	loop := "%h, %y = loop(%n, %go, %s, %w) {carried=1} { body(%i: i64[], %c: bool[], %h: f64[2], %w: f64[2]) { %m = mul(%h, %w) : f64[2]\n\t%f = cast(%i) {to=f64} : f64[]\n\t%a = add(%m, %f) : f64[2]\n\t%q = mul(%h, %h) : f64[2]\n\t%l = const [3] : i64[]\n\t%on = less(%i, %l) : bool[]\n\treturn %on, %a, %q } } : f64[*], f64[*]\n\treturn %h, %y"
	return []gradCase{
		{op: "if", in: "%c: bool[] = [1], %x: f64[2,3], %w: f64[3]", body: "%y, %z = if(%c, %x, %w)" + branches, fix: true},
		{op: "if", in: "%c: bool[] = [0], %x: f64[2,3], %w: f64[3]", body: "%y, %z = if(%c, %x, %w)" + branches, fix: true},
		{op: "scan", in: "%s: f64[2], %x: f64[3,2], %w: f64[2,2]", body: scan(""), fix: true},
		{op: "scan", in: "%s: f64[2], %x: f64[0,2], %w: f64[2,2]", body: scan(""), fix: true},
		{op: "scan", in: "%s: f64[2], %x: f64[2,3], %w: f64[2,2]", body: scan(", scan_input_axes=[-1], scan_input_directions=[1], scan_output_axes=[1], scan_output_directions=[1]"), fix: true},
		{op: "scan", in: "%s: f64[2], %x: f64[3,2], %w: f64[2,2]", body: scan(", scan_input_axes=[0], scan_input_directions=[1], scan_output_axes=[0], scan_output_directions=[0]"), fix: true},
		{op: "loop", in: "%n: i64[] = [3], %go: bool[] = [1], %s: f64[2], %w: f64[2]", body: loop, fix: true, lo: -1, hi: 1},
		{op: "loop", in: "%n: i64[] = [9], %go: bool[] = [1], %s: f64[2], %w: f64[2]", body: loop, fix: true, lo: -1, hi: 1},
		{op: "loop", in: "%n: i64[] = [0], %go: bool[] = [1], %s: f64[2], %w: f64[2]", body: loop, fix: true},
	}
}

func recurrentCases() []gradCase {
	rnn := "%x: f64[3,2,2], %w: f64[D,GH,2], %r: f64[D,GH,H], %b: f64[D,2GH]"
	sized := func(dirs, gates int) string {
		n := strconv.Itoa
		return strings.NewReplacer("2GH", n(4*gates), "GH", n(2*gates), "D", n(dirs), "H", "2").Replace(rnn)
	}
	y, yc := "f64[*], f64[*]", "f64[*], f64[*], f64[*]"
	return []gradCase{
		{op: "rnn", in: sized(1, 1), expr: "rnn(%x, %w, %r, %b)", out: y},
		{op: "rnn", in: sized(2, 1) + ", %l: i32[2] = [3,1], %h: f64[2,2,2]", expr: `rnn(%x, %w, %r, %b, %l, %h) {direction="bidirectional", clip=0.9, activations=["Affine", "ScaledTanh"], activation_alpha=[0.5, 0.8], activation_beta=[0.1, 1.2]}`, out: y, lo: -0.5, hi: 0.5},
		{op: "gru", in: sized(1, 3), expr: "gru(%x, %w, %r, %b)", out: y, lo: -1, hi: 1},
		{op: "gru", in: sized(1, 3) + ", %l: i32[2] = [3,2], %h: f64[1,2,2]", expr: `gru(%x, %w, %r, %b, %l, %h) {direction="reverse", linear_before_reset=1}`, out: y, lo: -1, hi: 1},
		{op: "gru", in: strings.Replace(sized(1, 3), "%x: f64[3,2,2]", "%x: f64[2,4,2]", 1), expr: `gru(%x, %w, %r, %b) {layout=1}`, out: y, lo: -1, hi: 1},
		{op: "lstm", in: sized(1, 4), expr: "lstm(%x, %w, %r, %b)", out: yc, lo: -1, hi: 1},
		{op: "lstm", in: sized(2, 4) + ", %l: i32[2] = [3,1], %h: f64[2,2,2], %c: f64[2,2,2], %p: f64[2,6]", expr: `lstm(%x, %w, %r, %b, %l, %h, %c, %p) {direction="bidirectional"}`, out: yc, lo: -1, hi: 1},
		{op: "lstm", in: "%x: f64[3,2,2], %w: f64[1,8,2], %r: f64[1,8,2]", expr: `lstm(%x, %w, %r) {input_forget=1, activations=["HardSigmoid", "Softsign", "Elu"]}`, out: yc, lo: -1, hi: 1},
		{op: "lstm", in: "%x: f64[2,0,2], %w: f64[1,8,2], %r: f64[1,8,2]", expr: "lstm(%x, %w, %r)", out: yc},
	}
}

func resampleCases() []gradCase {
	out := []gradCase{
		{op: "affine_grid", in: "%t: f64[2,2,3], %s: i64[4] = [2,1,3,4]", expr: "affine_grid(%t, %s)", fix: true},
		{op: "affine_grid", in: "%t: f64[1,3,4], %s: i64[5] = [1,1,2,3,2]", expr: "affine_grid(%t, %s) {align_corners=1}", fix: true},
		{op: "resize", in: "%x: f64[1,1,4,5], %z: i64[2] = [7,3]", expr: `resize(%x, _, _, %z) {mode="linear", axes=[2,3], antialias=1}`},
		{op: "resize", in: "%x: f64[2,3], %r: f64[4] = [0.1,-0.2,0.9,1.1], %z: i64[2] = [4,5]", expr: `resize(%x, %r, _, %z) {mode="linear", coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=3.0}`},
	}
	for _, attrs := range []string{"", "{align_corners=1}", `{padding_mode="border"}`} {
		out = append(out, gradCase{op: "grid_sample", in: "%x: f64[2,2,3,4], %g: f64[2,2,3,2]", expr: "grid_sample(%x, %g) " + attrs, lo: -1.3, hi: 1.3})
	}
	out = append(out, gradCase{op: "grid_sample", in: "%x: f64[1,2,3], %g: f64[1,4,1]", expr: "grid_sample(%x, %g)", lo: -1, hi: 1},
		gradCase{op: "grid_sample", in: "%x: f64[1,1,3,4], %g: f64[1,2,2,2]", expr: `grid_sample(%x, %g) {mode="nearest"}`, lo: -1.3, hi: 1.3})
	for _, mode := range []string{"nearest", "linear", "cubic"} {
		for _, coords := range []string{"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"} {
			attrs := ` {mode="` + mode + `", coordinate_transformation_mode="` + coords + `"}`
			out = append(out, gradCase{op: "resize", in: "%x: f64[1,2,4,3], %s: f32[4] = [1,1,2,1.5]", expr: "resize(%x, _, %s)" + attrs},
				gradCase{op: "resize", in: "%x: f64[1,4,5], %z: i64[3] = [1,7,3]", expr: "resize(%x, _, _, %z)" + attrs})
		}
	}
	return out
}
