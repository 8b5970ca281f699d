"""What the runner gives a decoder, and what it knows of the right answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.model import numpy_dtype, open_model
from nnref.conformance.suite import Budget, Sheet
from nnref.conformance.suite.sheets import INVALID, REQUIRED
from nnref.spec.errors import refusal
from nnref.spec.tables.enums import Dialect

Array = NDArray[Any]
Tensors = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Case:
    """One stream with all that its decoding depends on, and the tensors it holds.

    `bases` are the earlier streams of an update chain, the oldest first; with `semantics` (clause
    12.6) the sum of the chain is asked for, else the tensors of the last stream alone. `as_coded`
    is False where blocks are to be composed (clause 10.6). `expected` is None where a decoder has
    to refuse, and where it may and nobody knows what else it can do. `features` are those of the
    stream, and composition, limits, sums, updates, dialect-1.0 where it needs them.
    """

    id: str
    kind: str
    """valid, invalid or must-skip."""
    stream: bytes
    budget: Budget
    expected: Tensors | None = None
    title: str = ""
    bases: tuple[bytes, ...] = ()
    semantics: str | None = None
    as_coded: bool = True
    out_of_band: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    dialect: Dialect = Dialect.NNCODEC_2
    profile: int = 1
    features: frozenset[str] = frozenset()
    clauses: tuple[str, ...] = ()
    rule: str | None = None
    """The rule that an invalid stream breaks."""
    refusal: str = REQUIRED

    @property
    def is_invalid(self) -> bool:
        """Whether a decoder may refuse it."""
        return self.kind == INVALID

    @property
    def must_be_refused(self) -> bool:
        """Whether decoding it to the end is an error."""
        return self.is_invalid and self.refusal == REQUIRED


def suite_cases(sheets: Sequence[Sheet]) -> list[Case]:
    """The cases of a suite, in its order. Raises FileError for a base that is not in it."""
    by_id = {sheet.id: sheet for sheet in sheets}
    return [_case(sheet, by_id) for sheet in sheets]


def needs_of(sheet: Sheet) -> frozenset[str]:
    """What a decoder has to have for a case: the features of its stream, and what it is told."""
    options = sheet.options
    told = {
        "composition": not options.as_coded,
        "limits": bool(options.limits),
        "sums": options.semantics is not None,
        "updates": bool(options.chain),
        "dialect-1.0": sheet.coded_dialect == Dialect.NNCODEC_1,
    }
    return frozenset(sheet.features) | {name for name, is_needed in told.items() if is_needed}


def _case(sheet: Sheet, by_id: Mapping[str, Sheet]) -> Case:
    options, fault = sheet.options, sheet.fault
    unknown = [name for name in options.chain if name not in by_id]
    if unknown:
        raise refusal("file-format", f"the sheet {sheet.id} names {unknown[0]!r}, which is missing")
    return Case(
        sheet.id,
        sheet.kind,
        sheet.data,
        sheet.budget,
        None if sheet.expected is None else _expected(sheet),
        sheet.title,
        tuple(by_id[name].data for name in options.chain),
        options.semantics,
        options.as_coded,
        options.out_of_band,
        options.limits,
        sheet.coded_dialect,
        sheet.profile,
        needs_of(sheet),
        sheet.clauses,
        None if fault is None else fault.rule,
        REQUIRED if fault is None else fault.refusal,
    )


def _expected(sheet: Sheet) -> Tensors:
    """The tensors of a sheet; what safetensors has no type for lies there as bytes."""
    assert sheet.expected is not None
    assert sheet.expected_path is not None
    tensors = {}
    with open_model(sheet.expected_path) as source:
        for one in sheet.expected.tensors:
            array, dtype = np.array(source.read(one.name)), numpy_dtype(one.dtype)
            if array.dtype != dtype:
                array = array.reshape(-1).view(np.uint8).view(dtype)
            tensors[one.name] = array.reshape(one.shape)
    return tensors
