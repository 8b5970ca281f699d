"""Decoding: units in, tensors out."""
