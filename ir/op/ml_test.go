package op_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// stump is the nodes of a tree of one comparison of feature 0 with 0, for which one leaf votes 2 and the other −1.
const stump = `nodes_treeids=[0,0,0], nodes_nodeids=[0,1,2], nodes_featureids=[0,0,0], nodes_modes=["BRANCH_LEQ","LEAF","LEAF"], nodes_values=[0,0,0], nodes_truenodeids=[1,0,0], nodes_falsenodeids=[2,0,0]`

const votes = `target_treeids=[0,0], target_nodeids=[1,2], target_ids=[0,0], target_weights=[2,-1], n_targets=1`

func TestClassicalModels(t *testing.T) {
	for _, c := range []struct{ name, inputs, body, want string }{
		{"columns are picked", "%x: i64[2,3] = [1,2,3,4,5,6], %i: i64[2] = [2,0]", "%y = array_feature_extractor(%x, %i) : i64[2,2]; return %y", "i64[2 2] {3, 1, 6, 4}"},
		{"a vector is one row", "%x: f32[3] = [1,2,3], %i: i64[1] = [1]", "%y = array_feature_extractor(%x, %i) : f32[1,1]; return %y", "f32[1 1] {2.0}"},
		{"the threshold itself is 0", "%x: f32[3] = [0.5, 1, 2]", "%y = binarizer(%x) {threshold=1} : f32[3]; return %y", "f32[3] {0.0, 0.0, 1.0}"},
		{"NaN is replaced", "%x: f32[2] = [NaN, 1]", "%y = imputer(%x) {imputed_value_floats=[7,8], replaced_value_float=NaN} : f32[2]; return %y", "f32[2] {7.0, 1.0}"},
		{"a row of zeros stays", "%x: f32[2,2] = [0,0,3,4]", `%y = normalizer(%x) {norm="L2"} : f32[2,2]; return %y`, "f32[2 2] {0.0, 0.0, 0.6, 0.8}"},
		{"an offset comes before the scale", "%x: f64[2] = [3,5]", "%y = scaler(%x) {offset=[1], scale=[2]} : f32[2]; return %y", "f32[2] {4.0, 8.0}"},
		{"features are cut off and filled up", "%x: i32[1,2] = [1,2], %z: i32[1,1] = [3]", "%y = feature_vectorizer(%x, %z) {inputdimensions=[1,2]} : f32[1,3]; return %y", "f32[1 3] {1.0, 3.0, 0.0}"},
		{"an unknown category is zeros", `%x: str[2] = ["b","q"]`, `%y = one_hot_encoder(%x) {cats_strings=["a","b"]} : f32[2,2]; return %y`, "f32[2 2] {0.0, 1.0, 0.0, 0.0}"},
		{"words become numbers", `%x: str[2] = ["b","q"]`, `%y = category_mapper(%x) {cats_int64s=[4,5], cats_strings=["a","b"]} : i64[2]; return %y`, "i64[2] {5, -1}"},
		{"the first of equal keys counts", "%x: i64[2] = [1,9]", `%y = label_encoder(%x) {keys_int64s=[1,1], values_floats=[2,3]} : f32[2]; return %y`, "f32[2] {2.0, -0.0}"},
		{"all NaN are one key", "%x: f32[1] = [NaN]", `%y = label_encoder(%x) {keys_floats=[NaN], values_strings=["none"]} : str[1]; return %y`, `str[1] {"none"}`},
		{"two classes of one score", "%x: f32[2,1] = [2,-3]", `%y, %z = linear_classifier(%x) {classlabels_ints=[7,9], coefficients=[1], intercepts=[0]} : i64[2], f32[2,2]; return %z`, "f32[2 2] {-1.0, 2.0, 4.0, -3.0}"},
		{"several targets", "%x: f32[1,2] = [1,2]", `%y = linear_regressor(%x) {coefficients=[1,1,0,2], intercepts=[1,0], targets=2} : f32[1,2]; return %y`, "f32[1 2] {4.0, 4.0}"},
		{"a tree votes", "%x: f32[3,1] = [0,1,NaN]", "%y = tree_ensemble_regressor(%x) {" + stump + ", " + votes + "} : f32[3,1]; return %y", "f32[3 1] {2.0, -1.0, -1.0}"},
		{"of several votes for one target the first counts", "%x: f32[2,1] = [0,1]", "%y = tree_ensemble_regressor(%x) {" + strings.NewReplacer("[0,0]", "[0,0,0]", "[1,2]", "[1,1,2]", "[2,-1]", "[2,5,-1]").Replace(votes) + ", " + stump + "} : f32[2,1]; return %y", "f32[2 1] {2.0, -1.0}"},
		{"a missing value tracks true", "%x: f32[1,1] = [NaN]", "%y = tree_ensemble_regressor(%x) {nodes_missing_value_tracks_true=[1,0,0], " + stump + ", " + votes + "} : f32[1,1]; return %y", "f32[1 1] {2.0}"},
		{"one-class machines give signs", "%x: f32[2,1] = [3,-3]", `%y = svm_regressor(%x) {coefficients=[1], n_supports=1, support_vectors=[1], rho=[0], one_class=true} : f32[2,1]; return %y`, "f32[2 1] {1.0, -1.0}"},
		{"a set of members", "%x: f32[3,1] = [3,4,5]", "%y = tree_ensemble(%x) {leaf_targetids=[0,0], leaf_weights=f32[2](1,2), membership_values=f32[3](5,3,NaN), n_targets=1, nodes_falseleafs=[1], nodes_falsenodeids=[0], nodes_featureids=[0], nodes_modes=u8[1](6), nodes_splits=f32[1](0), nodes_trueleafs=[1], nodes_truenodeids=[1], tree_roots=[0]} : f32[3,1]; return %y", "f32[3 1] {2.0, 1.0, 2.0}"},
	} {
		_, y, err := evalText(t, c.inputs, c.body)
		if want := strings.ReplaceAll(c.want, " ", ""); err != nil || strings.ReplaceAll(strings.ReplaceAll(y.String(), " ", ""), ",", "") != strings.ReplaceAll(want, ",", "") {
			t.Errorf("%s: %v, %v; want %s", c.name, y, err, c.want)
		}
	}
}

// TestTwoClassesAreReadAsConvertersWriteThem holds what ONNX leaves open about trees that vote for one class of two, or for both.
func TestTwoClassesAreReadAsConvertersWriteThem(t *testing.T) {
	const one, both = "class_ids=[0,0]", "class_ids=[0,1]"
	for _, c := range []struct{ name, attrs, label, scores string }{
		{"positive votes pass at a half", one + ", class_weights=[0.25,0.75]", "{7, 9}", "{0.75, 0.25, 0.25, 0.75}"},
		{"mixed votes pass at 0", one + ", class_weights=[-0.25,0.25]", "{7, 9}", "{0.25, -0.25, -0.25, 0.25}"},
		{"a base value alone", one + ", class_weights=[-1,1], base_values=[0.5]", "{7, 9}", "{0.5, -0.5, -1.5, 1.5}"},
		{"two base values and votes for the first", one + ", class_weights=[-1,1], base_values=[0.5,4]", "{7, 9}", "{-0.5, 0.0, 1.5, 0.0}"},
		{"a logistic score has its opposite", one + `, class_weights=[0,0], post_transform="LOGISTIC"`, "{7, 7}", "{0.5, 0.5, 0.5, 0.5}"},
		{"votes for both give the labels 0 and 1", both + ", class_weights=[-1,-3]", "{0, 0}", "{1.0, -1.0, 0.0, -3.0}"},
		{"two base values and votes for the second", both + ", class_weights=[1,-3], base_values=[0.5,4]", "{1, 1}", "{1.5, 0.0, 0.0, 4.0}"},
	} {
		const format = "%%y, %%z = tree_ensemble_classifier(%%x) {classlabels_int64s=[7,9], class_treeids=[0,0], class_nodeids=[1,2], %s, %s} : i64[2], f32[2,2]; return %%%s"
		for result, want := range map[string]string{"y": "i64[2] " + c.label, "z": "f32[2 2] " + c.scores} {
			_, y, err := evalText(t, "%x: f32[2,1] = [0,1]", fmt.Sprintf(format, c.attrs, stump, result))
			if err != nil || strings.NewReplacer(" ", "", ",", "").Replace(y.String()) != strings.NewReplacer(" ", "", ",", "").Replace(want) {
				t.Errorf("%s: %v, %v; want %s", c.name, y, err, want)
			}
		}
	}
}

func TestHostileClassicalModelsAreRefused(t *testing.T) {
	tree := func(change ...string) string {
		return "%y = tree_ensemble_regressor(%x) {" + strings.NewReplacer(change...).Replace(stump+", "+votes) + "} : f32[1,1]; return %y"
	}
	for _, c := range []struct{ name, body, want string }{
		{"a cycle", tree(`"BRANCH_LEQ","LEAF"`, `"BRANCH_LEQ","BRANCH_LT"`, "truenodeids=[1,0,0]", "truenodeids=[1,1,0]"), "cycle"},
		{"a root that is its own child", tree("truenodeids=[1", "truenodeids=[0"), "root"},
		{"a child that is not there", tree("truenodeids=[1", "truenodeids=[5"), "tree 0 has no node 5"},
		{"a vote of no node", tree("target_nodeids=[1", "target_nodeids=[8"), "tree 0 has no node 8"},
		{"a vote for no target", tree("target_ids=[0", "target_ids=[3"), "target 3 of 1"},
		{"two nodes of one name", tree("nodes_nodeids=[0,1,2]", "nodes_nodeids=[0,1,1]"), "two nodes 1"},
		{"a negative feature", tree("featureids=[0", "featureids=[-1"), "feature -1"},
		{"a feature that the table lacks", tree("featureids=[0", "featureids=[4"), "features: 5 > 1"},
		{"an unknown mode", tree("BRANCH_LEQ", "BRANCH_MAYBE"), "BRANCH_MAYBE"},
		{"lists of different lengths", tree("nodes_values=[0,0,0]", "nodes_values=[0]"), "nodes_values: 1 for 3"},
		{"an unknown transform", tree("n_targets=1", `n_targets=1, post_transform="SOFTMAXX"`), "SOFTMAXX"},
		{"coefficients that do not divide", "%y = linear_regressor(%x) {coefficients=[1,2,3], targets=2} : f32[1,2]; return %y", "3 coefficients for 2 targets"},
		{"no classes", "%y, %z = linear_classifier(%x) {coefficients=[1]} : i64[1], f32[1,1]; return %y", "0 integers and 0 strings"},
		{"support vectors beyond the list", "%y, %z = svm_classifier(%x) {classlabels_ints=[0,1], vectors_per_class=[9,9], support_vectors=[1], coefficients=[1], rho=[0]} : i64[1], f32[1,2]; return %y", "vectors_per_class holds 9"},
	} {
		if _, y, err := evalText(t, "%x: f32[1,1] = [1]", c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want an error with %q", c.name, y, err, c.want)
		}
	}
}

func TestImagesThatClaimTooMuchAreRefusedUndecoded(t *testing.T) {
	decode := func(file string) (*tensor.Tensor, error) {
		out, err := op.ImageDecoder.Op.Eval(&ir.Env{Outs: 1}, op.ImageDecoder.Default(), []tensor.Value{tensor.Of([]byte(file), len(file))})
		if err != nil {
			return nil, err
		}
		return out[0].(*tensor.Tensor), nil
	}
	if _, err := decode("P6\n1000000 1000000\n255\n"); err == nil || !strings.Contains(err.Error(), "1000000 by 1000000 pixels") {
		t.Errorf("huge: %v", err)
	}
	if y, err := decode("no image"); err != nil || y.Len() != 0 {
		t.Errorf("no image: %v, %v; want no pixels", y, err)
	}
	if y, err := decode("P1\n3 1\n101"); err != nil || string(y.Bytes()) != "\x00\x00\x00\xff\xff\xff\x00\x00\x00" {
		t.Errorf("bit map: %v, %v", y, err)
	}
	if y, err := decode("P4\n3 2\n\xa0\x40"); err != nil || string(y.Bytes()) != "\x00\x00\x00\xff\xff\xff\x00\x00\x00\xff\xff\xff\x00\x00\x00\xff\xff\xff" {
		t.Errorf("packed bit map: %v, %v", y, err)
	}
	if y, err := decode("P5\n2 1\n15\n\x0f\x03"); err != nil || string(y.Bytes()) != "\xff\xff\xff\x33\x33\x33" {
		t.Errorf("grey map: %v, %v", y, err)
	}
}
