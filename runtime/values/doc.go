// Package values moves a model's inputs and outputs between people and tensors: it reads .npy, .npz and .pb files, pictures and
// literals, makes random inputs, prints results and writes them to files.
//
// What a file claims is checked against its size before memory is taken, and nothing is rescaled, reordered or converted
// without a note that says so.
package values
