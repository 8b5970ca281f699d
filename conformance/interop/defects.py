"""Known defects of NNCodec 2.1.3: what each is, and when a divergence may be put down to it.

A divergence counts as explained only if a defect listed here acts on a tensor of that model with
those settings and in that direction, and shows by its symptom. Everything else fails the run, and
so does a difference in what is left of the model without the affected tensors.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Final

import numpy as np

from nnref.conformance.interop.client import Tensors
from nnref.conformance.interop.models import Case, Settings
from nnref.conformance.interop.peer.frames import Array


class Direction(Enum):
    """What one comparison checks."""

    OURS_TO_PEER = "nnref encodes, NNCodec decodes"
    PEER_TO_OURS = "NNCodec encodes, nnref decodes"
    SAME_BYTES = "same settings, same bytes"
    OUR_UPDATES = "update chains: nnref encodes, NNCodec decodes"
    PEER_UPDATES = "update chains: NNCodec encodes, nnref decodes"
    OUR_TOOLS = "coding tools: nnref encodes, NNCodec decodes"
    PEER_TOOLS = "coding tools: NNCodec encodes, nnref decodes"


@dataclass(frozen=True)
class Defect:
    """A defect of the peer: when it acts, and by what it shows."""

    id: str
    text: str
    directions: frozenset[Direction]
    affected: Callable[[Case, Tensors], set[str]]
    """Names of the tensors it acts on, given the case and what the peer decoded of it."""
    symptom: re.Pattern[str]
    """Found in the reason of every divergence it causes."""


def explain(
    direction: Direction, case: Case, decoded: Tensors, reason: str
) -> tuple[Defect, set[str]] | None:
    """The defect that a divergence may be put down to, and the tensors it acts on."""
    for defect in DEFECTS:
        if direction in defect.directions and defect.symptom.search(reason):
            names = defect.affected(case, decoded)
            if names:
                return defect, names
    return None


def block_edge(scan_order: int) -> int:
    """Clause 9.6.1: edge of the blocks of scan orders 1 to 4."""
    return 4 << scan_order


def _columns(tensor: Array) -> int:
    return prod(tensor.shape[1:])


def _skipped_in_the_wrong_state(case: Case, decoded: Tensors) -> set[str]:
    settings = case.settings
    if not (settings.dq and settings.row_skip and settings.scan_order):
        return set()
    return {
        name
        for name, tensor in case.tensors.items()
        if tensor.dtype == np.float32
        and tensor.shape[0] > 1
        and _columns(tensor) > block_edge(settings.scan_order)
        and _columns(tensor) % 4 != 0
        and _has_zero_row(decoded.get(name, tensor))
    }


def _has_zero_row(tensor: Array) -> bool:
    return not tensor.reshape(tensor.shape[0], -1).any(axis=1).all()


def _vectors_with_block_scan(case: Case, _decoded: Tensors) -> set[str]:
    if not case.settings.scan_order:
        return set()
    return {
        name
        for name, tensor in case.tensors.items()
        if tensor.ndim > 1 and 1 in (tensor.shape[0], _columns(tensor))
    }


def _empty(case: Case, _decoded: Tensors) -> set[str]:
    return {name for name, tensor in case.tensors.items() if tensor.size == 0}


DEFECTS: Final = (
    Defect(
        "dq-row-skip-block-scan",
        "with dependent quantization, row skipping and a block scan the coder walks the state "
        "machine one whole row per skipped segment, the quantizer one segment; the states part "
        "when the row is longer than a block and its length is no multiple of 4, and other "
        "values than the quantized ones are coded; with temporal contexts the next update then "
        "refers to values that the decoder does not have, and cannot be decoded",
        frozenset({Direction.SAME_BYTES, Direction.PEER_UPDATES}),
        _skipped_in_the_wrong_state,
        re.compile("^byte |NNCodec cannot decode its own stream"),
    ),
    Defect(
        "block-scan-of-a-vector",
        "a tensor of one row or one column with scan_order > 0 ends the encoder with "
        "KeyError cabac_entry_point_list",
        frozenset({Direction.PEER_TO_OURS, Direction.SAME_BYTES}),
        _vectors_with_block_scan,
        re.compile("KeyError: 'cabac_entry_point_list'"),
    ),
    Defect(
        "empty-tensor",
        "a tensor without weights ends the encoder with ZeroDivisionError, or encoder and "
        "decoder with a floating point exception (SIGFPE)",
        frozenset(Direction),
        _empty,
        re.compile("ZeroDivisionError|SIGFPE"),
    ),
)
"""In the order in which they are considered."""


def provoking_cases() -> list[tuple[str, Case]]:
    """Per defect its id and a small model that shows it."""
    random = np.random.default_rng(2113)
    weights = random.normal(size=(40, 45)).astype(np.float32)
    weights[::3] = 0.0
    block_scan = _settings(dq=True, row_skip=True, scan_order=1)
    one_column = weights[:, :1].copy()
    empty = {"weight": weights, "empty": np.zeros((5, 0), np.float32)}
    return [
        ("dq-row-skip-block-scan", Case("zero rows", {"weight": weights}, block_scan)),
        ("block-scan-of-a-vector", Case("one column", {"weight": one_column}, block_scan)),
        ("empty-tensor", Case("no columns", empty, _settings())),
    ]


def _settings(dq: bool = True, row_skip: bool = False, scan_order: int = 0) -> Settings:
    return Settings(
        qp=-12,
        nonweight_qp=-20,
        qp_density=2,
        dq=dq,
        profile=1,
        scan_order=scan_order,
        cabac_unary_length_minus1=10,
        row_skip=row_skip,
        search=True,
    )
