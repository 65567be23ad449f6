package onnxgo

// Compiled compiles even graphs of one operation.
func Compiled() Option { return func(g *Graph) { g.compiles = true } }
