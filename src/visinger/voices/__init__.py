"""Neural voices at work: onnxruntime and numpy, no torch."""
