"""One tensor: the arithmetic coder and the quantizers against the peer's C++ binding."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.entropy import PayloadDecoder, PayloadEncoder, TensorSyntax
from nnref.codec.quantization import quantize_dependent, quantize_uniform
from nnref.conformance.interop.client import Peer
from nnref.tools.bench.results import Row, speed_row
from nnref.tools.bench.timing import Seconds, Timing, run_paired
from nnref.tools.bench.workload import SPREADS, UNARY_LENGTH, count_bins, laplacian

_DENSITY = 2
_QP = 0
"""Step 1: spreads are given in steps."""


def measure_rate(
    dq: bool, rate: float, weights: int, rounds: int, peer: Peer | None
) -> tuple[str, list[Row]]:
    """Quantizer and coder at about `rate` bits per weight: a title and rows."""
    tensor = laplacian(weights, SPREADS[dq, rate])
    timing = run_paired(rounds, lambda: _quantize(tensor, dq), _peer_quantize(tensor, dq, peer))
    rows = [_weights_row("quantize", tensor.size, timing)]
    quantized = _quantize(tensor, dq)
    bins = count_bins(quantized, dq)
    payloads = {}
    for search in ("off", "compatible", "exact"):
        timing, payloads[search] = _encode(quantized, dq, search, rounds, peer)
        rows += _coder_rows(f"encode, search {search}", quantized.size, bins, timing)
    timing = _decode(quantized, dq, payloads["compatible"], rounds, peer)
    rows += _coder_rows("decode", quantized.size, bins, timing)
    bits = 8 * len(payloads["compatible"]) / quantized.size
    kind = "dependent" if dq else "uniform"
    return f"{kind} quantization, {bits:.2f} bits per weight, {tensor.size} weights", rows


def _coder_rows(what: str, weights: int, bins: int, timing: Timing) -> Iterator[Row]:
    yield _weights_row(what, weights, timing)
    yield speed_row(what, "Mbins/s", bins / 1e6, timing)


def _weights_row(what: str, weights: int, timing: Timing) -> Row:
    return speed_row(what, "Mweights/s", weights / 1e6, timing)


def _syntax(shape: tuple[int, ...], dq: bool) -> TensorSyntax:
    return TensorSyntax(
        rows=shape[0],
        columns=shape[1],
        unary_length=UNARY_LENGTH,
        dq_flag=dq,
        scan_order=0,
        profile=1,
        parent=False,
        temporal=False,
    )


def _quantize(tensor: NDArray[np.float32], dq: bool) -> NDArray[np.int32]:
    quantizer = quantize_dependent if dq else quantize_uniform
    return quantizer(tensor, _QP, _DENSITY).q


def _peer_quantize(tensor: NDArray[np.float32], dq: bool, peer: Peer | None) -> Seconds | None:
    options = {"qp": _QP, "qp_density": _DENSITY, "scan_order": 0}
    return _timed(peer, "quantize", tensor, dq, options)


def _encode(
    quantized: NDArray[np.int32], dq: bool, search: str, rounds: int, peer: Peer | None
) -> tuple[Timing, bytes]:
    syntax = _syntax(quantized.shape, dq)

    def ours() -> bytes:
        encoder = PayloadEncoder()
        encoder.encode_tensor(quantized.reshape(-1), syntax, shift_search=search, row_skip=False)
        return encoder.finish()

    options = {"search": int(search != "off"), "scan_order": 0}
    theirs = _timed(peer, "encode_levels", quantized, dq, options)
    return run_paired(rounds, ours, theirs), ours()


def _decode(
    quantized: NDArray[np.int32], dq: bool, payload: bytes, rounds: int, peer: Peer | None
) -> Timing:
    syntax = _syntax(quantized.shape, dq)

    def ours() -> NDArray[np.int32]:
        decoder = PayloadDecoder(payload)
        levels = decoder.decode_tensor(syntax)
        decoder.finish()
        return levels

    assert (ours().reshape(quantized.shape) == quantized).all()
    stream = np.frombuffer(payload, np.uint8)
    theirs = _timed(peer, "decode_levels", stream, dq, {"shape": quantized.shape})
    return run_paired(rounds, ours, theirs)


def _timed(
    peer: Peer | None, command: str, array: NDArray[Any], dq: bool, options: dict[str, Any]
) -> Seconds | None:
    if peer is None:
        return None
    shared = {"unary_length": UNARY_LENGTH, "dq": int(dq), "profile": 1}

    def seconds() -> float:
        return float(peer.call(command, [array], **shared, **options).values["cpu_seconds"])

    return seconds
