"""What the literal decoder tells of a stream while it decodes it."""

from dataclasses import dataclass, field
from typing import Final

from nnref.conformance.suite import Checkpoint
from nnref.spec.process import Observer
from nnref.spec.process.engine import ArithmeticDecoder

CHECKPOINT_BINS: Final = 256
"""Bins between two checkpoints of a codeword."""


@dataclass(frozen=True, slots=True)
class HeardElement:
    """A header element: `length` bits from `bit` on."""

    unit: int
    path: str
    bit: int
    length: int
    value: int | float | str | bytes

    @property
    def name(self) -> str:
        """Without subscripts and without the structure it is in."""
        return self.path.rpartition(".")[2].partition("[")[0]


@dataclass(slots=True)
class Codeword:
    """The arithmetic codeword of one unit."""

    bins: int = 0
    checkpoints: list[Checkpoint] = field(default_factory=list)
    block_rows: int = 0
    values: dict[str, set[int]] = field(default_factory=dict)
    """The values of bins and of bypass-coded elements, by element."""


class Recorder(Observer):
    """Keeps the elements, and of codewords what sheets say."""

    def __init__(self) -> None:
        self.elements: list[HeardElement] = []
        self.unit_types: list[int] = []
        self.roles: set[str] = set()
        self.codewords: dict[int, Codeword] = {}
        self._engine: ArithmeticDecoder | None = None

    def unit(self, index: int, nnr_unit_type: int, bit: int, size: int) -> None:  # noqa: ARG002
        """A unit begins: its type is known."""
        self.unit_types.append(nnr_unit_type)

    def element(self, path: str, bit: int, length: int, value: int | float | str | bytes) -> None:
        """An element; size and type are heard before the unit is."""
        before = path in ("nnr_unit_size_flag", "nnr_unit_size", "nnr_unit_type")
        unit = len(self.unit_types) - (0 if before else 1)
        self.elements.append(HeardElement(unit, path, bit, length, value))

    def engine(self, engine: ArithmeticDecoder) -> None:
        """A codeword begins."""
        self._engine = engine
        self.codewords[len(self.unit_types) - 1] = Codeword()

    def tensor(self, name: str, role: str, rows: int, columns: int) -> None:  # noqa: ARG002
        """A tensor begins."""
        self.roles.add(role)

    def block_row(self, first_row: int, shifts: int, offset: int, state: int) -> None:  # noqa: ARG002
        """A block row begins."""
        self._codeword.block_rows += 1

    def bin(
        self,
        kind: str,
        element: str,
        index: int | None,  # noqa: ARG002
        context: int | None,  # noqa: ARG002
        state: int | None,  # noqa: ARG002
        range_: int,  # noqa: ARG002
        offset: int,  # noqa: ARG002
        value: int,
    ) -> None:
        """A bin; every so often the registers after it are kept."""
        codeword, engine = self._codeword, self._engine
        if kind == "terminate" or engine is None:
            return
        codeword.bins += 1
        codeword.values.setdefault(element, set()).add(value)
        if codeword.bins % CHECKPOINT_BINS == 0:
            codeword.checkpoints.append(
                Checkpoint(codeword.bins, engine.range, engine.offset, engine.shifts)
            )

    def element_names(self) -> frozenset[str]:
        """All elements that were read, in headers and codewords."""
        coded = {name for codeword in self.codewords.values() for name in codeword.values}
        return frozenset({element.name for element in self.elements} | coded)

    @property
    def _codeword(self) -> Codeword:
        return self.codewords[len(self.unit_types) - 1]
