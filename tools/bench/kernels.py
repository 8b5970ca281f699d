"""One tensor: the arithmetic coder and the quantizers against the peer's C++ binding."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.entropy import PayloadDecoder, PayloadEncoder, TensorSyntax
from nnref.codec.quantization import quantize_dependent, quantize_uniform
from nnref.conformance.interop.client import Peer
from nnref.conformance.interop.peer.frames import Array, Message
from nnref.spec.errors import refusal
from nnref.tools.bench.results import Row, speed_row
from nnref.tools.bench.timing import Timing, run_paired
from nnref.tools.bench.workload import SPREADS, UNARY_LENGTH, count_bins, laplacian

Quantized = NDArray[np.int32]
PeerCall = Callable[[], Message]

_DENSITY = 2
_QP = 0
"""Step 1: spreads are given in steps."""

SEARCHES = {"off": "no search", "compatible": "peer's search", "exact": "exact search"}
"""Values of shift_search; against the last the peer runs its own."""


def measure_rate(
    dq: bool, rate: float, weights: int, rounds: int, peer: Peer | None
) -> tuple[str, list[Row]]:
    """Quantizer and coder at about `rate` bits per weight: a title and rows."""
    tensor = laplacian(weights, SPREADS[dq, rate])
    quantized = _quantize(tensor, dq)
    payload = _encode(quantized, dq, "compatible")
    bench = _Bench(dq, rounds, peer)
    bins = count_bins(quantized, dq)
    rows = [_weights_row("quantize", tensor.size, bench.quantize(tensor))]
    for search, what in SEARCHES.items():
        timing = bench.encode(quantized, search)
        rows += _coder_rows(f"encode, {what}", quantized.size, bins, timing)
    rows += _coder_rows("decode", quantized.size, bins, bench.decode(payload, quantized.shape))
    bits = 8 * payload.size / quantized.size
    kind = "dependent" if dq else "uniform"
    return f"{kind} quantization, {bits:.2f} bits per weight, {tensor.size} weights", rows


@dataclass(frozen=True)
class _Bench:
    """Paired runs of one tensor. Both sides' results must be equal before they are timed."""

    dq: bool
    rounds: int
    peer: Peer | None

    def quantize(self, tensor: NDArray[np.float32]) -> Timing:
        options = {"qp": _QP, "qp_density": _DENSITY, "scan_order": 0}
        theirs = self._peer_call("quantize", tensor, options)
        return self._paired(lambda: _quantize(tensor, self.dq), theirs)

    def encode(self, quantized: Quantized, search: str) -> Timing:
        options = {"search": int(search != "off"), "scan_order": 0}
        theirs = self._peer_call("encode_levels", quantized, options)
        ours = partial(_encode, quantized, self.dq, search)
        return self._paired(ours, theirs, equal=search != "exact")

    def decode(self, payload: NDArray[np.uint8], shape: tuple[int, ...]) -> Timing:
        theirs = self._peer_call("decode_levels", payload, {"shape": shape})
        stream = payload.tobytes()
        return self._paired(lambda: _decode(stream, shape, self.dq), theirs)

    def _peer_call(self, command: str, array: Array, options: dict[str, Any]) -> PeerCall | None:
        if self.peer is None:
            return None
        shared = {"unary_length": UNARY_LENGTH, "dq": int(self.dq), "profile": 1}
        return partial(self.peer.call, command, [array], **shared, **options)

    def _paired(
        self, ours: Callable[[], Array], theirs: PeerCall | None, *, equal: bool = True
    ) -> Timing:
        if theirs is None:
            return run_paired(self.rounds, ours, None)
        if equal and not np.array_equal(ours(), theirs().arrays[0]):
            raise refusal("comparison-failed", "nnref and NNCodec give different results")
        return run_paired(self.rounds, ours, lambda: float(theirs().values["cpu_seconds"]))


def _coder_rows(what: str, weights: int, bins: int, timing: Timing) -> Iterator[Row]:
    yield _weights_row(what, weights, timing)
    yield speed_row(what, "Mbins/s", bins / 1e6, timing)


def _weights_row(what: str, weights: int, timing: Timing) -> Row:
    return speed_row(what, "Mweights/s", weights / 1e6, timing)


def _syntax(shape: tuple[int, ...], dq: bool) -> TensorSyntax:
    return TensorSyntax(shape[0], shape[1], UNARY_LENGTH, dq_flag=int(dq))


def _quantize(tensor: NDArray[np.float32], dq: bool) -> Quantized:
    quantizer = quantize_dependent if dq else quantize_uniform
    return quantizer(tensor, _QP, _DENSITY).q


def _encode(quantized: Quantized, dq: bool, search: str) -> NDArray[np.uint8]:
    encoder = PayloadEncoder()
    encoder.encode_tensor(quantized, _syntax(quantized.shape, dq), shift_search=search)
    return np.frombuffer(encoder.finish(), np.uint8)


def _decode(payload: bytes, shape: tuple[int, ...], dq: bool) -> Quantized:
    decoder = PayloadDecoder(payload)
    quantized = decoder.decode_tensor(_syntax(shape, dq))
    decoder.finish()
    return quantized.reshape(shape)
