//go:build !purego

package kern

var rowsAVX512 = rowKernels{
	sum: rowSumAVX512, sumAbs: rowSumAbsAVX512, sumSq: rowSumSqAVX512, prod: rowProdAVX512, max: rowMaxAVX512, min: rowMinAVX512,
	sumExp: rowSumExpAVX512, exp: rowExpAVX512, linear: rowLinearAVX512, norm: rowNormAVX512, normG: rowNormGAVX512, normGH: rowNormGHAVX512,
}

var rowsAVX2 = rowKernels{
	sum: rowSumAVX2, sumAbs: rowSumAbsAVX2, sumSq: rowSumSqAVX2, prod: rowProdAVX2, max: rowMaxAVX2, min: rowMinAVX2,
	sumExp: rowSumExpAVX2, exp: rowExpAVX2, linear: rowLinearAVX2, norm: rowNormAVX2, normG: rowNormGAVX2, normGH: rowNormGHAVX2,
}

// rowsBest returns the best kernels that this machine has.
func rowsBest() *rowKernels {
	switch f := CPU(); {
	case f.Has(AVX512):
		return &rowsAVX512
	case f.Has(AVX2):
		return &rowsAVX2
	}
	return &rowsGo
}
