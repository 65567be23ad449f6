// Package jpeg2000 decodes JPEG 2000 files (ISO/IEC 15444-1): JP2 files and bare codestreams. Reversible files give the samples that
// were encoded; irreversible ones those that OpenJPEG gives, because every rounding is where OpenJPEG has it.
//
// What is read: one to four components of up to 16 bits, signed or not, subsampled or not; tiles and tile-parts; all five orders of
// packets and changes of order; precincts; layers; packet headers in the stream, in the tile's header or in the main one; all styles of
// code-block; regions of interest; both wavelets and both colour transforms; palettes. What is not, is refused by name: more
// components, more bits, code-blocks of high throughput (part 15), extensions of part 2.
//
// A file passes through five stages: box.go and codestream.go read headers; tile.go lays out a tile's code-blocks; order.go and
// packet.go hand the packets' bytes to them (tier 2); block.go, over arithmetic.go, decodes the bits of coefficients (tier 1);
// wavelet.go and samples.go turn coefficients into samples.
//
// Files are from strangers: sizes are checked before memory is taken, and work is bounded by the size of the image and the length of
// the file.
package jpeg2000
