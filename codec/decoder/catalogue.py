"""Which units and tensors a stream has: all of them, or the one that is asked for."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from nnref.codec.decoder.composition import composed_tensors
from nnref.codec.decoder.headers import StreamTensor, unit_tensors
from nnref.codec.decoder.index import find_index
from nnref.codec.entropy.pages import let_go
from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.syntax import (
    IndexedUnit,
    Joiner,
    OutOfBand,
    Unit,
    index_flaw,
    is_index,
    read_unit_at,
    read_units,
)
from nnref.spec.tables.enums import UnitType


class Catalogue:
    """The units and tensors of a stream as its headers describe them; nothing is decoded.

    All headers are parsed at once, unless the stream ends with an index (clause 14.2.1): then
    `find` reads the unit of a tensor alone, and all is parsed when all is asked for, or a tensor
    that the index does not list. An index that lies is not used; it becomes a finding. `strict`
    parses all and raises findings.
    """

    def __init__(
        self,
        buffer: memoryview,
        *,
        limits: Limits,
        out_of_band: Mapping[str, OutOfBand] | None,
        strict: bool,
        as_coded: bool,
        skip_aggregates: bool,
        findings: list[NnrError],
    ) -> None:
        self._buffer = buffer
        self._limits = limits
        self._as_coded = as_coded
        self._skip_aggregates = skip_aggregates
        self._findings = findings
        self._strict = strict
        options: dict[str, Any] = {"limits": limits, "out_of_band": out_of_band}
        read_all = partial(read_units, buffer, strict=strict, findings=findings, **options)
        self._read_all = read_all
        self._complete = False
        self._clear()

        def read_at(offset: int, number: int, state: Any) -> Unit:
            return read_unit_at(buffer, offset, state, index=number, **options)

        self._index = None if strict else find_index(buffer, limits, read_at)
        if self._index is None:
            self._parse()

    def _clear(self) -> None:
        self._bytes = 0
        self._units: list[Unit] = []
        self._tensors: dict[str, StreamTensor] = {}
        self._coded: dict[int, tuple[StreamTensor, ...]] = {}
        self._handed_out: dict[int, tuple[StreamTensor, ...]] = {}

    @property
    def summary(self) -> str:
        """What is known without parsing more: the number of tensors, or that there is an index."""
        return f"{len(self._tensors)} tensors" if self._complete else "indexed"

    @property
    def units(self) -> Sequence[Unit]:
        """All units, in the order of the stream."""
        self._parse()
        return self._units

    @property
    def tensors(self) -> Mapping[str, StreamTensor]:
        """All tensors by name, in decoding order."""
        self._parse()
        return self._tensors

    @property
    def by_unit(self) -> Iterable[tuple[StreamTensor, ...]]:
        """The tensors of every unit that has some."""
        self._parse()
        return self._handed_out.values()

    def let_go(self) -> None:
        """Take what parsing touched of a mapped file out of memory."""
        let_go(self._buffer)

    def find(self, name: str) -> StreamTensor | None:
        """A tensor by name, through the index where there is one; None if there is none."""
        if not self._complete and name not in self._tensors:
            self._find_in_index(name)
        return self._tensors.get(name)

    def coded(self, unit: Unit) -> tuple[StreamTensor, ...]:
        """The coded tensors of a unit, in payload order."""
        return self._coded[unit.index]

    def handed_out(self, unit: Unit) -> tuple[StreamTensor, ...]:
        """The tensors that a unit gives: coded as they are, or composed (clause 10.6)."""
        return self._handed_out[unit.index]

    def _find_in_index(self, name: str) -> None:
        assert self._index is not None
        numbers = self._index.numbers_of(name)
        if not numbers and not self._as_coded:
            numbers = self._index.numbers_of(f"{name}_G")
        try:
            found = numbers and (numbers[-1] in self._coded or self._add_parts(numbers))
        except NnrError:
            found = False
        if not found:
            self._parse()  # the index lies, or there is no such tensor, or more is wrong

    def _add_parts(self, numbers: Iterable[int]) -> bool:
        """Clause 8.2.1: the data of these units, if it is complete with the last of them."""
        assert self._index is not None
        joiner = Joiner(self._buffer)
        whole = None
        for number in numbers:
            whole = joiner.add(self._index.unit(number))
        if whole is not None:
            self._add(whole)
        return whole is not None

    def _parse(self) -> None:
        if self._complete:
            return
        self._clear()
        joiner = Joiner(self._buffer)
        for unit in self._read_all():
            whole = joiner.add(unit)
            if whole is not None and whole.has_tensors:
                self._add(whole)
            elif unit.nnr_unit_type == UnitType.NNR_AGG:
                self._note_aggregate(unit)
            elif is_index(unit.fields):
                self._check_index(unit)
            self._units.append(unit)
        self._complete = True

    def _note_aggregate(self, unit: Unit) -> None:
        """Clause 7.9: its tensors would be missing without a word."""
        finding = refusal("aggregate-undefined", f"{unit.payload_size} bytes", **_place(unit))
        if self._strict or not self._skip_aggregates:
            raise finding
        self._findings.append(finding)

    def _check_index(self, index: Unit) -> None:
        flaw = index_flaw(index, [IndexedUnit.of(unit) for unit in self._units])
        if flaw:
            finding = refusal("index-mismatch", flaw, **_place(index))
            if self._strict:
                raise finding
            self._findings.append(finding)

    def _add(self, unit: Unit) -> None:
        coded = unit_tensors(unit, self._limits)
        tensors = coded if self._as_coded else composed_tensors(coded)
        where: dict[str, Any] = {"unit": unit.index, "unit_type": unit.type_name}
        total = self._bytes + max(_nbytes(coded), _nbytes(tensors))
        first = tensors[0].name
        self._limits.check("max_total_bytes", total, "limit-total-bytes", tensor=first, **where)
        for tensor in tensors:
            if tensor.name in self._tensors:
                # Names of coded tensors are checked already; this one is of a composed weight.
                raise refusal("tensor-name-duplicate", tensor=tensor.name, **where)
        self._bytes = total
        self._coded[unit.index], self._handed_out[unit.index] = coded, tensors
        self._tensors.update((tensor.name, tensor) for tensor in tensors)


def _place(unit: Unit) -> dict[str, Any]:
    return {"unit": unit.index, "unit_type": unit.type_name, "bit": 8 * unit.offset}


def _nbytes(tensors: Iterable[StreamTensor]) -> int:
    return sum(tensor.info.nbytes for tensor in tensors)
