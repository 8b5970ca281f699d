"""Units in batches: what one worker decodes at a time, here or in another process."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from numpy.typing import NDArray

from nnref.codec.decoder.composition import compose, handed_out
from nnref.codec.decoder.data_unit import CodedUnit, data_unit_decoding
from nnref.codec.decoder.headers import StreamTensor
from nnref.codec.decoder.methods import method_unit_decoding
from nnref.codec.decoder.updates import UpdateState
from nnref.codec.entropy import Decoding, decode_together
from nnref.spec.errors import NnrError
from nnref.spec.syntax import Piece, Unit, is_method
from nnref.spec.tables.enums import Dialect

Array = NDArray[Any]

BATCH_WEIGHTS: Final = 1 << 22
"""Weights that a batch collects: enough to make a call to a worker cheap."""

PAIR_WEIGHTS: Final = 1 << 25
"""Weights of the largest batch, which is a pair: two payloads decode faster than one."""


@dataclass(frozen=True, slots=True)
class UnitWork:
    """All that the decoding of one unit depends on."""

    unit: Unit
    coded: tuple[StreamTensor, ...]
    """The coded tensors of the unit, in payload order."""
    tensors: tuple[StreamTensor, ...]
    """The tensors to be handed out."""
    as_coded: bool
    base: UpdateState
    dialect: Dialect
    strict: bool

    @property
    def weights(self) -> int:
        """Number of coded weights."""
        return sum(tensor.member.weights for tensor in self.coded)

    def decoding(self) -> Decoding[CodedUnit]:
        """Clause 9.1: the decoding of the unit's payload."""
        members = tuple(tensor.member for tensor in self.coded)
        options: dict[str, Any] = {
            "base": self.base,
            "dialect": self.dialect,
            "strict": self.strict,
        }
        if is_method(self.unit.fields):
            return method_unit_decoding(self.unit, members, **options)
        return data_unit_decoding(self.unit, members, **options)

    def arrays(self, coded: CodedUnit) -> list[Array]:
        """Clause 10: the output arrays of `tensors`."""
        make = handed_out if self.as_coded else compose
        return make(coded.tensors, self.tensors)

    def portable(self) -> "UnitWork":
        """The same work with a copy of the payload and nothing of other units: it can be pickled
        and sent away.
        """
        state = replace(self.unit.state, reference_list=())
        pieces = tuple(Piece(piece.offset, bytes(piece.data)) for piece in self.unit.pieces)
        unit = replace(self.unit, pieces=pieces, state=state)
        coded = tuple(replace(tensor, unit=unit) for tensor in self.coded)
        tensors = tuple(replace(tensor, unit=unit) for tensor in self.tensors)
        return replace(self, unit=unit, coded=coded, tensors=tensors)


@dataclass(frozen=True, slots=True)
class DecodedUnit:
    """The output arrays of a unit in the order of its tensors, and tolerated findings."""

    arrays: list[Array]
    findings: tuple[NnrError, ...]


Outcome = DecodedUnit | NnrError


def batches(works: Iterable[UnitWork]) -> Iterator[tuple[UnitWork, ...]]:
    """Consecutive units as batches: small ones together, large ones in pairs or alone."""
    batch: list[UnitWork] = []
    weights = 0
    for work in works:
        most = PAIR_WEIGHTS if len(batch) == 1 else BATCH_WEIGHTS
        if batch and weights + work.weights > most:
            yield tuple(batch)
            batch, weights = [], 0
        batch.append(work)
        weights += work.weights
    if batch:
        yield tuple(batch)


def outcomes(batch: tuple[UnitWork, ...]) -> Iterator[Outcome]:
    """What becomes of the units of a batch; the arrays of one are made when it is asked for."""
    coded = deque(decode_together(work.decoding() for work in batch))
    for work in batch:
        yield _finished(work, coded.popleft())


def decode_batch(batch: tuple[UnitWork, ...]) -> list[Outcome]:
    """What becomes of the units of a batch, as a worker returns it."""
    return list(outcomes(batch))


def _finished(work: UnitWork, coded: CodedUnit | NnrError) -> Outcome:
    if isinstance(coded, NnrError):
        return coded
    try:
        return DecodedUnit(work.arrays(coded), coded.findings)
    except NnrError as error:
        return error.at(unit=work.unit.index, unit_type=work.unit.type_name)
