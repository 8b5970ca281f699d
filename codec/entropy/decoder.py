"""Clause 9.1: decoding a payload."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.arrays import (
    NO_FLAGS,
    NO_LEVELS,
    Flags,
    Quantized,
    Words,
    history_mask,
    parent_parameters,
)
from nnref.codec.entropy.bounds import most_context_bins, most_shifts
from nnref.codec.entropy.kernels import decode as kernel
from nnref.codec.entropy.pages import let_go
from nnref.codec.entropy.plan import plan
from nnref.codec.entropy.syntax import EntryPoint, TensorSyntax
from nnref.spec.errors import NnrError, refusal
from nnref.spec.tables.cabac import INITIAL_RANGE, OFFSET_BITS, TERMINATE_RANGE
from nnref.spec.tables.enums import Dialect

Buffer = bytes | bytearray | memoryview

RULES: Final = {
    kernel.PREFIX_TOO_LONG: "remainder-prefix-too-long",
    kernel.LEVEL_OVERFLOW: "level-overflow",
    kernel.INDEX_RANGE: "codebook-index-range",
    kernel.OFFSET_RANGE: "payload-offset-range",
    kernel.ENTRY_RANGE: "entry-point-mismatch",
}


_COPIED_WORDS: Final = 1 << 20
"""Words of a payload that are copied at a time."""


class CoderState(NamedTuple):
    """Clause 9.3: the registers of the arithmetic decoder between two bins."""

    range: int
    offset: int
    shifts: int
    """Bits taken in since the first nine."""


class PayloadDecoder:
    """Clause 9.1: reads one arithmetic codeword, tensor by tensor.

    Bits in errors are counted from the first bit of the payload. Raises rules `payload-too-short`
    and `payload-offset-range`.
    """

    __slots__ = ("_entries", "_most_shifts", "_registers", "_size", "_words", "dialect", "findings")

    def __init__(self, payload: Buffer, dialect: Dialect = Dialect.NNCODEC_2) -> None:
        self.dialect = dialect
        self.findings: list[NnrError] = []
        """Broken rules that a decoder tolerates, known after `finish`."""
        self._size = len(payload)
        if self._size < 2:
            raise refusal("payload-too-short", f"{self._size} bytes", bit=0)
        self._most_shifts = most_shifts(self._size)
        self._words = _words(memoryview(payload))
        first = int(self._words[0])
        if first >> (kernel.WORD - OFFSET_BITS) >= INITIAL_RANGE:
            raise refusal("payload-offset-range", bit=OFFSET_BITS)
        value = first << (kernel.SCALE + OFFSET_BITS - kernel.WORD)
        registers = (value, INITIAL_RANGE << kernel.SCALE, kernel.WORD - OFFSET_BITS, 1)
        self._registers = np.array(registers + kernel.CLEAR, np.int64)
        self._entries = np.empty(0, np.int64)

    @property
    def state(self) -> CoderState:
        """Clause 9.3: the registers as they are now."""
        value, range_ = self._registers[: kernel.RANGE + 1].tolist()
        return CoderState(range_ >> kernel.SCALE, value >> kernel.SCALE, self._shifts())

    @property
    def entry_points(self) -> list[EntryPoint]:
        """Clause 9.6.4: the entry points of the tensor decoded last, as they were met."""
        return [EntryPoint(*entry) for entry in self._entries.reshape(-1, 3).tolist()]

    def iae(self, bits: int) -> int:
        """Clause 5.9: the next `bits` bypass bins as a two's complement integer.

        The bins are the binary digits of a quotient: the offset with the bits, by the range.
        """
        value, range_, ahead, next_word, *_ = self._registers.tolist()
        number, left = 0, bits
        while left:
            if ahead < kernel.ENOUGH:
                word = int(self._words[min(next_word, self._words.size - 1)])
                value |= word << (kernel.SCALE - kernel.WORD - ahead)
                ahead += kernel.WORD
                next_word += 1
            step = min(left, kernel.ENOUGH)
            digits, value = divmod(value << step, range_)
            number = (number << step) + digits
            ahead -= step
            left -= step
        self._registers[kernel.VALUE] = value
        self._registers[kernel.READ_AHEAD] = ahead
        self._registers[kernel.NEXT_WORD] = next_word
        return number - (1 << bits) if number >> (bits - 1) else number

    def decode_tensor(
        self,
        syntax: TensorSyntax,
        base: Quantized | None = None,
        history: npt.NDArray[Any] | None = None,
        *,
        entry_points: Sequence[EntryPoint] | None = None,
    ) -> Quantized:
        """Clause 6.14: the next tensor's quantized parameters; with a codebook, its levels.

        Returns int32 of shape (rows * columns,). `base` are those of the parent, needed when the
        syntax is temporal; `history` is its mask of bool or 8-bit integers, all zero when None.
        `entry_points` are compared with those that are met. Raises rules `base-missing`,
        `payload-bound`, `payload-truncated`, `payload-offset-range`, `remainder-prefix-too-long`,
        `level-overflow`, `codebook-index-range` and `entry-point-mismatch`.
        """
        part = (0, syntax.block_rows, 0, 0, 0)
        quantized = self._decode(syntax, part, base, history)
        if entry_points is not None:
            check_entry_points(entry_points, self.entry_points)
        return quantized

    def decode_block_rows(
        self,
        syntax: TensorSyntax,
        entry_points: Sequence[EntryPoint],
        first: int,
        last: int,
        base: Quantized | None = None,
        history: npt.NDArray[Any] | None = None,
    ) -> Quantized:
        """Clause 9.6.4: block rows `first` to `last` - 1 of the next tensor alone.

        The flags and shift parameters in front of the tensor are read, then the decoder jumps to
        the block row. `base` and `history` are those of the whole tensor. Returns int32, the
        weights of these rows. The decoder can go on behind the tensor only if `last` is its
        number of block rows. Raises what `decode_tensor` raises, and `setting-conflict` for block
        rows that do not exist.
        """
        if not 0 <= first < last <= syntax.block_rows:
            raise refusal(
                "setting-conflict", f"block rows {first}..{last - 1} of {syntax.block_rows}"
            )
        part = (first, last, 0, 0, 0)
        if first:
            if len(entry_points) < first:
                raise refusal("entry-point-mismatch", f"no entry point for block row {first}")
            _, offset, state = entry_points[first - 1]
            jump = sum(entry.bit_offset for entry in entry_points[:first])
            if not (0 <= offset < 256 and 0 <= state < (8 if syntax.dq_flag else 1)):
                raise refusal(
                    "entry-point-mismatch", f"block row {first}: {entry_points[first - 1]}"
                )
            if not 0 <= jump <= self._most_shifts:
                raise refusal("entry-point-mismatch", f"block row {first}: outside the payload")
            part = (first, last, jump, offset, state)
        return self._decode(syntax, part, base, history)

    def finish(self, strict: bool = False) -> int:
        """Clauses 9.3.4 and 9.3.5: read the terminate bin; returns the bytes of the codeword.

        Raises rules `payload-terminate-bin` and `payload-trailing-bytes`. A wrong stop bit is
        added to `findings`, and raised when `strict`.
        """
        shifts = self._checked_shifts()
        value, range_ = self._registers[: kernel.RANGE + 1].tolist()
        if value >> kernel.SCALE < (range_ >> kernel.SCALE) - TERMINATE_RANGE:
            raise refusal("payload-terminate-bin", bit=shifts + OFFSET_BITS)
        consumed = 2 + shifts // 8
        word = int(self._words[(consumed - 1) // 4])
        last_byte = word >> (24 - 8 * ((consumed - 1) % 4))
        if (last_byte << shifts % 8) & 0xFF != 0x80:
            finding = refusal("payload-stop-bit", bit=shifts + OFFSET_BITS - 1)
            if strict:
                raise finding
            self.findings.append(finding)
        if consumed < self._size:
            raise refusal(
                "payload-trailing-bytes", f"{self._size - consumed} bytes left", bit=8 * consumed
            )
        return consumed

    def _decode(
        self,
        syntax: TensorSyntax,
        part: tuple[int, int, int, int, int],
        base: Quantized | None,
        history: npt.NDArray[Any] | None,
    ) -> Quantized:
        self._check_bound(syntax)
        parent = parent_parameters(syntax, base)
        mask = history_mask(syntax, history)
        weights = syntax.weights
        if part[:2] != (0, syntax.block_rows):
            first, last = (row * syntax.block_edge * syntax.columns for row in part[:2])
            parent, mask = parent[first:last], mask[first:last]
            weights = min(last, weights) - first
        quantized = np.empty(weights, np.int32)
        status = self._run(syntax, part, quantized, parent, mask)
        shifts = self._checked_shifts()
        if status != kernel.OK:
            raise refusal(RULES[status], bit=shifts + OFFSET_BITS)
        return quantized

    def _run(
        self,
        syntax: TensorSyntax,
        part: tuple[int, int, int, int, int],
        quantized: Quantized,
        base: Quantized = NO_LEVELS,
        history: Flags = NO_FLAGS,
    ) -> int:
        layout, indices, contexts, _ = plan(syntax, self.dialect)
        self._entries = np.empty(max(0, 3 * (part[1] - part[0] - 1)), np.int64)
        status: int = kernel.decode_tensor(
            self._words,
            self._registers,
            layout,
            part,
            quantized,
            base,
            history,
            self._entries,
            np.empty(2 * contexts, np.int64),
            indices,
            np.empty(syntax.rows if syntax.has_flags else 0, np.uint8),
        )
        return status

    def _shifts(self) -> int:
        ahead, next_word = self._registers[kernel.READ_AHEAD : kernel.NEXT_WORD + 1].tolist()
        shifts: int = kernel.WORD * next_word - ahead - OFFSET_BITS
        return shifts

    def _checked_shifts(self) -> int:
        """Clause 9.3.5: the shifts made, if the payload had bits for them."""
        shifts = self._shifts()
        if shifts > self._most_shifts:
            raise refusal("payload-truncated", bit=8 * self._size)
        return shifts

    def _check_bound(self, syntax: TensorSyntax) -> None:
        """Clause 8.3.1: refuse a tensor that the payload cannot hold.

        Without row skipping the headers suffice. With it, the flags are read ahead of the memory.
        """
        most = most_context_bins(self._most_shifts)
        weights = syntax.weights
        if weights <= most or syntax.codes_nothing:
            return
        if syntax.has_flags and syntax.rows <= most:
            registers = self._registers.copy()
            self._run(syntax, (0, 0, 0, 0, 0), NO_LEVELS)
            weights = int(self._registers[kernel.CODED_ROWS]) * syntax.columns
            self._registers = registers
        if weights > most:
            raise refusal(
                "payload-bound",
                f"{weights} weights, at most {most} in {self._size} bytes",
                bit=self._shifts() + OFFSET_BITS,
            )


def check_entry_points(expected: Sequence[EntryPoint], met: Sequence[EntryPoint]) -> None:
    """Clause 9.6.4: raise rule `entry-point-mismatch` unless the coder was at the entry points."""
    if len(expected) != len(met):
        raise refusal("entry-point-mismatch", f"{len(expected)} entry points, not {len(met)}")
    for block_row, (said, found) in enumerate(zip(expected, met, strict=True), 1):
        if said != found:
            detail = f"block row {block_row}: {said}; the coder is at {found}"
            raise refusal("entry-point-mismatch", detail)


def _words(payload: memoryview) -> Words:
    """The payload as big-endian words with zeros behind; the second copy of a long one is let go,
    if it is a mapped file.
    """
    whole = len(payload) // 4
    words = np.zeros(whole + 2, np.uint32)
    words[whole] = int.from_bytes(bytes(payload[4 * whole :]).ljust(4, b"\0"))
    for start in range(0, whole, _COPIED_WORDS):
        stop = min(start + _COPIED_WORDS, whole)
        copied = payload[4 * start : 4 * stop]
        words[start:stop] = np.frombuffer(copied, ">u4")
        if whole > _COPIED_WORDS:
            let_go(copied)
    return words
