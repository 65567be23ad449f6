// Package jpeg decodes JPEG files to the very samples that libjpeg-turbo gives, which is what the cases of ONNX's ImageDecoder expect.
//
// The standard library's decoder is as good, but not the same: its inverse transform rounds otherwise, it repeats chroma samples where
// ONNX asks for linear interpolation, and its colour conversion has other constants. JPEG leaves all three open.
//
// What is read: baseline, extended sequential (8 bits) and progressive files with Huffman codes, of one, three or four components, any
// sampling factors that divide the greatest, restart intervals, tables of quantisers of 8 or 16 bits, scans in any order, YCbCr, RGB,
// CMYK and YCCK as the Adobe marker says. What is not, is refused by name: arithmetic coding, lossless and hierarchical files, 12 bits.
//
// A file passes through four stages, one source file each: markers.go reads segments, scan.go and progressive.go turn entropy-coded
// segments into blocks of coefficients, idct.go turns blocks into planes of samples, and colour.go, over upsample.go, turns planes into
// pixels.
//
// Files are from strangers: sizes are checked before memory is taken, and damaged entropy-coded data cost no more time than sound ones.
// Damage is treated as libjpeg treats it, by zeros up to the next restart marker, except that a file that ends before its end marker is
// an error.
package jpeg
