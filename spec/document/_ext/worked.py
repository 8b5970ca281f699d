"""Streams of `examples/` decoded by the literal decoder, with all that its observer hears.

Plain Python: what is decoded here is drawn by the directives and checked by the tests.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from nnref.spec.process import (
    DecodedStream,
    DecodedTensor,
    Observer,
    Refused,
    UpdateState,
    decode_stream,
)
from nnref.spec.tables.cabac import RANGE_LPS

FOLDER: Final = Path(__file__).parent.parent / "examples"
MANIFEST: Final = FOLDER / "examples.json"


@dataclass(frozen=True, slots=True)
class ElementRead:
    """A header element: position and length in bits."""

    path: str
    bit: int
    length: int
    value: int | float | str | bytes

    @property
    def name(self) -> str:
        """The element's name without subscripts and without the structure it is in."""
        return self.path.rpartition(".")[2].partition("[")[0]


@dataclass(frozen=True, slots=True)
class BinRead:
    """A bin; `state`, `range` and `offset` are those before it."""

    kind: str
    element: str
    context: int | None
    state: int | None
    range: int
    offset: int
    value: int

    @property
    def range_lps(self) -> int | None:
        """Width of the less probable part; None for bins without a context."""
        if self.state is None:
            return None
        return RANGE_LPS[(self.range >> 5) & 7][abs(self.state >> 7)]


@dataclass(frozen=True, slots=True)
class Remark:
    """A line between bins: what begins or has been put together here."""

    text: str


@dataclass(slots=True)
class UnitRead:
    """A unit: its elements, then the bins and remarks of its codeword."""

    index: int
    type: int
    first_byte: int
    size: int
    elements: list[ElementRead] = field(default_factory=list)
    codeword: list[BinRead | Remark] = field(default_factory=list)


class Recorder(Observer):
    """Keeps every event, by unit."""

    def __init__(self) -> None:
        self.units: list[UnitRead] = []
        self._early: list[ElementRead] = []
        self._columns = 1

    def unit(self, index: int, nnr_unit_type: int, bit: int, size: int) -> None:
        """The elements read so far belong to the unit that is announced now."""
        self.units.append(UnitRead(index, nnr_unit_type, bit // 8, size))
        own = [e for e in self._early if e.bit >= bit]
        self.units[-1].elements += own
        self._early.clear()

    def element(self, path: str, bit: int, length: int, value: int | float | str | bytes) -> None:
        """Size and type come before the unit is announced."""
        read = ElementRead(path, bit, length, value)
        opening = path in ("nnr_unit_size_flag", "nnr_unit_size", "nnr_unit_type")
        (self._early if opening else self.units[-1].elements).append(read)

    def tensor(self, name: str, role: str, rows: int, columns: int) -> None:
        """A tensor begins."""
        self._columns = max(columns, 1)
        self._remark(f"tensor {name!r} ({role}), {rows} × {columns}")

    def weight(self, position: int, state: int, neighbour: int) -> None:
        """A weight begins."""
        row, column = divmod(position, self._columns)
        self._remark(f"weight [{row}, {column}]: state {state}, n {neighbour}")

    def level(self, position: int, level: int) -> None:  # noqa: ARG002
        """A level is complete: the remark at its start is completed."""
        codeword = self.units[-1].codeword
        for place in range(len(codeword) - 1, -1, -1):
            remark = codeword[place]
            if isinstance(remark, Remark) and remark.text.startswith("weight"):
                codeword[place] = Remark(f"{remark.text}, level {level}")
                return

    def bin(
        self,
        kind: str,
        element: str,
        index: int | None,
        context: int | None,
        state: int | None,
        range_: int,
        offset: int,
        value: int,
    ) -> None:
        """A bin."""
        name = element if index is None else f"{element}[{index}]"
        self.units[-1].codeword.append(BinRead(kind, name, context, state, range_, offset, value))

    def coded_element(self, element: str, index: int | None, value: int) -> None:
        """An element of several bypass bins: its value, if it has bins at all."""
        last = self.units[-1].codeword[-1]
        name = element if index is None else f"{element}[{index}]"
        if isinstance(last, BinRead) and last.element == name:
            self._remark(f"{name} = {value}")

    def block_row(self, first_row: int, shifts: int, offset: int, state: int) -> None:
        """A block row begins."""
        registers = f"{shifts} bits taken in, offset {offset}, state {state}"
        self._remark(f"block row from row {first_row}: {registers}")

    def _remark(self, text: str) -> None:
        self.units[-1].codeword.append(Remark(text))


@dataclass(frozen=True, slots=True)
class Worked:
    """A decoded example; `refused` instead of a stream where decoding has to stop."""

    name: str
    entry: dict[str, Any]
    data: bytes
    units: list[UnitRead]
    stream: DecodedStream | None
    refused: Refused | None = None


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """The entries of `examples.json` by name."""
    entries: list[dict[str, Any]] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in entries}


def names() -> list[str]:
    """Every example and ledger stream that the document has to show."""
    return list(manifest())


def read(name: str) -> bytes:
    """The bytes of an example."""
    return (FOLDER / f"{name}.nnr").read_bytes()


def state_before(entry: dict[str, Any]) -> UpdateState:
    """What the streams before an update leave."""
    state = UpdateState()
    for earlier in _chain(entry):
        decode_stream(read(earlier), state=state)
    return state


def _chain(entry: dict[str, Any]) -> list[str]:
    earlier: str | None = entry.get("after")
    return [] if earlier is None else [*_chain(manifest()[earlier]), earlier]


def decode(
    data: bytes, state: UpdateState, entry: dict[str, Any], observer: Observer | None = None
) -> DecodedStream:
    """Decode with what the manifest says is agreed on outside the stream."""
    return decode_stream(
        data,
        state=state,
        dialect=entry.get("dialect", 0),
        out_of_band=entry.get("out_of_band"),
        observer=observer,
    )


def decoded(name: str) -> Worked:
    """Decode an example, and first the streams it is an update of."""
    entry = manifest()[name]
    recorder = Recorder()
    try:
        stream = decode(read(name), state_before(entry), entry, recorder)
    except Refused as refused:
        return Worked(name, entry, read(name), recorder.units, None, refused)
    return Worked(name, entry, read(name), recorder.units, stream)


def outcome(data: bytes, state: UpdateState, entry: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says of a stream: hash, findings and tensors, or the broken rule."""
    result: dict[str, Any] = {"sha256": sha256(data).hexdigest()}
    try:
        stream = decode(data, state, entry)
    except Refused as refused:
        return result | {"refused": refused.rule_id, "bit": refused.bit}
    if stream.findings:
        result["findings"] = [finding.rule_id for finding in stream.findings]
    result["tensors"] = {tensor.name: summary(tensor) for tensor in stream.tensors}
    return result


def summary(tensor: DecodedTensor) -> dict[str, Any]:
    """What the manifest says of a tensor."""
    result: dict[str, Any] = {"dimensions": list(tensor.dimensions)}
    if tensor.levels is not None:
        result["levels"] = list(tensor.levels)
    if tensor.quantized is not None and tensor.quantized != tensor.levels:
        result["quantized"] = list(tensor.quantized)
    if tensor.qp is not None:
        result["qp"] = tensor.qp
    result["values"] = list(tensor.values)
    return result
