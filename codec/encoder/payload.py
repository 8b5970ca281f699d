"""The payload of a compressed data unit: one codeword for its members, as short as was found."""

from copy import copy
from dataclasses import dataclass
from math import prod
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.member import CodedMember
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.unit import DataUnit
from nnref.codec.entropy import EntryPoint, PayloadEncoder, TensorSyntax
from nnref.spec.errors import NnrError
from nnref.spec.syntax import StreamState
from nnref.spec.tables.enums import PayloadType

_SKIPPED_ROW_BITS: Final = 0.03
"""What a zero weight in a row of zeros costs at least, when the row is not skipped."""


@dataclass(frozen=True, slots=True)
class CodedPayload:
    """A payload, and what the encoder chose while it was coded."""

    data: bytes
    entry_points: tuple[EntryPoint, ...] = ()
    skipping: frozenset[str] = frozenset()
    """Names of the tensors with row_skip_enabled_flag 1."""
    history: frozenset[str] = frozenset()
    """Names of the tensors with hist_dep_sig_prob_enabled_flag 1."""
    temporal: bool = False
    """temporal_context_modeling_flag."""


class _Flags(NamedTuple):
    """Clause 6.14.1: how a tensor is coded; each way gives the same weights."""

    row_skip: bool = False
    history: bool = False


class _Known(NamedTuple):
    """Clauses 12.3 and 12.4: what an update knows of a tensor, flat; None: nothing."""

    base: NDArray[np.int32] | None = None
    history: NDArray[np.int8] | None = None


def coded_payload(unit: DataUnit, state: StreamState) -> CodedPayload:
    """Clause 9.1: the raw numbers, or the shortest codeword found for all members.

    Raises UsageError for what cannot be coded.
    """
    if unit.payload_type == PayloadType.NNR_PT_RAW_FLOAT:
        return CodedPayload(unit.members[0].values.astype("<f4").tobytes())
    plain = _codeword(unit, state, temporal=False)
    if any(_known(unit, member).base is None for member in unit.members):
        return plain
    return min(plain, _codeword(unit, state, temporal=True), key=lambda each: len(each.data))


def _known(unit: DataUnit, member: CodedMember) -> _Known:
    stored = None if unit.lineage is None else unit.lineage.parent.tensors.get(member.name)
    if stored is None or stored.quantized.size != member.values.size:
        return _Known()
    history = stored.history.reshape(-1)
    return _Known(stored.quantized.reshape(-1), history if history.any() else None)


def _codeword(unit: DataUnit, state: StreamState, *, temporal: bool) -> CodedPayload:
    encoder = PayloadEncoder()
    chosen: dict[str, _Flags] = {}
    for member in unit.in_payload():
        encoder, chosen[member.name] = _with_member(encoder, member, unit, state, temporal)
    data = encoder.finish()
    return CodedPayload(
        data,
        tuple(point for points in encoder.entry_points for point in points),
        frozenset(name for name, flags in chosen.items() if flags.row_skip),
        frozenset(name for name, flags in chosen.items() if flags.history),
        temporal,
    )


def _with_member(
    encoder: PayloadEncoder, member: CodedMember, unit: DataUnit, state: StreamState, temporal: bool
) -> tuple[PayloadEncoder, _Flags]:
    """Clause 6.14: the codeword with one more member, and the flags with which it is shortest."""
    assert member.quantized is not None
    if member.qp is not None:
        encoder.iae(6 + unit.settings.density, member.qp - state.base_qp)
    syntax = _syntax(member, unit, state, temporal)
    known = _known(unit, member)
    best: tuple[PayloadEncoder, _Flags] | None = None
    for row_skip in _row_skips(member.quantized, syntax, unit.settings):
        try:
            longer = _with_tensor(encoder, member, syntax, unit, known, _Flags(row_skip))
        except NnrError as error:
            # A skipped row of a block scan advances the DQ state by whole rows, which the
            # quantizer's path does not (clause 9.6.5): such a tensor is coded without skipping.
            if not row_skip or error.id != "levels-off-grid":
                raise error.at(tensor=member.name) from None
        else:
            best = _shorter(best, (longer, _Flags(row_skip)))
    if best is None:
        best = _with_tensor(encoder, member, syntax, unit, known, _Flags()), _Flags()
    if not (syntax.has_flags and known.history is not None):
        return best
    flags = best[1]._replace(history=True)
    return _shorter(best, (_with_tensor(encoder, member, syntax, unit, known, flags), flags))


def _shorter(
    best: tuple[PayloadEncoder, _Flags] | None, other: tuple[PayloadEncoder, _Flags]
) -> tuple[PayloadEncoder, _Flags]:
    """The first one when both are equally long."""
    if best is None:
        return other
    return min(best, other, key=lambda each: len(copy(each[0]).finish()))


def _with_tensor(
    encoder: PayloadEncoder,
    member: CodedMember,
    syntax: TensorSyntax,
    unit: DataUnit,
    known: _Known,
    flags: _Flags,
) -> PayloadEncoder:
    assert member.quantized is not None
    longer = copy(encoder)
    longer.encode_tensor(
        member.quantized.reshape(-1),
        syntax,
        shift_search=_shift_search(unit.settings),
        row_skip=flags.row_skip,
        history_flag=flags.history,
        base=known.base,
        history=known.history,
    )
    return longer


def _syntax(
    member: CodedMember, unit: DataUnit, state: StreamState, temporal: bool
) -> TensorSyntax:
    shape = member.values.shape
    return TensorSyntax(
        rows=shape[0],
        columns=prod(shape[1:]),
        unary_length=unit.unary_length,
        dq_flag=unit.tools.dq_flag,
        scan_order=unit.tools.scan_order,
        profile=state.profile,
        parent=unit.lineage is not None and unit.lineage.named,
        temporal=temporal,
        codebook_size=len(member.codebook.entries) if member.codebook else 0,
        codebook_zero_offset=member.codebook.zero_offset if member.codebook else 0,
    )


def _shift_search(settings: EncodeSettings) -> str:
    if settings.compatible and settings.shift_search == "exact":
        return "compatible"
    return settings.shift_search


def _row_skips(
    quantized: NDArray[np.int32], syntax: TensorSyntax, settings: EncodeSettings
) -> tuple[bool, ...]:
    """The values of row_skip_enabled_flag to try, of which the one of fewer bits is kept."""
    if not syntax.has_flags:
        return (False,)
    if settings.row_skip is not None:
        return (settings.row_skip,)
    if settings.compatible:
        return (False,)
    zero_rows = int((~quantized.reshape(syntax.rows, -1).any(axis=1)).sum())
    if not settings.plain:
        return (False, True) if zero_rows else (False,)
    flag_bits = syntax.rows * _entropy(zero_rows / syntax.rows)
    return (zero_rows * syntax.columns * _SKIPPED_ROW_BITS > flag_bits,)


def _entropy(probability: float) -> float:
    if probability in (0.0, 1.0):
        return 0.05
    rest = 1.0 - probability
    return float(-probability * np.log2(probability) - rest * np.log2(rest))
