"""Encoding: tensors in, units out."""
