"""Clause 9.3.6: encoding a payload."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.arrays import (
    NO_FLAGS,
    Flags,
    Integers,
    Quantized,
    Words,
    history_mask,
    parent_parameters,
    quantized_parameters,
)
from nnref.codec.entropy.kernels import encode as kernel
from nnref.codec.entropy.plan import Plan, plan
from nnref.codec.entropy.search import ShiftSearch, TensorData, choose_shift_idx, no_choice
from nnref.codec.entropy.syntax import EntryPoint, TensorSyntax
from nnref.spec.errors import refusal
from nnref.spec.tables.cabac import INITIAL_RANGE, TERMINATE_RANGE
from nnref.spec.tables.enums import Dialect

RULES: Final = {kernel.OFF_GRID: "levels-off-grid", kernel.INDEX_RANGE: "codebook-index-range"}

DOUBTFUL_WEIGHTS: Final = 1 << 12
DOUBTFUL_SAVING: Final = 1 / 256
"""Chosen parameter sets are tried against none when the tensor has at most so many weights, or
when the estimated saving is a smaller part of its bits."""


@dataclass(frozen=True, slots=True)
class Codeword:
    """Clause 9.3.6: a codeword in the making. `words` is a buffer of which NEXT_WORD are in use;
    `entries` holds shifts, low register and DQ state at the block rows of every tensor.
    """

    words: Words
    registers: Integers
    entries: tuple[Integers, ...]

    @classmethod
    def of_number(
        cls, low: int, shifts: int, range_: int, entries: tuple[Integers, ...] = ()
    ) -> "Codeword":
        """The codeword whose low register, with all bits ever shifted out of it, is `low`."""
        used, pending = divmod(shifts, kernel.WORD)
        head = (low >> (kernel.RANGE_BITS + pending)).to_bytes(4 * used, "big")
        tail = low & ((1 << (kernel.RANGE_BITS + pending)) - 1)
        registers = np.array((tail, range_, pending, used, *kernel.CLEAR), np.int64)
        return cls(np.frombuffer(head, ">u4").astype(np.uint32), registers, entries)

    def number(self) -> tuple[int, int, int]:
        """The low register with all bits ever shifted out of it, their number, and the range."""
        low, range_, pending, used, *_ = self.registers.tolist()
        head = int.from_bytes(self.words[:used].astype(">u4").tobytes(), "big")
        number = (head << (kernel.RANGE_BITS + pending)) + low
        return number, kernel.WORD * used + pending, range_

    @property
    def shifts(self) -> int:
        """Bits shifted out of the low register, of which PENDING are not in the buffer yet."""
        used, pending = self.registers[kernel.NEXT_WORD], self.registers[kernel.PENDING]
        return kernel.WORD * int(used) + int(pending)


class PayloadEncoder:
    """Clause 9.3.6: writes one arithmetic codeword, tensor by tensor."""

    __slots__ = ("_codeword", "dialect", "entry_points")

    def __init__(self, dialect: Dialect = Dialect.NNCODEC_2) -> None:
        self.dialect = dialect
        self.entry_points: list[list[EntryPoint]] = []
        """Clause 9.6.4: the entry points of every tensor, known after `finish`: their offsets
        depend on the payload bits behind them."""
        self._codeword = Codeword.of_number(0, 0, INITIAL_RANGE)

    def iae(self, bits: int, value: int) -> None:
        """Clause 5.9: code `value` as `bits` bypass bins in two's complement.

        Raises rule `setting-conflict` when it does not fit.
        """
        if not -1 << (bits - 1) <= value < 1 << (bits - 1):
            raise refusal("setting-conflict", f"{value} does not fit {bits} bits")
        low, shifts, range_ = self._codeword.number()
        low = (low << bits) + range_ * (value & ((1 << bits) - 1))
        self._codeword = Codeword.of_number(low, shifts + bits, range_, self._codeword.entries)

    def encode_tensor(
        self,
        quantized: Quantized,
        syntax: TensorSyntax,
        *,
        shift_search: ShiftSearch | str = ShiftSearch.EXACT,
        row_skip: bool = False,
        history_flag: bool = False,
        base: Quantized | None = None,
        history: npt.NDArray[Any] | None = None,
    ) -> None:
        """Clause 6.14: code the quantized parameters of a tensor; with a codebook, its levels.

        `quantized` is int32 with rows * columns numbers in row-major order; `base` and `history`
        are those of the decoder. `row_skip` and `history_flag` take effect where the syntax has
        the flags. With dq_flag 1 every number has to lie on the grid of its state; with row
        skipping and blocks the states depend on the skipped rows (clause 9.6.5), which a
        quantizer need not have foreseen. After an error the encoder is as it was before. Raises
        rules `levels-off-grid`, `codebook-index-range`, `base-missing`, `setting-conflict` and
        `tensor-dtype-unsupported`.
        """
        parameters = quantized_parameters(syntax, quantized)
        skipped: Flags = NO_FLAGS
        if row_skip and syntax.has_flags:
            matrix = parameters.reshape(syntax.rows, syntax.columns)
            skipped = np.logical_not(matrix.any(axis=1)).view(np.uint8)
        data = TensorData(
            parameters,
            parent_parameters(syntax, base),
            history_mask(syntax, history),
            int(history_flag and syntax.has_flags and syntax.parent),
            int(row_skip and syntax.has_flags),
            skipped,
        )
        self._codeword = self._searched(syntax, data, ShiftSearch(shift_search))

    def finish(self) -> bytes:
        """Clauses 9.3.4 and 9.3.5: code the terminate bin; returns the payload."""
        low, shifts, range_ = self._codeword.number()
        number = (low + range_ - TERMINATE_RANGE) << 7 >> 8
        number = number << 1 | 1  # the stop bit
        bits = shifts + 9
        payload = (number << (-bits % 8)).to_bytes((bits + 7) // 8, "big")
        self.entry_points = [_entry_points(payload, raw) for raw in self._codeword.entries]
        return payload

    def _searched(self, syntax: TensorSyntax, data: TensorData, search: ShiftSearch) -> Codeword:
        """Clause 9.7: the codeword with this tensor, with parameter sets of its own if asked."""
        known = plan(syntax, self.dialect)
        if search is ShiftSearch.OFF:
            return self._with_tensor(known, data, no_choice(known))
        compatible = search is ShiftSearch.COMPATIBLE
        shift_idx, saving = choose_shift_idx(known, data, compatible)
        chosen = self._with_tensor(known, data, shift_idx)
        if compatible or not shift_idx.any():
            return chosen
        length = chosen.shifts - self._codeword.shifts
        if syntax.weights > DOUBTFUL_WEIGHTS and saving > DOUBTFUL_SAVING * length:
            return chosen
        plain = self._with_tensor(known, data, no_choice(known))
        return chosen if chosen.shifts < plain.shifts else plain

    def _with_tensor(self, known: Plan, data: TensorData, shift_idx: Flags) -> Codeword:
        """Clause 6.14: the codeword with this tensor. The buffer's size is a guess at first."""
        used = int(self._codeword.registers[kernel.NEXT_WORD])
        entries = np.empty(3 * known.restarts, np.int64)
        size = used + data.quantized.size // 2 + known.contexts
        while True:
            words = np.empty(size, np.uint32)
            words[:used] = self._codeword.words[:used]
            registers = self._codeword.registers.copy()
            status = kernel.encode_tensor(
                words,
                registers,
                known.layout,
                (data.history_flag, data.row_skip_flag),
                data.quantized,
                data.base,
                data.history,
                entries,
                np.empty(2 * known.contexts, np.int64),
                known.indices,
                shift_idx,
                data.skipped,
            )
            if status != kernel.OK:
                position = int(registers[kernel.POSITION])
                detail = f"weight {position} is {data.quantized[position]}"
                raise refusal(RULES[status], detail)
            size = int(registers[kernel.NEXT_WORD])
            if size <= len(words):
                return Codeword(words, registers, (*self._codeword.entries, entries))


def _entry_points(payload: bytes, raw: Integers) -> list[EntryPoint]:
    """Clause 9.6.4: the entry points of a tensor, from what the encoder knew at its block rows.

    The offset of a decoder is the nine payload bits it looks at minus the encoder's low register.
    """
    points = []
    before = 0
    for block_row, (shifts, low, state) in enumerate(raw.reshape(-1, 3).tolist()):
        if block_row:
            around = int.from_bytes(payload[shifts // 8 : shifts // 8 + 3].ljust(3, b"\0"), "big")
            bits = around >> (15 - shifts % 8)
            points.append(EntryPoint(shifts - before, (bits - low) & 511, state))
        before = shifts
    return points
