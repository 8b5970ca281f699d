"""Interoperability with NNCodec 2.1.3, run against the real thing: both directions, byte for byte.

`python -m nnref.conformance.interop` writes random models with one codec and reads them with the
other. NNCodec lives in a virtual environment of its own (`environment`) and in a process of its
own (`client`, and `peer` on the other side of the pipe).
"""
