"""The fast decoder as one that can be tested."""

from typing import Any

from nnref.codec import OutOfBand, Stream, UpdateState, decode_chain
from nnref.conformance.runner.adapter import Request
from nnref.conformance.runner.case import Tensors
from nnref.spec.limits import Limits


def decode_fast(request: Request) -> Tensors:
    """An adapter: all tensors of a stream, or of a chain. Raises NnrError when it refuses."""
    options: dict[str, Any] = {
        "dialect": request.dialect,
        "limits": Limits().with_options(dict(request.limits)),
        "out_of_band": {name: OutOfBand(**given) for name, given in request.out_of_band.items()},
    }
    if request.semantics is not None:
        streams = (*request.bases, request.stream)
        return decode_chain(streams, semantics=request.semantics, **options)
    state = UpdateState()
    for base in request.bases:
        state = Stream(base, base=state, **options).next_state()
    stream = Stream(request.stream, base=state, as_coded=request.as_coded, **options)
    return {tensor.name: array for tensor, array in stream.decoded()}
