"""Evaluation: singing measured beside the recordings, every figure with its unit and its interval."""
