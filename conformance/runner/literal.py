"""The literal decoder as one that can be tested, and as the one that knows the right answer."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

import nnref.spec.process
from nnref.codec import Semantics, Stream
from nnref.codec.decoder.base_model import ChainHash
from nnref.codec.decoder.chain import updated
from nnref.codec.decoder.updates import replaces
from nnref.codec.formats import from_carrier
from nnref.conformance.runner.adapter import NotPossibleError, RefusedError, Request
from nnref.conformance.runner.case import Array, Tensors
from nnref.spec.tables.enums import PayloadType

MAX_WEIGHTS: Final = 1 << 20
"""Weights of a stream that the literal decoder is given: it keeps lists of them."""
_ITS_LIMITS: Final = {"max_tensor_elements"}


def decode_literally(request: Request, decoder: Any = nnref.spec.process) -> Tensors:
    """An adapter: all tensors of a stream, or of a chain, by the literal decoder.

    `decoder` is its package or a copy of it. Raises RefusedError when it refuses, NotPossibleError
    for limits that it does not have, UnsupportedError and InvalidError for output formats.
    """
    unknown = request.limits.keys() - _ITS_LIMITS
    if unknown:
        raise NotPossibleError(f"the literal decoder has no limit {', '.join(sorted(unknown))}")
    streams = (*request.bases, request.stream)
    try:
        decoded = _decoded(streams, request, decoder)
    except decoder.Refused as refused:
        raise RefusedError(str(refused), refused.rule_id) from None
    return decoded[-1] if request.semantics is None else _sum(streams, decoded, request)


def _decoded(streams: tuple[bytes, ...], request: Request, decoder: Any) -> list[Tensors]:
    state = decoder.UpdateState()
    found: list[Tensors] = []
    for data in streams:
        stream = decoder.decode_stream(
            data,
            state=state,
            out_of_band=request.out_of_band,
            dialect=int(request.dialect),
            max_weights=request.limits.get("max_tensor_elements", MAX_WEIGHTS),
        )
        tensors = stream.tensors if request.as_coded else decoder.compose_blocks(stream)
        found.append({tensor.name: _array(tensor) for tensor in tensors})
    return found


def _array(tensor: Any) -> Array:
    """Clause 10.7: the output of a decoded tensor."""
    integer = tensor.payload_type == PayloadType.NNR_PT_INT
    values: Array = np.array(tensor.values, np.int32 if integer else np.float32)
    if tensor.raw is not None:  # Python's floats do not keep the bits of every NaN
        values = np.where(np.isnan(values), np.frombuffer(tensor.raw, "<f4"), values)
    return from_carrier(values.reshape(tensor.dimensions), tensor.data_format, tensor.payload_type)


def _sum(streams: Sequence[bytes], decoded: Sequence[Tensors], request: Request) -> Tensors:
    """Clause 12.6: what a base and its updates amount to.

    The decoding process ends with the tensors of each stream; adding them up is left to the codec.
    """
    cumulative = request.semantics == Semantics.CUMULATIVE
    base = total = decoded[0]
    hashes = ChainHash().after(memoryview(streams[0]))
    for data, update in zip(streams[1:], decoded[1:], strict=True):
        opened = Stream(data, dialect=request.dialect, as_coded=request.as_coded)
        hashes.check(opened, cumulative=cumulative)
        complete = {one.name for one in opened.tensors() if replaces(one.unit)}
        total = updated(total if cumulative else base, update, complete)
        hashes = hashes.after(memoryview(data))
    return total
