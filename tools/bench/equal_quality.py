"""Bytes at equal quality: nnref's defaults against NNCodec's best setting, on trained networks.

Quality is measured on the tensors with at least two dimensions (weight tensors), in two ways:

- "each": every one has the same SQNR on both sides. NNCodec gets a quantization parameter per
  tensor (`qp_per_tensor`), the coarsest that reaches nnref's SQNR and the next one, and its bytes
  are interpolated in dB between the two, tensor by tensor.
- "total": all together have the same SQNR, 10 log10(sum of squares / sum of squared errors). Both
  codecs have one step for all: NNCodec's qp goes up until it falls short, and the bytes of the last
  two streams are interpolated; nnref is asked for the SQNR (`encode_to_target`, weighting "model").

NNCodec's best setting is the one of `PEER_SETTINGS` with the smallest stream. Other tensors
(biases, normalization) are at the default of each codec, where NNCodec spends more bits; figures of
weight tensors leave them out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnref.codec import Target, decode, encode, encode_to_target, open_stream
from nnref.codec.quantization import (
    choose_qp,
    exact_step,
    quantize_dependent,
    quantize_dependent_rd,
    sqnr_db,
)
from nnref.conformance.interop.client import Peer
from nnref.conformance.interop.comparison import first_difference
from nnref.spec.errors import refusal
from nnref.tools.bench.results import Row, figure_row
from nnref.tools.bench.workload import Tensors, file_model

Measure = Literal["each", "total"]

QUALITIES: Final = (10.0, 20.0, 30.0, 40.0)
"""dB."""

PEER_SETTINGS: Final = tuple(
    {"use_dq": True, "param_opt": search, "lambda_scale": scale}
    for search, scale in product((True, False), (0.0, 0.8))
)
"""Dependent quantization, the search for context parameters on and off, and weighing of bits off
(NNCodec's default) and where it took the fewest bytes at equal SQNR on trained layers (0.05 to 6
tried)."""

_DENSITY, _PEER_UNARY_LENGTH = 2, 10
"""Defaults of NNCodec; its quantizer counts one abs_level_greater_x less than its coder codes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a stream and of its weight tensors' units; interpolated ones are no integers."""

    file: float
    weights: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One network at one quality; NNCodec's sizes are those of its best setting."""

    network: str
    ours: Sizes
    theirs: Sizes


def quality_tables(
    folder: Path, qualities: Iterable[float], peer: Peer, measure: Measure
) -> Iterator[tuple[str, list[Row]]]:
    """Two tables for each SQNR in dB, with all networks of a folder (see `networks`).

    Raises as `compare_each`, and FileError file-not-found for a folder without a network.
    """
    compare = compare_each if measure == "each" else compare_total
    for sqnr in qualities:
        found = [compare(n, file_model(path), sqnr, peer) for n, path in networks(folder).items()]
        for what, of in (("files", "file"), ("weight tensors", "weights")):
            yield f"{what} at {sqnr:g} dB ({measure})", _rows(found, of)


def networks(folder: Path) -> dict[str, Path]:
    """The safetensors files below a folder by name: their own, or that of a folder of their own."""
    paths = sorted(folder.rglob("*.safetensors"))
    if not paths:
        raise refusal("file-not-found", f"{folder}: no .safetensors file in it")
    return {(p.parent.name if p.stem == "model" else p.stem): p for p in paths}


def compare_each(network: str, model: Tensors, sqnr: float, peer: Peer) -> Comparison:
    """One network, every weight tensor at one SQNR in dB.

    Raises comparison-failed when NNCodec decodes nnref's stream to anything else than nnref does.
    """
    stream = encode(model, sqnr=sqnr)
    decoded = _decoded_by_both(network, stream, peer)
    targets = {name: sqnr_db(model[name], decoded[name]) for name in _weight_names(model)}
    theirs = (_peer_sizes(model, targets, peer, settings) for settings in PEER_SETTINGS)
    return Comparison(network, _sizes(stream, targets), min(theirs, key=lambda sizes: sizes.file))


def compare_total(network: str, model: Tensors, sqnr: float, peer: Peer) -> Comparison:
    """One network, all weight tensors together at one SQNR in dB. Raises as `compare_each`."""
    stream, _ = encode_to_target(model, Target(min_sqnr=sqnr), weighting="model")
    reached = _total_sqnr(model, _decoded_by_both(network, stream, peer))
    theirs = (_peer_total(model, reached, peer, settings) for settings in PEER_SETTINGS)
    return Comparison(
        network, _sizes(stream, _weight_names(model)), min(theirs, key=lambda sizes: sizes.file)
    )


def _decoded_by_both(network: str, stream: bytes, peer: Peer) -> Tensors:
    decoded = decode(stream)
    difference = first_difference(decoded, peer.decompress(stream))
    if difference:
        raise refusal("comparison-failed", f"{network}: {difference}")
    return decoded


def _weight_names(model: Tensors) -> list[str]:
    return [name for name, tensor in model.items() if tensor.ndim > 1]


def _sizes(stream: bytes, names: Iterable[str]) -> Sizes:
    return Sizes(len(stream), sum(_unit_sizes(stream, names).values()))


def _total_sqnr(model: Tensors, decoded: Tensors) -> float:
    """dB, of all weight tensors together."""
    names = _weight_names(model)
    original = np.concatenate([model[name].reshape(-1) for name in names])
    return sqnr_db(original, np.concatenate([decoded[name].reshape(-1) for name in names]))


def _peer_total(model: Tensors, target: float, peer: Peer, settings: Mapping[str, Any]) -> Sizes:
    """NNCodec's bytes with one qp for all weights, interpolated to the target SQNR."""
    names = _weight_names(model)

    def coded(qp: int) -> tuple[float, Sizes]:
        stream = peer.compress(model, {"qp": qp, "profile": 1, **settings})
        return _total_sqnr(model, decode(stream)), _sizes(stream, names)

    qp = joint_qp(model, target)
    at = {qp: coded(qp)}
    while at[qp][0] < target:
        qp -= 1
        at[qp] = coded(qp)
    while at[qp][0] >= target:
        qp += 1
        at[qp] = at.get(qp) or coded(qp)
    (fine, finer), (coarse, coarser) = at[qp - 1], at[qp]
    file, weights = (
        _between((fine, getattr(finer, of)), (coarse, getattr(coarser, of)), target)
        for of in ("file", "weights")
    )
    return Sizes(file, weights)


def joint_qp(model: Tensors, target: float) -> int:
    """The qp that gives all weights together the target SQNR with the plain quantizer."""
    weights = np.concatenate([model[name].reshape(-1) for name in _weight_names(model)])
    return choose_qp(weights, sqnr_db=target, qp_density=_DENSITY, dq_flag=True)


def _rows(comparisons: list[Comparison], of: str) -> list[Row]:
    """One row for each network, and the geometric mean of NNCodec's bytes in parts of nnref's."""
    pairs = [(getattr(c.ours, of), getattr(c.theirs, of)) for c in comparisons]
    rows = [
        figure_row(c.network, "bytes", *pair) for c, pair in zip(comparisons, pairs, strict=True)
    ]
    mean = prod(theirs / ours for ours, theirs in pairs) ** (1 / len(pairs))
    return [*rows, figure_row("geometric mean", "ratio", 1.0, mean)]


def _unit_sizes(stream: bytes, names: Iterable[str]) -> dict[str, int]:
    opened = open_stream(stream)
    return {name: opened.info(name).unit.size for name in names}


def _peer_sizes(
    model: Tensors, targets: Mapping[str, float], peer: Peer, settings: Mapping[str, Any]
) -> Sizes:
    """NNCodec's bytes, interpolated tensor by tensor to where it has the target SQNR."""
    scale = settings["lambda_scale"]
    reaching = {name: _peer_qp(model[name], target, scale) for name, target in targets.items()}
    finer, coarser = (
        _measured(model, {name: qp + more for name, qp in reaching.items()}, peer, settings)
        for more in (0, 1)
    )
    interpolated = sum(
        _between(finer.tensors[name], coarser.tensors[name], targets[name]) for name in targets
    )
    rest = finer.stream_bytes - sum(size for _, size in finer.tensors.values())
    return Sizes(rest + interpolated, interpolated)


@dataclass(frozen=True, slots=True)
class _Measured:
    stream_bytes: int
    tensors: Mapping[str, tuple[float, int]]
    """SQNR in dB and bytes of the unit of every weight tensor."""


def _measured(
    model: Tensors, qps: Mapping[str, int], peer: Peer, settings: Mapping[str, Any]
) -> _Measured:
    stream = peer.compress(model, {"qp_per_tensor": dict(qps), "profile": 1, **settings})
    decoded, sizes = decode(stream), _unit_sizes(stream, qps)
    tensors = {name: (sqnr_db(model[name], decoded[name]), sizes[name]) for name in qps}
    return _Measured(len(stream), tensors)


def _between(finer: tuple[float, float], coarser: tuple[float, float], target: float) -> float:
    """Bytes at the target SQNR on the line between two points (SQNR, bytes)."""
    if not coarser[0] < target < finer[0]:
        return finer[1]
    part = (target - coarser[0]) / (finer[0] - coarser[0])
    return coarser[1] + part * (finer[1] - coarser[1])


def _peer_qp(values: NDArray[np.float32], target: float, scale: float) -> int:
    """The coarsest qp with which NNCodec's quantizer reaches the target SQNR."""
    qp = choose_qp(values, sqnr_db=target, qp_density=_DENSITY, dq_flag=True)
    while scale and _peer_sqnr(values, qp, scale) < target:
        qp -= 1
    return qp


def _peer_sqnr(values: NDArray[np.float32], qp: int, scale: float) -> float:
    """The SQNR in dB of NNCodec's quantizer, which nnref's equals."""
    result = (
        quantize_dependent_rd(
            values, qp, _DENSITY, lambda_scale=scale, unary_length=_PEER_UNARY_LENGTH
        )
        if scale
        else quantize_dependent(values, qp, _DENSITY)
    )
    return sqnr_db(values, result.q * np.float32(exact_step(qp, _DENSITY)))
