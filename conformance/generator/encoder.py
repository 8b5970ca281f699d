"""Clause 9.3.6: a literal encoder, made of the literal decoder.

The decoding process is run as it is, over an engine that is told the value of each bin and writes
it, where the decoder's engine would find it. So the bins of every example are in the order, and in
the contexts, of the decoding process; nothing about syntax is said twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import EntryPoint
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.observer import Observer
from nnref.spec.process.probability import Context, state, update
from nnref.spec.tables.cabac import INITIAL_RANGE, RANGE_LPS, TERMINATE_RANGE


@dataclass(frozen=True, slots=True)
class TensorChoices:
    """What an encoder decides for one tensor: levels in row-major order, and how to send them."""

    levels: Sequence[int]
    qp_delta: int = 0
    shift_idx: Mapping[int, int] = field(default_factory=dict)
    """Parameter set by context; 0 where nothing is given."""
    row_skip: bool = False
    """Skip the rows whose levels are all 0."""
    history_flag: int = 0


class Narrator(Observer):
    """Answers what the next bin is; hears from the process which tensor and weight it is for."""

    def __init__(self, tensors: Sequence[TensorChoices]) -> None:
        self.tensors = list(tensors)
        self.choices = TensorChoices([])
        self.columns = 0
        self.magnitude = 0
        self.level_now = 0
        self.unary_length = 0

    def tensor(self, name: str, role: str, rows: int, columns: int) -> None:  # noqa: ARG002
        """The next tensor begins."""
        self.choices = self.tensors.pop(0)
        self.columns = columns

    def weight(self, position: int, state: int, neighbour: int) -> None:  # noqa: ARG002
        """The next weight begins."""
        self.level_now = self.choices.levels[position]
        self.magnitude = abs(self.level_now)

    def value(self, element: str, index: int | None) -> int:
        """The value of a bin, or of an element of bypass bins."""
        return int(getattr(self, element)(0 if index is None else index))

    def qp_delta(self, _: int) -> int:
        """The element of the same name, as all that follow."""
        return self.choices.qp_delta

    def hist_dep_sig_prob_enabled_flag(self, _: int) -> int:
        """As chosen."""
        return self.choices.history_flag

    def row_skip_enabled_flag(self, _: int) -> int:
        """As chosen."""
        return int(self.choices.row_skip)

    def row_skip_list(self, row: int) -> int:
        """1 for a row of zeros."""
        first = row * self.columns
        return int(not any(self.choices.levels[first : first + self.columns]))

    def shift_idx_minus_1_present_flag(self, context: int) -> int:
        """1 for a context that is not in set 0."""
        return int(self.choices.shift_idx.get(context, 0) > 0)

    def shift_idx_minus_1(self, context: int) -> int:
        """The set of a context."""
        return self.choices.shift_idx[context] - 1

    def sig_flag(self, _: int) -> int:
        """Whether the level is not 0."""
        return int(self.level_now != 0)

    def sign_flag(self, _: int) -> int:
        """Whether it is negative."""
        return int(self.level_now < 0)

    def abs_level_greater_x(self, x: int) -> int:
        """Whether its magnitude is greater than x + 1."""
        self.unary_length = x + 1
        return int(self.magnitude > x + 1)

    def abs_remainder_prefix(self, j: int) -> int:
        """Whether the remainder needs more than j bits."""
        return int(self.remainder + 1 >= 1 << (j + 1))

    def abs_remainder_suffix(self, _: int) -> int:
        """The remainder without its leading one."""
        number = self.remainder + 1
        return number - (1 << (number.bit_length() - 1))

    @property
    def remainder(self) -> int:
        """What the magnitude has beyond the greater-than flags, all of which are coded."""
        return self.magnitude - self.unary_length - 1


class LiteralEncoder(ArithmeticDecoder):
    """Clause 9.3.6: the engine turned round: `low` in place of the offset."""

    def __init__(self, narrator: Narrator) -> None:
        self.bits = BitReader(b"")
        self.observer = self.narrator = narrator
        self.range = INITIAL_RANGE
        self.offset = 0
        self.shifts = 0
        self.low = 0
        self.told: list[int] = []
        """Values of bypass bins that are known before they are asked for."""

    def shift(self) -> None:
        """Low grows by one bit."""
        self.low *= 2
        self.shifts += 1

    def context_bin(
        self, contexts: list[Context], index: int, element: str, element_index: int | None = None
    ) -> int:
        """The inverse of clause 9.3.2."""
        context = contexts[index]
        s = state(context)
        range_lps = RANGE_LPS[(self.range >> 5) & 7][abs(s >> 7)]
        value = self.narrator.value(element, element_index)
        if value == (1 if s >= 0 else 0):
            self.range -= range_lps
        else:
            self.low += self.range - range_lps
            self.range = range_lps
        self.renormalise()
        update(context, value)
        return value

    def bypass_bin(self, element: str, element_index: int | None = None) -> int:
        """The inverse of clause 9.3.3."""
        return self.bypass_bins(1, element, element_index)

    def bypass_bins(self, n: int, element: str, element_index: int | None) -> int:
        """The inverse of clause 5.9: the element's value in n bits, two's complement if negative;
        no element for no bins.
        """
        value = self._bypass_value(element, element_index) % (1 << n) if n else 0
        for place in range(n - 1, -1, -1):
            self.shift()
            self.low += (value >> place & 1) * self.range
        return value

    def _bypass_value(self, element: str, element_index: int | None) -> int:
        return self.told.pop(0) if self.told else self.narrator.value(element, element_index)

    def ueg(self, k: int, element: str, element_index: int | None = None) -> int:
        """The inverse of clause 5.9: the element's value in an Exp-Golomb code of order k."""
        self._tell_exp_golomb(k, self.narrator.value(element, element_index))
        return super().ueg(k, element, element_index)

    def ieg(self, k: int, element: str, element_index: int | None = None) -> int:
        """The same for a signed value."""
        value = self.narrator.value(element, element_index)
        self._tell_exp_golomb(k, 2 * value - 1 if value > 0 else -2 * value)
        return super().ieg(k, element, element_index)

    def _tell_exp_golomb(self, k: int, code: int) -> None:
        """The ones, the zero, and the bits behind it, if there are any."""
        ones = ((code >> k) + 1).bit_length() - 1
        rest = code - (((1 << ones) - 1) << k)
        self.told = [1] * ones + [0] + [rest] * (ones + k > 0)

    def force_range(self) -> None:
        """Clause 9.6.3: without a look at an offset."""
        self.range = 256

    def finish(self) -> bytes:
        """The terminate bin, the stop bit and the zeros behind it."""
        number = (self.low + self.range - TERMINATE_RANGE) >> 1
        length = self.shifts + 9
        padding = -length % 8
        return ((2 * number + 1) << padding).to_bytes((length + padding) // 8, "big")


class EntryPointRecorder(list[EntryPoint]):
    """Stands for a list of entry points: agrees with every one, and keeps it."""

    def __getitem__(self, _: Any) -> Any:
        return self

    def __ne__(self, other: object) -> bool:
        assert isinstance(other, EntryPoint)
        self.append(other)
        return False

    def __eq__(self, other: object) -> bool:
        return not self != other

    __hash__ = None
