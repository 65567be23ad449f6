package cpu

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// looseOps are the ops whose rows are more than 1 ulp from the exact function, or sum in another order than that of the
// operands. Strict leaves them to Eval, which is exact but for one rounding.
var looseOps = opSet(
	op.Tanh.Op, op.Erf.Op, op.Sigmoid.Op, op.Softplus.Op, op.Mish.Op, op.Gelu.Op, op.Swish.Op, op.Elu.Op, op.Selu.Op, op.Sin.Op,
	op.Cos.Op, op.Softmax.Op, op.LogSoftmax.Op, op.LayerNormalization.Op, op.RMSNormalization.Op, op.InstanceNormalization.Op,
	op.GroupNormalization.Op, op.ReduceSum.Op, op.ReduceMean.Op, op.ReduceProd.Op, op.ReduceL1.Op, op.ReduceL2.Op,
	op.ReduceSumSquare.Op, op.ReduceLogSum.Op, op.ReduceLogSumExp.Op, op.GlobalAveragePool.Op, op.LSTM.Op, op.GRU.Op, op.RNN.Op,
	op.Attention.Op, op.RotaryEmbedding.Op, op.GroupQueryAttention.Op,
)

// selectKernel returns the row that runs n; nil where only Eval does.
func (b Backend) selectKernel(n *ir.Node) *Kernel {
	if b.Strict && looseOps[n.Op] {
		return nil
	}
	return selectKernel(n)
}
