package zoo

import "github.com/cameo-onnx/cameo/ir"

var cnn = Model{
	Name:   "cnn",
	About:  "Classifier of pictures by two convolutions.",
	Sizes:  "1-32-64, pooled, dropout ¼, 9216-128, dropout ½, 10",
	Source: "LeCun and others, Gradient-based learning applied to document recognition, 1998; in the sizes of PyTorch's MNIST example",
	Loss:   "mean(−y[label])",
	define: func(n *Net) {
		classes := n.Size("classes", 10)
		x := n.Input("image", Pixels, 1, 28, 28)

		h := n.ReLU(n.Conv2d("c1", x, 32, Window{Kernel: 3}))
		h = n.ReLU(n.Conv2d("c2", h, 64, Window{Kernel: 3}))
		h = n.Flatten(n.Dropout(n.MaxPool(h), 0.25))
		h = n.Dropout(n.LinearReLU("f1", h, 128), 0.5)
		y := n.LogSoftmax(n.Linear("f2", h, classes))

		n.Output("log_probabilities", y)
		n.Loss(func() *ir.Value { return n.NLL(y, n.Input("label", Labels(classes))) })
	},
}
