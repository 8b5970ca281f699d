"""Many tensors: payloads decoded two at a time, on one thread and on two, against the peer."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nnref.codec.entropy import (
    Decoding,
    PayloadDecoder,
    PayloadEncoder,
    TensorRequest,
    TensorSyntax,
    decode_together,
)
from nnref.codec.quantization import quantize_dependent
from nnref.conformance.interop.client import Peer
from nnref.spec.errors import refusal
from nnref.tools.bench.results import Row, speed_row
from nnref.tools.bench.timing import Timing, cpu_seconds, run_paired, wall_seconds
from nnref.tools.bench.workload import SPREADS, UNARY_LENGTH, laplacian

Quantized = NDArray[np.int32]

RATE = 2.5
"""Bits per weight, with dependent quantization."""

THREADS = 2


@dataclass(frozen=True)
class _Coded:
    """One tensor and the peer's form of its payload."""

    quantized: Quantized
    payload: bytes


def measure_many(tensors: int, weights: int, rounds: int, peer: Peer | None) -> list[Row]:
    """Decoding of `tensors` payloads that have about `weights` weights together.

    One thread is compared by CPU time, two threads by wall clock time: the peer has one only.
    """
    model = [_coded(seed, weights // tensors) for seed in range(tensors)]
    total = sum(coded.quantized.size for coded in model)
    one, two = partial(_decode, model), partial(_decode_in_threads, model)
    for work in (one, two):
        if not _same(model, work()):
            raise refusal("comparison-failed", "decoded tensors are not those that were encoded")
    rows = []
    for what, work, clock in (("1 thread", one, cpu_seconds), ("2 threads", two, wall_seconds)):
        theirs = partial(_peer_seconds, peer, model, clock.__name__) if peer else None
        timing = run_paired(rounds, work, theirs, clock)
        rows.append(_row(f"decode, {what}", total, timing))
    return rows


def _row(what: str, weights: int, timing: Timing) -> Row:
    return speed_row(what, "Mweights/s", weights / 1e6, timing)


def _coded(seed: int, weights: int) -> _Coded:
    quantized = quantize_dependent(laplacian(weights, SPREADS[True, RATE], seed), 0, 2).q
    encoder = PayloadEncoder()
    encoder.encode_tensor(quantized, _syntax(quantized), shift_search="compatible")
    return _Coded(quantized, encoder.finish())


def _syntax(quantized: Quantized) -> TensorSyntax:
    rows, columns = quantized.shape
    return TensorSyntax(rows, columns, UNARY_LENGTH, dq_flag=1)


def _decoding(coded: _Coded) -> Decoding[Quantized]:
    decoder = PayloadDecoder(coded.payload)
    request = TensorRequest(decoder, _syntax(coded.quantized))
    quantized = yield request
    if quantized is None:
        quantized = request.decode()
    decoder.finish()
    return quantized


def _decode(model: Sequence[_Coded]) -> list[Quantized | Exception]:
    return [*decode_together(map(_decoding, model))]


def _decode_in_threads(model: Sequence[_Coded]) -> list[Quantized | Exception]:
    shares = [model[first::THREADS] for first in range(THREADS)]
    decoded: list[Quantized | Exception] = [np.empty(0, np.int32)] * len(model)
    with ThreadPoolExecutor(THREADS) as pool:
        for first, share in enumerate(pool.map(_decode, shares)):
            decoded[first::THREADS] = share
    return decoded


def _same(model: Sequence[_Coded], decoded: Sequence[Quantized | Exception]) -> bool:
    return all(
        not isinstance(one, Exception) and np.array_equal(one, coded.quantized.reshape(-1))
        for coded, one in zip(model, decoded, strict=True)
    )


def _peer_seconds(peer: Peer, model: Sequence[_Coded], clock: str) -> float:
    return sum(
        float(
            peer.call(
                "decode_levels",
                [np.frombuffer(coded.payload, np.uint8)],
                shape=coded.quantized.shape,
                unary_length=UNARY_LENGTH,
                dq=1,
                profile=1,
            ).values[clock]
        )
        for coded in model
    )
