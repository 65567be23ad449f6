package zoo

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// ReLU is max(x, 0).
func (n *Net) ReLU(x *ir.Value) *ir.Value { return n.add(op.Relu, x) }

// Sigmoid is 1/(1 + e⁻ˣ).
func (n *Net) Sigmoid(x *ir.Value) *ir.Value { return n.add(op.Sigmoid, x) }

// Tanh is the hyperbolic tangent.
func (n *Net) Tanh(x *ir.Value) *ir.Value { return n.add(op.Tanh, x) }

// Exp is eˣ.
func (n *Net) Exp(x *ir.Value) *ir.Value { return n.add(op.Exp, x) }

// Log is the natural logarithm.
func (n *Net) Log(x *ir.Value) *ir.Value { return n.add(op.Log, x) }

// Add is x + y, broadcast.
func (n *Net) Add(x, y *ir.Value) *ir.Value { return n.add(op.Add, x, y) }

// Sub is x − y, broadcast.
func (n *Net) Sub(x, y *ir.Value) *ir.Value { return n.add(op.Sub, x, y) }

// Mul is x·y element by element, broadcast.
func (n *Net) Mul(x, y *ir.Value) *ir.Value { return n.add(op.Mul, x, y) }

// Div is x/y, broadcast.
func (n *Net) Div(x, y *ir.Value) *ir.Value { return n.add(op.Div, x, y) }

// Scale is k·x.
func (n *Net) Scale(k float32, x *ir.Value) *ir.Value { return n.add(op.Mul, x, n.Scalar(k)) }

// LeakyReLU is x where it is positive, else slope·x.
func (n *Net) LeakyReLU(x *ir.Value, slope float32) *ir.Value {
	return op.LeakyRelu.New(n.b, op.LeakyReluAttrs{Alpha: slope}, x)
}

// LogSoftmax is the logarithm of the softmax of x[N,classes].
func (n *Net) LogSoftmax(x *ir.Value) *ir.Value {
	return op.LogSoftmax.New(n.b, op.SoftmaxAttrs{Axis: 1}, x)
}

// Concat joins tensors along axis 1.
func (n *Net) Concat(xs ...*ir.Value) *ir.Value {
	return op.Concat.New(n.b, op.ConcatAttrs{Axis: 1}, xs...)
}

// Flatten makes a row of each item.
func (n *Net) Flatten(x *ir.Value) *ir.Value {
	return op.Flatten.New(n.b, op.FlattenAttrs{Axis: 1}, x)
}

// Reshape gives each item the sizes dims.
func (n *Net) Reshape(x *ir.Value, dims ...int) *ir.Value {
	return op.Reshape.New(n.b, op.Reshape.Default(), x, n.ints(append([]int{-1}, dims...)...))
}

// Unsqueeze adds an axis of size 1 in front of the given one.
func (n *Net) Unsqueeze(x *ir.Value, axis int) *ir.Value { return n.add(op.Unsqueeze, x, n.ints(axis)) }

// Squeeze takes away an axis of size 1.
func (n *Net) Squeeze(x *ir.Value, axis int) *ir.Value { return n.add(op.Squeeze, x, n.ints(axis)) }

// Repeat makes x[N,…] a sequence of t equal steps [N,t,…].
func (n *Net) Repeat(x *ir.Value, t int) *ir.Value {
	return n.add(op.Expand, n.Unsqueeze(x, 1), n.ints(1, t, 1))
}

// MaxPool halves images by the largest of each 2×2 pixels; an odd row or column at the end is left out.
func (n *Net) MaxPool(x *ir.Value) *ir.Value {
	n.layer("", "MaxPool2d 2×2")
	a := op.MaxPool.Default()
	a.KernelShape, a.Strides, a.Pads = []int{2, 2}, []int{2, 2}, []int{0, 0, 0, 0}
	return n.done(op.MaxPool.NewN(n.b, a, 1, x)[0])
}

// AveragePool is the mean of each channel of images, [N,C,1,1].
func (n *Net) AveragePool(x *ir.Value) *ir.Value {
	n.layer("", "GlobalAveragePool2d")
	return n.done(n.add(op.GlobalAveragePool, x))
}

// CenterCrop cuts h×w pixels out of the middle of images x[N,C,H,W].
func (n *Net) CenterCrop(x *ir.Value, h, w int) *ir.Value {
	d := n.sizesOf(x, 3, "centre crop")
	if n.b.Err() == nil && (d[1] < h || d[2] < w) {
		n.fail("centre crop: %d×%d pixels do not hold %d×%d", d[1], d[2], h, w)
	}
	n.layer("", "CenterCrop %d×%d", h, w)
	top, left := (d[1]-h)/2, (d[2]-w)/2
	return n.done(n.add(op.Slice, x, n.ints(top, left), n.ints(top+h, left+w), n.ints(2, 3)))
}

// Normal draws as many independent standard normal numbers as x has elements.
func (n *Net) Normal(x *ir.Value) *ir.Value {
	return op.RandomNormalLike.New(n.b, op.RandomNormalLike.Default(), x)
}

// Sample is the reparameterised draw mean + ε·exp(½ logvar) with ε standard normal.
func (n *Net) Sample(mean, logvar *ir.Value) *ir.Value {
	deviation := n.Exp(n.Scale(0.5, logvar))
	return n.Add(mean, n.Mul(n.Normal(deviation), deviation))
}

// transposed is the transpose of a matrix.
func (n *Net) transposed(x *ir.Value) *ir.Value {
	return op.Transpose.New(n.b, op.TransposeAttrs{Perm: []int{1, 0}}, x)
}
