package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var oneColumn = sym.Const(1)

// SVMClassifierAttrs holds the support vectors of one class after the other, for each of them one coefficient per other class, and an
// intercept for each pair of classes; with prob_a and prob_b, which give each pair's probability, the scores are probabilities. Without
// support vectors the coefficients are those of one linear model per class.
type SVMClassifierAttrs struct {
	LabelInts       []int     `ir:"classlabels_ints"`
	LabelStrings    []string  `ir:"classlabels_strings"`
	Coefficients    []float32 `ir:"coefficients"`
	KernelParams    []float32 `ir:"kernel_params"`
	KernelType      string    `ir:"kernel_type"`
	PostTransform   string    `ir:"post_transform"`
	ProbA           []float32 `ir:"prob_a"`
	ProbB           []float32 `ir:"prob_b"`
	Rho             []float32 `ir:"rho"`
	SupportVectors  []float32 `ir:"support_vectors"`
	VectorsPerClass []int     `ir:"vectors_per_class"`
}

func (a SVMClassifierAttrs) labels() labels { return labels{a.LabelInts, a.LabelStrings} }

// svc is a checked model.
type svc struct {
	a        SVMClassifierAttrs
	kernel   svmKernel
	classes  int
	vectors  int   // 0 for a linear model
	from     []int // the first vector of each class
	features int
}

func (a SVMClassifierAttrs) compile() (m svc, err error) {
	m = svc{a: a, classes: a.labels().len()}
	if err = a.labels().check(); err != nil {
		return m, err
	}
	if err = checkTransform(a.PostTransform); err != nil {
		return m, err
	}
	if m.kernel, err = newSVMKernel(a.KernelType, a.KernelParams); err != nil {
		return m, err
	}
	for _, n := range a.VectorsPerClass {
		if n < 0 || n > len(a.SupportVectors) {
			return m, fmt.Errorf("vectors_per_class holds %d, of %d numbers", n, len(a.SupportVectors))
		}
		m.from = append(m.from, m.vectors)
		m.vectors += n
	}
	if m.vectors == 0 {
		if len(a.Coefficients) == 0 || len(a.Coefficients)%m.classes != 0 || len(a.Rho) == 0 {
			return m, fmt.Errorf("%d coefficients and %d values of rho for %d classes", len(a.Coefficients), len(a.Rho), m.classes)
		}
		m.features = len(a.Coefficients) / m.classes
		return m, nil
	}
	pairs := m.classes * (m.classes - 1) / 2
	switch {
	case len(a.VectorsPerClass) != m.classes || m.classes < 2:
		return m, fmt.Errorf("vectors_per_class: %d, for %d classes", len(a.VectorsPerClass), m.classes)
	case len(a.SupportVectors)%m.vectors != 0 || len(a.Coefficients) != (m.classes-1)*m.vectors:
		return m, fmt.Errorf("%d support vectors of %d numbers in all, with %d coefficients", m.vectors, len(a.SupportVectors), len(a.Coefficients))
	case len(a.Rho) != pairs:
		return m, fmt.Errorf("%d values of rho for %d pairs of classes", len(a.Rho), pairs)
	case len(a.ProbA) != len(a.ProbB) || len(a.ProbA) != 0 && len(a.ProbA) != pairs:
		return m, fmt.Errorf("prob_a: %d, prob_b: %d, for %d pairs of classes", len(a.ProbA), len(a.ProbB), pairs)
	}
	m.features = len(a.SupportVectors) / m.vectors
	return m, nil
}

// columns returns the number of scores: one per class, or one per pair of classes where the model compares pairs and gives no
// probabilities.
func (m *svc) columns() int {
	if m.vectors > 0 && len(m.a.ProbA) == 0 && m.classes > 2 {
		return len(m.a.Rho)
	}
	return m.classes
}

// SVMClassifier is, for each row of x, the class that a support vector machine gives it, and the scores.
var SVMClassifier = defineN(DefN[SVMClassifierAttrs]{
	Name: "svm_classifier", ONNX: "SVMClassifier", Domain: mlDomain, Sig: "x " + features + " -> y i64|str, z? f32",
	Props: ir.Pure,
	Attrs: SVMClassifierAttrs{KernelType: "LINEAR", PostTransform: "NONE"},
	Infer: func(sc *ir.Scope, a SVMClassifierAttrs, in []ir.Known) ([]ir.Known, error) {
		m, err := a.compile()
		if err != nil {
			return nil, err
		}
		rows, err := tableOf(sc, in[0].Type, m.features)
		return []ir.Known{of(ir.TensorOf(a.labels().dtype(), rows)), of(ir.TensorOf(tensor.F32, rows, sym.Const(m.columns())))}, err
	},
	Eval: func(e *ir.Env, a SVMClassifierAttrs, in []tensor.Value) ([]tensor.Value, error) {
		m, err := a.compile()
		if err != nil {
			return nil, err
		}
		t, err := loadTable(e, tens(in, 0))
		if err == nil {
			err = t.wantFeatures(m.features)
		}
		if err != nil {
			return nil, err
		}
		cols := m.columns()
		out, err := alloc[float64](e, t.rows, cols)
		if err != nil {
			return nil, err
		}
		index, like := make([]int, t.rows), make([]float64, m.vectors)
		for i := range index {
			if err := e.Err(); err != nil {
				return nil, err
			}
			if m.vectors == 0 {
				index[i] = m.linear(t.row(i), out[i*cols:][:cols])
				continue
			}
			m.kernel.likenesses(t.row(i), a.SupportVectors, like)
			index[i] = m.decide(like, out[i*cols:][:cols])
		}
		return labelsAndScores(e, a.labels(), index, out, cols)
	},
})

// linear sets out to the transformed scores of a linear model and returns the class.
func (m *svc) linear(x, out []float64) int {
	for k := range out {
		for j, c := range m.a.Coefficients[k*len(x):][:len(x)] {
			out[k] += float64(c) * x[j]
		}
		out[k] += float64(m.a.Rho[0])
	}
	top := m.topLinear(out)
	transform(m.a.PostTransform, out)
	return top
}

// topLinear returns the class of the greatest score. Of two classes it is the second as soon as a score is positive, or is at least ½
// where no coefficient is negative: so ONNX Runtime has it.
func (m *svc) topLinear(s []float64) int {
	top := argTop(s)
	if len(s) != 2 || len(m.a.ProbA) > 0 {
		return top
	}
	positive := !slices.ContainsFunc(m.a.Coefficients, func(c float32) bool { return c < 0 })
	if positive && s[top] >= 0.5 || !positive && s[top] > 0 {
		return 1
	}
	return top
}

// decide sets out to the transformed scores, given the kernels of a row and all vectors, and returns the class.
func (m *svc) decide(like, out []float64) int {
	pairs, votes := m.pairs(like)
	if len(m.a.ProbA) > 0 {
		copy(out, m.probabilities(pairs))
		transform(m.a.PostTransform, out)
		return argTop(votes) // not that of the greatest probability
	}
	if m.classes > 2 {
		copy(out, pairs)
		transform(m.a.PostTransform, out)
		return argTop(votes)
	}
	two := secondScore(m.a.PostTransform, pairs[0], m.a.PostTransform == "NONE")
	copy(out, two[:])
	return argTop(votes)
}

// pairs returns the score of each pair of classes, positive for the first of the two, and how many pairs each class wins.
func (m *svc) pairs(like []float64) (scores, votes []float64) {
	votes = make([]float64, m.classes)
	weigh := func(class, row int) (sum float64) {
		from := m.from[class]
		for k, c := range m.a.Coefficients[row*m.vectors+from:][:m.a.VectorsPerClass[class]] {
			sum += float64(c) * like[from+k]
		}
		return sum
	}
	for i := range m.classes {
		for j := i + 1; j < m.classes; j++ {
			s := weigh(i, j-1) + weigh(j, i) + float64(m.a.Rho[len(scores)])
			scores = append(scores, s)
			if s > 0 {
				votes[i]++
			} else {
				votes[j]++
			}
		}
	}
	return scores, votes
}

// probabilities returns those of the classes, given the scores of all pairs.
func (m *svc) probabilities(pairs []float64) []float64 {
	k := m.classes
	r := make([]float64, k*k) // r[i,j]: the probability of i, given that it is i or j
	at := 0
	for i := range k {
		for j := i + 1; j < k; j++ {
			p := sigmoid(-(pairs[at]*float64(m.a.ProbA[at]) + float64(m.a.ProbB[at])))
			p = min(max(p, 1e-7), 1-0x1p-23) // as float32 has 1 − 1e-7
			r[i*k+j], r[j*k+i] = p, 1-p
			at++
		}
	}
	return couple(r, k)
}

// couple returns the probabilities of k classes that agree best with those of all pairs, by the second method of Wu, Lin and Weng,
// "Probability Estimates for Multi-class Classification by Pairwise Coupling" (2004), in at most max(100, k) rounds.
func couple(r []float64, k int) []float64 {
	q, p, qp := make([]float64, k*k), make([]float64, k), make([]float64, k)
	for t := range k {
		p[t] = 1 / float64(k)
		for j := range k {
			if j != t {
				q[t*k+t] += r[j*k+t] * r[j*k+t]
				q[t*k+j] = -r[j*k+t] * r[t*k+j]
			}
		}
	}
	for range max(100, k) {
		pqp, worst := 0.0, 0.0
		for t := range k {
			qp[t] = 0
			for j := range k {
				qp[t] += q[t*k+j] * p[j]
			}
			pqp += p[t] * qp[t]
		}
		for t := range k {
			if d := math.Abs(qp[t] - pqp); d > worst { // NaN leaves the classes alike
				worst = d
			}
		}
		if worst < 0.005/float64(k) {
			break
		}
		for t := range k {
			d := (pqp - qp[t]) / q[t*k+t]
			p[t] += d
			pqp = (pqp + d*(d*q[t*k+t]+2*qp[t])) / (1 + d) / (1 + d)
			for j := range k {
				qp[j] = (qp[j] + d*q[t*k+j]) / (1 + d)
				p[j] /= 1 + d
			}
		}
	}
	return p
}
