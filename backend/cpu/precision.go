package cpu

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// looseOps are the ops whose rows are more than 1 ulp from the exact function, or sum in another order than that of the operands. Strict leaves them to Eval, which is exact but for
// one rounding.
var looseOps = map[*ir.Op]bool{
	op.Tanh.Op: true, op.Erf.Op: true, op.Sigmoid.Op: true, op.Softplus.Op: true, op.Mish.Op: true, op.Gelu.Op: true, op.Swish.Op: true, op.Elu.Op: true, op.Selu.Op: true,
	op.Sin.Op: true, op.Cos.Op: true, op.Softmax.Op: true, op.LogSoftmax.Op: true,
	op.LayerNormalization.Op: true, op.RMSNormalization.Op: true, op.InstanceNormalization.Op: true, op.GroupNormalization.Op: true,
	op.ReduceSum.Op: true, op.ReduceMean.Op: true, op.ReduceProd.Op: true, op.ReduceL1.Op: true, op.ReduceL2.Op: true, op.ReduceSumSquare.Op: true, op.ReduceLogSum.Op: true, op.ReduceLogSumExp.Op: true,
	op.GlobalAveragePool.Op: true, op.LSTM.Op: true, op.GRU.Op: true, op.RNN.Op: true, op.Attention.Op: true, op.RotaryEmbedding.Op: true, op.GroupQueryAttention.Op: true,
}

// selectKernel returns the row that runs n; nil where only Eval does.
func (b Backend) selectKernel(n *ir.Node) *Kernel {
	if b.Strict && looseOps[n.Op] {
		return nil
	}
	return selectKernel(n)
}
