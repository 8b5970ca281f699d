"""Annex E: what happens in arithmetic codewords, told as events."""

from collections.abc import Callable
from dataclasses import dataclass
from struct import pack
from typing import Any, Final
from zlib import crc32

from nnref.spec.process import Observer
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.probability import Context
from nnref.tools.syntax import clause_of

Event = dict[str, Any]
"""One line of a trace: what `event` says, then its fields (trace.schema.json)."""
Sink = Callable[[Event], None]


class StopTracing(Exception):  # noqa: N818 - it is no error
    """Raised to leave a codeword of which nothing more is wanted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events of a codeword are told. Bins are counted from 0 in each codeword."""

    bins: bool = True
    """Tensors, elements, levels and every bin."""
    from_bin: int = 0
    to_bin: int | None = None
    """The first bin that is not told any more."""
    tensor: str | None = None
    checkpoints: int = 0
    """A checkpoint after every so many bins; 0: none."""


NO_CONTEXTS: Final[list[Context]] = []


def contexts_hash(contexts: list[Context]) -> str:
    """Annex E: CRC-32 of the two estimators of all contexts, fast before slow, in the order of
    the context indices, each as 16 bits, two's complement, little-endian; eight hex digits.
    """
    return f"{crc32(b''.join(pack('<hh', one.fast, one.slow) for one in contexts)):08x}"


class PayloadReporter(Observer):
    """Turns what the literal decoder tells of a codeword into events.

    Raises StopTracing when the bins wanted are told.
    """

    def __init__(self, sink: Sink, wanted: Wanted | None = None) -> None:
        self._sink = sink
        self._wanted = wanted or Wanted()
        self._unit = 0
        self._registers: ArithmeticDecoder | None = None
        self._contexts = NO_CONTEXTS
        self._tensor: str | None = None
        self._weight: int | None = None
        self._state = 0
        self._shifts = 0
        self.bins = 0
        """Bins of the codeword so far."""

    def unit(self, index: int, nnr_unit_type: int, bit: int, size: int) -> None:  # noqa: ARG002
        """A unit begins."""
        self._unit = index

    def engine(self, engine: ArithmeticDecoder) -> None:
        """A codeword begins."""
        self._registers = engine
        self._contexts = NO_CONTEXTS
        self._tensor = self._weight = None
        self._shifts = self.bins = 0

    def tensor(self, name: str, role: str, rows: int, columns: int) -> None:
        """The bins of a tensor begin."""
        self._contexts = NO_CONTEXTS
        self._tensor, self._weight = name, None
        self._tell("tensor", role=role, rows=rows, columns=columns)

    def contexts(self, contexts: list[Context]) -> None:
        """The contexts of the tensor are new."""
        self._contexts = contexts
        self._tell("contexts", count=len(contexts))

    def weight(self, position: int, state: int, neighbour: int) -> None:  # noqa: ARG002
        """The bins of a weight begin."""
        self._weight, self._state = position, state

    def level(self, position: int, level: int) -> None:
        """The bins of a weight end."""
        if self.bins > self._wanted.from_bin:
            self._tell("level", weight=position, level=level, dq_state=self._state)

    def coded_element(self, element: str, index: int | None, value: int) -> None:
        """The bypass bins of an element end; those of a weight are part of its level."""
        if self._weight is None:
            place = {} if index is None else {"index": index}
            clause = clause_of("NNR_NDU", element)
            self._tell("coded_element", element=element, **place, value=value, clause=clause)

    def block_row(self, first_row: int, shifts: int, offset: int, state: int) -> None:
        """A block row begins."""
        self._weight = None
        self._tell("block_row", first_row=first_row, shifts=shifts, offset=offset, dq_state=state)

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
        """A bin was decoded."""
        if kind == "terminate":
            self._contexts = NO_CONTEXTS
            self._tensor = self._weight = None
        if self._is_wanted():
            event: Event = {"event": "bin", "unit": self._unit, "bin": self.bins}
            for name, known in (("tensor", self._tensor), ("weight", self._weight)):
                if known is not None:
                    event[name] = known
            event["element"] = element
            if index is not None:
                event["index"] = index
            event["kind"] = kind
            if context is not None:
                event["context"], event["state"] = context, state
            event |= {"range": range_, "offset": offset, "shifts": self._shifts, "value": value}
            self._sink(event)
        self.bins += 1
        self._after_bin()

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint is told behind the bin that was just decoded."""
        every = self._wanted.checkpoints
        return every > 0 and self.bins % every == 0 and self.bins > self._wanted.from_bin

    def _after_bin(self) -> None:
        engine = self._registers
        if engine is None:
            return
        self._shifts = engine.shifts
        if self.checkpoint_due():
            self._checkpoint(engine)
        if self._wanted.to_bin is not None and self.bins >= self._wanted.to_bin:
            raise StopTracing

    def _checkpoint(self, engine: ArithmeticDecoder) -> None:
        tensor = {} if self._tensor is None else {"tensor": self._tensor}
        known = {"contexts": contexts_hash(self._contexts)} if self._contexts else {}
        self._sink(
            {"event": "checkpoint", "unit": self._unit, "bins": self.bins}
            | tensor
            | {"range": engine.range, "offset": engine.offset, "shifts": engine.shifts}
            | known
        )

    def _is_wanted(self) -> bool:
        wanted = self._wanted
        of_tensor = wanted.tensor is None or wanted.tensor == self._tensor
        return wanted.bins and of_tensor and self.bins >= wanted.from_bin

    def _tell(self, event: str, **fields: Any) -> None:
        if self._is_wanted():
            self._sink({"event": event, "unit": self._unit, "tensor": self._tensor} | fields)
