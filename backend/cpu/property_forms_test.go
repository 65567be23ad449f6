package cpu_test

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// forms draws the operands and attributes of ops whose operands depend on each other; other ops are drawn by their signature.
var forms = map[string]func(*trial){
	"gemm": func(c *trial) {
		m, k, n := c.size(), c.size(), c.size()
		ta, tb := c.coin(), c.coin()
		c.set("TransA", ta)
		c.set("TransB", tb)
		c.set("Alpha", pick(c, 1, 1, 0.5, 0))
		c.set("Beta", pick(c, 1, 1, 0, 0.5))
		c.x(swap(ta, m, k)...)
		c.x(swap(tb, k, n)...)
		if c.coin() {
			c.x(c.shrunk([]int{m, n})...)
		}
	},
	"matmul": func(c *trial) {
		m, k, n := c.size(), c.size(), c.size()
		batch := c.dims(c.r.IntN(4))
		a, b := append(c.shrunk(batch), m, k), append(c.shrunk(batch), k, n)
		switch c.r.IntN(6) {
		case 0:
			a = []int{k}
		case 1:
			b = []int{k}
		}
		c.x(a...)
		c.x(b...)
	},
	"conv":                func(c *trial) { c.conv(false) },
	"conv_transpose":      func(c *trial) { c.conv(true) },
	"max_pool":            func(c *trial) { c.pool(); c.outs = c.from(1, 2); c.set("StorageOrder", c.r.IntN(2)) },
	"average_pool":        func(c *trial) { c.pool(); c.set("CountIncludePad", c.coin()) },
	"lp_pool":             func(c *trial) { c.pool(); c.set("P", c.from(1, 3)) },
	"global_average_pool": (*trial).spatial, "global_max_pool": (*trial).spatial, "global_lp_pool": (*trial).spatial,
	"batch_normalization": func(c *trial) {
		x := c.dims(c.from(1, 5))
		ch := 1
		if len(x) > 1 {
			ch = x[1]
		}
		c.x(x...)
		c.x(ch)
		c.x(ch)
		c.x(ch)
		v := c.x(ch)
		for i := range v.Len() {
			v.SetFloat64At(i, c.r.Float64()+0.25)
		}
	},
	"instance_normalization": func(c *trial) { x := c.positive(c.from(3, 5)); c.x(x...); c.x(x[1]); c.x(x[1]) },
	"group_normalization": func(c *trial) {
		x := c.positive(c.from(2, 5))
		g := c.from(1, 3)
		x[1] = g * c.from(1, 3)
		c.set("NumGroups", g)
		c.x(x...)
		c.x(x[1])
		c.x(x[1])
	},
	"layer_normalization": func(c *trial) { c.norm(); c.maybe(c.in[1].(*tensor.Tensor).Dims()...); c.outs = pick(c, 1, 1, 2, 3) },
	"rms_normalization":   (*trial).norm,
	"softmax":             (*trial).alongAxis, "log_softmax": (*trial).alongAxis, "hardmax": (*trial).alongAxis, "lp_normalization": (*trial).alongAxis,
	"arg_max": func(c *trial) { c.positiveAxis(); c.set("KeepDims", c.coin()); c.set("SelectLastIndex", c.coin()) },
	"arg_min": func(c *trial) { c.positiveAxis(); c.set("KeepDims", c.coin()); c.set("SelectLastIndex", c.coin()) },
	"top_k": func(c *trial) {
		c.positiveAxis()
		x := c.in[0].(*tensor.Tensor)
		a, _ := wrap(c.attrs.(op.TopKAttrs).Axis, x.Rank())
		c.ints([]int{c.from(0, x.Dims()[a])}, nil)
		c.set("Largest", c.coin())
		c.outs = 2
	},
	"cum_sum": (*trial).cumulative, "cum_prod": (*trial).cumulative,
	"reduce_sum": (*trial).reduce, "reduce_mean": (*trial).reduce, "reduce_max": (*trial).reduce, "reduce_min": (*trial).reduce, "reduce_prod": (*trial).reduce, "reduce_l1": (*trial).reduce,
	"reduce_l2": (*trial).reduce, "reduce_sum_square": (*trial).reduce, "reduce_log_sum": (*trial).reduce, "reduce_log_sum_exp": (*trial).reduce,
	"transpose": func(c *trial) {
		x := c.x(c.dims(c.r.IntN(7))...)
		if c.coin() {
			c.set("Perm", c.r.Perm(x.Rank()))
		}
	},
	"relayout": func(c *trial) { c.x(c.dims(c.from(3, 5))...) }, // results of graphs are row-major: other layouts lie within
	"slice":    (*trial).slice,
	"concat": func(c *trial) {
		d := c.dims(c.from(1, 6))
		a := c.axis(len(d))
		c.set("Axis", a)
		k, _ := wrap(a, len(d))
		for range c.from(1, 4) {
			e := slices.Clone(d)
			e[k] = c.r.IntN(5)
			c.x(e...)
		}
	},
	"split": func(c *trial) {
		d := c.dims(c.from(1, 5))
		a := c.axis(len(d))
		c.set("Axis", a)
		k, _ := wrap(a, len(d))
		c.outs = c.from(1, 4)
		parts := c.between(c.outs, 0, 4)
		if c.coin() {
			c.set("NumOutputs", c.outs)
			c.x(d...)
			return
		}
		d[k] = 0
		for _, p := range parts {
			d[k] += p
		}
		c.x(d...)
		c.ints(parts, nil)
	},
	"expand": func(c *trial) { d := c.dims(c.r.IntN(6)); c.x(c.shrunk(d)...); c.ints(c.shrunk(d), nil) },
	"tile":   func(c *trial) { d := c.dims(c.r.IntN(5)); c.x(d...); c.ints(c.between(len(d), 0, 3), nil) },
	"pad":    (*trial).pads,
	"gather": func(c *trial) { c.positiveAxis(); c.indices(c.attrs.(op.AxisAttrs).Axis, c.dims(c.r.IntN(3))) },
	"gather_elements": func(c *trial) {
		c.positiveAxis()
		d := slices.Clone(c.in[0].(*tensor.Tensor).Dims())
		for i := range d {
			d[i] = c.from(0, d[i])
		}
		c.indices(c.attrs.(op.AxisAttrs).Axis, d)
	},
	"gather_nd": func(c *trial) { c.gatherND(pick(c, 0, 0, 1)) },
	"scatter_nd": func(c *trial) {
		c.gatherND(0)
		c.set("Reduction", pick(c, "none", "add", "mul", "max", "min"))
		c.updates()
	},
	"scatter_elements": func(c *trial) {
		c.positiveAxis()
		c.indices(c.axisOf("Axis"), c.in[0].(*tensor.Tensor).Dims())
		c.x(c.in[1].(*tensor.Tensor).Dims()...)
		c.set("Reduction", pick(c, "none", "add", "mul", "max", "min"))
	},
	"grid_sample": (*trial).gridSample, "roi_align": func(c *trial) { c.regions(4) }, "max_roi_pool": func(c *trial) { c.regions(5) },
	"max_unpool": (*trial).unpool, "col2im": (*trial).columns,
	"compress": (*trial).compress, "unique": (*trial).unique, "non_max_suppression": (*trial).suppression, "one_hot": (*trial).oneHot, "trilu": (*trial).trilu, "reverse_sequence": (*trial).reversed,
	"where": func(c *trial) {
		d := c.dims(c.r.IntN(7))
		c.x(c.shrunk(d)...)
		c.x(c.shrunk(d)...)
		c.x(c.shrunk(d)...)
	},
	"depth_to_space": func(c *trial) { c.depth(true) },
	"space_to_depth": func(c *trial) { c.depth(false) },
	"constant_of_shape": func(c *trial) {
		c.ints(c.dims(c.r.IntN(5)), nil)
		if c.coin() {
			d := pick(c, tensor.F32, tensor.F64, tensor.I64, tensor.U8, tensor.F16, tensor.Bool)
			c.set("Value", c.values(d, 1))
		}
	},
	"range": func(c *trial) { c.tame = true; c.range3() },
	"cast":  func(c *trial) { c.x(c.dims(c.r.IntN(5))...); c.set("To", c.anyType()) },
	"reshape": func(c *trial) {
		d := c.dims(c.from(1, 5))
		c.x(d...)
		e := c.permuted(d)
		if n, _ := tensor.Count(d); n > 0 && len(e) > 0 && c.coin() {
			e[c.r.IntN(len(e))] = -1
		}
		c.set("AllowZero", slices.Contains(d, 0))
		c.ints(e, nil)
	},
	"flatten": func(c *trial) { d := c.dims(c.r.IntN(5)); c.x(d...); c.set("Axis", c.from(-len(d), len(d))) },
	"squeeze": func(c *trial) {
		d := c.dims(c.from(1, 5))
		a := c.r.IntN(len(d))
		d[a] = 1
		c.x(d...)
		c.ints([]int{a - c.r.IntN(2)*len(d)}, nil)
	},
	"unsqueeze": func(c *trial) { d := c.dims(c.r.IntN(5)); c.x(d...); c.ints([]int{c.axis(len(d) + 1)}, nil) },
	"resize":    (*trial).resize, "einsum": (*trial).einsum,
	"lstm": func(c *trial) { c.recurrent(4) }, "gru": func(c *trial) { c.recurrent(3) }, "rnn": func(c *trial) { c.recurrent(1) },
	"dropout": func(c *trial) { c.x(c.dims(c.r.IntN(5))...); c.outs = c.from(1, 2) },
	"negative_log_likelihood_loss": func(c *trial) {
		n, ch := c.from(1, 9), c.from(1, 9)
		c.x(n, ch)
		c.ints(c.between(n, 0, ch-1), nil)
		c.maybe(ch)
		c.set("Reduction", pick(c, "mean", "sum", "none"))
	},
	"tree_ensemble":            (*trial).treeArrays,
	"tree_ensemble_classifier": func(c *trial) { c.treeLists(true) },
	"tree_ensemble_regressor":  func(c *trial) { c.treeLists(false) },
	"prelu":                    func(c *trial) { d := c.dims(c.r.IntN(6)); c.x(d...); c.x(c.shrunk(d)...) },
	"clip":                     func(c *trial) { c.x(c.dims(c.r.IntN(7))...); c.maybe(); c.maybe() },
}

func swap(on bool, a, b int) []int {
	if on {
		return []int{b, a}
	}
	return []int{a, b}
}

func wrap(a, rank int) (int, bool) {
	if a < 0 {
		a += rank
	}
	return a, a >= 0 && a < rank
}
