// Package onnxgo is cameo as a computation backend of github.com/owulveryck/onnx-go: programs written for onnx-go and its
// gorgonnx backend run on cameo when NewGraph comes from here.
//
//	backend := onnxgo.NewGraph()
//	model := onnx.NewModel(backend)
//	err := model.UnmarshalBinary(b)
//	…
//	err = model.SetInput(0, input)
//	…
//	err = backend.Run()
//	…
//	output, err := model.GetOutputTensors()
//
// onnx-go hands a backend a graph of values and operations. Run makes an ONNX model of it again, imports that as any other,
// compiles it for the types and sizes of the inputs at hand, and keeps what it compiled. Every value can be read once Run has
// returned, intermediate ones too: one that was not asked for before is computed when its node's GetTensor is called.
//
// onnx-go drops part of a model before a backend sees it, the opset above all. It is inferred from the forms of the operations:
// see [Opset]. The option [File] gives the backend the file itself, and nothing is lost. What onnx-go cannot decode at all,
// subgraphs and float16 among it, needs cameo.Open: docs/onnx-go.md shows the way.
//
// What is not supported is an *onnx.ErrNotImplemented, as onnx-go has it. A Graph, like onnx-go's model, is not safe for
// concurrent use. Only this package links onnx-go and Gorgonia.
package onnxgo
