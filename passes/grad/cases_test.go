package grad_test

import "strings"

// cases lists nodes of every op that has a gradient.
func cases() []gradCase {
	var out []gradCase
	for _, list := range [][]gradCase{pointwiseCases(), arithmeticCases(), shapeCases(), indexCases(), matrixCases(), reduceCases(), windowCases(), normCases(), functionCases(), controlCases(), recurrentCases(), resampleCases()} {
		out = append(out, list...)
	}
	return out
}

func pointwiseCases() []gradCase {
	var out []gradCase
	each := func(ops string, lo, hi float64) {
		for _, o := range strings.Fields(ops) {
			name, _, _ := strings.Cut(o, "{")
			expr := name + "(%x)" + strings.TrimPrefix(o, name)
			out = append(out, gradCase{op: name, in: "%x: f64[2,3]", expr: expr, lo: lo, hi: hi})
			out = append(out, gradCase{op: name, in: "%x: f64[]", expr: expr, lo: lo, hi: hi})
		}
		out = append(out, gradCase{op: out[len(out)-1].op, in: "%x: f64[0,2]", expr: out[len(out)-1].expr})
	}
	each("abs neg exp erf sin cos sinh cosh tanh asinh atan sigmoid softplus softsign gelu gelu{approximate=\"tanh\"} swish swish{alpha=0.7} identity floor ceil round sign", -2, 2)
	each("elu elu{alpha=0.7} celu celu{alpha=1.7} selu relu leaky_relu leaky_relu{alpha=0.3} thresholded_relu thresholded_relu{alpha=0.3} mish hard_swish hard_sigmoid shrink shrink{bias=0.1,lambd=0.2}", -2, 2)
	each("asin acos atanh tan", -0.9, 0.9)
	each("log sqrt reciprocal", 0.3, 2)
	each("acosh", 1.2, 3)
	return append(out,
		gradCase{op: "random_normal_like", in: "%x: f64[3]", expr: "random_normal_like(%x)"},
		gradCase{op: "random_uniform_like", in: "%x: f64[3]", expr: "random_uniform_like(%x)"},
		gradCase{op: "bernoulli", in: "%x: f64[3]", expr: "bernoulli(%x)", lo: 0.2, hi: 0.8},
		gradCase{op: "eye_like", in: "%x: f64[3,3]", expr: "eye_like(%x)"},
		gradCase{op: "prelu", in: "%x: f64[2,3], %s: f64[3]", expr: "prelu(%x, %s)"},
		gradCase{op: "clip", in: "%x: f64[9], %l: f64[] = [-0.7], %h: f64[] = [0.9]", expr: "clip(%x, %l, %h)"},
		gradCase{op: "clip", in: "%x: f64[2,9], %l: f64[], %h: f64[]", expr: "clip(%x, %l, %h)"},
		gradCase{op: "clip", in: "%x: f64[9], %h: f64[]", expr: "clip(%x, _, %h)"},
		gradCase{op: "cast", in: "%x: f64[3]", expr: "cast(%x) {to=f32}", out: "f32[*]", tol: 1e-3},
		gradCase{op: "cast_like", in: "%x: f64[3], %y: f32[1] = [1]", expr: "cast_like(%x, %y)", out: "f32[*]", tol: 1e-3},
		gradCase{op: "dropout", in: "%x: f64[3,9], %r: f64[] = [0.3], %t: bool[] = [1]", expr: "dropout(%x, %r, %t) {seed=5}"},
		gradCase{op: "dropout", in: "%x: f64[3,9], %r: f64[] = [0.3], %t: bool[] = [1]", expr: "dropout(%x, %r, %t)", out: "f64[*], bool[*]"},
		gradCase{op: "dropout", in: "%x: f64[3,9], %t: bool[] = [1]", expr: "dropout(%x, _, %t)"},
		gradCase{op: "dropout", in: "%x: f64[3,9]", expr: "dropout(%x)"},
	)
}

func arithmeticCases() []gradCase {
	var out []gradCase
	for _, o := range []string{"add", "sub", "mul", "div", "mod{fmod=1}", "pow", "min", "max", "sum", "mean"} {
		name, _, _ := strings.Cut(o, "{")
		expr := name + "(%x, %y)" + strings.TrimPrefix(o, name)
		lo, hi := -2.0, 2.0
		if name == "div" || name == "mod" || name == "pow" {
			lo, hi = 0.4, 2
		}
		for _, in := range []string{"%x: f64[2,3], %y: f64[2,3]", "%x: f64[2,3], %y: f64[3]", "%x: f64[], %y: f64[2,3]", "%x: f64[2,1], %y: f64[4,1,3]", "%x: f64[0,3], %y: f64[1,3]"} {
			out = append(out, gradCase{op: name, in: in, expr: expr, lo: lo, hi: hi})
		}
		out = append(out, gradCase{op: name, in: "%x: f64[3]", expr: name + "(%x, %x)" + strings.TrimPrefix(o, name), lo: lo, hi: hi})
	}
	return append(out,
		gradCase{op: "max", in: "%x: f64[2,3], %y: f64[3], %z: f64[2,1]", expr: "max(%x, %y, %z)"},
		gradCase{op: "min", in: "%x: f64[2,3], %y: f64[3], %z: f64[2,1]", expr: "min(%x, %y, %z)"},
		gradCase{op: "sum", in: "%x: f64[2,3], %y: f64[3], %z: f64[2,1]", expr: "sum(%x, %y, %z)"},
		gradCase{op: "mean", in: "%x: f64[2,3], %y: f64[3], %z: f64[2,1]", expr: "mean(%x, %y, %z)"},
		gradCase{op: "pow", in: "%x: f64[4], %y: f64[4] = [0, 1, 2, 3]", expr: "pow(%x, %y)"},
		gradCase{op: "pow", in: "%x: f64[4], %y: i64[4] = [0, 1, 2, 3]", expr: "pow(%x, %y)"},
		gradCase{op: "pow", in: "%x: f64[], %y: f32[] = [2]", expr: "pow(%x, %y)"},
		gradCase{op: "where", in: "%c: bool[2,3] = [1,0,0,1,1,0], %x: f64[3], %y: f64[2,1]", expr: "where(%c, %x, %y)"},
	)
}

func shapeCases() []gradCase {
	return []gradCase{
		{op: "reshape", in: "%x: f64[2,6], %s: i64[2] = [3,-1]", expr: "reshape(%x, %s)"},
		{op: "reshape", in: "%x: f64[0,6], %s: i64[2] = [3,0]", expr: "reshape(%x, %s) {allowzero=1}"},
		{op: "flatten", in: "%x: f64[2,3,2]", expr: "flatten(%x) {axis=2}"},
		{op: "squeeze", in: "%x: f64[2,1,2], %a: i64[1] = [1]", expr: "squeeze(%x, %a)"},
		{op: "squeeze", in: "%x: f64[2,1,2,1]", expr: "squeeze(%x)", fix: true},
		{op: "unsqueeze", in: "%x: f64[2,2], %a: i64[2] = [0,-1]", expr: "unsqueeze(%x, %a)"},
		{op: "transpose", in: "%x: f64[2,3,4]", expr: "transpose(%x) {perm=[1,2,0]}"},
		{op: "transpose", in: "%x: f64[2,3,4]", expr: "transpose(%x)"},
		{op: "expand", in: "%x: f64[3,1], %s: i64[3] = [2,1,4]", expr: "expand(%x, %s)"},
		{op: "expand", in: "%x: f64[], %s: i64[1] = [0]", expr: "expand(%x, %s)"},
		{op: "tile", in: "%x: f64[2,3], %r: i64[2] = [2,3]", expr: "tile(%x, %r)"},
		{op: "tile", in: "%x: f64[2,3], %r: i64[2] = [0,1]", expr: "tile(%x, %r)"},
		{op: "concat", in: "%x: f64[2,3], %y: f64[2,1], %z: f64[2,0]", expr: "concat(%x, %y, %z) {axis=-1}"},
		{op: "split", in: "%x: f64[5,2]", expr: "split(%x) {axis=0}", out: "f64[*], f64[*]"},
		{op: "split", in: "%x: f64[2,5], %s: i64[3] = [1,0,4]", expr: "split(%x, %s) {axis=1}", out: "f64[*], f64[*], f64[*]"},
		{op: "split", in: "%x: f64[6], %s: i64[2] = [2,4]", body: "%a, %b = split(%x, %s) : f64[2], f64[4]\n\treturn %b"},
		{op: "slice", in: "%x: f64[5,6], %s: i64[2] = [1,-4], %e: i64[2] = [4,-1]", expr: "slice(%x, %s, %e)"},
		{op: "slice", in: "%x: f64[5,6], %s: i64[1] = [-2], %e: i64[1] = [-9223372036854775807], %a: i64[1] = [1], %t: i64[1] = [-2]", expr: "slice(%x, %s, %e, %a, %t)"},
		{op: "slice", in: "%x: f64[5,6], %s: i64[1] = [9], %e: i64[1] = [20], %a: i64[1] = [1]", expr: "slice(%x, %s, %e, %a)"},
		{op: "pad", in: "%x: f64[2,3], %p: i64[4] = [1,-1,0,2], %v: f64[]", expr: "pad(%x, %p, %v)"},
		{op: "pad", in: "%x: f64[2,3], %p: i64[2] = [2,1], %a: i64[1] = [1]", expr: "pad(%x, %p, _, %a)"},
		{op: "pad", in: "%x: f64[3,3], %p: i64[4] = [2,1,0,2]", expr: `pad(%x, %p) {mode="reflect"}`},
		{op: "pad", in: "%x: f64[2,3], %p: i64[4] = [2,1,0,2]", expr: `pad(%x, %p) {mode="edge"}`},
		{op: "pad", in: "%x: f64[2,3], %p: i64[4] = [2,1,0,2]", expr: `pad(%x, %p) {mode="wrap"}`},
		{op: "center_crop_pad", in: "%x: f64[5,2], %s: i64[2] = [3,5]", expr: "center_crop_pad(%x, %s)"},
		{op: "reverse_sequence", in: "%x: f64[4,3,2], %l: i64[3] = [1,4,2]", expr: "reverse_sequence(%x, %l)"},
		{op: "compress", in: "%x: f64[3,4], %c: bool[3] = [1,0,1]", expr: "compress(%x, %c) {axis=1}"},
		{op: "compress", in: "%x: f64[3,4], %c: bool[3] = [1,0,1]", expr: "compress(%x, %c)"},
		{op: "trilu", in: "%x: f64[2,3,4], %k: i64[] = [1]", expr: "trilu(%x, %k) {upper=0}"},
		{op: "trilu", in: "%x: f64[3,4]", expr: "trilu(%x)"},
		{op: "cum_sum", in: "%x: f64[2,4], %a: i64[] = [1]", expr: "cum_sum(%x, %a)"},
		{op: "cum_sum", in: "%x: f64[2,4], %a: i64[] = [0]", expr: "cum_sum(%x, %a) {exclusive=1, reverse=1}"},
		{op: "depth_to_space", in: "%x: f64[1,8,2,2]", expr: "depth_to_space(%x) {blocksize=2}"},
		{op: "depth_to_space", in: "%x: f64[1,8,2,2]", expr: `depth_to_space(%x) {blocksize=2, mode="CRD"}`},
		{op: "space_to_depth", in: "%x: f64[1,2,4,4]", expr: "space_to_depth(%x) {blocksize=2}"},
	}
}

func indexCases() []gradCase {
	out := []gradCase{
		{op: "gather", in: "%x: f64[4,3], %i: i64[2,2] = [0,2,-1,0]", expr: "gather(%x, %i)"},
		{op: "gather", in: "%x: f64[2,4,3], %i: i32[2,2] = [0,2,-1,0]", expr: "gather(%x, %i) {axis=1}"},
		{op: "gather", in: "%x: f64[2,4], %i: i64[] = [3]", expr: "gather(%x, %i) {axis=-1}"},
		{op: "gather_elements", in: "%x: f64[3,3], %i: i64[2,3] = [0,2,-1,0,0,1]", expr: "gather_elements(%x, %i)"},
		{op: "gather_nd", in: "%x: f64[2,3,2], %i: i64[3,2] = [0,1,1,-1,0,1]", expr: "gather_nd(%x, %i)"},
		{op: "gather_nd", in: "%x: f64[2,3,2], %i: i64[2,2,1] = [0,1,2,2]", expr: "gather_nd(%x, %i) {batch_dims=1}"},
		{op: "gather_nd", in: "%x: f64[2,3,2], %i: i64[2,3,1] = [0,1,1,0,1,1]", expr: "gather_nd(%x, %i) {batch_dims=2}"},
		{op: "top_k", in: "%x: f64[3,4], %k: i64[1] = [2]", expr: "top_k(%x, %k) {axis=0, largest=0}", out: "f64[*], i64[*]"},
		{op: "one_hot", in: "%i: i64[3] = [0,2,-1], %d: i64[] = [4], %v: f64[2]", expr: "one_hot(%i, %d, %v) {axis=0}"},
		{op: "hardmax", in: "%x: f64[3,4]", expr: "hardmax(%x)"},
		{op: "scatter", in: "%x: f64[3,3], %i: i64[2,3] = [0,2,1,2,0,-1], %u: f64[2,3]", expr: "scatter(%x, %i, %u)"},
	}
	for _, r := range []string{"none", "add", "mul", "max", "min"} {
		at, nd := "0,2,-1,0,1,0", "0,0,-1"
		if r == "none" {
			at, nd = "0,2,-1,2,1,0", "0,2,-2"
		}
		out = append(out,
			gradCase{op: "scatter_elements", in: "%x: f64[3,3], %i: i64[2,3] = [" + at + "], %u: f64[2,3]", expr: `scatter_elements(%x, %i, %u) {reduction="` + r + `"}`, lo: 0.4, hi: 2},
			gradCase{op: "scatter_nd", in: "%x: f64[3,3], %i: i64[3,1] = [" + nd + "], %u: f64[3,3]", expr: `scatter_nd(%x, %i, %u) {reduction="` + r + `"}`, lo: 0.4, hi: 2})
	}
	return out
}

func matrixCases() []gradCase {
	out := []gradCase{
		{op: "gemm", in: "%a: f64[2,3], %b: f64[3,4]", expr: "gemm(%a, %b) {alpha=0.5}"},
		{op: "gemm", in: "%a: f64[2,3], %b: f64[4,3], %c: f64[2,1]", expr: "gemm(%a, %b, %c) {alpha=0.5, beta=2.0, transB=1}"},
		{op: "gemm", in: "%a: f64[3,2], %b: f64[4,3], %c: f64[]", expr: "gemm(%a, %b, %c) {transA=1, transB=1}"},
		{op: "gemm", in: "%a: f64[3,2], %b: f64[3,4], %c: f64[4]", expr: "gemm(%a, %b, %c) {transA=1}"},
	}
	for _, in := range []string{"%a: f64[2,3], %b: f64[3,4]", "%a: f64[3], %b: f64[3]", "%a: f64[3], %b: f64[3,4]", "%a: f64[2,3], %b: f64[3]", "%a: f64[2,2,3], %b: f64[3,2]",
		"%a: f64[2,2,3], %b: f64[3]", "%a: f64[2,1,2,3], %b: f64[3,3,2]", "%a: f64[3], %b: f64[2,3,2]", "%a: f64[2,0], %b: f64[0,3]", "%a: f64[0,2,3], %b: f64[3,2]"} {
		out = append(out, gradCase{op: "matmul", in: in, expr: "matmul(%a, %b)"})
	}
	for _, e := range []struct{ eq, in string }{
		{"ij,jk->ik", "%a: f64[2,3], %b: f64[3,4]"},
		{"bhid,bhjd->bhij", "%a: f64[2,1,2,3], %b: f64[2,1,3,3]"},
		{"ij->j", "%a: f64[2,3]"},
		{"ii->i", "%a: f64[3,3]"},
		{"ii", "%a: f64[3,3]"},
		{"iij,jk->k", "%a: f64[2,2,3], %b: f64[3,2]"},
		{"...ij,...jk->...ik", "%a: f64[2,2,3], %b: f64[3,2]"},
		{"i,j,k->ki", "%a: f64[2], %b: f64[3], %c: f64[2]"},
		{",i->i", "%a: f64[], %b: f64[3]"},
	} {
		expr := "einsum(%a, %b)"
		switch strings.Count(e.in, "%") {
		case 1:
			expr = "einsum(%a)"
		case 3:
			expr = "einsum(%a, %b, %c)"
		}
		out = append(out, gradCase{op: "einsum", in: e.in, expr: expr + ` {equation="` + e.eq + `"}`})
	}
	return append(out, gradCase{op: "einsum", in: "%a: f64[1,3], %b: f64[2,3]", expr: `einsum(%a, %b) {equation="ij,ij->i"}`})
}

func reduceCases() []gradCase {
	var out []gradCase
	for _, o := range []string{"reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_l1", "reduce_l2", "reduce_log_sum", "reduce_log_sum_exp", "reduce_sum_square"} {
		lo, hi := -2.0, 2.0
		if o == "reduce_log_sum" {
			lo, hi = 0.3, 2
		}
		for _, c := range [][2]string{
			{"%x: f64[2,3,4], %a: i64[2] = [0,-1]", "(%x, %a)"},
			{"%x: f64[2,3,4], %a: i64[2] = [0,-1]", "(%x, %a) {keepdims=0}"},
			{"%x: f64[2,3]", "(%x) {keepdims=0}"},
			{"%x: f64[2,3]", "(%x)"},
			{"%x: f64[]", "(%x)"},
			{"%x: f64[2,3]", "(%x) {noop_with_empty_axes=1}"},
			{"%x: f64[2,3], %a: i64[1] = [1]", "(%x, %a) {keepdims=0}"},
		} {
			fix := o == "reduce_prod" && strings.Contains(c[0], "%a") // in one mode the axes are not known
			out = append(out, gradCase{op: o, in: c[0], expr: o + c[1], lo: lo, hi: hi, fix: fix, known: fix})
		}
		if o != "reduce_max" && o != "reduce_min" && o != "reduce_log_sum" && o != "reduce_log_sum_exp" {
			out = append(out, gradCase{op: o, in: "%x: f64[2,0,3], %a: i64[1] = [1]", expr: o + "(%x, %a)", known: o == "reduce_prod"})
		}
	}
	for _, e := range []string{"softmax(%x)", "softmax(%x) {axis=0}", "log_softmax(%x) {axis=1}", "cum_prod(%x, %k)", "cum_prod(%x, %k) {exclusive=1, reverse=1}", "cum_prod(%x, %k) {exclusive=1}"} {
		name, _, _ := strings.Cut(e, "(")
		in := "%x: f64[2,3,2]"
		if name == "cum_prod" {
			in += ", %k: i64[] = [1]"
		}
		out = append(out, gradCase{op: name, in: in, expr: e, known: true})
	}
	return append(out, gradCase{op: "cum_prod", in: "%x: f64[4] = [1,0,3,2], %k: i64[] = [0]", expr: "cum_prod(%x, %k)", by: "x"})
}

func windowCases() []gradCase {
	out := []gradCase{
		{op: "conv", in: "%x: f64[2,3,7], %w: f64[4,3,3], %b: f64[4]", expr: "conv(%x, %w, %b) {strides=[2], pads=[1,0]}"},
		{op: "conv", in: "%x: f64[2,3,6,5], %w: f64[4,3,3,2], %b: f64[4]", expr: "conv(%x, %w, %b) {strides=[2,1], pads=[1,0,2,1]}"},
		{op: "conv", in: "%x: f64[2,4,6,5], %w: f64[6,2,2,2]", expr: "conv(%x, %w) {group=2, dilations=[2,1]}"},
		{op: "conv", in: "%x: f64[1,4,5,5], %w: f64[4,1,3,3]", expr: "conv(%x, %w) {group=4, pads=[1,1,1,1]}"},
		{op: "conv", in: "%x: f64[1,2,3,4,3], %w: f64[2,2,2,2,2]", expr: "conv(%x, %w) {strides=[1,2,1]}"},
		{op: "conv", in: "%x: f64[1,1,5,6], %w: f64[2,1,2,3]", expr: `conv(%x, %w) {auto_pad="SAME_UPPER", strides=[2,2]}`},
		{op: "conv", in: "%x: f64[1,1,5,6], %w: f64[2,1,2,2]", expr: `conv(%x, %w) {auto_pad="SAME_LOWER"}`},
		{op: "conv", in: "%x: f64[1,1,6], %w: f64[2,1,1]", expr: `conv(%x, %w) {auto_pad="SAME_LOWER", strides=[4]}`},
		{op: "conv", in: "%x: f64[1,1,9], %w: f64[1,1,2]", expr: "conv(%x, %w) {strides=[4]}"},
		{op: "conv", in: "%x: f64[0,3,7], %w: f64[4,3,3], %b: f64[4]", expr: "conv(%x, %w, %b)"},
		{op: "conv_transpose", in: "%x: f64[2,3,4], %w: f64[3,2,3], %b: f64[2]", expr: "conv_transpose(%x, %w, %b) {strides=[2], pads=[1,0]}"},
		{op: "conv_transpose", in: "%x: f64[1,4,3,2], %w: f64[4,2,2,3], %b: f64[4]", expr: "conv_transpose(%x, %w, %b) {group=2, strides=[2,3], output_padding=[1,2], dilations=[1,2]}"},
		{op: "conv_transpose", in: "%x: f64[1,2,3,3], %w: f64[2,1,3,3]", expr: "conv_transpose(%x, %w) {strides=[2,2], output_shape=[6,7]}"},
		{op: "conv_transpose", in: "%x: f64[1,2,3,3], %w: f64[2,1,3,2]", expr: `conv_transpose(%x, %w) {strides=[2,1], auto_pad="SAME_UPPER"}`},
		{op: "max_unpool", in: "%x: f64[1,1,2,2], %i: i64[1,1,2,2] = [5,7,13,15]", expr: "max_unpool(%x, %i) {kernel_shape=[2,2], strides=[2,2]}"},
		{op: "max_unpool", in: "%x: f64[1,1,2,2], %i: i64[1,1,2,2] = [5,7,13,15], %s: i64[4] = [1,1,5,5]", expr: "max_unpool(%x, %i, %s) {kernel_shape=[2,2], strides=[2,2]}"},
		{op: "max_pool", in: "%x: f64[1,2,4,4]", expr: "max_pool(%x) {kernel_shape=[2,2], storage_order=1}", out: "f64[*], i64[*]"},
		{op: "average_pool", in: "%x: f64[1,2,5]", expr: "average_pool(%x) {kernel_shape=[3], pads=[1,1], count_include_pad=1}"},
		{op: "average_pool", in: "%x: f64[1,2,5,6]", expr: "average_pool(%x) {kernel_shape=[2,3], pads=[1,1,0,2], strides=[2,2], ceil_mode=1, count_include_pad=1}"},
	}
	for _, p := range []string{"max_pool", "average_pool", "lp_pool", "lp_pool{p=3"} {
		name, extra, _ := strings.Cut(p, "{")
		if extra != "" {
			extra = ", " + extra
		}
		for _, c := range [][2]string{
			{"%x: f64[2,2,6]", "kernel_shape=[3], strides=[2]"},
			{"%x: f64[1,2,5,6]", "kernel_shape=[2,3], pads=[1,1,0,2], strides=[2,2], ceil_mode=1"},
			{"%x: f64[1,1,7,6]", "kernel_shape=[2,2], dilations=[2,1], strides=[3,2]"},
			{"%x: f64[1,2,5,4]", `kernel_shape=[3,2], auto_pad="SAME_UPPER", strides=[2,1]`},
			{"%x: f64[1,2,5,4]", `kernel_shape=[3,2], auto_pad="SAME_LOWER"`},
			{"%x: f64[1,1,3,3,4]", "kernel_shape=[2,2,2]"},
			{"%x: f64[0,2,6]", "kernel_shape=[3]"},
		} {
			out = append(out, gradCase{op: name, in: c[0], expr: name + "(%x) {" + c[1] + extra + "}", lo: 0.2, hi: 2})
		}
	}
	for _, p := range []string{"global_average_pool(%x)", "global_max_pool(%x)", "global_lp_pool(%x)", "global_lp_pool(%x) {p=3}"} {
		name, _, _ := strings.Cut(p, "(")
		out = append(out, gradCase{op: name, in: "%x: f64[2,3,2,2]", expr: p}, gradCase{op: name, in: "%x: f64[2,3,4]", expr: p})
	}
	return out
}

func normCases() []gradCase {
	bn := "%x: f64[3,2,2], %s: f64[2], %b: f64[2], %m: f64[2], %v: f64[2]"
	out := []gradCase{
		{op: "batch_normalization", in: bn, expr: "batch_normalization(%x, %s, %b, %m, %v)", lo: 0.5, hi: 2},
		{op: "batch_normalization", in: bn, expr: "batch_normalization(%x, %s, %b, %m, %v) {training_mode=1, epsilon=0.01}", lo: 0.5, hi: 2, out: "f64[*], f64[*], f64[*]"},
		{op: "batch_normalization", in: "%x: f64[4,3], %s: f64[3], %b: f64[3], %m: f64[3], %v: f64[3]", expr: "batch_normalization(%x, %s, %b, %m, %v) {training_mode=1, epsilon=0.01}", lo: 0.5, hi: 2},
		{op: "layer_normalization", in: "%x: f64[2,3,4], %s: f64[4], %b: f64[4]", expr: "layer_normalization(%x, %s, %b) {epsilon=0.01}"},
		{op: "layer_normalization", in: "%x: f64[2,3,4], %s: f64[3,4]", expr: "layer_normalization(%x, %s) {axis=1, epsilon=0.01}"},
		{op: "rms_normalization", in: "%x: f64[2,3,4], %s: f64[4]", expr: "rms_normalization(%x, %s) {epsilon=0.01}"},
		{op: "instance_normalization", in: "%x: f64[2,2,4], %s: f64[2], %b: f64[2]", expr: "instance_normalization(%x, %s, %b) {epsilon=0.01}"},
		{op: "group_normalization", in: "%x: f64[2,4,3], %s: f64[4], %b: f64[4]", expr: "group_normalization(%x, %s, %b) {num_groups=2, epsilon=0.01}"},
		{op: "lp_normalization", in: "%x: f64[2,3,4]", expr: "lp_normalization(%x) {axis=1}"},
		{op: "lp_normalization", in: "%x: f64[2,3,4]", expr: "lp_normalization(%x) {p=1}"},
		{op: "instance_normalization", in: "%x: f64[2,2,2,2], %s: f64[2], %b: f64[2]", expr: "instance_normalization(%x, %s, %b) {epsilon=0.01}"},
		{op: "instance_normalization", in: "%x: f64[0,2,4], %s: f64[2], %b: f64[2]", expr: "instance_normalization(%x, %s, %b)"},
		{op: "group_normalization", in: "%x: f64[0,4,3], %s: f64[4], %b: f64[4]", expr: "group_normalization(%x, %s, %b) {num_groups=2}"},
		{op: "batch_normalization", in: "%x: f64[0,2], %s: f64[2], %b: f64[2], %m: f64[2], %v: f64[2]", expr: "batch_normalization(%x, %s, %b, %m, %v)", lo: 0.5, hi: 2},
		{op: "softmax", in: "%x: f64[0,2]", expr: "softmax(%x)"},
		{op: "lrn", in: "%x: f64[1,5,2,2]", expr: "lrn(%x) {size=3, alpha=0.3}"},
		{op: "mean_variance_normalization", in: "%x: f64[2,3,2,2]", expr: "mean_variance_normalization(%x)", tol: 1e-4},
	}
	for _, r := range []string{"none", "sum", "mean"} {
		a := `{reduction="` + r + `"`
		out = append(out,
			gradCase{op: "negative_log_likelihood_loss", in: "%x: f64[3,4], %t: i64[3] = [0,3,1]", expr: "negative_log_likelihood_loss(%x, %t) " + a + "}"},
			gradCase{op: "negative_log_likelihood_loss", in: "%x: f64[2,4,2], %t: i32[2,2] = [0,3,1,-1], %w: f64[4]", expr: "negative_log_likelihood_loss(%x, %t, %w) " + a + ", ignore_index=-1}", lo: 0.3, hi: 2},
			gradCase{op: "softmax_cross_entropy_loss", in: "%x: f64[3,4], %t: i64[3] = [0,3,1]", expr: "softmax_cross_entropy_loss(%x, %t) " + a + "}", out: "f64[*], f64[*]"},
			gradCase{op: "softmax_cross_entropy_loss", in: "%x: f64[2,4,2], %t: i64[2,2] = [0,3,1,2], %w: f64[4]", expr: "softmax_cross_entropy_loss(%x, %t, %w) " + a + ", ignore_index=2}", lo: 0.3, hi: 2})
	}
	return out
}
