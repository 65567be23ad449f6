// Package wire reads and writes ONNX files: protobuf messages ⇄ plain Go structs, with no generated code.
//
// A model is a program from a stranger. Decoding therefore works within a [Budget]: it counts every message and every byte that it
// takes beyond the file itself, bounds nesting, and refuses before it allocates. What goes wrong is an [*Error] with the offset and the
// path of the field, such as
//
//	onnx: offset 123: graph.node[17].attribute[2].ints: the field ends after 3 of 8 bytes
//
// Byte fields (raw_data above all) and packed floating-point arrays alias the file where its layout allows; strings are copies. Whoever
// maps a file must therefore keep it mapped as long as tensors of the decoded model are in use. Names may hold any bytes, valid UTF-8
// or not: print them with [Quote].
//
// Unknown fields are skipped and not kept. Field numbers are those of IR version 13 (ONNX 1.23). Presence is kept only where it means
// something: see Tensor.HasRaw, Dim.HasValue and Type.HasShape.
package wire
