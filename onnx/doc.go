// Package onnx turns ONNX models into graphs and graphs into ONNX models.
//
// Import is the border at which versions die: whatever the opset said, behind it there is one meaning per op. An operator is looked up in the catalogue (ir/op); where its meaning or its
// form differed in an older opset, a row of the table in adapt.go brings the node to the newest form. Model-local functions are inlined, what a subgraph captures becomes an operand, shapes
// are inferred anew, and what the file says of intermediate values is not relied on.
//
// Everything that is not supported is refused at once, by node, operator, opset and reason: see UnsupportedError.
package onnx
