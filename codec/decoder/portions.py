"""Tensors in portions: what goes to a file is never whole in memory as it comes out."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.batches import UnitWork, batches
from nnref.codec.decoder.composition import output
from nnref.codec.decoder.data_unit import (
    CodedTensor,
    CodedUnit,
    entry_points_of,
    findings_of,
    next_tensor,
    placed,
    unit_density,
)
from nnref.codec.decoder.headers import StreamTensor
from nnref.codec.entropy import PayloadDecoder, decode_in_portions, decode_together
from nnref.codec.entropy.pages import let_go
from nnref.codec.formats import keeps_rows
from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import is_method
from nnref.spec.tables.enums import PayloadType

Array = NDArray[Any]

PORTION_WEIGHTS: Final = 1 << 20
"""Weights of a portion."""

WHOLE_WEIGHTS: Final = 1 << 24
"""Weights of the largest tensor whose quantized parameters are decoded whole when it is alone."""


def portioned(
    works: Iterable[UnitWork], findings: list[NnrError]
) -> Iterator[tuple[StreamTensor, Iterator[Array]]]:
    """All tensors in order, each as flat arrays one behind the other.

    The portions of a tensor are taken before the next tensor is. Tolerated rules are added to
    `findings`. Raises what decoding raises, perhaps between two portions.
    """
    for batch in batches(works):
        if len(batch) == 1 and _divides(batch[0]) and batch[0].weights > WHOLE_WEIGHTS:
            yield batch[0].tensors[0], _decoded(batch[0], findings)
        else:
            yield from _together(batch, findings)
        for work in batch:
            for piece in work.unit.pieces:
                let_go(memoryview(piece.data))


def _divides(work: UnitWork) -> bool:
    """Whether a unit gives one tensor whose weights become its items one by one."""
    tensor = work.tensors[0]
    alone = len(work.coded) == 1 and len(work.tensors) == 1 and not is_method(work.unit.fields)
    return alone and keeps_rows(tensor.format_code, tensor.payload_type)


def _together(
    batch: tuple[UnitWork, ...], findings: list[NnrError]
) -> Iterator[tuple[StreamTensor, Iterator[Array]]]:
    coded = deque(decode_together(work.decoding() for work in batch))
    for work in batch:
        unit = coded.popleft()
        if isinstance(unit, NnrError):
            raise unit
        findings += unit.findings
        if _divides(work) and unit.tensors[0].quantized is not None:
            yield work.tensors[0], _converted(work, unit)
            continue
        with placed(work.unit):
            arrays = work.arrays(unit)
        for tensor, array in zip(work.tensors, arrays, strict=True):
            yield tensor, iter((array.reshape(-1),))


def _converted(work: UnitWork, unit: CodedUnit) -> Iterator[Array]:
    """Clause 10: the values of a tensor whose quantized parameters are there."""
    (coded,) = unit.tensors
    assert coded.quantized is not None
    flat = coded.quantized.reshape(-1)
    for start in range(0, flat.size, PORTION_WEIGHTS):
        part = replace(coded, quantized=flat[start : start + PORTION_WEIGHTS])
        with placed(work.unit):
            values = output(part.values(), work.tensors[0])
        yield values


def _decoded(work: UnitWork, findings: list[NnrError]) -> Iterator[Array]:
    """Clauses 9.1 and 10: a tensor decoded as it goes."""
    with placed(work.unit, work.tensors[0].name):
        if work.tensors[0].payload_type == PayloadType.NNR_PT_RAW_FLOAT:
            yield from _raw(work)
            return
        unit, member = work.unit, work.coded[0].member
        decoder = PayloadDecoder(unit.payload, work.dialect)
        qp, request = next_tensor(decoder, unit, member, work.base, entry_points_of(unit))
        density = unit_density(unit)
        for quantized in decode_in_portions(request, PORTION_WEIGHTS):
            coded = CodedTensor(member, quantized, qp, density)
            yield output(coded.values(), work.tensors[0])
        decoder.finish(strict=work.strict)
        findings += findings_of(decoder, unit)


def _raw(work: UnitWork) -> Iterator[Array]:
    """Clause 10.5: the numbers of a raw payload."""
    payload, weights = work.unit.payload, work.weights
    if len(payload) != 4 * weights:
        raise refusal("payload-size-raw", f"{len(payload)} bytes for {weights} weights")
    for start in range(0, len(payload), 4 * PORTION_WEIGHTS):
        part = memoryview(payload)[start : start + 4 * PORTION_WEIGHTS]
        values = np.frombuffer(part, "<f4").astype(np.float32)
        let_go(part)
        yield output(values, work.tensors[0])
