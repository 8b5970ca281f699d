"""The side of the pipe that holds NNCodec 2.1.3.

This package runs inside the peer's virtual environment, where nnref is not installed: it is
started as `python -m peer` and imports the standard library, numpy and nncodec alone. The other
side shares `frames` with it.
"""
