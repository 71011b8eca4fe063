"""A trained model as one ONNX file, for programs that have no torch."""
