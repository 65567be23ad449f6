// Package npy reads and writes NumPy's array files: .npy, one array, and .npz, a zip archive of named ones.
//
// It reads versions 1 to 3 of the format, C and Fortran order, either byte order, and the element types that NumPy and ONNX share:
// bool, integers of 8 to 64 bits, float16 to float64, complex, and strings (U and S). Arrays of Python objects are refused, since
// reading them would run what the file says. What a header claims is checked against what the file holds before memory is taken.
//
// Element types that NumPy lacks are written wider: bfloat16 and narrower floats as float32, integers below 8 bits as 8.
package npy
