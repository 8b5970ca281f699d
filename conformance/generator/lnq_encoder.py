"""Clause 15.1: the codeword of an LNQ layer, told value by value to the literal decoder."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from nnref.conformance.generator.edits import Edited, Maker, Parent, recode
from nnref.conformance.generator.encoder import LiteralEncoder, Narrator, TensorChoices
from nnref.conformance.kill.copies import copy_of_decoder
from nnref.conformance.kill.faults import selected_faults
from nnref.spec import process as spec_process
from nnref.spec.process.lnq import lnq_tensor
from nnref.spec.process.lnq_header import LnqHeader
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.refused import Refused
from nnref.spec.tables.enums import Dialect, Method

_ONES: Final = ("lnq_merge_idx", "lnq_lu_levels")
"""As many ones as the value says, then a zero."""
_INDEX: Final = "lnq_dictionary_idx"
MOST_WEIGHTS: Final = 1 << 22


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
    unit: MethodUnit,
    header: LnqHeader,
    choices: LnqChoices,
    decoder: Callable[..., Any] = lnq_tensor,
    *,
    refused: bool = False,
) -> bytes:
    """Clause 15.1: the codeword of a layer, in the order in which `decoder` decodes it; if
    `refused`, up to the refusal. Raises ValueError for values that nothing asks for.
    """
    narrator = LnqNarrator(choices, header)
    engine = LiteralEncoder(narrator)
    with suppress(Refused) if refused else nullcontext():
        decoder(engine, unit, header, unit.active.quantization)
    surplus = {name: values for name, values in narrator.left.items() if values}
    if surplus and not refused:
        raise ValueError(f"{unit.name!r}: nothing asks for {surplus}")
    return engine.finish()


def told(
    unit: int, choices: LnqChoices, accepts: str | None, element: str, header: Maker | None = None
) -> Maker:
    """The codeword of an LNQ layer is written anew, behind what `header` makes of its header.

    A literal decoder writes it that has the fault `accepts` of the kill catalogue: one that lacks
    the check of the rule that is broken. So nothing but this check tells it. None: the codeword
    ends where it is refused.
    """

    def make(parent: Parent) -> Edited:
        data = header(parent).data if header else parent.data
        process: Any = copy_of_decoder(*selected_faults([accepts])) if accepts else spec_process
        bits = process.bits.BitReader(data)
        before = process.stream.StreamDecoder(
            bits, process.UpdateState(), {}, Dialect.NNCODEC_2, MOST_WEIGHTS
        )
        for _ in range(unit):
            bits.end = 8 * len(data)
            before.nnr_unit()
        bits.end = 8 * len(data)
        process.units.nnr_unit_header(bits, unit)
        layer = process.method_unit.method_data_unit(
            bits, unit, before.active, Dialect.NNCODEC_2, before.state, [Method.LNQ]
        )
        parsed = process.lnq_header.lnq_header(bits, layer)
        decoder = process.lnq.lnq_tensor
        payload = encoded_lnq(layer, parsed, choices, decoder, refused=accepts is None)
        return recode(unit, payload, element, header)(parent)

    return make
