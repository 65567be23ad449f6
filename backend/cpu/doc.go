// Package cpu compiles graphs into plans for the CPU and runs them.
//
// Compile walks the graph once: a node that is a view shares its operand's bytes; any other becomes a step of the cheapest
// kernel in the table that takes it, or of its op's Eval. Buffers of the arena are placed by passes/memory, at once where all
// sizes are constant, else when they are bound. A value whose sizes only running can tell (what NonZero returns) is late: it
// gets its memory when its step runs.
//
// A program holds packed weights, shared by its sessions; a session holds an arena and one prepared call per step.
package cpu
