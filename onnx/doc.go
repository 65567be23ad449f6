// Package onnx turns ONNX models into graphs and graphs into ONNX models.
//
// Import is the border at which versions die: whatever the opset said, behind it there is one meaning per op. An operator is looked up
// in the catalogue (ir/op); where its meaning or its form differed in an older opset, a row of the table in adapt.go brings the node to
// the newest form. Model-local functions are inlined, what a subgraph captures becomes an operand, shapes are inferred anew, and what
// the file says of intermediate values is not relied on.
//
// Open reads a file, Decode bytes, Import a decoded model. External data lie in regular files below the model's folder or are refused;
// nothing else opens what a model names.
//
// Export is the way back: any graph becomes a model of plain ONNX operators, fused work and lowered ops included, and Save puts large
// weights beside it. What was imported, exported and imported again is the same text.
//
// Everything that is not supported is refused at once, by node, operator, opset and reason: see UnsupportedError.
package onnx
