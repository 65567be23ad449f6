// Package zoo holds documented autoencoders, variational autoencoders, generative adversarial networks and classifiers as
// graphs, each written as its maths.
//
// Any of them runs in three lines:
//
//	g, err := zoo.Build("conv_ae", zoo.Options{})
//	m, err := cameo.Compile(g)
//	out, err := m.Run(ctx, map[string]*cameo.Tensor{"image": x})
//
// [All] lists the models. [Options] choose evaluation or training (batch statistics, dropout, sampling), the model or its loss
// as a function of inputs and targets, a fixed or a symbolic batch, the seed of the weights, or weights of one's own.
// Parameters carry the names and the shapes that PyTorch's state_dict gives them, and start as PyTorch, or Keras where the
// documented model is Keras's, initialises that layer: equal seed, name and shape give equal numbers, whatever else is in the
// graph.
//
// A [Net] is the thin layer of modules that the models are written over. It serves models of one's own as well: [NewNet], then
// layers, then [Net.Graph].
package zoo
