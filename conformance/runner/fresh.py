"""Streams that no decoder can know: those of the suite with another quantization parameter.

A decoder that looks up a stream of the suite and hands out the file beside it passes everything
but these. They are made anew for every run, from its seed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Final

from nnref.conformance.runner.adapter import RefusedError, Request
from nnref.conformance.runner.case import Case
from nnref.conformance.runner.comparison import same_tensors
from nnref.conformance.runner.literal import decode_literally
from nnref.spec.errors import NnrError
from nnref.spec.syntax import Unit, read_units, write_unit
from nnref.spec.tables.enums import UnitType

_ELEMENT: Final = "mps_quantization_parameter"
_SPREAD: Final = 24
"""The largest change: some octaves of the step, far from its ends."""


def fresh_cases(cases: Iterable[Case], seed: int, count: int) -> list[Case]:
    """Up to `count` new valid cases, each made of one of `cases` whose tensors depend on qp."""
    random = Random(seed)  # noqa: S311  streams are no secrets
    candidates = [case for case in cases if case.expected is not None and not case.is_invalid]
    random.shuffle(candidates)
    found: list[Case] = []
    for case in candidates:
        if len(found) == count:
            break
        found += _variants(case, random, len(found) + 1)
    return found


def _variants(case: Case, random: Random, number: int) -> Iterator[Case]:
    """One new case, or none where another quantization parameter makes no difference."""
    step = random.choice([n for n in range(-_SPREAD, _SPREAD + 1) if n])
    stream = _with_other_qp(case.stream, step)
    if stream is None or case.expected is None:
        return
    try:
        expected = decode_literally(request_of(case, stream))
    except (RefusedError, NnrError):
        return
    if not same_tensors(expected, case.expected):
        title = f"{case.id} with {_ELEMENT} moved by {step}"
        yield replace(case, id=f"fresh-{number}", title=title, stream=stream, expected=expected)


def request_of(case: Case, stream: bytes) -> Request:
    """What an adapter is given for a stream that stands in for that of a case."""
    return Request(
        stream,
        case.bases,
        case.semantics,
        case.as_coded,
        case.out_of_band,
        case.limits,
        case.dialect,
    )


def _with_other_qp(stream: bytes, step: int) -> bytes | None:
    """The stream with its model's quantization parameter moved; None where it has none."""
    try:
        for unit in read_units(stream):
            if unit.nnr_unit_type == UnitType.NNR_MPS and unit.fields[_ELEMENT] is not None:
                return (
                    stream[: unit.offset] + _moved(unit, step) + stream[unit.offset + unit.size :]
                )
    except NnrError:
        pass
    return None


def _moved(unit: Unit, step: int) -> bytes:
    fields = {name: value for name, value in unit.fields.items() if value is not None}
    fields[_ELEMENT] += step
    return write_unit(unit.nnr_unit_type, fields, b"", unit.state, strict=False)
