"""Whole models through the public functions of both codecs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnref.codec import decode, encode
from nnref.conformance.interop.client import Peer
from nnref.tools.bench.results import Row, figure_row, speed_row
from nnref.tools.bench.timing import Seconds, run_paired
from nnref.tools.bench.workload import MODEL_QP, Tensors, count_weights

_QUALITY = {"qp": MODEL_QP, "nonweight_qp": -75}
OPTIONS: dict[str, Any] = _QUALITY | {"effort": "fast"}
PEER_OPTIONS: dict[str, Any] = _QUALITY | {"profile": 1}
"""The same work on both sides: nearest values, the usual unary length. Everything else is the
default of each codec: dependent quantization with a search."""

PEER_TIMEOUT = 600.0
"""Seconds: the peer's time grows with the square of the number of tensors."""


def measure_model(model: Tensors, rounds: int, peer: Peer | None) -> list[Row]:
    """Encode and decode, each codec its own stream, and the sizes of the streams."""
    weights = count_weights(model) / 1e6
    stream = encode(model, **OPTIONS)
    peer_stream = peer.compress(model, PEER_OPTIONS) if peer else b""
    encoding = run_paired(rounds, lambda: encode(model, **OPTIONS), _peer_encode(model, peer))
    decoding = run_paired(rounds, lambda: decode(stream), _peer_decode(peer_stream, peer))
    return [
        speed_row("encode", "Mweights/s", weights, encoding),
        speed_row("decode", "Mweights/s", weights, decoding),
        figure_row("stream", "bytes", len(stream), len(peer_stream) if peer else None),
    ]


def _peer_encode(model: Tensors, peer: Peer | None) -> Seconds | None:
    values = {"names": list(model), "options": PEER_OPTIONS}
    return _timed(peer, "compress", list(model.values()), values)


def _peer_decode(stream: bytes, peer: Peer | None) -> Seconds | None:
    return _timed(peer, "decompress", [np.frombuffer(stream, np.uint8)], {})


def _timed(
    peer: Peer | None, command: str, arrays: list[Any], values: Mapping[str, Any]
) -> Seconds | None:
    if peer is None:
        return None
    return lambda: float(peer.call(command, arrays, **values).values["cpu_seconds"])
