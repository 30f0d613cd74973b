"""Networks of others as graphs of operations: ONNX files, of generators, classifiers and detectors.

converted    such a file as a PyTorch network, so that gradients flow
outline      what a file consists of, read without running it
protobuf     the encoding that such files are in
session      such a file in onnxruntime
torchvision  the library that conversion needs, also where its binary part does not fit
"""
