"""Clause 9.3.6: an arithmetic codeword from its bins."""

from typing import Final

from nnref.spec.process.probability import Context, reset, state, update
from nnref.spec.tables.cabac import INITIAL_RANGE, OFFSET_BITS, RANGE_LPS, TERMINATE_RANGE
from nnref.tools.assembly.values import syntax_error

_DIGIT: Final = 4096
"""Shifts after which the upper part of `low` is put away, so that numbers stay small; a carry into
it is settled at the end."""


class CodewordEncoder:
    """Clause 9.3.6: the engine turned round: `low` in place of the offset.

    Contexts are modelled, so a bin may be changed and the codeword still says all that follow.
    Methods raise FileError (assembly-syntax).
    """

    def __init__(self) -> None:
        self._range = INITIAL_RANGE
        self._low = 0
        self._shifts = 0
        self._digits: list[int] = []
        self._contexts: list[Context] = []

    def new_contexts(self, count: int) -> None:
        """Clause 9.4.1: the contexts of a tensor."""
        self._contexts = [Context() for _ in range(count)]

    def set_shift_idx(self, index: int, shift_idx: int) -> None:
        """Clause 9.2.2: put a context in a parameter set, in its start state."""
        context = self._context(index)
        context.shift_idx = shift_idx
        reset(context)

    def force_range(self) -> None:
        """Clause 9.6.3: at the first weight of several block rows."""
        self._range = 256

    def restart(self) -> None:
        """Clause 9.6.3: at the start of a further block row."""
        for context in self._contexts:
            reset(context)
        self.force_range()

    def context_bin(self, index: int, value: int) -> None:
        """The inverse of clause 9.3.2."""
        context = self._context(index)
        s = state(context)
        range_lps = RANGE_LPS[(self._range >> 5) & 7][abs(s >> 7)]
        if value == (1 if s >= 0 else 0):
            self._range -= range_lps
        else:
            self._low += self._range - range_lps
            self._range = range_lps
        while self._range < 256:
            self._range *= 2
            self._shift()
        update(context, value)

    def bypass_bin(self, value: int) -> None:
        """The inverse of clause 9.3.3."""
        self._shift()
        self._low += value * self._range

    def finish(self) -> bytes:
        """Clause 9.3.5: terminate bin, stop bit, zeros; the whole codeword."""
        low = (self._low + self._range - TERMINATE_RANGE) | 1
        length = self._shifts + OFFSET_BITS
        rest = length - _DIGIT * len(self._digits)
        number, carry = 0, low >> rest
        low -= carry << rest
        parts = [format(low, f"0{rest}b")]
        for digit in reversed(self._digits):
            carry, number = divmod(digit + carry, 1 << _DIGIT)
            parts.append(format(number, f"0{_DIGIT}b"))
        bits = "".join(reversed(parts)) + "0" * (-length % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")

    def _shift(self) -> None:
        self._low *= 2
        self._shifts += 1
        if self._shifts % _DIGIT == 0:
            self._digits.append(self._low >> OFFSET_BITS)
            self._low &= (1 << OFFSET_BITS) - 1

    def _context(self, index: int) -> Context:
        if index >= len(self._contexts):
            raise syntax_error(f"there is no context {index}: the tensor has {len(self._contexts)}")
        return self._contexts[index]
