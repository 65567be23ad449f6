package zoo

import "github.com/cameo-onnx/cameo/ir"

var mlp = Model{
	Name:   "mlp",
	About:  "Classifier of pictures by dense layers.",
	Sizes:  "784-500-200-100-10",
	Source: "a multilayer perceptron for Fashion-MNIST, in the manner of its published baselines",
	Loss:   "mean(−log softmax(y)[label])",
	define: func(n *Net) {
		classes := n.Size("classes", 10)
		x := n.Input("image", Pixels, 1, 28, 28)

		h := n.LinearReLU("fc1", n.Flatten(x), 500)
		h = n.LinearReLU("fc2", h, 200)
		h = n.LinearReLU("fc3", h, 100)
		y := n.Linear("out", h, classes)

		n.Output("logits", y)
		n.Loss(func() *ir.Value { return n.CrossEntropy(y, n.Input("label", Labels(classes))) })
	},
}
