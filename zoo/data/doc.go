// Package data reads the data sets that the zoo's models are documented on: pictures in IDX files (MNIST, Fashion-MNIST), names
// by language, and series with marked anomalies (ECG).
//
// What a file claims is checked before memory is taken: a data set may be a stranger's.
package data
