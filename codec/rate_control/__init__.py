"""Encoding to a target: so many bytes, so much quality, or so little loss of a network's work."""
