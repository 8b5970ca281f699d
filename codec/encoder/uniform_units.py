"""Ordinary units for a tensor whose numbers are integers times a step."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.member import CodedMember, UnitTools
from nnref.codec.encoder.rate_distortion import unary_length_of
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.unit import DataUnit
from nnref.codec.quantization import Codebook
from nnref.codec.quantization.step import exact_step, qp_range
from nnref.spec.syntax import StreamState
from nnref.spec.tables.enums import PayloadType

_MOST_ENTRIES: Final = 1024
"""Different integers of a tensor that gets a codebook, at most."""
_EXACT: Final = 1 << 24
_LEAST_NORMAL: Final = 2.0**-126
"""Integers and steps that binary32 has as they are."""


def uniform_units(
    name: str,
    integers: NDArray[np.int32],
    qp: int,
    settings: EncodeSettings,
    state: StreamState,
    format_code: int | None,
) -> Iterator[DataUnit]:
    """Clauses 10.2 and 10.4: units that decode to integers times the step of `qp`.

    One has the integers themselves, one a codebook of those that occur; none where the qp is out
    of reach, and none of a tensor without dimensions, which is carried raw. A codebook rounds
    products once, so there is none where that makes a difference.
    """
    if not integers.shape or qp not in qp_range(settings.density, state.base_qp):
        return
    normal = exact_step(qp, settings.density) >= _LEAST_NORMAL
    values = np.broadcast_to(np.float32(0), integers.shape)
    plain = CodedMember(name, values, integers, qp)
    exact = normal and int(np.abs(integers, dtype=np.int64).max(initial=0)) < _EXACT
    members = [plain, *(_with_codebook(plain, integers) if exact else ())]
    for member in members:
        assert member.quantized is not None
        length = unary_length_of(member.quantized, settings, state, 0)
        yield DataUnit(
            PayloadType.NNR_PT_FLOAT,
            (member,),
            integers.shape,
            UnitTools(unary_length=length),
            settings,
            0,
            format_code,
        )


def _with_codebook(plain: CodedMember, integers: NDArray[np.int32]) -> Iterator[CodedMember]:
    entries = np.unique(integers)
    if integers.size == 0 or entries.size > _MOST_ENTRIES:
        return
    zero_offset = min(int(np.searchsorted(entries, 0)), entries.size - 1)
    levels = (np.searchsorted(entries, integers) - zero_offset).astype(np.int32)
    book = Codebook(tuple(entries.tolist()), zero_offset)
    yield replace(plain, quantized=levels, codebook=book)
