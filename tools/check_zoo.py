#!/usr/bin/env python3
"""Export every model of the zoo in every form, and hold the files against the ONNX checker and ONNX Runtime.

    go build -o cameo ./cmd/cameo
    python3 tools/check_zoo.py ./cameo            # needs onnx, onnxruntime, numpy

For each file: onnx.checker with full shape inference, a run by ONNX Runtime with graph optimisation off, and the same
inputs through `cameo run`. Outputs that depend on no random operator must agree; of the others the shapes must.
Exit status 0 only if all do.
"""
import itertools, json, pathlib, subprocess, sys, tempfile

import numpy as np
import onnx
import onnxruntime as ort

RANDOM = {"RandomNormalLike", "RandomNormal", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}


def drawn(graph):
    """The names of values that depend on a random operator."""
    names = set()
    truth = {i.name for i in graph.initializer if i.data_type == onnx.TensorProto.BOOL and onnx.numpy_helper.to_array(i).all()}
    for n in graph.node:
        live = n.op_type in RANDOM or n.op_type == "Dropout" and len(n.input) > 2 and n.input[2] in truth
        if live or any(i in names for i in n.input):
            names.update(n.output)
    return names


def feed(session, rows, rng):
    """Random inputs: labels below 10, one-hot letters are not needed, since any numbers will do."""
    out = {}
    for i in session.get_inputs():
        shape = [d if isinstance(d, int) else rows for d in i.shape]
        out[i.name] = rng.integers(0, 10, shape) if "int64" in i.type else rng.random(shape, dtype=np.float32)
    return out


def check(cameo, folder, name, flags, rows, rng):
    path = folder / "model.onnx"
    subprocess.run([cameo, "zoo", "export", name, "-o", path, *flags], check=True, stdout=subprocess.DEVNULL)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs = feed(session, rows, rng)
    want = dict(zip((o.name for o in session.get_outputs()), session.run(None, inputs)))
    args = []
    for k, v in inputs.items():
        np.save(folder / f"{k}.npy", v)
        args += ["--input", f"{k}={folder / (k + '.npy')}"]
    subprocess.run([cameo, "run", path, *args, "-o", folder / "out.npz"], check=True, stdout=subprocess.DEVNULL)
    got = np.load(folder / "out.npz")
    random, worst = drawn(model.graph), 0.0
    for k, w in want.items():
        if got[k].shape != w.shape:
            raise ValueError(f"{k}: shape {got[k].shape} != {w.shape}")
        if k not in random:
            worst = max(worst, float(np.max(np.abs(got[k] - w) / (1e-3 + np.abs(w)), initial=0)))
    if not worst < 2e-2:
        raise ValueError(f"differs by {worst:.2g} of 0.001 + |value|")
    exact = sum(k not in random for k in want)
    return f"opset {model.opset_import[0].version}, {len(model.graph.node)} nodes, {exact} of {len(want)} outputs compared, largest difference {worst:.1g}"


def main():
    cameo = str(pathlib.Path(sys.argv[1]).resolve())
    names = [m["name"] for m in json.loads(subprocess.run([cameo, "zoo", "list", "--json"], check=True, capture_output=True).stdout)]
    print(f"onnx {onnx.__version__}, onnxruntime {ort.__version__}")
    rng, failed, total = np.random.default_rng(0), 0, 0
    with tempfile.TemporaryDirectory() as d:
        for name, train, loss, batch in itertools.product(names, (False, True), (False, True), ("N", "2")):
            flags = ["--train"] * train + ["--loss"] * loss + ["--batch", batch]
            label = " ".join([name, *flags])
            total += 1
            try:
                print(f"ok    {label}: {check(cameo, pathlib.Path(d), name, flags, 2, rng)}")
            except Exception as e:
                failed += 1
                print(f"FAIL  {label}: {type(e).__name__}: {str(e).strip().splitlines()[0][:300]}")
    print(f"{total - failed} of {total} files pass")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
