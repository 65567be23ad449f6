// Package task does with trained models what they are for: it classifies, reconstructs, denoises, draws from a decoder, scores
// anomalies, reduces to two dimensions, and tells the language of a name.
//
// A model comes in as a [Model], a function with names; this package knows no backend.
package task
