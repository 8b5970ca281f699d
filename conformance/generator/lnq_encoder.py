"""Clause 15.1: the codeword of an LNQ layer, told value by value to the literal decoder."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Final

from nnref.conformance.generator.encoder import LiteralEncoder, Narrator, TensorChoices
from nnref.spec.process.lnq import lnq_tensor
from nnref.spec.process.lnq_header import LnqHeader
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.refused import Refused

_ONES: Final = ("lnq_merge_idx", "lnq_lu_levels")
"""As many ones as the value says, then a zero."""
_INDEX: Final = "lnq_dictionary_idx"


@dataclass(frozen=True, slots=True)
class LnqChoices(TensorChoices):
    """What an encoder decides for one layer; a level or a symbol for every weight."""

    units: Sequence[int] = ()
    """lnq_class or lnq_flag of every unit."""
    codebooks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Values of the elements of codebooks, of each in the order in which they are coded."""


class LnqNarrator(Narrator):
    """Knows the elements of units and codebooks, too."""

    def __init__(self, choices: LnqChoices, header: LnqHeader) -> None:
        super().__init__([choices])
        self.units = choices.units
        self.left = {name: list(values) for name, values in choices.codebooks.items()}
        self.index_bins = (len(header.dictionary) - 1).bit_length()
        self.now = 0
        """Value of the element of several bins that is being coded."""
        self.unit_now = -1
        self.ones = 0

    def value(self, element: str, index: int | None) -> int:
        """The value of a bin, or of an element of bypass bins."""
        if element not in self.left:
            return super().value(element, index)
        if element not in (*_ONES, _INDEX):
            return self.left[element].pop(0)
        place = index or 0
        if place == 0:
            self.now = self.left[element].pop(0)
        if element in _ONES:
            return int(place < self.now)
        return self.now >> (self.index_bins - 1 - place) & 1

    def lnq_flag(self, unit: int) -> int:
        """As chosen."""
        return self.units[unit]

    def lnq_class(self, unit: int) -> int:
        """As many ones as the class says, then a zero."""
        self.ones = self.ones + 1 if unit == self.unit_now else 0
        self.unit_now = unit
        return int(self.ones < self.units[unit])


def encoded_lnq(
    unit: MethodUnit, header: LnqHeader, choices: LnqChoices, *, refused: bool = False
) -> bytes:
    """Clause 15.1: the codeword of a layer; if `refused`, up to the refusal.

    Raises ValueError for values that nothing asks for.
    """
    parameters = unit.active.quantization
    assert parameters is not None
    narrator = LnqNarrator(choices, header)
    engine = LiteralEncoder(narrator)
    with suppress(Refused) if refused else nullcontext():
        lnq_tensor(engine, unit, header, parameters)
    surplus = {name: values for name, values in narrator.left.items() if values}
    if surplus and not refused:
        raise ValueError(f"{unit.name!r}: nothing asks for {surplus}")
    return engine.finish()
