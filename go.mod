module github.com/cameo-onnx/cameo

go 1.26
