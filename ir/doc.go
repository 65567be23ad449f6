// Package ir is the typed graph that everything in cameo speaks: what is imported, rewritten, evaluated, compiled and exported.
//
// # Semantic charter
//
// A [Graph] is a list of nodes in topological order. A [Value] is an input, a constant, or the result of exactly one [Node]; it has a
// [Type] from the moment it exists. Graphs are pure: a node's results depend on its operands, attributes and bodies alone, and on the
// run's seed where its op is Random. State is an output that takes over an input's storage ([Output].Into).
//
// Shapes are logical, in ONNX's order. Integers wrap. Floating-point ops round once, from the exact result of their operands where the
// reference evaluation can, and may be fused or computed in any order that a precision allows; NaN and infinities are values like
// others. There is one meaning per op: versions of ONNX's opsets end at import.
//
// Sizes are expressions over symbols (package sym). Every relation between sizes that inference relied on stands in [Graph].Assumes and
// is checked when sizes are bound. A size that only running can tell is a fresh symbol; a tensor whose rank only running can tell has
// an unranked type, written f32[*].
//
// # Invariants
//
// They hold always, and Verify checks them: nodes in topological order; every value defined once, before its use; uses exact; result
// types inferred or narrower; bodies closed, so that what a body needs from outside is an operand of its node. Three verbs change a
// graph: [Builder].Add, [Graph.Replace], [Graph.Erase].
//
// # Text
//
// Graph.String prints all that a graph holds, and Parse reads it back to the same bytes:
//
//	graph mlp(%x: f32[N,784], %"in:0": i64[1] = [3]) {
//		assume N <= 4096
//		%fc1.weight = const @fc1.weight : f32[784,10]
//		%k = const [0, -1] : i64[2]
//		%h = gemm(%x, %fc1.weight, _) {alpha=0.5} from "/fc1/Gemm" : f32[N,10]
//		return %h as "probabilities"
//	}
//
// Constants of up to 16 elements are spelt out, those whose elements are all alike are a splat, others stand by reference.
package ir
