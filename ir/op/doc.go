// Package op is the catalogue: one file per op, or per family of ops alike, says all that the op means.
//
// A definition holds the op's names, its signature, its attributes with their defaults, the inference of types and sizes, the reference
// evaluation, and where they exist the same meaning in simpler ops and the gradient. The reference evaluation is slow and plainly
// right: it computes in the widest type and rounds once. It folds constants, and is the referee of every pass, kernel and backend. An
// op runs from the day it is defined; it becomes fast when a row in a backend's kernel table takes it.
//
// # Adding an op
//
// Write one file named after the op, such as leaky_relu.go, with one call of define. Nothing else changes: the op parses, prints,
// verifies, evaluates, and is imported, folded and fuzzed. Where ONNX changed the op between opsets, the newest form is defined here
// and package onnx adapts the older ones.
//
// # Gradients
//
// Grad builds the adjoints of the operands from those of the results, out of ops of this package. Those of the catalogue are in the
// files grad_*.go, by family; an op without one is differentiated through what it lowers to. A test of package passes/grad compares
// every gradient with differences, and fails for one that it has no case of.
//
// # Inference
//
// Infer gets what is known of each operand: its type, its value where it is constant, and the entries of small integer tensors as
// sizes. It returns the same of the result. A size that only running can tell is Scope.Fresh; a relation that the result relies on is
// Scope.Assume or Scope.Same, which fail at once where the relation is provably false. An operand of unknown rank makes a result of
// unknown rank, unless the op says more.
package op
