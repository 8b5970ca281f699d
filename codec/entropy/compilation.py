"""Compiling the kernels ahead of their first use."""

import numpy as np

from nnref.codec.entropy.decoder import PayloadDecoder
from nnref.codec.entropy.encoder import PayloadEncoder
from nnref.codec.entropy.search import ShiftSearch
from nnref.codec.entropy.syntax import TensorSyntax


def warm_up() -> None:
    """Clause 9: load the kernels from numba's cache, or compile them, by coding one weight."""
    encoder = PayloadEncoder()
    syntax = TensorSyntax(1, 1)
    encoder.encode_tensor(np.ones(1, np.int32), syntax, shift_search=ShiftSearch.EXACT)
    decoder = PayloadDecoder(encoder.finish())
    decoder.decode_tensor(syntax)
    decoder.finish()
