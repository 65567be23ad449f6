// Package runtime joins the pipeline of passes to a backend: Compile makes a model of a graph, a model runs.
//
// A model is safe for concurrent use. It keeps a small pool of sessions, each with an arena of its own; further runs wait, on
// their context. A Session is one of these for the caller alone: it runs without allocating, and can carry state from run to
// run.
package runtime
