// Package inspect tells what is in a model: its operators, parameters, arithmetic and memory, the graph after any pass, and the
// plan that a backend made of it.
package inspect
